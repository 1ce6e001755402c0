"""What `ci/proof.py` proves, and the formulas it proves it of."""
