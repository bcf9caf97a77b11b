"""The ear of the journeys: the same sound is told from another one, wherever a recording begins."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.editor.journeys.heard import made
from tests.editor.journeys.stage import OTHER, SAME

RATE = 48_000


def beats(every: float) -> NDArray[np.float64]:
    """Eight seconds of a short high tone on each of some beats, over a low one."""
    t = np.arange(8 * RATE) / RATE
    high = np.sin(2 * np.pi * 3000 * t) * np.exp(-(t % every) * 60)
    return 0.3 * high + 0.1 * np.sin(2 * np.pi * 110 * t) * (1 + np.sin(2 * np.pi * t / 4))


@pytest.mark.parametrize("milliseconds", [3, 12, 25, 38, 1013, 3025, 7777])
def test_a_pass_is_the_same_wherever_it_begins(milliseconds: int) -> None:
    sound = beats(0.37)
    later = np.roll(sound, -milliseconds * RATE // 1000)
    assert made(sound, RATE).like(made(later, RATE)) > 1 - SAME


def test_another_rhythm_is_another_pass() -> None:
    assert made(beats(0.37), RATE).like(made(beats(0.13), RATE)) < 1 - OTHER
