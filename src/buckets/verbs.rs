//! The verbs that every view shares with the limiter behind it.

/// Gives a struct with a field `limiter: Arc<RateLimiter<C>>` the verbs of the limiter, by
/// delegation.
macro_rules! verbs {
    ($name:ident) => {
        impl<C: Clock> $name<C> {
            /// Returns the limiter behind the view, with all of its verbs.
            pub fn limiter(&self) -> &Arc<RateLimiter<C>> {
                &self.limiter
            }

            /// Does what [`RateLimiter::quota`] does.
            #[inline]
            pub fn quota(&self) -> Quota {
                self.limiter.quota()
            }

            /// Does what [`RateLimiter::clock`] does.
            #[inline]
            pub fn clock(&self) -> &C {
                self.limiter.clock()
            }

            /// Does what [`RateLimiter::try_acquire`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn try_acquire(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
                self.limiter.try_acquire(n)
            }

            /// Does what [`RateLimiter::try_acquire_at`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn try_acquire_at(&self, now: Timestamp, n: u64) -> Result<Grant<'_, C>, Denied> {
                self.limiter.try_acquire_at(now, n)
            }

            /// Does what [`RateLimiter::try_acquire_owned`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn try_acquire_owned(&self, n: u64) -> Result<Grant<'static, C>, Denied> {
                self.limiter.try_acquire_owned(n)
            }

            /// Does what [`RateLimiter::try_acquire_up_to`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn try_acquire_up_to(&self, n: u64) -> Result<Grant<'_, C>, Denied> {
                self.limiter.try_acquire_up_to(n)
            }

            /// Does what [`RateLimiter::acquire`] does.
            #[inline]
            pub fn acquire(&self, n: u64) -> Acquire<'_, C> {
                self.limiter.acquire(n)
            }

            /// Does what [`RateLimiter::acquire_owned`] does.
            #[inline]
            pub fn acquire_owned(&self, n: u64) -> Acquire<'static, C> {
                self.limiter.acquire_owned(n)
            }

            /// Does what [`RateLimiter::reserve`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn reserve(&self, n: u64) -> Result<Reservation<'_, C>, Denied> {
                self.limiter.reserve(n)
            }

            /// Does what [`RateLimiter::reserve_at`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn reserve_at(&self, now: Timestamp, n: u64) -> Result<Reservation<'_, C>, Denied> {
                self.limiter.reserve_at(now, n)
            }

            /// Does what [`RateLimiter::reserve_within`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn reserve_within(&self, n: u64, max_wait: Duration) -> Result<Reservation<'_, C>, Denied> {
                self.limiter.reserve_within(n, max_wait)
            }

            /// Does what [`RateLimiter::reserve_owned`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn reserve_owned(&self, n: u64) -> Result<Reservation<'static, C>, Denied> {
                self.limiter.reserve_owned(n)
            }

            /// Does what [`RateLimiter::reserve_within_owned`] does.
            ///
            /// # Errors
            ///
            /// The same as the limiter's verb.
            #[inline]
            pub fn reserve_within_owned(&self, n: u64, max_wait: Duration) -> Result<Reservation<'static, C>, Denied> {
                self.limiter.reserve_within_owned(n, max_wait)
            }

            /// Does what [`RateLimiter::reconcile`] does.
            #[inline]
            pub fn reconcile(&self, actual: u64, estimated: u64) {
                self.limiter.reconcile(actual, estimated)
            }

            /// Does what [`RateLimiter::reconcile_at`] does.
            #[inline]
            pub fn reconcile_at(&self, now: Timestamp, actual: u64, estimated: u64) {
                self.limiter.reconcile_at(now, actual, estimated)
            }

            /// Does what [`RateLimiter::refund`] does.
            #[inline]
            pub fn refund(&self, n: u64) {
                self.limiter.refund(n)
            }

            /// Does what [`RateLimiter::charge`] does.
            #[inline]
            pub fn charge(&self, n: u64) {
                self.limiter.charge(n)
            }

            /// Does what [`RateLimiter::available`] does.
            #[inline]
            pub fn available(&self) -> u64 {
                self.limiter.available()
            }

            /// Does what [`RateLimiter::available_at`] does.
            #[inline]
            pub fn available_at(&self, now: Timestamp) -> u64 {
                self.limiter.available_at(now)
            }

            /// Does what [`RateLimiter::capacity_info`] does.
            #[inline]
            pub fn capacity_info(&self, n: u64) -> Capacity {
                self.limiter.capacity_info(n)
            }

            /// Does what [`RateLimiter::standing`] does.
            #[inline]
            pub fn standing(&self) -> Standing {
                self.limiter.standing()
            }

            /// Does what [`RateLimiter::waiters`] does.
            #[inline]
            pub fn waiters(&self) -> usize {
                self.limiter.waiters()
            }

            /// Does what [`RateLimiter::cancel_waiters`] does.
            #[inline]
            pub fn cancel_waiters(&self) {
                self.limiter.cancel_waiters()
            }

            /// Does what [`RateLimiter::reset`] does.
            #[inline]
            pub fn reset(&self) {
                self.limiter.reset()
            }

            /// Does what [`RateLimiter::bypass`] does.
            #[inline]
            pub fn bypass(&self) {
                self.limiter.bypass()
            }

            /// Does what [`RateLimiter::close`] does.
            #[inline]
            pub fn close(&self) {
                self.limiter.close()
            }

            /// Does what [`RateLimiter::is_closed`] does.
            #[inline]
            pub fn is_closed(&self) -> bool {
                self.limiter.is_closed()
            }
        }

        impl<C: Clock> Bucket<C> for $name<C> {
            fn limiter(&self) -> &RateLimiter<C> {
                &self.limiter
            }
        }

        crate::admit::admit!([C: Clock +] $name<C>, u64, Grant, AcquireError, Acquire [C]);
    };
}

/// Makes a struct of the one field `limiter: Arc<RateLimiter<C>>` a view of any limiter.
macro_rules! view {
    ($name:ident) => {
        verbs!($name);

        impl<C: Clock> fmt::Debug for $name<C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.limiter).finish()
            }
        }

        /// The view of a limiter with options.
        impl<C: Clock> From<RateLimiter<C>> for $name<C> {
            fn from(limiter: RateLimiter<C>) -> Self {
                Self { limiter: Arc::new(limiter) }
            }
        }

        /// The view of a limiter that other callers share.
        impl<C: Clock> From<Arc<RateLimiter<C>>> for $name<C> {
            fn from(limiter: Arc<RateLimiter<C>>) -> Self {
                Self { limiter }
            }
        }

        impl $name {
            /// Builds a limiter on the system's clock that is full at the start.
            pub fn new(quota: Quota) -> Self {
                RateLimiter::new(quota).into()
            }
        }

        impl<C: Clock> $name<C> {
            /// Builds a limiter on another clock that is full at the start. For other options,
            /// convert a [`RateLimiter`].
            pub fn with_clock(quota: Quota, clock: C) -> Self {
                RateLimiter::with_clock(quota, clock).into()
            }
        }
    };
}
