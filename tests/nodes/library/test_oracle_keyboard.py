"""The computer's keyboard, fed by hand."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Node
from tests.support.fed_nodes import gates, levels, noise, play_fed, rises


def test_keys_are_shifted_by_octaves_and_transposed() -> None:
    key, shift, held = noise(48, 72), np.round(noise(-4, 4, 2)).tolist(), gates()
    pitch, velocity, gate, level, octave = play_fed(
        Node("keyboard", values={"transpose": 7}),
        {"key": key, "shift": shift, "held": held, "force": noise(0, 1, 3)},
        "pitch", "velocity", "gate*", "gate**", "octave",
    )  # fmt: skip
    np.testing.assert_allclose(pitch, np.clip(np.array(key) + 12 * np.array(shift) + 7, 0, 127))
    np.testing.assert_allclose(velocity, noise(0, 1, 3))
    np.testing.assert_array_equal(gate, rises(held))
    np.testing.assert_array_equal(level, levels(held))
    np.testing.assert_array_equal(octave, shift)
