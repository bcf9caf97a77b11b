"""Ring Telemetry, fed by hand; `tests.runtime.performance.test_self_feed` tests what feeds it."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Node
from tests.support.fed_nodes import N, noise, play_fed


def test_it_gives_what_the_ring_tells() -> None:
    done = [(0.0, float(n)) for n in np.random.default_rng(5).integers(0, 3, N)]
    fed = {
        "done": done,
        "ripest": noise(0, 1),
        "flying": noise(0, 8, 2),
        "missed": noise(0, 9, 3),
        "ahead": noise(0, 2),
    }
    completed, level, *values = play_fed(
        Node("ring_telemetry"), fed, "completed*", "completed**", "ripeness", "slots", "error", "lead"
    )
    np.testing.assert_array_equal(completed, [n for _, n in done])
    np.testing.assert_array_equal(level, np.minimum(completed, 1))
    for value, port in zip(values, ("ripest", "flying", "missed", "ahead"), strict=True):
        np.testing.assert_allclose(value, fed[port])
