"""Cables that a player draws without setting anything about them do what they seem to."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.nodes.library.shape.quantise import SCALES, scale_quantise
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.wiring import Nominal, Wiring
from tests.support.node_bench import BENCH, playable
from tests.support.node_oracle import RATE, TRANSPORT
from tests.support.nodes_by_hand import played, signal

SIGNALS = {f"x{n}": n * n / 100 for n in range(1, 9)}


@pytest.mark.parametrize(
    ("chooser", "out", "chosen", "port"),
    [
        (Node("counter", values={"modulus": 8}), "place", Node("select", values=SIGNALS), "index"),
        (Node("sequential_switch"), "place", Node("select", values=SIGNALS), "index"),
        (
            Node("counter", values={"modulus": 8}), "place",
            Node("preset_switch", values={f"a{n}": n * n / 100 for n in range(1, 9)}), "row",
        ),
    ],
)  # fmt: skip
def test_a_place_chooses_what_has_its_number(chooser: Node, out: str, chosen: Node, port: str) -> None:
    counts = "up" if chooser.type == "counter" else "step"
    nodes = {"c": Node("clock"), "n": chooser, "s": chosen, "p": Node("probe")}
    heard = "a" if chosen.type == "preset_switch" else "out"
    cables = (Cable("c", "gate", "n", counts), Cable("n", out, "s", port), Cable("s", heard, "p", "x0"))
    program = compile(playable(nodes, cables), BENCH, Geometry(RATE, 150))
    came = program.scan(program.state(), 0, 120, TRANSPORT)[program.engine_port("p", "x0")]
    ticks = np.floor(np.arange(120) / 12.5 + 1e-9) + 1  # one tick in the first frame
    assert np.allclose(came, (ticks % 8 + 1) ** 2 / 100)


def test_a_played_pitch_is_the_key_of_a_scale_and_goes_on_as_a_pitch() -> None:
    nodes = {"keys": Node("midi_notes"), "q": Node("scale_quantise")}
    cables = (Cable("keys", "pitch", "q", "x"), Cable("keys", "pitch", "q", "root"))
    wiring = Wiring(playable(nodes, cables), BENCH)
    assert all(wiring.sets(cable) for cable in cables)
    assert wiring.nominal("q", "out") == Nominal(0, 127, "semitones")


@pytest.mark.parametrize("scale", SCALES)
def test_the_octave_of_a_key_does_not_matter(scale: str) -> None:
    x = signal(3, 0, 127)
    low, high = (played(scale_quantise, x=x, root=root, scale=scale)[0] for root in (9.0, 69.0))
    assert np.array_equal(low, high)
