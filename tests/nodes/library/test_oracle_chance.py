"""Random movements against plain loops over the same hash."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.codegen.vocabulary import ARRAY, hash01
from demon_patch.patch.model.document import Node
from tests.support.node_oracle import BEAT, K, N, play


def walk(steps: np.ndarray, longest: float, seed: int) -> np.ndarray:
    """Where a walk is after each count of steps, with walls at -1 and 1."""
    places = [0.0]
    for n in range(1, int(steps.max()) + 1):
        x = places[-1] + longest * (2 * hash01(n, seed) - 1)
        places.append(min(x, 2 - x) if x > 0 else max(x, -2 - x))
    return np.array(places)[steps.astype(int)]


@pytest.mark.parametrize(("sync", "turn"), [("free", K / 25 * 5), ("beats", BEAT * 5)])
def test_a_walk_steps_at_its_rate_within_its_walls(sync: str, turn: np.ndarray) -> None:
    values = {"rate": 5.0, "step": 0.8, "seed": 3.0, "sync": sync}
    out, uni = play(Node("random_walk", values=values), "out", "uni")
    assert np.allclose(out, walk(np.floor(turn + 1e-9), 0.8, 3), atol=1e-12)
    assert np.allclose(uni, (out + 1) / 2)
    assert np.abs(out).max() <= 1
    assert np.ptp(out) > 1


def test_a_walk_in_lines_joins_its_places() -> None:
    jumps, lines = (
        play(Node("random_walk", values={"rate": 2.5, "step": 0.5, "way": way}), "out")[0] for way in ("jumps", "lines")
    )
    places = np.concatenate([[0.0], jumps[::10]])
    assert np.allclose(lines, np.interp(K / 10, np.arange(len(places)), places), atol=1e-8)


def test_a_walk_by_gate_steps_with_each_stroke_and_walks_the_same_way_after_a_reset() -> None:
    feeds = {
        "tick": (Node("clock", values={"beats": 1.0}), "gate"),
        "reset": (Node("clock", values={"beats": 16.0}), "gate"),
    }
    out = play(Node("random_walk", values={"sync": "gate"}), "out", feeds=feeds)[0]
    assert np.allclose(out[:200], walk(np.floor(BEAT[:200] + 1e-9) + 1, 0.25, 0), atol=1e-12)
    assert np.array_equal(out[:200], out[200:])


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_smooth_noise_is_a_sum_of_layers(layers: int) -> None:
    values = {"rate": 0.8, "rough": 0.6, "seed": 4.0, "layers": str(layers), "sync": "beats"}
    out = play(Node("smooth_noise", values=values), "out")[0]
    wanted, weights = np.zeros(N), 0.0
    for i in range(layers):
        turn = BEAT * 0.8 * 2**i
        n = np.floor(turn + 1e-9)
        p = turn - n
        here, there = (2 * ARRAY["hash01"](n + ahead, 4 + i) - 1 for ahead in (0, 1))
        wanted += 0.6**i * (here + (there - here) * p * p * (3 - 2 * p))
        weights += 0.6**i
    assert np.allclose(out, wanted / weights, atol=1e-8)


def test_locked_noise_is_tied_to_the_beat() -> None:
    fast, slow = (play(Node("smooth_noise", values={"rate": rate, "sync": "lock"}), "out")[0] for rate in (0.26, 0.25))
    assert np.array_equal(fast, slow)
    assert np.abs(np.diff(slow)).max() < 0.08
