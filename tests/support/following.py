"""How far a descriptor of sound follows a control."""

from __future__ import annotations

import numpy as np

from demon_patch.arrays import Curve


def follow(control: Curve, descriptor: Curve, most: int) -> tuple[float, int]:
    """How well a descriptor follows a control: the highest correlation over lags of 0..`most` frames, and its lag.

    A positive lag means that the sound is late. Both curves are [frames]; the shorter length counts.
    """
    frames = min(len(control), len(descriptor))

    def at(lag: int) -> float:
        a, b = control[: frames - lag], descriptor[lag:frames]
        return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0

    lag = max(range(most + 1), key=at)
    return at(lag), lag
