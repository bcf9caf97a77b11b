"""What everything that counts beats does where beats jump: loops no longer than a tick, seeks, starts before the first
beat, tempo that rises."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH, playable

SONG = Transport(25.0, 120.0, 4, 400, follow=True)
BARS = [
    (Node("clock", values={"beats": 4.0}), "gate"),
    (Node("beat_position"), "on_bar"),
    (Node("step_sequencer", values={"beats": 4.0}), "gate"),
    (Node("pattern", values={"pattern": "x", "beats": 4.0}), "gate"),
    (Node("euclid", values={"steps": 1.0, "strokes": 1.0, "beats": 4.0}), "gate"),
]


def beaten(node: Node, out: str, transport: Transport, n: int = 200, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rises and levels of a gate over n frames."""
    program = compile(
        playable({"n": node, "p": Node("probe")}, (Cable("n", out, "p", "g0"),)), BENCH, Geometry(25, 400)
    )
    state, sinks = program.state(), [program.engine_port("p", "g0", "gate"), program.engine_port("p", "g0", "level")]
    came = np.array([program.run(state, transport.frame(k)) for k in range(first, first + n)])
    return came[:, sinks[0]], came[:, sinks[1]]


@pytest.mark.parametrize(("node", "out"), BARS, ids=lambda x: getattr(x, "type", x))
def test_a_loop_of_one_bar_strikes_on_every_round(node: Node, out: str) -> None:
    rises, _ = beaten(node, out, SONG.looped(0, 0, 50))
    assert np.flatnonzero(rises).tolist() == [0, 50, 100, 150]


@pytest.mark.parametrize(("node", "out"), BARS, ids=lambda x: getattr(x, "type", x))
def test_a_seek_back_within_a_bar_strikes_only_on_its_beginning(node: Node, out: str) -> None:
    assert np.flatnonzero(beaten(node, out, SONG.sought(30, 20), 60)[0]).tolist() == [0]
    assert np.flatnonzero(beaten(node, out, SONG.sought(30, 0), 60)[0]).tolist() == [0, 30]


@pytest.mark.parametrize(("node", "out"), BARS, ids=lambda x: getattr(x, "type", x))
@pytest.mark.parametrize("downbeat", [0.02, 0.3, 1.9, 7.7])
def test_a_gate_is_never_high_without_a_rise(node: Node, out: str, downbeat: float) -> None:
    rises, level = beaten(node, out, Transport(25.0, 120.0, 4, 400, downbeat=downbeat))
    risen = np.maximum.accumulate(np.where(rises > 0, np.arange(200), -1))
    assert (risen[level > 0] >= 0).all()


@pytest.mark.parametrize(("node", "out"), BARS, ids=lambda x: getattr(x, "type", x))
def test_a_tempo_that_rises_after_a_tick_is_no_second_tick(node: Node, out: str) -> None:
    transport = Transport(25.0, 30.0, 4, 400).at_tempo(201, 300.0)
    assert np.flatnonzero(beaten(node, out, transport, 20, 190)[0]).tolist() == [0, 10]
