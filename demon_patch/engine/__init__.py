"""Streaming diffusion for music: each tick moves all generations in a ring on by one denoising step.

The names in `__all__` load torch when they are first used; `engine.controls` and `engine.contracts` never load it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "Session": "session",
    "Ring": "ring.ring",
    "Request": "ring.request",
    "step_values": "ring.step_values",
    "NoiseBank": "ring.noise",
}
__all__ = ["NoiseBank", "Request", "Ring", "Session", "step_values"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
