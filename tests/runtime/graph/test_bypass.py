"""What a bypassed node does: it carries its signal on, or falls silent."""

from __future__ import annotations

import numpy as np

from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.wiring import Wiring
from tests.support.compiled import built, frames, sound
from tests.support.node_bench import BENCH, playable


def test_bypass_passes_through_or_falls_silent() -> None:
    nodes = {"lfo": Node("lfo"), "slew": Node("slew", values={"rise": 9.0}, bypass=True), "p": Node("probe")}
    cables = (Cable("lfo", "out", "slew", "x"), Cable("slew", "out", "p", "x0"), Cable("lfo", "out", "p", "x1"))
    out = frames(built(nodes, *cables))
    program = built(nodes, *cables)
    assert np.array_equal(out[program.engine_port("p", "x0")], out[program.engine_port("p", "x1")])
    silent = built({"lfo": Node("lfo", bypass=True)}, Cable("lfo", "out", "zs", "structure", depth=-1.0))
    assert (sound(silent, "zs", "structure") == 1.0).all()
    muted = built({"lfo": Node("lfo")}, Cable("lfo", "out", "zs", "structure", depth=-1.0, muted=True))
    assert (sound(muted, "zs", "structure") == 1.0).all()


def test_a_bypassed_gate_or_processor_carries_its_signal_on() -> None:
    nodes = {
        "c": Node("clock"), "wave": Node("lfo"), "d": Node("divider", bypass=True), "coin": Node("coin", bypass=True),
        "l": Node("logic", bypass=True), "s": Node("scale", values={"out_hi": 5.0}, bypass=True), "p": Node("probe"),
        "alone": Node("gate_length", bypass=True),
    }  # fmt: skip
    program = built(
        nodes, Cable("c", "gate", "d", "gate"), Cable("c", "gate", "coin", "gate"), Cable("c", "gate", "l", "b"),
        Cable("wave", "uni", "s", "x"), Cable("c", "gate", "p", "g0"), Cable("d", "gate", "p", "g1"),
        Cable("coin", "heads", "p", "g2"), Cable("coin", "tails", "p", "g3"), Cable("l", "gate", "p", "g4"),
        Cable("alone", "gate", "p", "g5"), Cable("wave", "uni", "p", "x0"), Cable("s", "out", "p", "x1"),
    )  # fmt: skip
    out = frames(program)
    for kind in ("gate", "level"):
        ticks, *others = (out[program.engine_port("p", f"g{n}", kind)] for n in range(6))
        assert ticks.any()
        assert np.array_equal(others[0], ticks)
        assert np.array_equal(others[1], ticks)
        assert not np.any(others[2:])
    assert np.array_equal(out[program.engine_port("p", "x0")], out[program.engine_port("p", "x1")])
    wiring = Wiring(playable(nodes, (Cable("wave", "uni", "s", "x"),)), BENCH)
    assert wiring.nominal("s", "out") == wiring.nominal("wave", "uni")
