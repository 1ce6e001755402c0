#!/usr/bin/env python3
"""Proves the claims about the arithmetic of the limiter for all inputs. Exits with 0 if all are proved, and with 1 otherwise.

    pip install z3-solver
    python3 ci/proof.py              prove
    python3 ci/proof.py --mutants    break each formula in turn, and check that a proof fails

An SMT solver proves each claim over words of the code's own width: whole numbers that wrap where registers do. That these equal
registers is proved over bit-vectors, operation by operation (`smt/words.py`). The conversion of clock readings multiplies two unknown
words, which a solver cannot decide as bits. So it is proved over real numbers with an unknown factor, and then tried with the same
formulas on every input of words of a few bits (`smt/scale.py`). Each step of an argument is a claim of its own. A claim is rejected if
nothing satisfies its premises. `smt/code.py` has the formulas with the code that they are transcribed from. If the code changes, that
is a failure as well.
"""

import argparse
import sys
import time

from smt import account, bound, code, core, limits, mutants, scale, table, words
from smt.claim import Cases, Claim, Tried

ROOMS = {
    "words": words,
    "quotas (quota/range.rs)": limits,
    "decisions (gcra.rs, state.rs)": core,
    "the bound": bound,
    "clock readings (scale.rs)": scale,
    "the table of keys (keyed/set)": table,
    "credits of calls (llm/account.rs)": account,
}


def prove():
    """Proves all claims. Returns how many failed."""
    failed = total = 0
    for room, claims in ROOMS.items():
        print(f"\n{room}")
        for claim in claims.claims(code.Code()):
            why, seconds = claim.check()
            total += 1
            failed += why is not None
            print(f"  {'FAILED' if why else 'proved'}  {seconds:5.2f} s  {claim.name}")
            if why:
                print(f"          {why}")
    print(f"\n{total - failed} of {total} claims proved")
    return failed


def refute(mutant):
    """Returns the first claim that a mutant refutes; the quick claims are tried first."""
    claims = [claim for room in ROOMS.values() for claim in room.claims(mutant)]
    claims.sort(key=lambda claim: (Claim, Cases, Tried).index(type(claim)))
    return next((claim.name for claim in claims if "refuted by" in (claim.check()[0] or "")), None)


def kill():
    """Returns how many mutants survive."""
    survivors = 0
    for mutant in mutants.ALL:
        claim = refute(mutant())
        survivors += claim is None
        print(f"  {'killed  ' if claim else 'SURVIVED'}  {mutant.__doc__}{f'  <-  {claim}' if claim else ''}")
    print(f"\n{len(mutants.ALL) - survivors} of {len(mutants.ALL)} mutants refuted")
    return survivors


def main():
    parser = argparse.ArgumentParser(description="Prove the claims about the arithmetic of the limiter.")
    parser.add_argument("--mutants", action="store_true", help="try to prove broken formulas instead; each must fail")
    began = time.monotonic()
    changed = list(code.drift())
    for line in changed:
        print(f"no longer in the code, so a claim is about nothing: {line}", file=sys.stderr)
    failed = bool(changed) or (kill() if parser.parse_args().mutants else prove()) > 0
    print(f"{time.monotonic() - began:.0f} s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
