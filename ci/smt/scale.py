"""`scale.rs`: from clock readings to units, for every quota and tick.

A tick is exactly the fraction R of units. Time is f(t) = floor(slope · t / 2^64), t ticks after the origin. The origin is the clock's
beginning, or the reading at which the word is made, if much of its time had passed by then. slope = factor << lift is R · 2^64 rounded
up to the next multiple of 2^lift. The argument, step by step below:

1. The long division gives that slope, and a lift under 64.
2. Ticks up to the horizon lose no bit by the lift, so they are under 2^64 / 2^lift. In all that time rounding up adds less than
   2^lift · t / 2^64, which is less than one unit.
3. So on the exact boundary, R · (t - t0) >= c, f(t) - f(t0) is at least c: a grant. 1 ns before it, R · (t - t0) + M <= c, and
   f(t) - f(t0) is less than R · (t - t0) + 1 + 1 <= c - M + 2 <= c, because M is at least 2: a refusal. c is a whole number: a sum of
   costs minus the depth. (After a wait for the excess of a refusal, rounded up to 1 ns, the time is on or past the boundary: a grant.)
4. The horizon keeps every reading at most MAX_TAT - depth, and time never runs back while the clock does not.

Last, the same formulas are tried on every clock and quota of a word of a few bits.
"""

from fractions import Fraction
from math import ceil, floor

from z3 import Function, Int, IntSort, Or, Real, Reals, ToInt

from . import limits
from .claim import Cases, Claim, Tried
from .words import *

LIFTS = range(37)


def claims(code):
    yield from division(code)
    yield from boundary(code)
    yield from paths(code)
    yield from horizon(code)
    yield Tried(
        "all steps, on words of 5 bits, made at the beginning of the clock, early, and in its middle",
        lambda: narrow(code, 5, (0, 3, 16)),
    )
    yield Tried("all steps, on words of 6 bits, made at the beginning of the clock", lambda: narrow(code, 6, (0,)))


def division(code):
    x, quotient, remainder, divisor = Reals("x quotient remainder divisor")
    so_far = And(x == quotient * divisor + remainder, remainder >= 0, remainder < divisor, quotient >= 0)
    more = 2 * remainder >= divisor
    next_quotient, next_remainder = 2 * quotient + If(more, 1, 0), 2 * remainder - If(more, divisor, 0)
    yield Claim(
        "the long division: each step keeps x · 2^bits = quotient · divisor + remainder, and remainder < divisor",
        so_far,
        And(2 * x == next_quotient * divisor + next_remainder, next_remainder >= 0, next_remainder < divisor),
    )
    words = And(so_far, divisor < 2**126, quotient <= 2**63 - 1)
    yield Claim("the long division: nothing wraps", words, And(2 * remainder < 2**127, next_quotient < 2**64))
    rounded = quotient + If(remainder > 0, 1, 0)
    yield Claim(
        "the factor is x / divisor, rounded up by less than 1",
        so_far,
        And(rounded * divisor >= x, (rounded - 1) * divisor < x),
    )
    # R = M · nanos / per, and a tick is at most a second.
    capacity, period, burst, permit, units, given, _ = limits.quota(code)
    nanos, per = Reals("nanos per")
    ticks = And(nanos >= 1, per >= 1, nanos <= limits.NANOS_A_SECOND * per)
    m = Real("m")
    yield Claim("a tick is at most 1e10 units", And(m <= 10, m > 0, ticks), m * nanos <= 10**10 * per)
    rate, step = Reals("rate step")
    # Either the quotient has 62 bits, or all bits were drawn and the lift is 0; and one more if 2^64 is halved.
    enough = And(rate <= 10**10, rate * 2**64 >= 2**62 * step)
    yield Claim("the lift is at most 36, so shifts by it are shifts", enough, 2 * step < 2**37)


def boundary(code):
    rate, slope, step, t, t0, error = Reals("rate slope step t t0 error")
    time = And(t0 >= 0, t >= t0, t * step <= 2**64 - 1, rate > 0, step >= 1)
    rounded = And(slope >= rate * 2**64, slope < rate * 2**64 + step)
    extra = (slope - rate * 2**64) * (t - t0)
    yield Claim("rounding up adds less than a unit until the horizon", And(time, rounded), And(extra >= 0, extra < 2**64))

    # Now `exact` is R · (t - t0), and `error` is what the slope adds to it.
    exact, at0, m = Reals("exact at0 m")
    c = Int("C")
    passed = ToInt(at0 + exact + error) - ToInt(at0)
    under_one = And(error >= 0, error < 1, exact >= 0, at0 >= 0)
    yield Claim("on the exact boundary a grant", And(under_one, exact >= c), passed >= c)
    yield Claim("1 ns before it a refusal", And(under_one, m >= 2, exact + m <= c), passed < c)


def paths(code):
    """`most` is how many ticks a word can last, and `made` is the reading at which it is made."""
    at, made, most = word("at"), word("made"), word("most")
    scaled = Function("Scaled", IntSort(), IntSort())

    def case(lift):
        origin, horizon, usual = code.span(64, lift, most, made)
        ticks = umin(saturating_sub(at, origin), horizon) * 2**lift
        units = code.units(scaled, 64, lift, (origin, horizon, usual), at)
        return And(most <= code.lift_limit(64, lift), scaled(0) == 0), And(units == scaled(ticks), ticks <= MAX)

    yield Cases("units: both paths are equal, lose no bit, and stand still outside of the time of the word", case, LIFTS)

    def lasting(lift):
        origin, horizon, _ = code.span(64, lift, most, made)
        end = origin + horizon
        return most <= code.lift_limit(64, lift), And(
            origin <= made, horizon <= most, end <= MAX, Or(end == MAX, 4 * (end - made) >= 3 * most)
        )

    yield Cases("the time of a new word has begun, and three quarters of it are left, or all that the clock has", lasting, LIFTS)

    a, b, factor = Reals("a b factor")
    yield Claim("units: nothing passes 128 bits", And(a <= MAX, factor <= MAX, a >= 0, factor >= 0), a * factor < 2**128)
    yield Claim("units: monotone", And(a <= b, factor >= 0), a * factor <= b * factor)
    yield Claim("units: monotone, rounded down", a <= b, ToInt(a) <= ToInt(b))


def horizon(code):
    ticks, last, slope, units, depth = Reals("ticks last slope units depth")
    end = (units + 1) * 2**64 - 1
    yield Claim(
        "horizon: up to it, time is at most MAX_TAT - depth",
        And(ticks >= 0, ticks <= last, slope > 0, last * slope <= end, units >= 0),
        ticks * slope < (units + 1) * 2**64,
    )
    yield Claim(
        "horizon: nothing passes 128 bits", And(units <= MAX_TAT, units >= 0), And(end < 2**128, units * 2**64 < 2**128)
    )
    # The first tick with at least so many units: units · 2^64 / slope, rounded up.
    found, most, x = Reals("found most x")
    rounded_up = And(found * slope >= x * 2**64, (found - 1) * slope < x * 2**64)
    yield Claim(
        "reading: the first with so many units; at most the horizon, if that has so many",
        And(slope > 0, x >= 0, rounded_up, most * slope >= x * 2**64),
        # Whole ticks: less than one tick past the horizon is not past it.
        And(found * slope / 2**64 >= x, found < most + 1),
    )


def narrow(code, w, made):
    """Yields every clock and quota of words of `w` bits that fails, if the word is made at these readings."""
    for (rate, m, k), (numerator, denominator) in clocks(code, w).items():
        factor, lift = code.factor_and_lift(w, numerator, denominator, k)
        slope = factor << lift
        if not (0 < factor < 2**w and lift < w):
            yield f"factor {factor}, lift {lift}, for {rate} units a tick"
            continue
        depth = 1 << k
        most = min(code.last_within(w, slope, code.last_units(w, depth)), code.lift_limit(w, lift))
        for now in made:
            span = code.span(w, lift, most, now)
            times = [code.units(lambda lifted, factor=factor: lifted * factor >> w, w, lift, span, at) for at in range(2**w)]
            beyond = [code.units_beyond(w, slope, span, at) for at in range(2**w)]
            first = [code.reading(w, slope, span[0], units) for units in range(2**w - 3)]
            why = wrong(times, rate, m, span, 2**w - 4 - depth) or wrong_beyond(beyond, first, times, span)
            if why:
                yield f"{why}, for {rate} units a tick and {m} a nanosecond, from {now}"


def wrong(times, rate, m, span, last):
    origin, horizon, _ = span
    if sorted(times) != times or any(times[: origin + 1]):
        return "time runs back, or begins too early"
    if times[-1] > last:
        return "time goes on for too long"
    counted = times[origin : origin + horizon + 1]
    for stretch in range(1, len(counted)):
        exact = rate * stretch
        due, early = floor(exact), ceil(exact + m)
        for t0 in range(len(counted) - stretch):
            passed = counted[t0 + stretch] - counted[t0]
            if passed < due:
                return f"refused on the boundary, {stretch} ticks after {t0}"
            if passed >= early:
                return f"granted 1 ns before the boundary, {stretch} ticks after {t0}"
    return None


def wrong_beyond(beyond, first, times, span):
    origin, horizon, _ = span
    if sorted(beyond) != beyond or beyond[: origin + horizon + 1] != times[: origin + horizon + 1]:
        return "beyond the time of the word, time runs back, or differs within it"
    for units, reading in enumerate(first):
        if reading < len(beyond) - 1 and beyond[reading] < units:
            return f"the reading {reading} has fewer than {units} units"
        if reading > origin and beyond[reading - 1] >= units:
            return f"before the reading {reading} there were {units} units"
    return None


def clocks(code, w):
    """For every quota and tick that words of `w` bits can have: rate, M and k, with a fraction that gives the rate."""
    found = {}
    # The limits, as far as words are shorter: 10 · longest <= 2^(w - 1), and ticks of a third to one nanosecond.
    longest = 2 ** (w - 1) // 10
    for capacity in range(1, 2**w):
        for period in range(1, 2**w):
            if capacity > code.max_per_nano * period or period > longest * capacity:
                continue
            k = code.k(capacity, period)
            for nanos in range(1, 2 ** (w - 2)):
                for per in range(nanos, min(3 * nanos + 1, 2 ** (w - 2))):
                    numerator, denominator = capacity * nanos, period * per
                    rate, m = Fraction(numerator << k, denominator), Fraction(capacity << k, period)
                    found.setdefault((rate, m, k), (numerator, denominator))
    return found
