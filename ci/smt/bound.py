"""The bound, by induction over the moves of a word.

Let a <= b be readings. For any sequence of moves, in the order in which they moved the word, let S be what was granted at readings
from a to b, minus all that was refunded. Every grant with another reading, and every debt, counts 0. An entry of the queue counts at
max(now, its end - depth), when it comes due, as long as it is not moved (how entries move is tested beside an exact model, by
tests/line.rs). Then

    S <= depth + (b - a)    after each grant that counts,

whatever the readings: they may be stale, differ between threads and step back. The invariant is

    S <= max(TAT, a) - a.

It holds at the beginning, with S = 0 and any TAT. A refund takes at most as much off the TAT as off S. A grant adds its cost to both:
TAT' = max(TAT, now) + cost, and since now >= a, TAT' - a >= max(TAT, a) - a + cost. Since TAT' <= now + depth <= b + depth,
S <= TAT' - a is within the bound. Each step is proved below for the formulas of the code, over its words.
"""

from z3 import Implies, Int

from .claim import Claim
from .core import request
from .words import *


def claims(code):
    depth, cost, now, tat, asked = request(code)
    a, b, amount, floor = word("a"), word("b"), word("amount"), word("floor")
    total = Int("S")  # of either sign, and any size

    def invariant(total, tat):
        return total <= umax(tat, a) - a

    window = And(asked, a <= b, b <= code.max_reading(depth))
    given = And(window, tat <= MAX_TAT, invariant(total, tat))

    def granted(name, when, at, after):
        counts = And(a <= at, at <= b)
        then = total + If(counts, cost, 0)
        within = Implies(counts, then <= depth + (b - a))
        return Claim(name, And(given, when), And(invariant(then, after), within))

    yield Claim("beginning", window, invariant(0, tat))
    yes, after, _ = code.decide(Machine(), depth, tat, now, cost)
    yield granted("step: a grant, at its reading", yes, now, after)
    counted, end = code.enter(tat, now, cost)
    yield granted("step: an entry, when it comes due", counted, umax(now, code.due(depth, end)), end)
    yield Claim("step: a refund", given, invariant(total - amount, code.refund(tat, floor, amount)))
    yield Claim("step: a debt", given, invariant(total, code.open(code.charge(tat, now, amount))))
