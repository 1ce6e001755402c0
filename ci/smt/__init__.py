"""The claims that `ci/proof.py` proves, and the formulas of the code that they are about."""
