"""`keyed/set/`: the word of a key, or the floor if it has none, is never lower than the TAT that a limiter of its own would have.

`ideal` is that TAT, after the same grants, debts and refunds. Each event of a key is a step that keeps

    its word >= ideal,                while it has an entry;
    the floor, as a TAT, >= ideal,    while it has none.

The floor is a clock reading, because the keys of a set may have different quotas, and so different units. As a TAT it is
`beyond(floor)`: the units of a reading that may be past the time of the word; or saturated, if the floor is. A floor is never past
that, so it is never taken for the lock. Of `beyond` only what `scale.py` proves is used. It is monotone and at most MAX_TAT. For
readings in the time of the word it is at most MAX_TAT - depth, and for the first reading with so many units it is at least so many. So,
since `decide` is monotone, a key is never granted what a limiter of its own would refuse, for all readings, and for all quotas of the
keys that share the set.
"""

from z3 import Function, IntSort, Or

from .claim import Claim
from .words import *


def claims(code):
    depth, cost, amount = word("depth"), word("cost"), word("amount")
    now, at, ideal, seen, floor = word("now"), word("at"), word("ideal"), word("seen"), word("floor")
    end = word("end")  # the last reading in the time of the word
    beyond = Function("Beyond", IntSort(), IntSort())
    most = code.max_reading(depth)

    def within_horizon(reading):
        return umin(reading, end)

    def units(reading):
        return beyond(within_horizon(reading))

    def as_tat(floor):
        return If(floor == SATURATED, SATURATED, beyond(floor))

    def time(*readings):
        """What is known about the units of these readings."""
        readings = [*readings, end]
        within = [And(beyond(one) >= 0, beyond(one) <= MAX_TAT) for one in readings]
        order = [Implies(one <= other, beyond(one) <= beyond(other)) for one in readings for other in readings]
        return And(*within, *order, beyond(end) <= most)

    request = And(cost >= 1, cost <= depth, depth <= 2**63, now <= most)
    # A debt that is too large to be counted saturates both.
    present = And(seen >= ideal, ideal <= SATURATED)
    granted, after, _ = code.decide(Machine(), depth, seen, now, cost)
    ideally, ideal_after, _ = code.decide(Machine(), depth, ideal, now, cost)
    yield Claim(
        "with an entry: its own limiter would grant the same, and leave no higher TAT",
        And(request, present, granted),
        And(ideally, after >= ideal_after),
    )
    yield Claim("with an entry: a grant that hits the wrong key only raises it", And(request, granted), after >= seen)

    def of_its_own(after):
        """A limiter of its own stays saturated."""
        return If(ideal <= MAX_TAT, code.open(after), ideal)

    owing, ideal_owing = code.settled(seen, code.charge(seen, now, amount)), of_its_own(code.charge(ideal, now, amount))
    yield Claim("with an entry: a debt", present, owing >= ideal_owing)
    lowered, ideal_lowered = code.settled(seen, code.refund(seen, now, amount)), of_its_own(code.refund(ideal, now, amount))
    yield Claim("with an entry: a refund", present, lowered >= ideal_lowered)
    yield Claim("with an entry: taken out for a queue, and put back", present, umin(seen, SATURATED) >= ideal)

    # The first reading with so many units, or the last reading if there is none.
    reading = word("reading")
    first = Or(reading == MAX, beyond(reading) >= seen)
    leaves = code.leaves(reading)
    then = code.floor_after(floor, leaves)
    unlocked = And(floor <= SATURATED, depth <= 2**63)
    yield Claim(
        "loses its entry, as idle or as the lowest",
        And(present, unlocked, seen <= MAX_TAT, first, time(reading, floor)),
        And(as_tat(then) >= ideal, then <= SATURATED),
    )
    other = word("other")
    then = code.floor_after(floor, code.leaves(other))
    absent = And(unlocked, as_tat(floor) >= ideal, ideal <= SATURATED)
    yield Claim(
        "without an entry: another key loses its entry, or has a debt without one",
        And(absent, time(floor, code.leaves(other))),
        And(as_tat(then) >= ideal, then <= SATURATED),
    )
    yield Claim(
        "without an entry: a refund, which is not recorded",
        absent,
        as_tat(floor) >= of_its_own(code.refund(ideal, now, amount)),
    )

    begin = code.begin_at(units, beyond, within_horizon, floor, at)
    enters = And(absent, time(floor, at), depth >= 1)
    yield Claim("enters: its beginning is no lower, and a time or saturated", enters, And(begin >= ideal, begin <= SATURATED))
    new_time = units(at)
    begins = And(enters, cost >= 1, cost <= depth)
    granted, after, _ = code.decide(Machine(), depth, begin, new_time, cost)
    ideally, ideal_after, _ = code.decide(Machine(), depth, ideal, new_time, cost)
    yield Claim("enters with a grant", And(begins, granted), And(ideally, umin(after, SATURATED) >= ideal_after))
    owing, ideal_owing = (code.open(code.charge(tat, new_time, amount)) for tat in (begin, ideal))
    yield Claim("enters with a debt", enters, owing >= ideal_owing)
    yield Claim("enters to wait", enters, umax(begin, new_time) >= ideal)

    owing = code.charge(begin, new_time, amount)
    first = Or(reading == MAX, beyond(reading) >= owing)
    then = code.floor_after(floor, code.leaves_owing(owing, reading))
    yield Claim(
        "has a debt, and no entry is available",
        And(enters, Or(owing > MAX_TAT, first), time(floor, at, reading)),
        And(as_tat(then) >= ideal_owing, then <= SATURATED),
    )
