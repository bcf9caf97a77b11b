"""Measures whether the seams of played sound can be heard: compares the places where windows meet with all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.runtime.audio.lay_window import Seam

SIDE_SECONDS = 0.01  # of a seam, on either side of its middle
CLICK_SECONDS = 0.004
AROUND_SECONDS = 0.04


def figures(sound: NDArray[np.float32], joins: NDArray[np.int64], per: int, rate: int) -> dict[str, Any]:
    """Returns one row: the share of seams at which the level dips by more than 1 dB, and how sudden the high
    frequencies are there (99th percentile, dB), beside the same figures for the latent frames between seams.

    sound: [samples, channels] from the timeline's start.
    joins: the latent frames, of `per` samples, at which windows begin.

    A dip compares the power of 20 ms with the lower of the powers of the 20 ms before and after. Suddenness compares
    the power of the second difference in 4 ms with that in the 40 ms around it. Music dips and clicks by itself, so
    that only a difference between both figures counts.
    """
    mono = sound.mean(axis=1, dtype=np.float64)
    inside = np.arange(3, len(mono) // per - 3)
    others = np.setdiff1d(inside, np.concatenate([joins - 1, joins, joins + 1]))
    joins = np.intersect1d(joins, inside)
    dips = [_levels(mono**2, at * per, round(SIDE_SECONDS * rate)) for at in (joins, others)]
    rough = np.diff(mono, 2, prepend=[0.0, 0.0]) ** 2
    clicks = [_sudden(rough, at * per, rate) for at in (joins, others)]
    return {
        "joins": len(joins),
        "dips_at_joins": float(np.mean(dips[0] < -1.0)),
        "dips_elsewhere": float(np.mean(dips[1] < -1.0)),
        "sudden_db_at_joins": float(np.percentile(clicks[0], 99)),
        "sudden_db_elsewhere": float(np.percentile(clicks[1], 99)),
    }


def of_seams(seams: Sequence[Seam]) -> dict[str, Any]:
    """Returns one row on the seams themselves, measured against their own two sides when they were written.

    dipping: the share of seams that, over 5 ms at some place, are more than 1 dB weaker than the weaker side.
    worst_dip_db: the deepest of these dips, dB.
    click_p99_db: the 99th percentile of suddenness, dB.
    """
    dips, clicks = (np.array([getattr(seam, name) for seam in seams]) for name in ("dip", "click"))
    return {
        "dipping": float(np.mean(dips < -1.0)),
        "worst_dip_db": float(dips.min()),
        "click_p99_db": float(np.percentile(clicks, 99)),
    }


def _power(power: NDArray[np.float64], first: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Returns the mean of n numbers from each index in `first` on, plus 1e-12."""
    sums = np.concatenate([[0.0], np.cumsum(power)])
    return (sums[first + n] - sums[first]) / n + 1e-12


def _levels(power: NDArray[np.float64], at: NDArray[np.int64], side: int) -> NDArray[np.float64]:
    around = np.minimum(_power(power, at - 3 * side, 2 * side), _power(power, at + side, 2 * side))
    return 10.0 * np.log10(_power(power, at - side, 2 * side) / around)


def _sudden(power: NDArray[np.float64], at: NDArray[np.int64], rate: int) -> NDArray[np.float64]:
    near, wide = round(CLICK_SECONDS * rate / 2), round(AROUND_SECONDS * rate / 2)
    return 10.0 * np.log10(_power(power, at - near, 2 * near) / _power(power, at - wide, 2 * wide))
