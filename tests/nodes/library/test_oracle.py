"""Each node against one line of numpy, over a whole run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from demon_patch.patch.model.document import Node
from tests.support.node_oracle import BEAT, BPM, NOISE, RATE, SONG, K, T, noise, play

FRAC = ((K + 12.5) % 50) / 50  # half a cycle a second, a quarter ahead; exact
WAVES = {
    "sine": np.sin(2 * np.pi * FRAC),
    "triangle": 2 / np.pi * np.arcsin(np.sin(2 * np.pi * FRAC)),
    "saw": 1 - 2 * FRAC,
    "ramp": 2 * FRAC - 1,
    "square": np.where(FRAC < 0.3, 1, -1),
}


@pytest.mark.parametrize("shape", WAVES)
def test_lfo_draws_its_wave(shape: str) -> None:
    rate = 0.5
    values = {"rate": rate, "phase": 0.25, "width": 0.3, "shape": shape}
    out, uni = play(Node("lfo", values=values), "out", "uni")
    assert np.allclose(out, WAVES[shape], atol=1e-8)
    assert np.allclose(uni, (out + 1) / 2, atol=1e-15)


def test_lfo_random_holds_one_value_a_cycle() -> None:
    out = play(Node("lfo", values={"rate": 0.4, "phase": 0.01, "shape": "random"}), "out")[0]
    cycle = np.floor(T * 0.4 + 0.01)
    assert all(len(set(out[cycle == c])) == 1 for c in np.unique(cycle))
    assert len(set(out)) == len(np.unique(cycle))


def test_lfo_in_beats_and_locked_follow_the_tempo() -> None:
    for sync in ("beats", "lock"):
        out = play(Node("lfo", values={"rate": 0.25, "sync": sync}), "out")[0]
        assert np.allclose(out, np.sin(2 * np.pi * BEAT / 4), atol=1e-8)


def test_lfo_begins_anew_at_a_reset() -> None:
    clock = (Node("clock", values={"beats": 3.0}), "gate")
    strike = np.ceil(np.floor(BEAT / 3 + 1e-9) * 37.5 - 1e-9)  # the frame in which the clock rose last
    for sync, cycles in (("free", 0.2 * (K - strike) / RATE), ("lock", 0.2 * (K - strike) / RATE * BPM / 60)):
        out = play(Node("lfo", values={"rate": 0.2, "sync": sync}), "out", feeds={"reset": clock})[0]
        assert np.allclose(out, np.sin(2 * np.pi * cycles), atol=1e-8)


def test_a_moving_rate_never_makes_the_lfo_jump() -> None:
    fast = (Node("noise", values={"lo": 0.1, "hi": 1.0, "seed": 2.0}), "out")
    out = play(Node("lfo"), "out", feeds={"rate": fast})[0]
    assert np.abs(np.diff(out)).max() <= 2 * np.pi / RATE * 1.0 + 1e-9


def test_scale_maps_limits_and_bends() -> None:
    values: dict[str, Any] = {"in_lo": -0.5, "in_hi": 0.5, "out_lo": 3.0, "out_hi": 1.0, "curve": 0.5}
    out = play(Node("scale", values=values), "out", feeds={"x": (Node("noise", values=NOISE), "out")})[0]
    assert np.allclose(out, 3 - 2 * np.clip(noise() + 0.5, 0, 1) ** 2, atol=1e-12)
    flat = play(Node("scale", values={"in_lo": 1.0, "in_hi": 1.0, "out_lo": 0.25}), "out")[0]
    assert (flat == 0.25).all()


def test_slew_climbs_and_sinks_at_its_rates() -> None:
    values = {"rise": 2.0, "fall": 0.5}
    square = (Node("lfo", values={"shape": "square", "rate": 0.25}), "out")
    out = play(Node("slew", values=values), "out", feeds={"x": square})[0]
    assert (out[:50] == 1.0).all()  # it begins at the signal
    assert np.diff(out).max() == pytest.approx(0.04 / 2.0)
    assert np.diff(out).min() == pytest.approx(-0.04 / 0.5)
    assert out[99] == pytest.approx(-1.0)


def test_arithmetic() -> None:
    feeds = {
        "a": (Node("noise", values=NOISE), "out"),
        "b": (Node("noise", values={**NOISE, "seed": 9.0}), "out"),
    }
    assert np.allclose(play(Node("add"), "out", feeds=feeds)[0], noise(3) + noise(9), atol=1e-12)
    assert np.allclose(play(Node("multiply"), "out", feeds=feeds)[0], noise(3) * noise(9), atol=1e-12)
    assert (play(Node("knob", values={"position": 0.3}), "out")[0] == 0.3).all()


def test_clock_rises_on_every_beat() -> None:
    rises = play(Node("clock", values={"beats": 1.0}), "gate*")[0]
    assert np.array_equal(np.flatnonzero(rises), np.ceil(np.arange(32) * 12.5).astype(int))
    assert set(rises) == {0.0, 1.0}


def test_a_clock_faster_than_frames_counts_its_rises() -> None:
    rises = play(Node("clock", values={"beats": 0.0625}), "gate*")[0]
    assert rises.sum() == np.floor(BEAT[-1] / 0.0625 + 1e-9) + 1
    assert rises.max() == 2


def test_step_sequencer_on_the_beat() -> None:
    values = {f"v{i}": i / 10 for i in range(1, 9)} | {"length": 5, "beats": 0.5}
    out, gate = play(Node("step_sequencer", values=values), "out", "gate*")
    step = np.floor(BEAT / 0.5 + 1e-9)
    assert np.allclose(out, (step % 5 + 1) / 10, atol=1e-12)
    assert np.array_equal(gate, np.diff(step, prepend=-1.0))


def test_step_sequencer_by_gate_steps_with_every_rise() -> None:
    values = {f"v{i}": i / 10 for i in range(1, 9)} | {"by": "gate"}
    clock = (Node("clock", values={"beats": 2.0}), "gate")
    out = play(Node("step_sequencer", values=values), "out", feeds={"step": clock})[0]
    assert np.allclose(out, (np.floor(BEAT / 2) % 8 + 1) / 10, atol=1e-12)


def test_adsr_draws_straight_lines() -> None:
    values = {"attack": 0.4, "decay": 2.0, "sustain": 0.7, "release": 1.0}
    clock = (Node("clock", values={"beats": 8.0, "width": 0.5}), "gate")
    out = play(Node("adsr", values=values), "out", feeds={"gate": clock})[0]
    up = np.minimum((K[:10] + 1) * 0.1, 1)
    held = np.maximum(1 - (K[10:50] - 9) * 0.02, 0.7)
    gone = np.maximum(0.7 - (K[50:100] - 49) * 0.04, 0)
    assert np.allclose(out[:100], np.concatenate([up, held, gone]), atol=1e-9)
    assert np.allclose(out[100:200], out[:100], atol=1e-9)


def test_song_position_wraps_with_the_song() -> None:
    fraction, seconds, bar = play(Node("song_position"), "fraction", "seconds", "bar")
    assert np.allclose(seconds, SONG, atol=1e-12)
    assert np.allclose(fraction, SONG / 6, atol=1e-12)
    assert np.allclose(bar, SONG * BPM / 60 / 4, atol=1e-12)


def test_expression_computes_its_formula() -> None:
    formula = "1 - (song / length) ** 3 + 0.1 * a * sin(tau * beat)"
    feeds = {"a": (Node("noise", values=NOISE), "out")}
    out = play(Node("expression", values={"formula": formula}), "out", feeds=feeds)[0]
    assert np.allclose(out, 1 - (SONG / 6) ** 3 + 0.1 * noise() * np.sin(2 * np.pi * BEAT), atol=1e-12)
