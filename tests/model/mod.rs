//! The contract as plainly as it can be written: exact, naive, and sharing no code with the crate.
//!
//! Time is counted in units of 1/capacity ns, so that T is `period` of them, a whole number, and nothing rounds.

#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod timeline;

/// What stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Waiting,
    Kept,
    Debt,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) id: usize,
    pub(crate) end: i128,
    pub(crate) size: i128,
    pub(crate) kind: Kind,
}

/// Something that counts towards the bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) at: i128,
    /// Positive for a grant, negative for a refund.
    pub(crate) amount: i128,
}

#[derive(Debug, Clone)]
pub(crate) struct Model {
    capacity: i128,
    interval: i128,
    depth: i128,
    burst: u64,
    tat: i128,
    now: i128,
    line: Vec<Place>,
    pub(crate) events: Vec<Event>,
}

/// What came of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserved {
    Granted,
    /// To wait this long, in ns, rounded up.
    Waits(u128),
    Never,
}

impl Model {
    pub(crate) fn new(capacity: u64, period_nanos: u64, burst: u64) -> Self {
        let interval = i128::from(period_nanos);
        Self {
            capacity: i128::from(capacity),
            interval,
            depth: i128::from(burst) * interval,
            burst,
            tat: 0,
            now: 0,
            line: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn set_time(&mut self, nanos: u64) {
        self.now = i128::from(nanos) * self.capacity;
        self.settle();
    }

    /// Those whose time has come are granted, at their time.
    fn settle(&mut self) {
        while let Some(first) = self.line.first().copied() {
            if first.kind != Kind::Debt && first.end - self.depth > self.now {
                break;
            }
            if first.kind == Kind::Waiting {
                self.events.push(Event { at: first.end - self.depth, amount: first.size });
            }
            self.line.remove(0);
        }
    }

    fn grant(&mut self, size: i128) {
        self.events.push(Event { at: self.now, amount: size });
    }

    /// Whether it is granted; if not, the ns to wait, rounded up, or never.
    pub(crate) fn try_acquire(&mut self, n: u64) -> Result<(), Option<u128>> {
        if n == 0 {
            return Ok(());
        }
        if n > self.burst {
            return Err(None);
        }
        let size = i128::from(n) * self.interval;
        let new = self.tat.max(self.now) + size;
        if new - self.now > self.depth {
            return Err(Some(self.nanos(new - self.now - self.depth)));
        }
        self.tat = new;
        self.grant(size);
        Ok(())
    }

    pub(crate) fn reserve(&mut self, id: usize, n: u64) -> Reserved {
        if n > self.burst {
            return Reserved::Never;
        }
        if self.try_acquire(n).is_ok() {
            return Reserved::Granted;
        }
        let size = i128::from(n) * self.interval;
        self.tat = self.tat.max(self.now) + size;
        self.line.push(Place { id, end: self.tat, size, kind: Kind::Waiting });
        Reserved::Waits(self.nanos(self.tat - self.now - self.depth))
    }

    fn position(&self, id: usize) -> Option<usize> {
        self.line.iter().position(|place| place.kind == Kind::Waiting && place.id == id)
    }

    /// How long a place has still to wait, in ns, rounded up.
    pub(crate) fn wait_time(&self, id: usize) -> u128 {
        self.position(id).map_or(0, |index| self.nanos(self.line[index].end - self.depth - self.now))
    }

    pub(crate) fn cancel(&mut self, id: usize) {
        if let Some(index) = self.position(id) {
            let size = self.line.remove(index).size;
            self.move_up(index, size);
            self.settle_moved();
        }
    }

    pub(crate) fn keep(&mut self, id: usize) {
        if let Some(index) = self.position(id) {
            self.line[index].kind = Kind::Kept;
            // The caller goes at the time it was told.
            let Place { end, size, .. } = self.line[index];
            self.events.push(Event { at: end - self.depth, amount: size });
        }
    }

    /// Moves up all from `index` on, as far as the next kept place; the word as well, if there is none.
    fn move_up(&mut self, index: usize, by: i128) {
        for place in &mut self.line[index..] {
            if place.kind == Kind::Kept {
                return;
            }
            place.end -= by;
        }
        self.tat -= by;
    }

    /// Those whom a move has brought to their turn go now, not before.
    fn settle_moved(&mut self) {
        let before = self.events.len();
        self.settle();
        for event in &mut self.events[before..] {
            event.at = event.at.max(self.now);
        }
    }

    pub(crate) fn refund(&mut self, n: u64) {
        let amount = i128::from(n) * self.interval;
        self.events.push(Event { at: self.now, amount: -amount });
        let Some(first) = self.line.iter().position(|place| place.kind == Kind::Waiting) else {
            let kept = self.line.iter().rev().find(|place| place.kind == Kind::Kept);
            let floor = kept.map_or(self.now, |kept| kept.end);
            self.tat = self.tat.min((self.tat - amount).max(floor));
            return;
        };
        let kept = self.line[..first].iter().rev().find(|place| place.kind == Kind::Kept);
        let floor = kept.map_or(self.now, |kept| kept.end);
        let begin = self.line[first].end - self.line[first].size;
        let shift = amount.min(begin - floor);
        self.move_up(first, shift);
        let mut rest = amount - shift;
        let mut index = first;
        while index < self.line.len() && rest > 0 {
            if self.line[index].kind == Kind::Debt {
                let repaid = rest.min(self.line[index].size);
                rest -= repaid;
                self.line[index].size -= repaid;
                self.move_up(index, repaid);
            }
            index += 1;
        }
        self.line.retain(|place| place.size > 0);
        self.settle_moved();
    }

    pub(crate) fn charge(&mut self, n: u64) {
        let amount = i128::from(n) * self.interval;
        self.tat = self.tat.max(self.now) + amount;
        if self.waiting() > 0 && n > 0 {
            self.line.push(Place { id: usize::MAX, end: self.tat, size: amount, kind: Kind::Debt });
        }
    }

    pub(crate) fn cancel_waiters(&mut self) {
        while let Some(index) = self.line.iter().position(|place| place.kind == Kind::Waiting) {
            let size = self.line.remove(index).size;
            self.move_up(index, size);
        }
        self.settle_moved();
    }

    pub(crate) fn available(&self) -> u64 {
        let room = self.depth - (self.tat - self.now).max(0);
        u64::try_from(room.max(0) / self.interval).expect("at most the burst")
    }

    pub(crate) fn needed(&self, n: u64) -> i128 {
        i128::from(n) - (self.depth - (self.tat - self.now).max(0)).div_euclid(self.interval)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.line.iter().filter(|place| place.kind == Kind::Waiting).count()
    }

    fn nanos(&self, time: i128) -> u128 {
        u128::try_from(time.max(0)).expect("not negative").div_ceil(u128::try_from(self.capacity).expect("positive"))
    }

    /// Whether what was granted less what was refunded stays within burst + elapsed/T over every stretch of time.
    pub(crate) fn assert_bound(&self) {
        let mut events = self.events.clone();
        events.sort_by_key(|event| event.at);
        for (first, from) in events.iter().enumerate() {
            if first > 0 && events[first - 1].at == from.at {
                continue;
            }
            let mut sum = 0;
            for (last, to) in events.iter().enumerate().skip(first) {
                sum += to.amount;
                if events.get(last + 1).is_none_or(|next| next.at > to.at) {
                    assert!(sum <= self.depth + to.at - from.at, "{sum} from {} to {}", from.at, to.at);
                }
            }
        }
    }
}
