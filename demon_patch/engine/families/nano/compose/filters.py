"""Filters of sound in samples, and a way to run one round a loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from demon_patch.engine.families.nano.compose.tables import SAMPLE_RATE

_LEAD = SAMPLE_RATE // 2


def _butterworth(
    x: np.ndarray, order: int, edges: float | tuple[float, float], kind: str, rate: int = SAMPLE_RATE
) -> np.ndarray:
    sections = np.asarray(butter(order, np.array(edges) / (rate / 2), kind, output="sos"))
    return np.asarray(sosfilt(sections, x)).astype(np.float32)


def low_pass(x: np.ndarray, cutoff: float, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Returns `x` behind a third-order low-pass; cutoff and rate in Hz."""
    return _butterworth(x, 3, cutoff, "low", rate)


def high_pass(x: np.ndarray, cutoff: float, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Returns `x` behind a second-order high-pass; cutoff and rate in Hz."""
    return _butterworth(x, 2, cutoff, "high", rate)


def band_pass(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Returns `x` behind a second-order band-pass between two frequencies in Hz."""
    return _butterworth(x, 2, (low, min(high, 0.99 * SAMPLE_RATE / 2)), "band")


def smooth(x: np.ndarray, keep: float) -> np.ndarray:
    """Returns `x` behind a one-pole low-pass of unit gain, whose state starts at x[0].

    keep: the share of its state that the filter keeps at every sample.
    """
    return np.asarray(lfilter([1 - keep], [1, -keep], x - x[0])) + x[0]


def cyclic(run: Callable[[np.ndarray], np.ndarray], loop: np.ndarray) -> np.ndarray:
    """Returns a loop [samples] behind the filter `run`, which hears the loop's last half second before its start."""
    return run(np.concatenate([loop[-_LEAD:], loop]))[_LEAD:]
