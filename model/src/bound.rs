//! What was granted and given back, and the bound on it.
//!
//! A grant owns a stretch of time as long as its cost, which begins at the reading that its decision used or later, and ends
//! one depth after that at the latest. No two own the same, but for what was given back in between. So:
//!
//! - **Without refunds** the bound holds exactly by the readings that the decisions used, in whatever order they came:
//!   what was granted at readings from `a` to `b` lies within `a` and `b + depth`. (Only whoever cancels a place at a reading from
//!   before one at which somebody was granted behind it gives back what is another's. The clock itself stepping back is no such
//!   case, as long as somebody looked at the line before: a place that was due then is no longer to be cancelled.)
//! - **With refunds** the order counts: what is given back at a later reading and granted again at a stale one. So the time is that at
//!   which it happened: the latest reading so far, if that is past the one used. What was granted between `a` and `b` then lies within
//!   `a` less the staleness and `b + depth`: it may exceed the bound by the staleness and no more.
//!
//! Debts take room and give none, so a bound on grants less refunds holds whatever debts there are.

/// When something happened: the reading that was used, and the latest there had been.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    reading: i128,
    latest: i128,
}

/// Something that counts towards the bound.
#[derive(Debug, Clone, Copy)]
struct Event {
    moment: Moment,
    /// Positive for a grant, negative for a refund.
    amount: i128,
}

/// All of it since the limiter was last as new.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    depth: i128,
    events: Vec<Event>,
    last: Moment,
    /// Whether something was given back, so that readings out of order may exceed the bound.
    given_back: bool,
    /// Whether something was granted while places stood in the line: at a reading ahead of theirs.
    overtaken: bool,
    /// How stale the readings were at which places were cancelled after that.
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

    /// A place is granted when it comes due, if it stood there by then.
    pub(crate) fn place(&mut self, due: i128, since: Moment, amount: i128) {
        let moment = Moment { reading: due.max(since.reading), latest: due.max(since.latest) };
        self.events.push(Event { moment, amount });
    }

    pub(crate) fn refund(&mut self, now: i128, amount: i128) {
        self.given_back = true;
        self.events.push(Event { moment: self.moment(now), amount: -amount });
    }

    /// Something is granted although places stand in the line.
    pub(crate) fn overtake(&mut self) {
        self.overtaken = true;
    }

    /// A place is cancelled. If something was granted behind it, at a later reading, that may give back what is another's.
    pub(crate) fn cancel(&mut self) {
        if self.overtaken {
            self.given_back = true;
            self.cancelled_late = self.cancelled_late.max(self.last.latest - self.last.reading);
        }
    }

    /// As new: what was granted before counts for itself.
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

    /// Whether what was granted less what was refunded stays within burst + elapsed/T over every stretch of time, or exceeds
    /// that by `excess` at most.
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
    /// Lets all who wait come due, and asserts the bound over every stretch of time.
    pub fn assert_bound(mut self) {
        self.settle(i128::MAX / 2);
        self.record.assert_bound();
    }
}
