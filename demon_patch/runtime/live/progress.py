"""How far the preparation of another performance is. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from demon_patch.errors import DemonError

Stage = Literal["waiting", "loading", "compiling", "generating", "taking over", "playing", "failed", "cancelled"]
OVER = ("playing", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a preparation is.

    number: counts the preparations of a host from 1. title: what is prepared.
    stage: what it does now; `playing` once it is heard.
    seconds: until its first windows are heard, at `taking over`.
    error: why it has failed.
    """

    number: int
    title: str
    stage: Stage
    seconds: float = 0.0
    error: DemonError | None = None
