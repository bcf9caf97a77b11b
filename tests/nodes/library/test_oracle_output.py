"""The meter, fed by hand."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Node
from tests.support.fed_nodes import RATE, noise, play_fed


def test_the_meter_shows_decibels_and_its_peak_falls_slowly() -> None:
    rms, top = noise(0, 0.3), (np.array(noise(0, 1, 2)) ** 6).tolist()
    level, peak = play_fed(Node("meter", values={"fall": 12}), {"rms": rms, "top": top}, "level", "peak")
    np.testing.assert_allclose(level, np.maximum(20 * np.log10(rms), -60), atol=1e-9)
    steps = np.maximum(20 * np.log10(np.array(top) + 1e-12), -60)
    fallen = [max(steps[j] - (k - j) * 12 / RATE for j in range(k + 1)) for k in range(len(steps))]
    np.testing.assert_allclose(peak, np.maximum(fallen, -60), atol=1e-9)


def test_the_meter_rests_at_the_bottom() -> None:
    level, peak = play_fed(Node("meter"), {}, "level", "peak")
    np.testing.assert_allclose(level, -60, atol=1e-9)
    np.testing.assert_allclose(peak, -60, atol=1e-9)
