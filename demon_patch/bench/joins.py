"""Whether the joins of what was played can be heard: the places where windows meet, compared with all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.runtime.audio.lay_window import Seam

SIDE_SECONDS = 0.01  # of a join, on either side of its middle
CLICK_SECONDS = 0.004
AROUND_SECONDS = 0.04


def figures(sound: NDArray[np.float32], joins: NDArray[np.int64], per: int, rate: int) -> dict[str, Any]:
    """One row: how often the level dips by more than 1 dB within a join, and how sudden its high frequencies are (99 %
    of joins are less so), beside the same at the frames between joins.

    sound: [samples, channels] from the timeline's start, joins: the frames of `per` samples at which windows begin. A
    dip: the power of 20 ms against the lower of the 20 ms before and behind. Sudden: the power of the second difference
    in 4 ms against the 40 ms round it, in dB. Music dips and clicks by itself: only a difference tells.
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
    """One row: what the joins themselves did, measured against their own two sides as they were laid.

    dipping: the share of joins that at some place, over 5 ms, are more than 1 dB weaker than the weaker side.
    """
    dips, clicks = (np.array([getattr(seam, name) for seam in seams]) for name in ("dip", "click"))
    return {
        "dipping": float(np.mean(dips < -1.0)),
        "worst_dip_db": float(dips.min()),
        "click_p99_db": float(np.percentile(clicks, 99)),
    }


def _power(power: NDArray[np.float64], first: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """The mean of n samples from each place on."""
    sums = np.concatenate([[0.0], np.cumsum(power)])
    return (sums[first + n] - sums[first]) / n + 1e-12


def _levels(power: NDArray[np.float64], at: NDArray[np.int64], side: int) -> NDArray[np.float64]:
    around = np.minimum(_power(power, at - 3 * side, 2 * side), _power(power, at + side, 2 * side))
    return 10.0 * np.log10(_power(power, at - side, 2 * side) / around)


def _sudden(power: NDArray[np.float64], at: NDArray[np.int64], rate: int) -> NDArray[np.float64]:
    near, wide = round(CLICK_SECONDS * rate / 2), round(AROUND_SECONDS * rate / 2)
    return 10.0 * np.log10(_power(power, at - near, 2 * near) / _power(power, at - wide, 2 * wide))
