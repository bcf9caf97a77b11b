"""A cable to a gate that moves a node on is enough: the choice auto goes by it."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.codegen.body import DeclarationError
from demon_patch.codegen.frame import Frame
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import AUTO, option, out, value
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH, playable
from tests.support.node_oracle import RATE, TRANSPORT, N, play

CLOCK = (Node("clock", values={"beats": 0.75}), "gate")
MOVED = [(d.id, p.name, p.auto[0]) for d in CATALOGUE.values() if not d.hidden for p in d.settings if p.auto]


def test_these_go_by_their_cable() -> None:
    assert {id for id, *_ in MOVED} == {"step_sequencer", "pattern", "euclid", "random_walk", "logistic"}
    assert all(CATALOGUE[id].by_name["by"].auto for id in ("prompt_sequence", "source_sequence"))


@pytest.mark.parametrize(("id", "setting", "gate"), MOVED)
def test_a_wired_gate_moves_it_on_and_nothing_else_need_be_set(id: str, setting: str, gate: str) -> None:
    values = {f"v{n}": n / 10 for n in range(1, 9)} if id == "step_sequencer" else {}
    name = CATALOGUE[id].outs[0].name
    alone, said, wired, by_gate = (
        play(Node(id, values=values | extra), name, feeds=feeds)[0]
        for extra, feeds in (
            ({}, {}),
            ({setting: "free" if setting == "sync" else "transport"}, {gate: CLOCK}),
            ({}, {gate: CLOCK}),
            ({setting: "gate"}, {gate: CLOCK}),
        )
    )
    assert np.array_equal(alone, said)
    assert np.array_equal(wired, by_gate)
    assert not np.array_equal(wired, alone)


@pytest.mark.parametrize("how", ["muted", "bypassed"])
def test_a_silent_cable_stops_it_and_does_not_send_it_to_the_beat(how: str) -> None:
    nodes = {
        "c": Node("clock", values={"beats": 0.75}, bypass=how == "bypassed"),
        "n": Node("step_sequencer", values={f"v{n}": n / 10 for n in range(1, 9)}),
        "p": Node("probe"),
    }
    cables = (Cable("c", "gate", "n", "step", muted=how == "muted"), Cable("n", "out", "p", "x0"))
    program = compile(playable(nodes, cables), BENCH, Geometry(RATE, 150))
    assert np.ptp(program.scan(program.state(), 0, N, TRANSPORT)[program.engine_port("p", "x0")]) == 0
    nodes = {**nodes, "c": Node("clock")}
    cables = (Cable("c", "gate", "n", "step"), cables[1])
    program = compile(playable(nodes, cables), BENCH, Geometry(RATE, 150), program)
    assert np.ptp(program.scan(program.state(), 0, N, TRANSPORT)[program.engine_port("p", "x0")]) > 0


def test_auto_says_what_it_is() -> None:
    with pytest.raises(ValueError, match="does not say what auto is"):
        option(AUTO, AUTO, "a", "b")
    with pytest.raises(ValueError, match="does not say what auto is"):
        option("a", "a", "b", auto=("step", "a", "b"))

    def body(
        t: Frame, x: float = value(0, 0, 1, doc="X."), by: str = option("a", "a", AUTO, auto=("x", "a", "a"), doc="By.")
    ):
        return x if by == "a" else 0

    with pytest.raises(DeclarationError, match="option by follows x, which is no gate"):
        node("n", "N", "N.", out=out(), category="test")(body)
