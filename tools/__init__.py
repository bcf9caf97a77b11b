"""Training and measuring that the product does not need at run time; run from a clone of the repository."""
