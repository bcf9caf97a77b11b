"""Data set, training, evaluation and measurements of the family, one command: `python -m <this package> --out DIR`."""
