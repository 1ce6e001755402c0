//! What the waiters of a turnstile wait for.

use std::time::Duration;

use crate::clock::Timestamp;

/// What the waiters of a turnstile wait for.
pub(crate) trait Gate {
    /// What a caller asks for.
    type Request: Clone;
    /// What the caller of a granted request gets.
    type Taken;
    /// Why a request is not granted, at all or in time.
    type Refusal;
    /// The gate as it will be.
    type Forecast;

    /// The first reading at which the request can be granted if no other request comes. `None` if
    /// that is unknown, because it depends on when another caller ends its work.
    fn due(&self, request: &Self::Request) -> Result<Option<Timestamp>, Self::Refusal>;

    /// Grants a request that was found to be due at the reading `due`, which is not after `now`.
    /// `None` if another caller was quicker.
    fn take(&mut self, request: &Self::Request, due: Timestamp, now: Timestamp) -> Option<Self::Taken>;

    /// A waiter was granted its request and left before it learned of that.
    fn abandon(&mut self, taken: Self::Taken, now: Timestamp);

    /// The gate as it is.
    fn forecast(&self) -> Self::Forecast;

    /// When the request will be granted, not before `at`. Moves the forecast to the gate as it is
    /// after that grant.
    fn foresee(&self, forecast: &mut Self::Forecast, request: &Self::Request, at: Timestamp) -> Option<Timestamp>;

    /// The refusal of a wait that would be so long, or that was, if its length is unknown.
    fn too_long(&self, request: &Self::Request, wait: Option<Duration>) -> Self::Refusal;

    /// The refusal when the queue is full.
    fn full(&self) -> Self::Refusal;

    /// The refusal when the turnstile is closed.
    fn closed(&self) -> Self::Refusal;
}
