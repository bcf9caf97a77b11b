"""What a bar of four beats sounds like: a linear model of which moment of a rhythm is its first.

`tools.train_nano.bars` fits the numbers by logistic regression to loops of the nano family's composer, over all
phases of a bar and over half, whole and double tempo at once. They say what music theory does: kicks on one and around
the middle of the bar, snares and hats on two and four, harmony that changes on one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BPM = (20.0, 400.0)
"""The lowest and highest tempo that a clip may be given, in beats a minute."""

BEATS_PER_BAR = 4
STEPS = 16
"""Steps of a bar's template."""

SCALE = np.array([0.166, 0.104, 0.126, 1.270, 0.646])
"""The usual deviation, over a bar, of kicks, snares, hats, change of harmony over a beat and over a bar."""

TEMPLATE = np.array(
    [
        [1.31, -0.01, -0.32, -0.12, -0.34, -0.08, 0.49, -0.21, 0.57, 0.22, 0.25, -0.09, -0.46, 0.08, 0.06, -0.53],
        [0.82, -0.50, -0.17, 0.39, 0.78, -0.12, 0.13, -0.06, 0.06, -0.15, 0.18, 0.27, 1.13, 0.06, -0.07, 0.44],
        [0.03, -0.59, 0.74, 0.27, 0.97, -0.32, -0.01, -0.31, -0.37, 0.33, 0.17, 0.07, 1.28, -0.21, 0.14, 0.48],
        [0.67, 0.18, 0.11, -0.36, -0.46, -0.09, 0.20, 0.16, 0.15, 0.21, -0.17, -0.07, -0.17, -0.57, -0.40, 0.48],
        [0.78, 0.61, 0.38, 0.13, -0.11, -0.09, -0.09, -0.27, -0.41, -0.36, -0.26, -0.25, -0.14, -0.13, -0.18, 0.33],
    ]
)
"""Weights of 16 steps for each of the `ClipRhythm.profiles`: kicks, snares, hats, harmony over a beat, over a bar."""

PERIODS = np.array([-1.12, -0.46, -1.26, 1.50, 1.92, -0.38, -0.03, -3.84])
"""Weights of the numbers that `ClipRhythm.periods` returns."""


def normalised(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns profiles [..., 5, phases] without their mean, divided by their deviation, and limited to -1..1.

    A profile that hardly varies is made smaller.
    """
    varying = profiles - profiles.mean(-1, keepdims=True)
    return np.tanh(varying / (1.5 * (varying.std(-1, keepdims=True) + 0.3 * SCALE[:, None])))


def turned(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the 16 steps of a bar that begins at each phase, [..., phases, 5 * 16], for normalised profiles [..., 5,
    phases]."""
    phases = profiles.shape[-1]
    at = (np.arange(phases)[:, None] + np.arange(STEPS) * (phases // STEPS)) % phases
    held = np.moveaxis(profiles[..., at], -3, -2)
    return held.reshape(*held.shape[:-2], -1)


def score(profiles: NDArray[np.float64], periods: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the log odds [phases] that a bar of this tempo begins at each phase, up to a constant of the clip.

    profiles: [5, phases] from `ClipRhythm.profiles`. periods: [8] from `ClipRhythm.periods`.
    """
    return turned(normalised(profiles)) @ TEMPLATE.ravel() + periods @ PERIODS
