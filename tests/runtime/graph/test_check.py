"""Every mistake in a patch has one clear message that names node, port and mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from demon_patch.engine.controls import CONTROLS, TABLE
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.errors import PatchError
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Out, Port
from demon_patch.patch.model.document import Cable, Meta, Node, Patch
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.node_bench import BENCH

echo = Declaration(
    "echo", "Echo", "Hears prompts and sound.", "resource", "test", (),
    (Port("prompt", "prompt", doc="In."), Port("audio", "audio", doc="In.")),
    (Out("prompt", "prompt"), Out("audio", "audio")),
    function=lambda values: "echo",
)  # fmt: skip
CATALOGUE: Mapping[str, Declaration] = {**BENCH, "echo": echo}

WHOLE: dict[str, Node] = {
    "p": Node("prompt", values={"text": "dub"}),
    "c": Node("composed_source", 2),
    "s": Node("scheduler"),
    "b": Node("source_blend"),
    "t": Node("step_state"),
    "d": Node("decoder"),
    "out": Node("speaker"),
    "lfo": Node("lfo"),
    "lfo2": Node("lfo"),
    "clk": Node("clock"),
}
CABLES = (
    Cable("p", "prompt", "s", "prompt"),
    Cable("c", "source", "s", "source"),
    Cable("s", "ring", "b", "ring"),
    Cable("b", "ring", "t", "ring"),
    Cable("t", "ring", "d", "ring"),
    Cable("d", "audio", "out", "audio"),
    Cable("lfo", "out", "s", "strength"),
)


def found(
    nodes: Mapping[str, Node] | None = None, cables: tuple[Cable, ...] = (), without: tuple[str, ...] = ()
) -> list[PatchError]:
    kept = {id: n for id, n in {**WHOLE, **(nodes or {})}.items() if id not in without}
    wires = tuple(c for c in CABLES if c.src in kept and c.dst in kept)
    patch = Patch(nodes=kept, cables=(*wires, *cables))
    mistakes = problems(patch, CATALOGUE)
    if mistakes:
        with pytest.raises(PatchError) as caught:
            compile(patch, CATALOGUE, Geometry(25))
        assert str(caught.value) == str(mistakes[0])
    return mistakes


def test_a_whole_patch_has_no_problems() -> None:
    assert found() == []


NODE_MISTAKES: list[tuple[str, Node, str | None, str]] = [
    ("x", Node("granulator"), None, "unknown node 'granulator'; its data is kept"),
    ("lfo", Node("lfo", version=9), None, "lfo is of version 9, this program knows 1"),
    ("lfo", Node("lfo", values={"speed": 1}), "speed", "LFO has no such port"),
    ("s", Node("scheduler", values={"strength": 1.5}), "strength", "1.5 is out of range (use a number from 0 to 1)"),
    ("s", Node("scheduler", values={"depth": 0}), "depth", "0 is out of range"),
    ("s", Node("scheduler", values={"steps": 17}), "steps", "17 is out of range"),
    ("s", Node("scheduler", values={"steps": 7.5}), "steps", "7.5 is no whole number"),
    ("s", Node("scheduler", values={"strength": "much"}), "strength", "'much' is no number"),
    ("s", Node("scheduler", values={"strength": True}), "strength", "True is no number"),
    ("s", Node("scheduler", values={"prompt": "dub"}), "prompt", "a prompt input has no value of its own"),
    ("t", Node("step_state", values={"solver": "heun"}), "solver", "'heun' is no choice (choose ode, ab2 or sde)"),
    ("d", Node("decoder", values={"limiter": 1.0}), "limiter", "1 is out of range (use a number from -12 to 0 dB)"),
    ("p", Node("prompt", values={"text": 3}), "text", "3 is no text"),
    ("c", Node("drawn_curve", values={"points": "up"}), "points", "'up' is no list of points"),
    ("c", Node("drawn_curve", values={"points": [[1, 1], [0, 0]]}), "points", "point 2 does not lie after point 1"),
    ("c", Node("audio_source"), "file", "no audio file is named"),
    ("e", Node("expression", values={"formula": "open('x')"}), "formula", "open is not a function"),
    ("s", Node("scheduler", ranges={"strength": (0.2, 1.5)}), "strength", "playing range 0.2 to 1.5: 1.5 is out"),
    ("s", Node("scheduler", ranges={"prompt": (0.0, 1.0)}), "prompt", "it has no playing range"),
]


@pytest.mark.parametrize(("id", "node", "port", "message"), NODE_MISTAKES, ids=[m for *_, m in NODE_MISTAKES])
def test_mistakes_of_nodes(id: str, node: Node, port: str | None, message: str) -> None:
    error = next(e for e in found({id: node}) if message in str(e))
    assert (error.node, error.port) == (id, port)
    assert error.mend
    assert "\n" not in str(error)


def test_numbers_that_are_not_finite_are_refused_by_the_document_or_the_check() -> None:
    for bad in (float("nan"), float("inf")):
        with pytest.raises(PatchError, match=r"finite|nan|inf|range"):
            raise found({"lfo": Node("lfo", values={"rate": bad})})[0]


CABLE_MISTAKES: list[tuple[tuple[Cable, ...], str | None, str]] = [
    ((Cable("lfo", "sine", "s", "strength"),), None, "LFO has no output sine (it has out, uni)"),
    ((Cable("lfo", "out", "s", "power"),), "power", "Scheduler has no such port"),
    ((Cable("lfo", "out", "s", "prompt"),), "prompt", "a value from lfo.out does not fit a prompt input"),
    ((Cable("p", "prompt", "s", "strength"),), "strength", "a prompt from p.prompt does not fit a value input"),
    ((Cable("d", "audio", "lfo", "rate"),), "rate", "an audio from d.audio|a audio from d.audio"),
    ((Cable("lfo", "out", "lfo2", "shape"),), "shape", "it takes no cable, but one comes from lfo.out"),
    ((Cable("lfo", "out", "c", "seconds"),), "seconds", "it takes no cable"),
    ((Cable("lfo2", "out", "s", "strength", depth=1.5),), "strength", "depth 1.5 of the cable from lfo2.out"),
    ((Cable("c2", "source", "s", "source"),), "source", "c.source and c2.source both end here (keep one cable)"),
    ((Cable("p2", "prompt", "s", "prompt"),), "prompt", "p.prompt and p2.prompt both end here"),
    ((Cable("s", "ring", "d", "ring"),), "ring", "s.ring and t.ring both end here"),
    ((Cable("d", "audio", "out2", "audio"), Cable("e", "audio", "out2", "audio")), "audio", "both end here"),
    (
        (Cable("lfo", "out", "s", "shift", mode="set"), Cable("lfo2", "out", "s", "shift", mode="set")),
        "shift",
        "lfo.out and lfo2.out both set it (let one of them add)",
    ),
    ((Cable("e", "prompt", "e", "prompt"),), "prompt", "a loop leads through the prompt cable from e.prompt: e -> e"),
    (
        (Cable("e", "audio", "e2", "audio"), Cable("e2", "audio", "e", "audio")),
        "audio",
        "a loop leads through the audio cable from e.audio: e -> e2 -> e",
    ),
]


@pytest.mark.parametrize(("cables", "port", "message"), CABLE_MISTAKES, ids=[m for *_, m in CABLE_MISTAKES])
def test_mistakes_of_cables(cables: tuple[Cable, ...], port: str | None, message: str) -> None:
    more = {
        "p2": Node("prompt"), "c2": Node("composed_source", 2), "out2": Node("speaker"),
        "e": Node("echo"), "e2": Node("echo"),
    }  # fmt: skip
    errors = found(more, cables)
    error = next(e for e in errors if any(m in str(e) for m in message.split("|")))
    assert error.port == port
    assert error.mend


def test_a_value_range_upside_down() -> None:
    with pytest.raises(PatchError, match=r"range|lo"):
        raise found({"lfo": Node("lfo", ranges={"rate": (2.0, 1.0)})})[0]


def test_the_chain_must_be_there_and_in_order() -> None:
    assert "the patch has no Decoder" in str(found(without=("d",))[0])
    assert "the patch has no Scheduler" in str(found(without=("s",))[0])
    assert "no chain leads from the Scheduler" in str(found(without=("b",))[0])
    assert "2 nodes Scheduler: s, s2" in str(found({"s2": Node("scheduler")})[0])
    turned = (Cable("s", "ring", "t", "ring"), Cable("t", "ring", "b", "ring"), Cable("b", "ring", "d", "ring"))
    patch = Patch(nodes=WHOLE, cables=turned)
    assert "step_state cannot come before source_blend" in str(problems(patch, CATALOGUE)[0])
    assert "scheduler -> source_blend -> step_state -> decoder" in str(problems(patch, CATALOGUE)[0])


def test_a_patch_without_a_sound_is_refused() -> None:
    assert "nothing is heard" in str(found(without=("out",))[0])


def test_a_loop_through_the_ring_is_refused() -> None:
    cables = (
        Cable("s", "ring", "d", "ring"), Cable("b", "ring", "t", "ring"), Cable("t", "ring", "b", "ring"),
    )  # fmt: skip
    messages = [str(e) for e in problems(Patch(nodes=WHOLE, cables=cables), CATALOGUE)]
    assert any("a loop leads through the ring cable from b.ring: b -> t -> b" in m for m in messages)


def test_muted_cables_do_no_harm_and_data_of_unknown_nodes_is_no_problem_of_cables() -> None:
    assert found(cables=(Cable("lfo", "out", "s", "shift", mode="set"),
                         Cable("lfo2", "out", "s", "shift", mode="set", muted=True))) == []  # fmt: skip
    errors = found({"x": Node("granulator", values={"grain": 3})}, (Cable("x", "out", "s", "shift"),))
    assert [e.node for e in errors] == ["x"]


PORTS = [(id, port) for id in ("s", "b", "t", "d") for port in CATALOGUE[WHOLE[id].type].ports if port.control]


def bad_values(port: Port) -> list[Any]:
    """What a port of the ring's nodes must not be set to."""
    if not port.numeric:
        return ["loud", 1.0] if port.choices else ["dub", 1.0]
    beyond = (port.hi - port.lo) * 0.1 + 1
    return [port.lo - beyond, port.hi + beyond, "much", True, *([port.lo + 0.5] if port.taper == "int" else [])]


def test_the_ports_of_the_ring_are_the_controls_of_the_table() -> None:
    assert {port.control for _, port in PORTS} == {row.name for row in TABLE if not row.per_node}


@pytest.mark.parametrize(("id", "port"), PORTS, ids=[port.name for _, port in PORTS])
def test_bad_input_of_every_control_names_node_port_and_mend(id: str, port: Port) -> None:
    errors = [found({id: Node(WHOLE[id].type, values={port.name: bad})})[0] for bad in bad_values(port)]
    if port.numeric:
        for bad in (float("nan"), float("inf")):
            with pytest.raises(PatchError) as caught:
                Node(WHOLE[id].type, values={port.name: bad})
            assert port.name in str(caught.value)
            assert caught.value.mend
        bad_range = (port.lo, port.hi + 1)
        errors += found({id: Node(WHOLE[id].type, ranges={port.name: bad_range})})[:1]
    wrong = Cable("e", "audio", id, port.name)  # sound fits no control
    errors += found({"e": Node("echo")}, (wrong,))[:1]
    assert [(error.node, error.port) for error in errors] == [(id, port.name)] * len(errors)
    assert all(error.mend for error in errors)


def wiring_of(part: str, model: str = "") -> Patch:
    """A patch with a clip wired to what only some families have."""
    cables = (*CABLES, Cable("c", "source", "s", part))
    return Patch(nodes=WHOLE, cables=cables, meta=Meta(model=model))


@pytest.mark.parametrize("part", [row.name for row in TABLE if row.part and row.stops])
def test_what_the_family_does_not_have_is_refused(part: str) -> None:
    spec = spec_of(DEFAULT_MODEL)
    for document in (wiring_of(part), wiring_of(part, spec.name)):
        (error,) = problems(document, CATALOGUE)
        assert str(error) == (
            f"node s: port {part}: the model family {spec.name} has no {CONTROLS[part].part} "
            f"(play the patch on a family that has {CONTROLS[part].part}, or unwire {CONTROLS[part].title.lower()})"
        )
        with pytest.raises(PatchError, match=f"the model family {spec.name} has no"):
            compile(document, CATALOGUE, Geometry.of_family(spec))
        assert problems(document, CATALOGUE, replace(spec, timbre=True)) == []
        compile(document, CATALOGUE, Geometry.of_family(replace(spec, timbre=True)))


def test_a_family_that_there_is_not_is_a_mistake_of_the_patch() -> None:
    (error,) = problems(Patch(nodes=WHOLE, cables=CABLES, meta=Meta(model="gigantic")), CATALOGUE)
    assert "no model family named 'gigantic'" in str(error)
    assert "nano" in error.mend


def test_a_mistake_names_only_what_is_plain(tmp_path: Any) -> None:
    error = found({"s": Node("scheduler", values={"strength": 2})})[0].located(file=tmp_path / "a.dpatch.json")
    assert str(error) == (
        f"{tmp_path / 'a.dpatch.json'}: node s: port strength: 2 is out of range (use a number from 0 to 1)"
    )
