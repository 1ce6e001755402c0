"""Machine words, as whole numbers from 0 to 2^64 - 1 that wrap where registers do.

The solver decides sums of whole numbers quickly, and takes long for sums of bit-vectors. That both are equal is a claim as well: each
operation below is written once, and `claims` proves over bit-vectors that it returns what a register returns.
"""

import z3
from z3 import And, BitVecs, Implies, Int, ZeroExt

WIDTH = 64
END = 2**WIDTH
MAX = END - 1
MAX_TAT = MAX - 3
SATURATED = MAX_TAT + 1


def word(name):
    """An unknown word. `ranges` bounds its value."""
    return Int(name)


def ranges(formula):
    """Bounds for the words in a formula: all whole numbers with a lower-case name."""
    found, seen, todo = set(), set(), [formula]
    while todo:
        part = todo.pop()
        if z3.is_ast(part) and part.get_id() not in seen:
            seen.add(part.get_id())
            todo.extend(part.children())
            if z3.is_int(part) and z3.is_const(part) and part.decl().name()[0].islower():
                found.add(part)
    return [And(part >= 0, part < END) for part in found]


def If(condition, yes, no):
    """Also for known numbers, so that the formulas can be run."""
    return (yes if condition else no) if isinstance(condition, bool) else z3.If(condition, yes, no)


def floor_div(a, b):
    """Rounded down."""
    return a // b if isinstance(a, int) else a / b


def wrapping_add(a, b, end=END):
    return If(a + b >= end, a + b - end, a + b)


def wrapping_sub(a, b, end=END):
    return If(a >= b, a - b, a + end - b)


def shifted_left(a, k, end=END):
    return a * 2**k % end


def shifted_right(a, k):
    return floor_div(a, 2**k)


def umax(a, b):
    return If(a >= b, a, b)


def umin(a, b):
    return If(a <= b, a, b)


def saturating_sub(a, b):
    return If(a >= b, a - b, 0)


def saturating_add(a, b, end=END):
    return If(a + b >= end, end - 1, a + b)


class Machine:
    """Plain `+` and `-` of the code. Each adds to `safe` that it does not wrap where it is reached."""

    def __init__(self):
        self.needs = []

    def add(self, a, b, when=True):
        self.needs.append(Implies(when, a + b < END))
        return wrapping_add(a, b)

    def sub(self, a, b, when=True):
        self.needs.append(Implies(when, a >= b))
        return wrapping_sub(a, b)

    @property
    def safe(self):
        return And(self.needs)


def claims(_code):
    from .claim import Cases, Claim

    a, b = BitVecs("a b", WIDTH)
    # Signed numbers of 130 bits: no sum of them wraps here.
    x, y = ZeroExt(66, a), ZeroExt(66, b)
    less = z3.ULT(a, b)

    def same(register, number):
        return ZeroExt(66, register) == number

    yield Claim("a sum that wraps", True, same(a + b, wrapping_add(x, y)))
    yield Claim("a difference that wraps", True, same(a - b, wrapping_sub(x, y)))
    overflows = z3.Not(z3.BVAddNoOverflow(a, b, False))
    yield Claim("a sum that saturates", True, same(If(overflows, z3.BitVecVal(MAX, WIDTH), a + b), saturating_add(x, y)))
    yield Claim("a difference that saturates", True, same(If(less, z3.BitVecVal(0, WIDTH), a - b), saturating_sub(x, y)))
    yield Claim("the maximum, the minimum", True, And(same(If(less, b, a), umax(x, y)), same(If(less, a, b), umin(x, y))))
    yield Claim(
        "overflow is a sum past 2^64 - 1, and underflow is a smaller first operand",
        True,
        And(overflows == (x + y >= END), less == (x < y)),
    )

    def shifts(k):
        # A number divided by 2^k, and the remainder of a number by 2^64, in bits.
        left = z3.Extract(WIDTH - 1, 0, ZeroExt(WIDTH, a) * 2**k)
        return True, And(
            a << k == left, a * z3.BitVecVal(2**k, WIDTH) == left, z3.LShR(a, k) == z3.UDiv(a, z3.BitVecVal(2**k, WIDTH))
        )

    yield Cases("shifts are products and quotients", shifts, range(62))


__all__ = """
    MAX MAX_TAT SATURATED END word ranges wrapping_add wrapping_sub shifted_left shifted_right umax umin saturating_sub
    saturating_add floor_div Machine If Implies And
""".split()
