"""Tells a lack of memory from other errors: interpreter, loader and PyTorch each report it in other words."""

from __future__ import annotations

import errno

SAYINGS = (
    "failed to map segment",
    "cannot allocate memory",
    "can't allocate memory",
    "not enough memory",
    "out of memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Returns whether an error means that there is not enough memory."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    told = str(error).lower()
    return isinstance(error, ImportError | OSError | RuntimeError) and any(saying in told for saying in SAYINGS)
