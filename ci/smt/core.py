"""`gcra.rs`: decisions over 64-bit words, for every quota, reading, word and cost.

The premises are what `limits.py` proves of every quota (a depth of at most 2^63) and `scale.py` of every reading (at most
MAX_TAT - depth).
"""

from z3 import Bool, Implies, Not, Or

from .claim import Cases, Claim
from .words import *

# A permit is 2^k units; `limits.py` shows that these are all.
PERMITS = range(62)


def claims(code):
    yield from costs(code)
    yield from decisions(code)
    yield from waits(code)
    yield from settlements(code)
    yield from queries(code)


def request(code):
    """A request, for any quota: (depth, cost, now, tat, the premises on them)."""
    depth, cost, now, tat = word("depth"), word("cost"), word("now"), word("tat")
    return depth, cost, now, tat, And(cost >= 1, cost <= depth, depth <= 2**63, now <= code.max_reading(depth))


def costs(code):
    n, burst = word("n"), word("burst")

    def case(k):
        exact = And(code.cost(n, k) == n * 2**k, code.cost(n, k) == code.amount(n, k))
        past = code.amount(n, k) == umin(n * 2**k, MAX)
        return burst * 2**k <= 2**63, And(Implies(n <= burst, exact), past)

    yield Cases("cost, amount: n permits are exactly n << k; past 64 bits they saturate", case, PERMITS)


def decisions(code):
    depth, cost, now, tat, asked = request(code)
    m = Machine()
    granted, after, excess = code.decide(m, depth, tat, now, cost)
    yield Claim("decide: no sum or difference wraps", asked, m.safe)

    # The definition, over whole numbers.
    new = umax(tat, now) + cost
    yield Claim("decide: granted if and only if max(TAT, now) + n·T - now <= depth", asked, granted == (new - now <= depth))
    yield Claim("decide: then TAT = max(TAT, now) + n·T", And(asked, granted), after == new)
    yield Claim(
        "decide: otherwise retry_after = max(TAT, now) + n·T - now - depth",
        And(asked, Not(granted)),
        excess == new - now - depth,
    )

    yield Claim(
        "decide: a grant's TAT is a time, at most now + depth", And(asked, granted), And(after <= now + depth, after <= MAX_TAT)
    )
    yield Claim("decide: closed, bypassed and saturated words are refused", And(asked, tat > MAX_TAT), Not(granted))

    later = word("later")
    then, _, _ = code.decide(Machine(), depth, tat, later, cost)
    yield Claim(
        "decide: granted retry_after later, and not one unit earlier",
        And(asked, Not(granted), later >= now, later <= code.max_reading(depth)),
        And(excess >= 1, then == (later - now >= excess)),
    )
    higher = word("higher")
    above, after_above, _ = code.decide(Machine(), depth, higher, now, cost)
    yield Claim(
        "decide: monotone: a lower TAT grants as well, and leaves no higher TAT",
        And(asked, tat <= higher, above),
        And(granted, after <= after_above),
    )


def waits(code):
    depth, cost, now, tat, asked = request(code)
    counted, end = code.enter(tat, now, cost)
    new = umax(tat, now) + cost
    waiting = code.may_wait(depth, tat, now)
    yield Claim("enter: counted if and only if max(TAT, now) + cost is a time", asked, counted == (new <= MAX_TAT))
    yield Claim("enter: then it ends exactly there", And(asked, counted), end == new)
    yield Claim("enter: none behind a word that is not a time", And(asked, tat > MAX_TAT), Not(counted))
    yield Claim("due: does not wrap", asked, And(code.due(depth, end) >= 0, code.due(depth, end) <= MAX))
    yield Claim(
        "may_wait: for the end of an entry, if and only if the entry is not due",
        And(asked, counted),
        code.may_wait(depth, end, now) == (code.due(depth, end) > now),
    )
    yield Claim("may_wait: if and only if TAT - now > depth", asked, waiting == (tat - now > depth))
    yield Claim("may_wait: always, for a word that is not a time: no idle move changes it", And(asked, tat > MAX_TAT), waiting)


def settlements(code):
    tat, higher, now, floor, amount = word("tat"), word("higher"), word("now"), word("floor"), word("amount")
    after = code.refund(tat, floor, amount)
    yield Claim("refund: never raises, and does not wrap", True, And(after <= tat, after >= 0))
    yield Claim("refund: never below the floor, unless the word was", True, Or(after >= floor, after == tat))
    yield Claim("refund: is subtracted in full where the floor allows it", floor + amount <= tat, after == tat - amount)
    yield Claim("refund: at most the amount is subtracted", True, tat - after <= amount)
    yield Claim("refund: monotone", tat <= higher, after <= code.refund(higher, floor, amount))

    owing = code.open(code.charge(tat, now, amount))
    exact = umax(tat, now) + amount
    yield Claim("charge: exact as long as that is a time", exact <= MAX_TAT, owing == exact)
    yield Claim("charge: beyond that the word is saturated", exact > MAX_TAT, owing == SATURATED)
    yield Claim("charge: monotone", tat <= higher, owing <= code.open(code.charge(higher, now, amount)))


def queries(code):
    burst, now, tat, n, permits = word("burst"), word("now"), word("tat"), word("n"), word("permits")

    def quota(k):
        depth = burst * 2**k
        return depth, And(burst >= 1, depth <= 2**63, now <= code.max_reading(depth))

    def request(k):
        """Whether n permits, 1 to the burst, are granted; and the premises."""
        depth, given = quota(k)
        return code.decide(Machine(), depth, tat, now, n * 2**k)[0], And(given, n >= 1, n <= burst)

    def available(k):
        granted, asked = request(k)
        return asked, granted == (n <= code.available(quota(k)[0], k, tat, now))

    def at_most_the_burst(k):
        depth, given = quota(k)
        return given, code.available(depth, k, tat, now) <= burst

    def remaining(k):
        depth, given = quota(k)
        m = Machine()
        granted, after, _ = code.decide(Machine(), depth, tat, now, n * 2**k)
        ahead = m.sub(after, now)
        exact = code.remaining(depth, k, ahead) == code.available(depth, k, after, now)
        return And(given, n >= 1, n <= burst, granted), And(m.safe, exact)

    def remaining_denied(k):
        depth, given = quota(k)
        granted, _, excess = code.decide(Machine(), depth, tat, now, n * 2**k)
        exact = code.remaining_denied(k, n, excess) == code.available(depth, k, tat, now)
        return And(given, n >= 1, n <= burst, Not(granted)), exact

    def wait_for(k):
        depth, given = quota(k)
        granted, _, excess = code.decide(Machine(), depth, tat, now, n * 2**k)
        m = Machine()
        exact = code.wait_for(m, depth, k, tat, now, n) == If(granted, 0, excess)
        return And(given, n >= 1, n <= burst, tat <= MAX_TAT), And(m.safe, exact)

    def due_behind(k):
        granted, asked = request(k)
        return And(asked, tat <= MAX_TAT), granted == (code.due_behind(quota(k)[0], k, tat, n) <= now)

    def moment(k):
        granted, asked = request(k)
        depth, rounded = quota(k)[0], Bool("Rounded")
        at = code.moment(code.due_behind(depth, k, tat, n), now, rounded)
        then, after, _ = code.decide(Machine(), depth, tat, at, n * 2**k)
        return And(asked, tat <= MAX_TAT), And(at <= now, then == granted, Implies(then, after <= at + depth))

    def needed(k):
        granted, asked = request(k)
        return asked, granted == (code.needed(quota(k)[0], k, tat, now, n) <= 0)

    def leaving(k):
        depth, given = quota(k)
        m = Machine()
        left = code.leaving(m, depth, k, now, permits)
        exact = code.available(depth, k, left, now) == permits
        return And(given, permits <= burst), And(m.safe, left <= MAX_TAT, exact)

    yield Cases("available: n permits are granted if and only if n <= available", available, PERMITS)
    yield Cases("available: at most the burst", at_most_the_burst, PERMITS)
    yield Cases("remaining: after a grant, what is available then", remaining, PERMITS)
    yield Cases("remaining: of a refusal, what is available then", remaining_denied, PERMITS)
    yield Cases("wait_for: 0 if so many are granted, and otherwise retry_after", wait_for, PERMITS)
    yield Cases("due_behind: n permits are granted if and only if that time has come", due_behind, PERMITS)
    yield Cases("moment: not past the reading, and n permits are granted then if and only if at the reading", moment, PERMITS)
    yield Cases("needed: at most 0 if and only if so many are granted", needed, PERMITS)
    yield Cases("leaving: does not wrap, is a time, and leaves exactly so many permits", leaving, PERMITS)
