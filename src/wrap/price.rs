//! What work costs, before and after it.

/// Computes the cost of a call from its arguments: any closure from a reference to them to the
/// cost.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not compute the cost of a call with `{A}`",
    note = "the closure given to `cost` takes a reference to what the call is given: `|args: &{A}| -> {T}`"
)]
pub trait Cost<A, T> {
    /// Returns the cost of a call with these arguments.
    fn of(&self, args: &A) -> T;
}

impl<A, T, F: Fn(&A) -> T> Cost<A, T> for F {
    fn of(&self, args: &A) -> T {
        self(args)
    }
}

/// Each call costs one permit, of each limit if there are several.
#[derive(Debug, Clone, Copy)]
pub struct One;

impl<A> Cost<A, u64> for One {
    fn of(&self, _: &A) -> u64 {
        1
    }
}

impl<A, const N: usize> Cost<A, [u64; N]> for One {
    fn of(&self, _: &A) -> [u64; N] {
        [1; N]
    }
}

/// Computes the actual cost of a call from its result: any closure from a reference to it to the
/// cost.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not compute the actual cost of a call that gives `{R}`",
    note = "the closure given to `actual` takes a reference to what the work gives (of `try_call`, in its `Ok`): \
            `|result: &{R}| -> {T}`"
)]
pub trait Actual<R, T> {
    /// Returns the cost of a call with this result, or `None` if the cost is the estimate.
    fn of(&self, result: &R) -> Option<T>;
}

impl<R, T, F: Fn(&R) -> T> Actual<R, T> for F {
    fn of(&self, result: &R) -> Option<T> {
        Some(self(result))
    }
}

/// Each call costs its estimate.
#[derive(Debug, Clone, Copy)]
pub struct AsEstimated;

impl<R, T> Actual<R, T> for AsEstimated {
    fn of(&self, _: &R) -> Option<T> {
        None
    }
}
