"""Sounds and curves as a fixed number of columns, for pictures of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

COLUMNS = 512  # of a strip


def peaks_of(audio: NDArray[np.float32], columns: int = COLUMNS) -> NDArray[np.float32]:
    """Returns the largest absolute sample of each of `columns` nearly equal stretches of a sound [n, channels]."""
    loud = np.abs(audio).max(axis=1) if audio.ndim > 1 else np.abs(audio)
    if len(loud) < columns:
        return np.resize(loud, columns).astype(np.float32) if len(loud) else np.zeros(columns, np.float32)
    edges = np.linspace(0, len(loud), columns, endpoint=False).astype(np.int64)
    return np.maximum.reduceat(loud, edges).astype(np.float32)


def columns(lane: NDArray[np.float32], count: int = COLUMNS) -> NDArray[np.float32]:
    """Returns a lane [T] at `count` equally spaced song frames."""
    return lane[np.linspace(0, len(lane), count, endpoint=False).astype(np.int64)]


def packed(values: NDArray[Any]) -> bytes:
    """Returns numbers as float32, little-endian."""
    return np.ascontiguousarray(values, dtype="<f4").tobytes()
