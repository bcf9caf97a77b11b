"""The family nano2."""
