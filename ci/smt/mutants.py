"""Variants of the formulas with one plausible mistake each. Every one must break a proof."""

from .code import Code
from .words import *

ALL = []


def mutant(doc):
    """Makes a mutant from a class with the parts that differ."""

    def make(changes):
        parts = {name: part for name, part in vars(changes).items() if not name.startswith("__")}
        ALL.append(type(changes.__name__, (Code,), {**parts, "__doc__": doc}))

    return make


def decision(
    ahead=saturating_sub,
    room=lambda m, depth, cost: m.sub(depth, cost),
    granted=lambda ahead, room: ahead <= room,
    after=lambda m, now, cost, ahead, yes: m.add(m.add(now, cost, when=yes), ahead, when=yes),
    excess=lambda ahead, room: saturating_sub(ahead, room),
):
    def decide(self, m, depth, tat, now, cost):
        far, most = ahead(tat, now), room(m, depth, cost)
        yes = granted(far, most)
        return yes, after(m, now, cost, far, yes), excess(far, most)

    return decide


@mutant("decide: `<` for `<=`")
class _:
    decide = decision(granted=lambda ahead, room: ahead < room)


@mutant("decide: a unit of grace")
class _:
    decide = decision(granted=lambda ahead, room: ahead <= room + 1)


@mutant("decide: the cost is not subtracted from the depth")
class _:
    decide = decision(room=lambda m, depth, cost: depth)


@mutant("decide: the depth is left out")
class _:
    decide = decision(room=lambda m, depth, cost: 0)


@mutant("decide: room for one cost more")
class _:
    decide = decision(room=lambda m, depth, cost: m.add(depth, cost))


@mutant("decide: a difference that wraps after the TAT has passed")
class _:
    decide = decision(ahead=wrapping_sub)


@mutant("decide: the distance to the TAT, whether ahead or passed")
class _:
    decide = decision(ahead=lambda tat, now: umax(tat, now) - umin(tat, now))


@mutant("decide: at any reading, so that the sums wrap")
class _:
    def max_reading(self, depth):
        return MAX


@mutant("decide: at a reading so late that a grant's TAT closes the limiter")
class _:
    def max_reading(self, depth):
        return MAX - depth


@mutant("decide: idle time is saved without limit")
class _:
    decide = decision(after=lambda m, now, cost, ahead, yes: m.add(umin(now, ahead), cost, when=yes))


@mutant("decide: a grant's TAT is now + cost, whatever was taken before")
class _:
    decide = decision(after=lambda m, now, cost, ahead, yes: m.add(now, cost, when=yes))


@mutant("decide: a grant costs nothing")
class _:
    decide = decision(after=lambda m, now, cost, ahead, yes: m.add(now, ahead, when=yes))


@mutant("decide: a grant's TAT is a unit short")
class _:
    decide = decision(after=lambda m, now, cost, ahead, yes: m.add(m.add(now, cost, when=yes), ahead, when=yes) - 1)


@mutant("decide: the excess is a unit short")
class _:
    decide = decision(excess=lambda ahead, room: ahead - room - 1)


@mutant("decide: the excess is a unit long")
class _:
    decide = decision(excess=lambda ahead, room: ahead - room + 1)


@mutant("decide: the excess is the whole distance to the TAT")
class _:
    decide = decision(excess=lambda ahead, room: ahead)


@mutant("enter: past all times")
class _:
    def enter(self, tat, now, cost):
        begin = umax(tat, now)
        return wrapping_add(begin, cost) >= begin, wrapping_add(begin, cost)


@mutant("enter: wraps")
class _:
    def enter(self, tat, now, cost):
        end = wrapping_add(umax(tat, now), cost)
        return end <= MAX_TAT, end


@mutant("enter: before now")
class _:
    def enter(self, tat, now, cost):
        return And(wrapping_add(tat, cost) >= tat, wrapping_add(tat, cost) <= MAX_TAT), wrapping_add(tat, cost)


@mutant("refund: the floor is not applied")
class _:
    def refund(self, tat, floor, amount):
        return umin(tat, saturating_sub(tat, amount))


@mutant("refund: raises to the floor")
class _:
    def refund(self, tat, floor, amount):
        return umax(saturating_sub(tat, amount), floor)


@mutant("refund: wraps")
class _:
    def refund(self, tat, floor, amount):
        return umin(tat, umax(wrapping_sub(tat, amount), floor))


@mutant("refund: a unit too much")
class _:
    def refund(self, tat, floor, amount):
        return umin(tat, umax(saturating_sub(tat, amount + 1), floor))


@mutant("charge: wraps")
class _:
    def charge(self, tat, now, amount):
        return wrapping_add(umax(tat, now), amount)


@mutant("charge: from the TAT, even if it has passed")
class _:
    def charge(self, tat, now, amount):
        return saturating_add(tat, amount)


@mutant("charge: a debt too large to be counted closes or bypasses the limiter")
class _:
    def open(self, tat):
        return tat


@mutant("amount: wraps")
class _:
    def amount(self, n, k):
        return shifted_left(n, k)


@mutant("may_wait: `>=` for `>`")
class _:
    def may_wait(self, depth, tat, now):
        return saturating_sub(tat, now) >= depth


@mutant("may_wait: wraps")
class _:
    def may_wait(self, depth, tat, now):
        return wrapping_sub(tat, now) > depth


@mutant("available: rounded up")
class _:
    def available(self, depth, k, tat, now):
        return shifted_right(saturating_sub(depth, saturating_sub(tat, now)) + 2**k - 1, k)


@mutant("available: wraps when in debt")
class _:
    def available(self, depth, k, tat, now):
        return shifted_right(wrapping_sub(depth, saturating_sub(tat, now)), k)


@mutant("needed: rounded up")
class _:
    def needed(self, depth, k, tat, now, n):
        return n - shifted_right(depth - saturating_sub(tat, now) + 2**k - 1, k)


@mutant("remaining: of a refusal, not less what is missing")
class _:
    def remaining_denied(self, k, n, excess):
        return n


@mutant("remaining: of a refusal, rounded up")
class _:
    def remaining_denied(self, k, n, excess):
        return shifted_right(saturating_sub(self.amount(n, k), excess) + 2**k - 1, k)


@mutant("remaining: less the cost of the grant once more")
class _:
    def remaining(self, depth, k, ahead):
        return self.available(depth, k, ahead + 2**k, 0)


@mutant("wait_for: as if the burst were available")
class _:
    def wait_for(self, m, depth, k, tat, now, n):
        return saturating_sub(saturating_sub(tat, now), depth)


@mutant("wait_for: a sum that saturates before the depth is subtracted")
class _:
    def wait_for(self, m, depth, k, tat, now, n):
        return saturating_sub(saturating_add(saturating_sub(tat, now), self.cost(n, k)), depth)


@mutant("due_behind: when the first of the permits comes due")
class _:
    def due_behind(self, depth, k, tat, n):
        return self.due(depth, saturating_add(tat, self.amount(1, k)))


@mutant("moment: when the permits come due, also if that is past the reading")
class _:
    def moment(self, due, now, rounded):
        return due


@mutant("leaving: the permits left are counted as taken")
class _:
    def leaving(self, m, depth, k, now, permits):
        return m.add(now, shifted_left(permits, k))


@mutant("quota: bursts of up to 30 years")
class _:
    max_depth_nanos = 30 * 31_557_600 * 10**9


@mutant("quota: up to 20 permits a nanosecond")
class _:
    max_per_nano = 20


@mutant("k: one less, so that a unit is up to a nanosecond")
class _:
    def k(self, capacity, period):
        return max(Code.k(self, capacity, period) - 1, 0)


@mutant("k: one more")
class _:
    def k(self, capacity, period):
        return Code.k(self, capacity, period) + 1


@mutant("scale: the factor is rounded down")
class _:
    def rounding(self, remainder):
        return 0


@mutant("scale: the factor is rounded up by one more")
class _:
    def rounding(self, remainder):
        return 2 * int(remainder > 0)


@mutant("scale: ticks beyond what the lift leaves room for")
class _:
    def lift_limit(self, w, lift):
        return 2**w - 1


@mutant("scale: ticks past the end of the clock")
class _:
    def clock_limit(self, w, now):
        return 2**w - 1


@mutant("scale: time begins with the clock, however much of it has passed")
class _:
    spent = 1


@mutant("scale: the short path is taken with an origin, too")
class _:
    def usual_horizon_late(self, most, left):
        return umin(most, left)


@mutant("scale: time continues to the last TAT, where no depth can be added")
class _:
    def last_units(self, w, depth):
        return 2**w - 4


@mutant("scale: a word lasts one tick longer than its time")
class _:
    def last_within(self, w, slope, units):
        return umin(Code.last_within(self, w, slope, units) + 1, 2**w - 1)


@mutant("scale: every lift is taken for the usual one")
class _:
    def is_usual(self, lift):
        return True


@mutant("scale: past the time of the word, time continues")
class _:
    def units(self, scaled, w, lift, span, at):
        return scaled(shifted_left(saturating_sub(at, span[0]), lift, 2**w))


@mutant("reading: rounded down")
class _:
    def reading(self, w, slope, origin, units):
        return umin(floor_div(units << w, slope) + origin, 2**w - 1)


@mutant("units_beyond: stands still where the time of the word ends")
class _:
    def units_beyond(self, w, slope, span, at):
        return Code.units_beyond(self, w, slope, span, umin(at, span[0] + span[1]))


@mutant("table: a key that loses its entry leaves no floor")
class _:
    def leaves(self, reading):
        return 0


@mutant("table: a key that loses its entry leaves a floor one tick too low")
class _:
    def leaves(self, reading):
        return reading - 1


@mutant("table: a floor past all readings is the lock")
class _:
    def leaves(self, reading):
        return reading


@mutant("table: the floor is that of the last key that lost its entry")
class _:
    def floor_after(self, floor, leaves):
        return leaves


@mutant("table: a key that enters begins fresh")
class _:
    def begin_at(self, units, units_beyond, within_horizon, floor, at):
        return units(at)


@mutant("table: a key that enters begins one unit below the floor")
class _:
    def begin_at(self, units, units_beyond, within_horizon, floor, at):
        return Code.begin_at(self, units, lambda reading: units_beyond(reading) - 1, within_horizon, floor, at)


@mutant("table: a floor past the time of the word is clamped to that time")
class _:
    def begin_at(self, units, units_beyond, within_horizon, floor, at):
        return Code.begin_at(self, units, units, within_horizon, floor, at)


@mutant("table: past the time of the word, a floor that has passed is ignored")
class _:
    def begin_at(self, units, units_beyond, within_horizon, floor, at):
        return Code.begin_at(self, units, units_beyond, lambda reading: reading, floor, at)


@mutant("table: a floor past all readings is treated as a reading")
class _:
    def begin_at(self, units, units_beyond, within_horizon, floor, at):
        return If(floor > within_horizon(at), units_beyond(floor), units(at))


@mutant("table: a debt too large to be counted leaves the floor of its last reading")
class _:
    def leaves_owing(self, owing, reading):
        return umin(reading, SATURATED)


@mutant("table: a refund lowers a debt too large to be counted")
class _:
    def settled(self, word, after):
        return umin(after, SATURATED)


@mutant("account: credits are not limited by the lows")
class _:
    def credit(self, amount, low, backlog):
        return umin(amount, backlog)


@mutant("account: credits are not limited by the backlog")
class _:
    def credit(self, amount, low, backlog):
        return umin(amount, low)


@mutant("account: credits are not limited by what was not used")
class _:
    def credit(self, amount, low, backlog):
        return umin(low, backlog)


@mutant("account: nothing is refunded")
class _:
    def credit(self, amount, low, backlog):
        return 0


@mutant("account: a credit does not lower the lows")
class _:
    def low_after(self, low, credit):
        return low


@mutant("account: a credit lowers the lows by one unit less")
class _:
    def low_after(self, low, credit):
        return saturating_sub(low, saturating_sub(credit, 1))


@mutant("account: the backlog before a charge is not noted")
class _:
    def noted(self, low, backlog):
        return low


@mutant("account: only the last backlog of a stretch is noted")
class _:
    def noted(self, low, backlog):
        return backlog


@mutant("account: the low of a stretch is forgotten with its call")
class _:
    def merged(self, low, ended):
        return low


@mutant("account: the low of a stretch replaces the one before")
class _:
    def merged(self, low, ended):
        return ended


@mutant("account: the past of a call is only its own stretch")
class _:
    def is_past(self, stretch, since):
        return stretch == since


@mutant("account: the past of a call is what follows its own stretch")
class _:
    def is_past(self, stretch, since):
        return stretch > since


@mutant("account: a call without a stretch has no lowest backlog")
class _:
    def lowest_of_none(self):
        return MAX
