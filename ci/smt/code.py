"""The formulas of the code.

Each is transcribed once from Rust lines, which are in `SOURCES`. `drift` finds the lines that are no longer in the code. So a formula
cannot change there without a failure here.
"""

import re
from pathlib import Path

from .words import *

ROOT = Path(__file__).resolve().parents[2]


class Code:
    """The code. A mutant overrides one of its parts."""

    # The word.

    def cost(self, n, k):
        return shifted_left(n, k)

    def amount(self, n, k):
        return umin(n * 2**k, MAX)

    def decide(self, m, depth, tat, now, cost):
        """The TAT after a grant, or by how much the request is too early: (granted, tat, excess)."""
        ahead, room = saturating_sub(tat, now), m.sub(depth, cost)
        granted = ahead <= room
        after = m.add(m.add(now, cost, when=granted), ahead, when=granted)
        return granted, after, m.sub(ahead, room, when=ahead > room)

    def enter(self, tat, now, cost):
        """The TAT after an entry behind all others: (counted, tat)."""
        begin = umax(tat, now)
        end = wrapping_add(begin, cost)
        return And(end >= begin, end <= MAX_TAT), end

    def due(self, depth, end):
        """When an entry that ends at this TAT comes due."""
        return saturating_sub(end, depth)

    def due_behind(self, depth, k, tat, n):
        """When n permits behind this TAT come due."""
        return self.due(depth, saturating_add(tat, self.amount(n, k)))

    def moment(self, due, now, rounded):
        """The time of a reading at which permits come due. `rounded`: the reading is the first that is not before `due`."""
        return If(And(due <= now, rounded), due, now)

    def refund(self, tat, floor, amount):
        return umin(tat, umax(saturating_sub(tat, amount), floor))

    def charge(self, tat, now, amount):
        return saturating_add(umax(tat, now), amount)

    def open(self, tat):
        return umin(tat, SATURATED)

    def may_wait(self, depth, tat, now):
        return saturating_sub(tat, now) > depth

    def available(self, depth, k, tat, now):
        return self.whole_permits(saturating_sub(depth, saturating_sub(tat, now)), k)

    def whole_permits(self, units, k):
        return shifted_right(units, k)

    def remaining(self, depth, k, ahead):
        """What a grant says is available after it. `ahead` is how far the TAT is ahead of the clock then."""
        return self.available(depth, k, ahead, 0)

    def remaining_denied(self, k, n, excess):
        """What a refusal says is available. The request for n permits is too early by `excess`."""
        return self.whole_permits(saturating_sub(self.amount(n, k), excess), k)

    def wait_for(self, m, depth, k, tat, now, n):
        """What `Standing` says that n permits would have to wait, in units."""
        return saturating_sub(saturating_sub(tat, now), m.sub(depth, self.cost(n, k)))

    def needed(self, depth, k, tat, now, n):
        """Over whole numbers: 128 bits hold every value."""
        return n - shifted_right(depth - saturating_sub(tat, now), k)

    def leaving(self, m, depth, k, now, permits):
        return m.add(now, m.sub(depth, shifted_left(permits, k)))

    def max_reading(self, depth):
        """The latest reading that `Scale` gives, in units."""
        return MAX_TAT - depth

    # Quotas and units, in whole numbers.

    max_depth_nanos = 25 * 31_557_600 * 10**9
    max_per_nano = 10

    def k(self, capacity, period):
        """The largest k with capacity · 2^k < 4 · period."""
        return max(((4 * period - 1) // capacity).bit_length() - 1, 0)

    # Time.

    usual = 1

    def factor_and_lift(self, w, numerator, denominator, k):
        """The slope of time for words of `w` bits: (factor, lift)."""
        quotient, remainder, bits = numerator // denominator, numerator % denominator, 0
        while bits < k + w and quotient < 1 << (w - 2 if bits == k + w - self.usual else w - 1):
            remainder <<= 1
            quotient = quotient << 1 | (remainder >= denominator)
            remainder -= denominator if remainder >= denominator else 0
            bits += 1
        lift = k + w - bits
        factor = quotient + self.rounding(remainder)
        return (factor, lift) if factor < 1 << w else (1 << (w - 1), lift + 1)

    def rounding(self, remainder):
        return int(remainder > 0)

    def last_within(self, w, slope, units):
        """The most ticks that scale to no more than `units`."""
        return umin(floor_div(((units + 1) << w) - 1, slope), 2**w - 1)

    def last_units(self, w, depth):
        return 2**w - 4 - depth

    def lift_limit(self, w, lift):
        return (2**w - 1) >> lift

    def span(self, w, lift, most, now):
        """The time of a word that is made at the reading `now` and can last `most` ticks: (origin, horizon, usual horizon)."""
        early = now <= floor_div(most, self.spent)
        usual = most if self.is_usual(lift) else 0
        left = self.clock_limit(w, now)
        return If(early, 0, now), If(early, most, umin(most, left)), If(early, usual, self.usual_horizon_late(most, left))

    spent = 4

    def is_usual(self, lift):
        return lift == self.usual

    def clock_limit(self, w, now):
        return 2**w - 1 - now

    def usual_horizon_late(self, most, left):
        return 0

    def units(self, scaled, w, lift, span, at):
        """`scaled` returns the upper half of the product."""
        origin, horizon, usual_horizon = span
        ticks = umin(saturating_sub(at, origin), horizon)
        return If(
            at <= usual_horizon,
            scaled(shifted_left(at, self.usual, 2**w)),
            scaled(shifted_left(ticks, lift, 2**w)),
        )

    def reading(self, w, slope, origin, units):
        """The first reading with so many units, for known numbers; the last reading if there is none."""
        return umin(-floor_div(-(units << w), slope) + origin, 2**w - 1)

    def units_beyond(self, w, slope, span, at):
        """Units of a reading that may be beyond any clock, for known numbers."""
        return umin(saturating_sub(at, span[0]) * slope >> w, 2**w - 4)

    # The table of keys.

    def leaves(self, reading):
        """What the floor is raised to for a word with a time that passes at `reading`."""
        return umin(reading, SATURATED)

    def floor_after(self, floor, leaves):
        return umax(floor, leaves)

    def begin_at(self, units, units_beyond, within_horizon, floor, at):
        beyond = If(floor > within_horizon(at), units_beyond(floor), units(at))
        return If(floor == SATURATED, SATURATED, beyond)

    def leaves_owing(self, owing, reading):
        """What the floor is raised to for a debt without an entry."""
        return If(owing >= SATURATED, SATURATED, umin(reading, SATURATED))

    def settled(self, word, after):
        """A word in the table after it was settled."""
        return If(word <= MAX_TAT, umin(after, SATURATED), word)

    # Accounts of language models.

    def credit(self, amount, low, backlog):
        return umin(umin(amount, low), backlog)

    def low_after(self, low, credit):
        return saturating_sub(low, credit)

    def noted(self, low, backlog):
        return umin(backlog, low)

    def merged(self, low, ended):
        return umin(ended, low)

    def lowest_of_none(self):
        """The lowest low if no stretch belongs to the past of a call."""
        return 0

    def is_past(self, stretch, since):
        """Whether a stretch belongs to the past of the call that began `since`."""
        return stretch >= since


SOURCES = {
    "src/word.rs": """
        pub(crate) const MAX_TAT: u64 = u64::MAX - 3;
        pub(crate) const SATURATED: u64 = MAX_TAT + 1;
        pub(crate) const LOCKED: u64 = u64::MAX;
    """,
    "src/gcra.rs": """
        let ratio = (4 * u128::from(period_nanos) - 1) / u128::from(capacity);
        k: ratio.checked_ilog2().unwrap_or(0)
        Self { burst, depth: burst << k, permit: 1 << k, k }
        n * self.permit
        n.saturating_mul(self.permit)
        let (ahead, room) = (tat.saturating_sub(now), self.depth - cost);
        if ahead <= room { Ok((now + cost) + ahead) } else { Err(ahead - room) }
        tat.max(now).checked_add(cost).filter(|tat| *tat <= MAX_TAT)
        tat.min(tat.saturating_sub(amount).max(floor))
        tat.saturating_sub(now) > self.depth
        let room = i128::from(self.depth) - i128::from(tat.saturating_sub(now));
        i128::from(n) - (room >> self.k)
        self.whole_permits(self.depth.saturating_sub(tat.saturating_sub(now)))
        units >> self.k
        now + (self.depth - (permits << self.k))
    """,
    "src/rate.rs": """
        end.saturating_sub(self.gcra.depth())
        self.due(tat.saturating_add(self.gcra.amount(n)))
        let (due, now) = (self.due_behind(tat, n), self.units(at));
        if due <= now && self.reading(due) == at { due } else { now }
        tat.saturating_sub(self.units(at))
        tat.max(self.units(at)).saturating_add(self.gcra.amount(n))
    """,
    "src/state.rs": """
        Self(tat.min(SATURATED))
        self.0 <= MAX_TAT
    """,
    "src/meter.rs": """
        Self::Counted { ahead } => gcra.available(ahead, 0),
        Ok(()) => return Ok(tat - now),
        Err(excess) => return Err(Short { seen, excess }),
        if seen.is_open() { Err(Refused::NotYet(excess)) } else { Self::not_counting(seen) }
        self.move_idle(now, empty, |tat| Gcra::refund(tat, now, amount))
        self.move_idle(now, empty, |tat| tat.max(now).saturating_add(amount))
        self.state.update(|seen| idle(seen).then(|| Snapshot::open(next(seen.tat())))).is_ok()
        let due = |tat: u64| self.rate.due(tat);
        Phase::Open(tat) => Gcra::enter(tat, now, cost).filter(|tat| by.is_none_or(|by| due(*tat) <= by)),
        self.move_open(|tat| tat.max(now).saturating_add(amount))
        self.move_open(|tat| Gcra::refund(tat, floor, amount));
    """,
    "src/error/denied.rs": """
        gcra.whole_permits(gcra.amount(self.requested).saturating_sub(excess))
    """,
    "src/limiter/standing.rs": """
        let backlog = (tat <= MAX_TAT).then(|| tat.saturating_sub(now));
        let room = gcra.depth() - gcra.cost(n);
        Some(Unit::of(self.quota).duration(backlog.saturating_sub(room)))
    """,
    "src/quota/range.rs": """
        pub(crate) const MAX_DEPTH_NANOS: u128 = 25 * 31_557_600 * 1_000_000_000;
        const MAX_PER_NANO: u128 = 10;
        if capacity as u128 > MAX_PER_NANO * period_nanos as u128 {
        if (burst as u128 * period_nanos as u128).div_ceil(capacity as u128) > MAX_DEPTH_NANOS {
    """,
    "src/clock/reading.rs": """
        const LIMIT: u64 = 1 << 62;
        if nanos == 0 || per == 0 || nanos >= LIMIT || per >= LIMIT {
        if nanos as u128 > per as u128 * 1_000_000_000 || per as u128 > nanos as u128 * 1_000 {
    """,
    "src/scale.rs": """
        let numerator = u128::from(unit.capacity) * u128::from(tick.nanos());
        let denominator = u128::from(unit.period_nanos) * u128::from(tick.per());
        (numerator / denominator, numerator % denominator, 0)
        quotient >= 1 << if bits == unit.k + 64 - USUAL { 62 } else { 63 };
        while bits < unit.k + 64 && !enough(quotient, bits) {
            remainder <<= 1;
            quotient = quotient << 1 | u128::from(remainder >= denominator);
            remainder -= if remainder >= denominator { denominator } else { 0 };
            bits += 1;
        }
        let lift = unit.k + 64 - bits;
        match u64::try_from(quotient + u128::from(remainder > 0)) {
            Ok(factor) => (factor, lift),
            Err(_) => (1 << 63, lift + 1),
        };
        let mut scale = Self { origin: 0, factor, horizon: 0, usual_horizon: 0, lift };
        let horizon = scale.last_within(MAX_TAT - depth).min(u64::MAX >> lift);
        const SPENT: u64 = 4;
        if now.ticks() <= horizon / SPENT {
            scale.horizon = horizon;
            scale.usual_horizon = if lift == USUAL { horizon } else { 0 };
        } else {
            scale.origin = now.ticks();
            scale.horizon = horizon.min(u64::MAX - now.ticks());
        }
        let ticks = at.ticks();
        if ticks <= self.usual_horizon { self.scaled(ticks << USUAL) } else { self.unusual(at) }
        let product = u128::from(lifted) * u128::from(self.factor);
        (product >> 64) as u64
        let ticks = at.ticks().saturating_sub(self.origin).min(self.horizon);
        self.scaled(ticks << self.lift)
        u128::from(self.factor) << self.lift
        let ticks = (u128::from(units) << 64).div_ceil(self.slope());
        Timestamp::from_ticks(u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(self.origin))
        let end = (u128::from(units) + 1) << 64;
        u64::try_from((end - 1) / self.slope()).unwrap_or(u64::MAX)
        at.min(Timestamp::from_ticks(self.origin + self.horizon))
        let ticks = at.ticks().saturating_sub(self.origin);
        let units = self.slope().checked_mul(ticks.into()).map_or(u128::MAX, |product| product >> 64);
        u64::try_from(units).unwrap_or(MAX_TAT).min(MAX_TAT)
        const USUAL: u32 = 1;
    """,
    "src/keyed/set.rs": """
        Ok(tat) => match word.compare_exchange_weak(seen, tat, Ordering::AcqRel, Ordering::Acquire) {
        self.update(tag, |word| (word <= MAX_TAT).then(|| next(word).min(SATURATED)))
        self.words[way].store(word.min(SATURATED), Ordering::Release);
    """,
    "src/keyed/set/newcomers.rs": """
        let floor = lock.floor.max(leaves);
        let (begin, inherited) = Self::begin_at(floor, at, tier);
        let tat = match enter(begin, now) {
            Ok(tat) => tat.min(SATURATED),
        let tat = owing(Self::begin_at(lock.floor, at, tier).0);
        lock.floor = lock.floor.max(Self::reading(tat, tier));
        if floor == SATURATED { (SATURATED, true) } else if floor > tier.rate.scale.within_horizon(at).ticks() {
            (tier.rate.scale.units_beyond(Timestamp::from_ticks(floor)), true)
        } else {
            (tier.rate.units(at), false)
        }
        0 => Some(Victim { way, word, leaves: 0 }),
        _ if word <= MAX_TAT && word <= tiers.of_tag(tag).rate.units(at) => {
            Some(Self::victim(way, tag, word, tiers))
        }
        self.entries().filter(|(_, _, word)| *word <= MAX_TAT);
        Victim { way, word, leaves: Self::reading(word, tiers.of_tag(tag)) }
        if tat >= SATURATED { SATURATED } else { tier.rate.reading(tat).ticks().min(SATURATED) }
    """,
    "src/keyed/settle.rs": """
        let owing = |tat: u64| tat.max(now).saturating_add(debt);
        let settled = |tat| if debt > 0 { owing(tat) } else { Gcra::refund(tat, now, back) };
        self.enter(&mut site, at, |begin, _| Ok(owing(begin)))
    """,
    "src/keyed/amount.rs": """
        let after = gcra.decide(tat, now, gcra.cost(least))?;
        gcra.decide(tat, now, gcra.cost(taken)).map(|after| (taken, after))
    """,
    "src/keyed/take.rs": """
        |tat| gcra.decide(tat, units, gcra.cost(n))
        let (n, tat) = amount.decide(gcra, tat, units)?;
        self.enter(&mut site, now, |begin, _| decide(begin))
    """,
    "src/keyed/enter.rs": """
        |begin, now| Ok(begin.max(now))
    """,
    "src/llm/account.rs": """
        self.rate.backlog(self.tat, now)
        let before = self.backlog(now);
        self.tat = self.rate.take(self.tat, now, n).min(MAX_TAT);
        let credit = self.rate.gcra.amount(n).min(low).min(self.backlog(now));
        self.tat -= credit;
    """,
    "src/llm/rates.rs": """
        Some(Limit::Rolling(account)) => before(index, account.take(costs[index], now)),
    """,
    "src/llm/ledger.rs": """
        const FORGOTTEN: u64 = u64::MAX;
        self.rates.charge(costs, now, |index, backlog: Low| lows[index].note(backlog));
        let since = (charged == 0).then(|| self.begin(index));
        lows.lower(since[index], account.give_back(unused, lows.lowest(since[index]), now));
        lows.end(since[index]);
        self.lows = Default::default();
        self.calls.values_mut().for_each(|call| call.since = [FORGOTTEN; Kind::ALL.len()]);
    """,
    "src/llm/lows.rs": """
        self.stretches.insert(since, Low::MAX);
        *low = backlog.min(*low);
        self.stretches.range(since..).map(|(_, low)| *low).min().unwrap_or(0)
        self.stretches.range_mut(since..).for_each(|(_, low)| *low = low.saturating_sub(credit));
        let Some(ended) = self.stretches.remove(&since) else { return };
        if let Some((_, low)) = self.stretches.range_mut(..since).next_back() {
            *low = ended.min(*low);
        }
    """,
}


def plain(text):
    """Without comments, and with all white space equal."""
    return re.sub(r"\s+", " ", re.sub(r"//[^\n]*", "", text)).strip()


def drift():
    """Yields the lines that were transcribed and are no longer in the code."""
    for path, lines in SOURCES.items():
        text = plain((ROOT / path).read_text())
        for line in filter(None, map(plain, lines.splitlines())):
            if line not in text:
                yield f"{path}: {line}"
