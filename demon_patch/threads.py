"""Settings of the process that keep its threads from being delayed: OpenMP's waiting and garbage collection."""

from __future__ import annotations

import gc
import os

SELDOM = (50_000, 20, 100)  # allocations and collections between collections, by generation
USUAL = gc.get_threshold()


def quiet_threads() -> None:
    """Makes OpenMP threads sleep at their barriers instead of spinning, unless the user has chosen otherwise. Call it
    before PyTorch is loaded.

    A spinning team stops dead whenever another program needs a core: see docs/decisions.md for figures.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def quiet_gc() -> None:
    """Makes garbage collection rare: objects that exist now are never searched again, later ones seldom. Call it once
    all is loaded. A full collection delays a tick by 10 ms. `restore_gc` undoes it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def restore_gc() -> None:
    """Returns garbage collection to Python's own settings."""
    gc.set_threshold(*USUAL)
    gc.unfreeze()
