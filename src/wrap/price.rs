//! What work costs, before and after it.

/// Tells the cost of a call from its arguments: any closure from a reference to them to permits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell the cost of a call with `{A}`",
    note = "the closure given to `cost` takes a reference to what the call is given: `|args: &{A}| -> u64`"
)]
pub trait Cost<A> {
    /// Permits for a call with these arguments.
    fn of(&self, args: &A) -> u64;
}

impl<A, F: Fn(&A) -> u64> Cost<A> for F {
    fn of(&self, args: &A) -> u64 {
        self(args)
    }
}

/// Each call costs one permit.
#[derive(Debug, Clone, Copy)]
pub struct One;

impl<A> Cost<A> for One {
    fn of(&self, _: &A) -> u64 {
        1
    }
}

/// Tells the actual cost of a call from its result: any closure from a reference to it to permits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell the actual cost of a call that gives `{R}`",
    note = "the closure given to `actual` takes a reference to what the work gives (of `try_call`, in its `Ok`): \
            `|result: &{R}| -> u64`"
)]
pub trait Actual<R> {
    /// Permits for a call with this result; `None` if it is as was estimated.
    fn of(&self, result: &R) -> Option<u64>;
}

impl<R, F: Fn(&R) -> u64> Actual<R> for F {
    fn of(&self, result: &R) -> Option<u64> {
        Some(self(result))
    }
}

/// Each call costs what was estimated.
#[derive(Debug, Clone, Copy)]
pub struct AsEstimated;

impl<R> Actual<R> for AsEstimated {
    fn of(&self, _: &R) -> Option<u64> {
        None
    }
}
