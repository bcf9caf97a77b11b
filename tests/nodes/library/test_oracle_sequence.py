"""What the step sequencer has beside its values, and the sequential switch."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.codegen.vocabulary import hash01
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH, playable
from tests.support.node_oracle import BEAT, K, N, play

STEP = np.floor(BEAT / 0.8 + 1e-9).astype(int)  # steps of 10 frames
FIRST = K % 10 == 0
V = {f"v{i}": i / 10 for i in range(1, 9)}
TENS = {**V, "beats": 0.8, "width": 0.5}


def ways(length: int, n: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """The step at each count, by order."""
    there = np.concatenate([np.arange(length), np.arange(length - 2, 0, -1)])
    return {
        "forwards": n % length,
        "backwards": length - 1 - n % length,
        "pendulum": there[n % len(there)],
        "random": np.array([int(hash01(k, seed) * length) for k in n]),
    }


@pytest.mark.parametrize("order", ["forwards", "backwards", "pendulum", "random"])
@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_steps_come_in_their_order(order: str, length: int) -> None:
    out = play(Node("step_sequencer", values={**TENS, "length": length, "order": order, "seed": 3.0}), "out")[0]
    assert np.allclose(out, (ways(length, STEP, 3)[order] + 1) / 10, atol=1e-12)


def test_strokes_rest_play_and_ratchet() -> None:
    values = {**TENS, "length": 4, "strokes1": 1, "strokes2": 0, "strokes3": 2, "strokes4": 5}
    gate, high = play(Node("step_sequencer", values=values), "gate*", "gate")
    at = STEP % 4
    every = np.array([10, 99, 5, 2])[at]
    assert np.array_equal(gate, (K % 10 % every == 0) & (at != 1))
    assert np.array_equal(high, (K % 10 % every < every / 2) & (at != 1))


def test_chance_opens_the_gate_as_often_as_it_says() -> None:
    values = {**V, "beats": 0.08, "length": 2, "chance1": 0.3, "chance2": 1.0, "seed": 5.0}  # a step a frame
    gate = play(Node("step_sequencer", values=values), "gate*")[0]
    plays = np.array([hash01(-2 - n, 5) < 0.3 for n in range(N)])
    assert np.array_equal(gate, plays | (K % 2 == 1))
    assert 0.2 < gate[::2].mean() < 0.4
    never = play(Node("step_sequencer", values={**values, "chance1": 0.0}), "gate*")[0]
    assert np.array_equal(never, K % 2 == 1)


def test_a_glide_nearly_arrives_in_its_time() -> None:
    values = {"v1": 1.0, "v2": 0.0, "length": 2, "beats": 8.0, "glide": 2.0}
    out = play(Node("step_sequencer", values=values), "out")[0]
    y, wanted = 0.0, []
    for k in range(N):
        y += ((k // 100 % 2 == 0) - y) * 0.04 / (0.5 + 0.04)
        wanted.append(y)
    assert np.allclose(out, wanted, atol=1e-12)
    assert out[49] == pytest.approx(0.98, abs=0.005)


def test_a_reset_on_the_beat_begins_at_step_1_and_is_a_stroke() -> None:
    feeds = {"reset": (Node("clock", values={"beats": 2.4}), "gate")}  # after three steps
    out, gate = play(Node("step_sequencer", values=TENS), "out", "gate*", feeds=feeds)
    assert np.allclose(out, (STEP % 3 + 1) / 10, atol=1e-12)
    assert np.array_equal(gate, FIRST)


def test_by_gate_it_waits_at_step_1_and_rests_where_it_has_no_strokes() -> None:
    feeds = {
        "step": (Node("clock", values={"beats": 0.8}), "gate"),
        "reset": (Node("clock", values={"beats": 4}), "gate"),
    }
    values = {**V, "by": "gate", "strokes2": 0, "strokes3": 4}
    out, gate = play(Node("step_sequencer", values=values), "out", "gate*", feeds=feeds)
    assert np.allclose(out, (STEP % 5 + 1) / 10, atol=1e-12)
    assert np.array_equal(gate, FIRST & (STEP % 5 != 1))
    waiting, silent = play(Node("step_sequencer", values=values), "out", "gate*")
    assert (waiting == 0.1).all()
    assert not silent.any()


@pytest.mark.parametrize("order", ["forwards", "backwards", "pendulum", "random"])
def test_a_sequential_switch_passes_one_signal_after_the_other(order: str) -> None:
    noises = {f"v{i}": (Node("noise", values={"lo": -5.0, "hi": 5.0, "seed": float(i)}), "out") for i in range(1, 4)}
    feeds = {**noises, "step": (Node("clock", values={"beats": 0.8}), "gate")}
    out, place = play(Node("sequential_switch", values={"length": 3, "order": order}), "out", "place", feeds=feeds)
    there = ways(3, STEP + 1, 0)
    there["backwards"] = -(STEP + 1) % 3
    signals = np.array([[-5 + 10 * hash01(k, i) for k in range(N)] for i in range(1, 4)])
    assert np.array_equal(place, there[order] + 1)
    assert np.allclose(out, signals[there[order], K], atol=1e-12)


def test_a_sequential_switch_goes_back_at_a_reset() -> None:
    feeds = {
        "step": (Node("clock", values={"beats": 0.8}), "gate"),
        "reset": (Node("clock", values={"beats": 4}), "gate"),
    }
    place = play(Node("sequential_switch"), "place", feeds=feeds)[0]
    assert np.array_equal(place, STEP % 5 + 2)


BEATEN = {
    "clock": {},
    "step_sequencer": {},
    "euclid": {"steps": 4.0, "strokes": 4.0, "beats": 1.0},
    "pattern": {"pattern": "xX", "beats": 1.0},
    "beat_position": {},
}  # all on every beat


def beaten(node: str, transport: Transport) -> np.ndarray:
    """The strokes of a node that follows the transport, by frame."""
    out = {"beat_position": "on_beat"}.get(node, "gate")
    nodes = {"n": Node(node, values=BEATEN[node]), "p": Node("probe")}
    program = compile(playable(nodes, (Cable("n", out, "p", "g0"),)), BENCH, Geometry(25.0, transport.song_frames))
    return program.scan(program.state(), 0, N, transport)[program.engine_port("p", "g0")]


@pytest.mark.parametrize("node", BEATEN)
def test_when_the_beats_go_back_with_the_song_each_loop_is_the_first(node: str) -> None:
    rises = beaten(node, Transport(25.0, 120, 4, 100, follow=True))  # eight beats
    assert rises[:100].sum() == 8
    assert all(np.array_equal(rises[:100], rises[start : start + 100]) for start in (100, 200, 300))


@pytest.mark.parametrize("node", BEATEN)
def test_a_leap_of_the_song_is_one_stroke(node: str) -> None:
    whole = Transport(25.0, 120, 4, 500, follow=True)
    for position, following in ((350, 3), (4, 4)):
        rises = beaten(node, whole.sought(100, position))
        assert np.array_equal(rises[:100], beaten(node, whole)[:100])
        assert rises[100] == 1
        assert rises[101:150].sum() == following


@pytest.mark.parametrize("node", BEATEN)
def test_a_beat_due_on_a_frame_is_not_rounded_into_the_next_one(node: str) -> None:
    late = Transport(25.0, 125, 4, 150, downbeat=40 / 25)
    below = [k for k in range(N) if 0 < round(late.frame(k).beat) - late.frame(k).beat < 1e-9]
    assert len(below) > 4
    rises = beaten(node, late)
    assert np.array_equal(np.flatnonzero(rises[1:]) + 1, [k for k in range(1, N) if (k - 40) % 12 == 0])
