"""A claim: what follows from which premises, for all inputs."""

from dataclasses import dataclass
from time import monotonic

import z3

from .words import ranges

# Most claims take a hundredth of a second; the rest is reserve for busy machines.
SECONDS = 100


@dataclass
class Claim:
    name: str
    given: object
    follows: object

    def check(self):
        """Returns why the claim is not proved, or `None` if it is; and the seconds it took."""
        began = monotonic()
        # A premise that nothing satisfies would prove anything.
        vacuous = ask(self.given)[0] == z3.unsat
        answer, model = ask(z3.And(self.given, z3.Not(self.follows)))
        if vacuous:
            why = "nothing satisfies the premises"
        elif answer == z3.unsat:
            why = None
        else:
            why = f"refuted by {model}" if answer == z3.sat else "undecided in time"
        return why, monotonic() - began


def ask(formula):
    solver = z3.Solver()
    solver.set("timeout", 1000 * SECONDS)
    solver.add(formula)
    solver.add(ranges(formula))
    answer = solver.check()
    return answer, solver.model() if answer == z3.sat else None


@dataclass
class Cases:
    """A claim that is proved for each of a few values: `case` returns the premises and the conclusion for one value."""

    name: str
    case: object
    values: object

    def check(self):
        began = monotonic()
        for value in self.values:
            why, _ = Claim(self.name, *self.case(value)).check()
            if why:
                return f"{value}: {why}", monotonic() - began
        return None, monotonic() - began


@dataclass
class Tried:
    """A claim about so few numbers that all are tried: `failures` yields those for which it is false."""

    name: str
    failures: object

    def check(self):
        began = monotonic()
        failure = next(self.failures(), None)
        return failure and f"refuted by {failure}", monotonic() - began
