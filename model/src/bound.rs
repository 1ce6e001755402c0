//! Records what was granted and returned, and checks the bound on it.
//!
//! A grant owns an interval of time as long as its cost. The interval begins at the reading that
//! the decision used, or later, and ends at most one depth after that reading. No two intervals
//! overlap, except by what was returned in between. So:
//!
//! - **Without refunds** the bound holds exactly for the readings that the decisions used, in any
//!   order: what was granted at readings from `a` to `b` lies between `a` and `b + depth`. There is
//!   one exception. If an entry is cancelled at an earlier reading than that of a grant behind it,
//!   the cancel returns permits of that grant. A clock that steps back is not such a case, if the
//!   queue was settled before at the later reading: an entry that was due then can no longer be
//!   cancelled.
//! - **With refunds** the order counts, because permits may be returned at a later reading and
//!   granted again at a stale one. So the time of an event is the latest reading so far, if that is
//!   later than the reading used. What was granted between `a` and `b` then lies between `a` minus
//!   the staleness and `b + depth`. It may exceed the bound by the staleness and no more.
//!
//! Debts only reduce what can be granted. So a bound on grants minus refunds holds whatever debts
//! there are.

/// The time of an event: the reading that was used, and the latest reading so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    reading: i128,
    latest: i128,
}

/// An event that counts towards the bound.
#[derive(Debug, Clone, Copy)]
struct Event {
    moment: Moment,
    /// Positive for a grant, negative for a refund.
    amount: i128,
}

/// All events since the limiter was built or last reset.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    depth: i128,
    events: Vec<Event>,
    last: Moment,
    /// Whether permits were returned, so that readings out of order may exceed the bound.
    given_back: bool,
    /// Whether a grant was made while entries were in the queue: at a reading later than their due
    /// times.
    overtaken: bool,
    /// How stale the readings were at which entries were cancelled after that.
    cancelled_late: i128,
}

impl Record {
    pub(crate) fn new(depth: i128) -> Self {
        Self {
            depth,
            events: Vec::new(),
            last: Moment { reading: 0, latest: 0 },
            given_back: false,
            overtaken: false,
            cancelled_late: 0,
        }
    }

    pub(crate) fn read(&mut self, now: i128) {
        self.last = self.moment(now);
    }

    /// The moment at which the reading `now` is used.
    pub(crate) fn moment(&self, now: i128) -> Moment {
        Moment { reading: now, latest: now.max(self.last.latest) }
    }

    /// The moment of the last reading.
    pub(crate) fn last(&self) -> Moment {
        self.last
    }

    pub(crate) fn grant(&mut self, now: i128, amount: i128) {
        self.events.push(Event { moment: self.moment(now), amount });
    }

    /// Records the grant of an entry when it comes due, if the entry was in the queue by then.
    pub(crate) fn entry(&mut self, due: i128, since: Moment, amount: i128) {
        let moment = Moment { reading: due.max(since.reading), latest: due.max(since.latest) };
        self.events.push(Event { moment, amount });
    }

    pub(crate) fn refund(&mut self, now: i128, amount: i128) {
        self.given_back = true;
        self.events.push(Event { moment: self.moment(now), amount: -amount });
    }

    /// Records that a grant is made although entries are in the queue.
    pub(crate) fn overtake(&mut self) {
        self.overtaken = true;
    }

    /// Records that an entry is cancelled. If a grant was made behind it at a later reading, the
    /// cancel may return permits of that grant.
    pub(crate) fn cancel(&mut self) {
        if self.overtaken {
            self.given_back = true;
            self.cancelled_late = self.cancelled_late.max(self.last.latest - self.last.reading);
        }
    }

    /// Starts anew: earlier grants no longer count.
    pub(crate) fn begin_again(&mut self) {
        self.assert_bound();
        self.events.clear();
        self.given_back = false;
        self.overtaken = false;
        self.cancelled_late = 0;
    }

    pub(crate) fn assert_bound(&self) {
        if !self.given_back {
            self.assert_within(0, |moment| moment.reading);
        }
        let stale = self.events.iter().map(|event| event.moment.latest - event.moment.reading);
        self.assert_within(stale.fold(self.cancelled_late, i128::max), |moment| moment.latest);
    }

    /// Asserts that grants minus refunds stay within burst + elapsed/T over every interval of time,
    /// or exceed that by at most `excess`.
    fn assert_within(&self, excess: i128, time: impl Fn(Moment) -> i128) {
        let mut events: Vec<_> = self.events.iter().map(|event| (time(event.moment), event.amount)).collect();
        events.sort_by_key(|(at, _)| *at);
        for (first, (from, _)) in events.iter().enumerate() {
            if first > 0 && events[first - 1].0 == *from {
                continue;
            }
            let mut sum = 0_i128;
            for (last, (to, amount)) in events.iter().enumerate().skip(first) {
                sum = sum.saturating_add(*amount);
                if events.get(last + 1).is_none_or(|(next, _)| next > to) {
                    assert!(sum <= self.depth + to - from + excess, "{sum} granted from {from} to {to}: {events:?}");
                }
            }
        }
    }
}

impl crate::Model {
    /// Lets all waiters come due, then asserts the bound over every interval of time.
    pub fn assert_bound(mut self) {
        self.settle(i128::MAX / 2);
        self.record.assert_bound();
    }
}
