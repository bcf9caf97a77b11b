"""How the processor's threads wait for each other; called before PyTorch is loaded."""

from __future__ import annotations

import os


def calm() -> None:
    """Lets OpenMP threads sleep at their barriers instead of spinning, unless the user has chosen otherwise.

    A spinning team is stopped dead by any other program that needs a core: see docs/decisions.md for figures.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
