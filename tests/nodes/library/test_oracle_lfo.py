"""What the LFO has beside its plain waves: swing, smooth random, musical divisions."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.codegen.vocabulary import hash01
from demon_patch.nodes.language.shared_arithmetic import nearest_division
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH, playable
from tests.support.node_oracle import BEAT, TRANSPORT, K, play


def test_swing_delays_every_second_cycle() -> None:
    values = {"rate": 1.0, "sync": "lock", "shape": "square", "width": 0.5, "swing": 0.4}
    out = play(Node("lfo", values=values), "out")[0]
    pair = (K % 25) / 25 * 2  # two cycles of 12.5 frames
    early, late = (pair < 0.7), (pair >= 1.4) & (pair < 1.7)
    assert np.array_equal(out > 0, early | late)


@pytest.mark.parametrize(("sync", "cycles"), [("free", 0.4 * K / 25), ("beats", 0.4 * BEAT)])
def test_smooth_random_passes_through_a_random_value_at_every_cycle(sync: str, cycles: np.ndarray) -> None:
    out = play(Node("lfo", values={"rate": 0.4, "shape": "smooth", "sync": sync, "seed": 7.0}), "out")[0]
    n = np.floor(cycles + 1e-9)
    p = cycles - n
    here, there = (np.array([2 * hash01(k + ahead, 7) - 1 for k in n]) for ahead in (0, 1))
    assert np.allclose(out, here + (there - here) * (3 * p**2 - 2 * p**3), atol=1e-8)
    assert np.abs(np.diff(out)).max() < 0.16


def test_random_values_begin_anew_with_a_reset() -> None:
    clock = (Node("clock", values={"beats": 4.0}), "gate")
    out = play(Node("lfo", values={"rate": 1.0, "shape": "random", "sync": "lock"}), "out", feeds={"reset": clock})[0]
    assert len(set(out[:50])) == 4
    assert all(np.array_equal(out[:50], out[start : start + 50]) for start in range(0, 400, 50))


@pytest.mark.parametrize(
    ("rate", "snapped"),
    [
        (1.0, 1.0), (0.5, 0.5), (0.24, 0.25), (0.2, 0.2), (0.35, 1 / 3), (0.0149, 1 / 67), (0.9, 1.0), (1.1, 1.0),
        (1.3, 4 / 3), (1.55, 1.5), (1.9, 2.0), (2.1, 2.0), (2.6, 8 / 3), (3.2, 3.0), (3.9, 4.0), (8.0, 8.0),
        (12.5, 12.0),
    ],
)  # fmt: skip
def test_lock_snaps_to_musical_divisions(rate: float, snapped: float) -> None:
    assert nearest_division(rate) == pytest.approx(snapped, rel=1e-15)
    values = {"rate": rate, "sync": "lock", "shape": "ramp"}
    turn = BEAT * snapped + 1e-9
    assert np.allclose(play(Node("lfo", values=values), "out")[0], 2 * (turn - np.floor(turn)) - 1, atol=1e-6)


@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_a_free_square_jumps_on_its_frame_for_ten_hours(rate: float) -> None:
    nodes = {"n": Node("lfo", values={"rate": rate, "shape": "square"}), "p": Node("probe")}
    program = compile(playable(nodes, (Cable("n", "out", "p", "x0"),)), BENCH, Geometry(25.0, 150))
    frames = 900_000
    out = program.scan(program.state(), 0, frames, TRANSPORT)[program.engine_port("p", "x0")]
    twice = np.arange(frames) * round(rate * 20) // 250  # exact halves of a cycle
    assert np.array_equal(out, 1 - 2 * (twice % 2))
