"""Subpatches and reroutes as they are played: like the same nodes without them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from msgspec import structs

from demon_patch.patch.edit.commands import SetBypass, SetCable, SetValue, Within, apply
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from tests.support import node_bench
from tests.support.node_bench import BENCH

GEOMETRY = Geometry(25, 97)
TRANSPORT = Transport(25, 120, 4, 97)
FRAMES = 80

PLAIN = {"lfo": Node("lfo", values={"rate": 0.7}), "size": Node("scale", values={"out_hi": 2.0})}
WOBBLE = Definition(
    title="Wobble",
    nodes={**PLAIN, "bend": Node("reroute")},
    cables=(Cable("lfo", "out", "bend", "in"), Cable("bend", "out", "size", "x", depth=0.5)),
    inputs={
        "speed": Inlet("Speed", (Target("lfo", "rate"),)),
        "push": Inlet("Push", (Target("size", "x"), Target("lfo", "phase"))),
    },
    outputs={"wave": Outlet("Wave", "size", "out"), "none": Outlet("None")},
)  # fmt: skip
DOUBLE = Definition(
    nodes={"one": Node("subpatch", definition="wobble", values={"speed": 1.3}), "sum": Node("add")},
    cables=(Cable("one", "wave", "sum", "a"),),
    inputs={"speed": Inlet("", (Target("one", "speed"),)), "push": Inlet("", (Target("one", "push"),))},
    outputs={"sum": Outlet("", "sum", "out")},
)


def playable(
    nodes: Mapping[str, Node], cables: tuple[Cable, ...] = (), definitions: Mapping[str, Definition] | None = None
) -> Patch:
    """A patch with the shortest chain, so that it compiles, and subpatches."""
    chain = node_bench.playable({})
    return structs.replace(
        chain, nodes={**chain.nodes, **nodes}, cables=(*chain.cables, *cables), definitions=definitions or {}
    )


def nested(**values: float) -> Patch:
    """Noise into the push of a doubled wobble, whose sum a probe hears."""
    return playable(
        {
            "hiss": Node("noise"),
            "d": Node("subpatch", definition="double", values=values),
            "turn": Node("reroute"),
            "p": Node("probe"),
        },
        (
            Cable("hiss", "out", "d", "push", depth=0.3),
            Cable("d", "sum", "turn", "in"),
            Cable("turn", "out", "p", "x0"),
        ),
        {"wobble": WOBBLE, "double": DOUBLE},
    )


def by_hand(rate: float) -> Patch:
    """The same without subpatches and reroutes."""
    return playable(
        {
            "hiss": Node("noise"),
            "lfo": Node("lfo", values={"rate": rate}),
            "size": PLAIN["size"],
            "sum": Node("add"),
            "p": Node("probe"),
        },
        (
            Cable("hiss", "out", "size", "x", depth=0.3),
            Cable("hiss", "out", "lfo", "phase", depth=0.3),
            Cable("lfo", "out", "size", "x", depth=0.5),
            Cable("size", "out", "sum", "a"),
            Cable("sum", "out", "p", "x0"),
        ),
    )


def heard(patch: Patch, port: str = "x0", frames: int = FRAMES) -> np.ndarray:
    """What the probe hears."""
    program = compile(patch, BENCH, GEOMETRY)
    state = program.state()
    sink = program.engine_port("p", port)
    return np.array([program.run(state, TRANSPORT.frame(k))[sink] for k in range(frames)])


@pytest.mark.parametrize(("values", "rate"), [({}, 1.3), ({"speed": 2.1}, 2.1)])
def test_a_subpatch_sounds_like_what_it_contains(values: Mapping[str, float], rate: float) -> None:
    assert not problems(nested(**values), BENCH)
    there = heard(nested(**values))
    assert np.array_equal(there, heard(by_hand(rate)))
    assert np.ptp(there) > 0.1


def test_a_range_of_a_promoted_knob_is_the_range_within() -> None:
    narrow = nested(speed=4.0)
    node = structs.replace(narrow.nodes["d"], ranges={"speed": (0.5, 1.1)})
    assert np.array_equal(heard(structs.replace(narrow, nodes={**narrow.nodes, "d": node})), heard(by_hand(1.1)))


def test_editing_a_definition_changes_every_instance() -> None:
    patch = playable(
        {"a": Node("subpatch", definition="wobble"), "b": Node("subpatch", definition="wobble"), "p": Node("probe")},
        (Cable("a", "wave", "p", "x0"), Cable("b", "wave", "p", "x1")),
        {"wobble": WOBBLE},
    )
    edited, _ = apply(Within("wobble", SetValue("size", "out_hi", 7.0)), patch)
    for port in ("x0", "x1"):
        assert heard(edited, port).max() > heard(patch, port).max() + 2


def test_phases_within_a_subpatch_go_on_over_an_edit() -> None:
    patch = nested(speed=0.9)
    edited, _ = apply(Within("wobble", SetValue("size", "out_lo", -3.0)), patch)
    forecast = Forecast(compile(patch, BENCH, GEOMETRY), TRANSPORT)
    forecast.advance(33)
    forecast.swap(compile(edited, BENCH, GEOMETRY, forecast.program))
    forecast.advance(FRAMES)
    sink = forecast.program.engine_port("p", "x0")
    assert np.allclose(forecast.span(sink, 34, FRAMES), heard(edited)[34:FRAMES], atol=1e-12)


def test_a_bypassed_subpatch_passes_through_what_its_nodes_pass_through() -> None:
    through = Definition(
        nodes={"glide": Node("slew", values={"rise": 5.0, "fall": 5.0})},
        inputs={"in": Inlet("", (Target("glide", "x"),))},
        outputs={"out": Outlet("", "glide", "out")},
    )
    patch = playable(
        {"hiss": Node("noise"), "s": Node("subpatch", definition="through"), "p": Node("probe")},
        (Cable("hiss", "out", "s", "in"), Cable("s", "out", "p", "x0"), Cable("hiss", "out", "p", "x1")),
        {"through": through},
    )
    bypassed, _ = apply(SetBypass("s", True), patch)
    assert not np.array_equal(heard(patch), heard(patch, "x1"))
    assert np.array_equal(heard(bypassed), heard(bypassed, "x1"))
    passed, _ = apply(SetBypass("d", True), nested())
    assert np.allclose(heard(passed), 0.3 * heard(patch, "x1"))
    nodes = {"d": Node("subpatch", definition="wobble", bypass=True), "p": Node("probe")}
    assert not heard(playable(nodes, (Cable("d", "wave", "p", "x0"),), {"wobble": WOBBLE})).any()


def test_a_soloed_cable_silences_the_others_of_its_input() -> None:
    hiss = {"one": Node("noise", values={"seed": 1}), "two": Node("noise", values={"seed": 2}), "p": Node("probe")}
    cables = (Cable("one", "out", "p", "x0"), Cable("two", "out", "p", "x0"), Cable("two", "out", "p", "x1"))
    patch = playable(hiss, cables)
    soloed, _ = apply(SetCable("one", "out", "p", "x0", solo=True), patch)
    alone, _ = apply(SetCable("two", "out", "p", "x0", muted=True), patch)
    assert np.array_equal(heard(soloed), heard(alone))
    assert not np.array_equal(heard(soloed), heard(patch))
    assert np.array_equal(heard(soloed, "x1"), heard(patch, "x1"))


def test_gates_and_adapters_pass_parallel_cables() -> None:
    gather = Definition(
        nodes={"env": Node("adsr"), "bend": Node("reroute")},
        cables=(Cable("bend", "out", "env", "gate"),),
        inputs={"one": Inlet("", (Target("bend", "in"),)), "two": Inlet("", (Target("env", "gate"),))},
        outputs={"out": Outlet("", "env", "out")},
    )
    nodes = {"hiss": Node("noise"), "s": Node("subpatch", definition="gather"), "p": Node("probe")}
    cables = (Cable("hiss", "out", "s", "one"), Cable("hiss", "out", "s", "two"), Cable("s", "out", "p", "x0"))
    patch = playable(nodes, cables, {"gather": gather})
    single = structs.replace(patch, cables=tuple(c for c in patch.cables if c.port != "one"))
    assert np.array_equal(heard(patch), heard(single))


def rewired(*cables: Cable, **nodes: Node) -> Patch:
    patch = nested()
    return structs.replace(patch, nodes={**patch.nodes, **nodes}, cables=(*patch.cables, *cables))


WRONG = [
    (rewired(x=Node("subpatch", definition="wobble", values={"sped": 1.0})),
     "node x: port sped: the subpatch has no such input (did you mean speed?)"),
    (rewired(x=Node("subpatch", definition="wobble", values={"speed": -1.0})),
     "node x/lfo: port rate: -1 is out of range"),
    (rewired(Cable("hiss", "out", "d", "gone")),
     "node d: port gone: a subpatch has no such input (it has push, speed)"),
    (rewired(Cable("d", "gone", "p", "x1")), "node d: a subpatch has no output gone (it has sum)"),
    (rewired(Cable("hiss", "out", "turn", "x")), "node turn: port x: a reroute has no such input (it has in)"),
    (rewired(Cable("turn", "x", "p", "x1")), "node turn: a reroute has no output x (it has out)"),
    (rewired(Cable("zs", "ring", "d", "push")),
     "node d/one/lfo: port phase: a ring from zs.ring does not fit a value input"),
]  # fmt: skip


@pytest.mark.parametrize(("patch", "says"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_with_a_subpatch_is_named(patch: Patch, says: str) -> None:
    told = [str(problem) for problem in problems(patch, BENCH)]
    assert any(line.startswith(says) for line in told), told


def test_engine_nodes_and_speakers_stay_at_the_top() -> None:
    inside = Definition(nodes={"s": Node("lora"), "o": Node("speaker")})
    patch = playable({"x": Node("subpatch", definition="in")}, (), {"in": inside})
    assert [str(problem) for problem in problems(patch, BENCH)] == [
        "node x/o: a Speaker cannot stand within a subpatch (put it into the patch itself)",
        "node x/s: a LoRA cannot stand within a subpatch (put it into the patch itself)",
    ]


def test_a_subpatch_of_unknown_nodes_is_named_and_kept() -> None:
    inside = Definition(nodes={"s": Node("future.orchestra")})
    patch = playable({"x": Node("subpatch", definition="in")}, (), {"in": inside})
    assert [problem.node for problem in problems(patch, BENCH)] == ["x/s"]


def test_a_patch_that_unfolds_without_end_of_cables_is_refused() -> None:
    many = {f"n{i}": Node("knob") for i in range(400)}
    fan = Definition(
        nodes={**many, "bend": Node("reroute")},
        cables=(
            *(Cable(id, "out", "bend", "in") for id in many),
            *(Cable("bend", "out", id, "position") for id in many),
        ),
    )
    nodes = {f"i{i}": Node("subpatch", definition="fan") for i in range(10)}
    patch = playable(nodes, (), {"fan": fan})
    (problem,) = problems(patch, BENCH)
    assert "too many cables" in str(problem)
