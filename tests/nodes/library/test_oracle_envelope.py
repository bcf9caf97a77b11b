"""Envelopes and ramps, frame by frame."""

from __future__ import annotations

import math

import numpy as np
import pytest

from demon_patch.patch.model.document import Node
from tests.support.node_oracle import BEAT, K, play

EVERY_EIGHT = (Node("clock", values={"beats": 8.0, "width": 0.5}), "gate")  # high for frames 0..49 of each 100


def test_an_exponential_adsr_takes_its_times() -> None:
    values = {"attack": 0.4, "decay": 0.6, "sustain": 0.5, "release": 1.0, "curve": "exponential"}
    out = play(Node("adsr", values=values), "out", feeds={"gate": EVERY_EIGHT})[0][:100]
    climb = 1.3 * (1 - (0.3 / 1.3) ** (np.arange(1, 11) / 10))
    assert np.allclose(out[:10], climb, atol=1e-12)
    assert out[8] < 1 - 1e-3
    assert out[9] == pytest.approx(1, abs=1e-12)
    spare = 1 / (math.exp(4) - 1)
    decay = 0.5 + np.maximum((0.5 + spare) * np.exp(-4 * np.arange(1, 41) / 15) - spare, 0)
    assert np.allclose(out[10:50], decay, atol=1e-12)
    release = np.maximum((0.5 + spare) * np.exp(-4 * np.arange(1, 51) / 25) - spare, 0)
    assert np.allclose(out[50:], release, atol=1e-12)
    assert (out[-20:] == 0).all()


def test_an_exponential_adsr_follows_a_sustain_that_rises() -> None:
    square = (Node("lfo", values={"shape": "square", "rate": 0.25, "phase": 0.5}), "uni")
    values = {"attack": 0.04, "decay": 0.4, "curve": "exponential"}
    feeds = {"gate": (Node("clock", values={"beats": 64.0}), "gate"), "sustain": square}
    out = play(Node("adsr", values=values), "out", feeds=feeds)[0]
    assert out[49] == pytest.approx(0, abs=1e-12)
    assert (np.diff(out[49:59]) > 0).all()
    assert out[99] == pytest.approx(1, abs=1e-12)


def test_ahd_strikes_stays_and_fades_whatever_the_gate_does() -> None:
    values = {"attack": 0.2, "hold": 0.4, "decay": 0.8}
    out, end = play(Node("ahd", values=values), "out", "end*", feeds={"gate": EVERY_EIGHT})
    drawn = np.concatenate([np.arange(1, 6) / 5, np.ones(10), 1 - np.arange(1, 21) / 20, np.zeros(65)])
    assert np.allclose(out, np.tile(drawn, 4), atol=1e-12)
    assert np.array_equal(np.flatnonzero(end), np.arange(4) * 100 + 34)


def test_ahd_loops_by_itself_and_bends() -> None:
    values = {"attack": 0.2, "hold": 0.0, "decay": 0.8, "play": "loop", "curve": "exponential"}
    out, end = play(Node("ahd", values=values), "out", "end*")
    spare = 1 / (math.exp(4) - 1)
    up = 1.3 * (1 - (0.3 / 1.3) ** (np.arange(1, 6) / 5))
    down = (1 + spare) * np.exp(-4 * np.arange(1, 21) / 20) - spare
    assert np.allclose(out[:400], np.tile(np.concatenate([up, down]), 16), atol=1e-9)
    assert np.array_equal(np.flatnonzero(end), np.arange(24, 400, 25))


def test_an_ahd_struck_again_climbs_on_from_where_it_is() -> None:
    clock = (Node("clock", values={"beats": 1.6}), "gate")  # every 20 frames
    values = {"attack": 0.4, "hold": 0.0, "decay": 0.8}
    out = play(Node("ahd", values=values), "out", feeds={"gate": clock})[0]
    assert np.allclose(out[:20], np.concatenate([np.arange(1, 11) / 10, 1 - np.arange(1, 11) / 20]), atol=1e-9)
    assert np.allclose(out[20:25], 0.5 + np.arange(1, 6) / 10, atol=1e-9)
    assert np.abs(np.diff(out)).max() < 0.1 + 1e-9


def test_a_ramp_goes_once_and_stays() -> None:
    out, end, up = play(Node("ramp", values={"length": 8.0}), "out", "end*", "end")
    assert np.allclose(out, np.minimum(K / 100, 1), atol=1e-9)
    assert np.array_equal(np.flatnonzero(end), [100])
    assert np.array_equal(up > 0, K >= 100)


def test_a_ramp_waits_for_its_gate() -> None:
    strike = (Node("clock", values={"beats": 10.0}), "gate")  # frames 0, 125, 250, 375; the first kept back
    late = play(Node("ramp", values={"length": 2.0, "unit": "s", "play": "gate"}), "out", "end*")
    assert (late[0] == 0).all()
    assert (late[1] == 0).all()
    out, end = play(
        Node("ramp", values={"length": 2.0, "unit": "s", "play": "gate"}), "out", "end*", feeds={"gate": strike}
    )
    assert np.allclose(out, np.minimum((K % 125) / 50, 1), atol=1e-9)
    assert np.array_equal(np.flatnonzero(end), [50, 175, 300])


def test_a_ramp_loops_on_the_frame() -> None:
    out, end = play(Node("ramp", values={"length": 3.0, "play": "loop"}), "out", "end*")
    assert np.allclose(out, BEAT / 3 - np.floor(BEAT / 3 + 1e-9), atol=1e-9)
    assert np.array_equal(end, np.diff(np.floor(BEAT / 3 + 1e-9), prepend=0.0))


def test_a_ramp_whose_length_moves_does_not_jump() -> None:
    length = (Node("noise", values={"lo": 4.0, "hi": 9.0, "seed": 2.0}), "out")
    out = play(Node("ramp", values={"play": "once"}), "out", feeds={"length": length})[0]
    assert np.diff(out).min() >= 0
    assert np.diff(out).max() <= 0.08 / 4 + 1e-12
