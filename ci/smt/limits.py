"""The premises of `core.py` on quotas, from the limits in `quota/range.rs`: over real numbers, so for all quotas.

A permit is 2^k units, and `capacity · permit / period` is M, the units of a nanosecond. k is the floor of the binary logarithm of
`ratio`, the whole part of (4 · period - 1) / capacity; or 0 if that is 0.
"""

from z3 import Or, Reals

from .claim import Claim, Tried
from .words import And

NANOS_A_SECOND = 10**9


def quota(code):
    """(capacity, period, burst, permit, M · period, the premises on a quota)."""
    capacity, period, burst, permit, ratio = Reals("capacity period burst permit ratio")
    units = permit * capacity
    limits = And(
        capacity >= 1,
        period >= 1,
        burst >= 1,
        capacity <= code.max_per_nano * period,
        # If burst · period / capacity rounded up is at most a whole number, it is itself at most that number.
        burst * period <= code.max_depth_nanos * capacity,
    )
    whole_part = And(ratio * capacity <= 4 * period - 1, (ratio + 1) * capacity > 4 * period - 1)
    # Whole numbers: less than 2 · permit is at most 2 · permit - 1.
    fine = And(permit >= 1, permit <= ratio, ratio <= 2 * permit - 1)
    coarse = And(permit == 1, ratio <= 0)
    return capacity, period, burst, permit, units, And(limits, whole_part, Or(fine, coarse)), fine


def claims(code):
    capacity, period, burst, permit, units, given, fine = quota(code)
    yield Claim("the depth of a burst is at most 2^63 units", given, burst * permit <= 2**63)
    yield Claim("k is at most 61", given, permit < 2**62)
    yield Claim("a unit is more than a quarter of a nanosecond, unless it is a permit", And(given, fine), units < 4 * period)
    # The right side is a whole number: more than the number minus 1 is at least the number.
    yield Claim("a unit is at most half a nanosecond: M >= 2", given, 2 * units > 4 * period - 1)
    yield Claim("M is at most 10", given, units <= 10 * period)
    # So products with 62 bits of nanoseconds, and of a word with the period, fit into 128 bits.
    yield Claim(
        "`Unit`: period and capacity << k are within 66 bits", And(given, period < 2**64, capacity < 2**64), units < 2**66
    )
    yield Tried("k is the logarithm, for all capacities and periods to 300", lambda: logarithms(code))


def logarithms(code):
    for capacity in range(1, 301):
        for period in range(-(-capacity // 10), 301):
            k = code.k(capacity, period)
            if not (2 * period <= capacity << k and (capacity << k < 4 * period or k == 0)):
                yield f"capacity {capacity}, period {period}: k = {k}"
