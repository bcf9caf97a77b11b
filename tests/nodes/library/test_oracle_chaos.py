"""Chaos: near to fine Runge-Kutta for as long as chaos allows, and within its range for ever."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.codegen.vocabulary import hash01
from demon_patch.patch.model.document import Node
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH, playable
from tests.support.node_oracle import BEAT, TRANSPORT, K, N, play


def flow(p: np.ndarray) -> np.ndarray:
    x, y, z = p
    return np.array([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z])


def ran(p: np.ndarray, seconds: float, steps: int) -> np.ndarray:
    h = seconds / steps
    for _ in range(steps):
        a = flow(p)
        b = flow(p + h / 2 * a)
        c = flow(p + h / 2 * b)
        p = p + h / 6 * (a + 2 * b + 2 * c + flow(p + h * c))
    return p


def test_lorenz_follows_its_equations() -> None:
    out = np.array(play(Node("lorenz", values={"speed": 0.02, "seed": 5.0}), "x", "y", "z"))[:, :200]
    p = np.array([20 * hash01(1, 5) - 10, 20 * hash01(2, 5) - 10, 20 + 10 * hash01(3, 5)])
    for k in range(200):
        p = ran(p, 0.75 * 0.02 / 25, 4)
        wanted = np.array([p[0] / 20, p[1] / 28, (p[2] - 25) / 25])
        assert np.abs(out[:, k] - wanted).max() < 2e-3, k


@pytest.mark.parametrize("speed", [0.1, 1.0, 4.0])
def test_lorenz_goes_round_both_centres_and_never_leaves_its_range(speed: float) -> None:
    nodes = {"n": Node("lorenz", values={"speed": speed, "seed": 1.0})}
    program = compile(playable(nodes), BENCH, Geometry(25.0, 150))
    state, rows = program.state(), []
    for k in range(20_000):
        program.run(state, TRANSPORT.frame(k))
        rows.append(state.cells[:])
    x, y, z = np.array(rows).T
    assert program.faults == {}
    inside = (np.abs(x) <= 20) & (np.abs(y) <= 28) & (np.abs(z - 25) <= 25)
    assert inside.mean() > 0.999  # the limits of its outputs hardly ever act
    assert 0.3 < (x > 0).mean() < 0.7
    rounds = np.count_nonzero(np.diff(z > 25)) / 2 / (20_000 / 25)
    assert rounds == pytest.approx(speed, rel=0.25)


def test_lorenz_sets_out_again_at_a_reset_and_elsewhere_with_another_seed() -> None:
    feeds = {"reset": (Node("clock", values={"beats": 16.0}), "gate")}
    x = play(Node("lorenz", values={"speed": 1.0}), "x", feeds=feeds)[0]
    assert np.array_equal(x[:200], x[200:])
    other = play(Node("lorenz", values={"speed": 1.0, "seed": 1.0}), "x", feeds=feeds)[0]
    assert np.abs(x - other).max() > 0.5


@pytest.mark.parametrize(
    ("sync", "jumps"), [("free", np.floor(K / 25 * 2 + 1e-9)), ("beats", np.floor(2 * BEAT + 1e-9))]
)
@pytest.mark.parametrize("wild", [2.8, 3.3, 3.9])
def test_the_logistic_map_jumps_at_its_rate(sync: str, jumps: np.ndarray, wild: float) -> None:
    out = play(Node("logistic", values={"wild": wild, "start": 0.3, "sync": sync}), "out")[0]
    places = [0.3]
    for _ in range(int(jumps.max())):
        places.append(wild * places[-1] * (1 - places[-1]))
    assert np.allclose(out, np.array(places)[jumps.astype(int)], atol=1e-7)


def test_the_logistic_map_by_gate_counts_strokes_and_is_never_stuck() -> None:
    feeds = {"tick": (Node("clock", values={"beats": 0.0625}), "gate")}  # at times two strokes in a frame
    strokes = play(Node("clock", values={"beats": 0.0625}), "gate*")[0]
    out = play(Node("logistic", values={"wild": 4.0, "start": 0.5, "sync": "gate"}), "out", feeds=feeds)[0]
    x, wanted = 0.5, []
    for n in strokes:
        for _ in range(int(n)):
            x = min(max(4 * x * (1 - x), 1e-6), 1 - 1e-6)
        wanted.append(x)
    assert strokes.max() == 2
    assert np.array_equal(out[:60], np.array(wanted)[:60])
    assert len(set(out)) > N / 2
