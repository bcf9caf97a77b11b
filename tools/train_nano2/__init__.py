"""The training of the second embedded model."""
