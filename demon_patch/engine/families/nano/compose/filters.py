"""Filters, plain or run round a loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from demon_patch.engine.families.nano.compose.tables import SAMPLE_RATE

_NYQUIST = SAMPLE_RATE / 2
_LEAD = SAMPLE_RATE // 2


def _butterworth(x: np.ndarray, order: int, edges: float | tuple[float, float], kind: str) -> np.ndarray:
    sections = np.asarray(butter(order, np.array(edges) / _NYQUIST, kind, output="sos"))
    return np.asarray(sosfilt(sections, x)).astype(np.float32)


def low_pass(x: np.ndarray, cutoff: float) -> np.ndarray:
    """A third-order low-pass; cutoff in Hz."""
    return _butterworth(x, 3, cutoff, "low")


def high_pass(x: np.ndarray, cutoff: float) -> np.ndarray:
    """A second-order high-pass; cutoff in Hz."""
    return _butterworth(x, 2, cutoff, "high")


def band_pass(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """A second-order band-pass between two frequencies in Hz."""
    return _butterworth(x, 2, (low, min(high, 0.99 * _NYQUIST)), "band")


def smooth(x: np.ndarray, keep: float) -> np.ndarray:
    """A one-pole low-pass of unit gain that keeps the share `keep` of its state at every sample; starts at x[0]."""
    return np.asarray(lfilter([1 - keep], [1, -keep], x - x[0])) + x[0]


def cyclic(run: Callable[[np.ndarray], np.ndarray], loop: np.ndarray) -> np.ndarray:
    """A filter run over a loop whose last half second has been heard before."""
    return run(np.concatenate([loop[-_LEAD:], loop]))[_LEAD:]
