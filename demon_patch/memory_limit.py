"""Keeps the memory of the process compact, and fits the linear algebra of NumPy and SciPy into a limit of the address
space, or says that a command needs more."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

from demon_patch.errors import DemonError

if sys.platform != "win32":
    import resource

# Bytes of address space, on Linux:
LEAST = 384 << 20  # what the program takes with NumPy and SciPy on one thread, and some to spare
WITH_TORCH = 960 << 20  # the same with PyTorch
A_THREAD = 90 << 20  # what a further thread of NumPy's and SciPy's linear algebra takes
LOAD_TORCH = frozenset({"bench", "gallery", "play", "render"})  # commands
THREADS = "OPENBLAS_NUM_THREADS"

ARENAS, OWN_PIECE, SPARE = 2, 4 * 2**20, 16 * 2**20
"""How the C library keeps memory (glibc): in how many heaps, from how many bytes on a block is a mapping of its own,
and how many free bytes at the end of a heap it keeps."""
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1


def fit_memory_limit(command: str) -> None:
    """Keeps memory compact, and NumPy and SciPy on one thread where the address space (`ulimit -v`) is too small for
    one on each processor. Call it before NumPy is loaded, and before there are threads. Raises DemonError where the
    libraries of a command would not load: in too small a space they abort, or wait for memory for ever."""
    if sys.platform == "win32":
        return
    _keep_compact()
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        return
    least = WITH_TORCH if command in LOAD_TORCH else LEAST
    if limit < least:
        less = f"not enough memory: the program may take {limit >> 20} MB, and needs {least >> 20} MB or more"
        raise DemonError(less, mend="raise the limit of the address space: ulimit -v")
    if limit < least + A_THREAD * (os.cpu_count() or 1):
        os.environ.setdefault(THREADS, "1")


def _keep_compact() -> None:
    """Lets the C library keep freed memory in few places, so that it can be used again (glibc): with a heap for each
    thread, and heaps that also take large blocks, a quarter of an hour of edits and songs leaves 500 MB of holes."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            library = ctypes.CDLL(None)
            for name, value in ((_ARENA_MAX, ARENAS), (_MMAP_THRESHOLD, OWN_PIECE), (_TRIM_THRESHOLD, SPARE)):
                library.mallopt(name, value)
