"""What holds up the processor's threads: how they wait for each other, and when garbage is collected."""

from __future__ import annotations

import gc
import os

SELDOM = (50_000, 20, 100)  # allocations and collections between collections, by generation
USUAL = gc.get_threshold()


def quiet_threads() -> None:
    """Lets OpenMP threads sleep at their barriers instead of spinning, unless the user has chosen otherwise; called
    before PyTorch is loaded.

    A spinning team is stopped dead by any other program that needs a core: see docs/decisions.md for figures.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def quiet_gc() -> None:
    """Once all is loaded: what is there is not looked through for garbage again, and what comes is so seldom, since a
    whole collection holds up a tick by 10 ms. `restore_gc` takes it back."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)


def restore_gc() -> None:
    """Garbage is collected as Python does by itself."""
    gc.set_threshold(*USUAL)
    gc.unfreeze()
