"""The form of a declaration: ports, the vocabulary and reading of bodies, and their spelling as code."""
