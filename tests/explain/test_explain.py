"""`demon-patch explain`: every node of every shipped patch, and every type of node, in every stage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from demon_patch.codegen.float_code import float_function, function_groups
from demon_patch.engine.families import spec_of
from demon_patch.explain.compiled import CompiledPatch, Found
from demon_patch.explain.inputs import port_code, ports
from demon_patch.explain.overview import overview
from demon_patch.explain.stages import STAGES, stages_of, whole_program
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.files.format import dumps, load
from demon_patch.patch.model.document import Cable, Node, Patch
from tests.support.command import FIRST_LIGHT, Run
from tests.support.node_bench import playable
from tests.support.paths import PATCHES

SHIPPED = sorted(PATCHES.glob("*.dpatch.json"))
ALONE = sorted(d.id for d in CATALOGUE.values() if d.kind != "engine" and d.id != "speaker")


def text_of(compiled: CompiledPatch, found: Found, stage: str) -> str:
    return "\n".join(STAGES[stage][1](compiled, found))


def explained(compiled: CompiledPatch, found: Found) -> None:
    """Every stage of a node has text, names all its ports, and leaves no placeholder where code runs."""
    assert found.declaration is not None
    shown = {stage: text_of(compiled, found, stage) for stage in STAGES}
    assert all(shown.values())
    assert set(stages_of(compiled, found)) <= set(STAGES)
    for port in found.declaration.ports:
        assert re.search(rf"^{port.name}: {port.type}", shown["inputs"], re.MULTILINE), port.name
    for out in found.declaration.outs:
        assert f"-> {out.name}: {out.type}" in shown["inputs"]
    for stage in ("specialised", "array", "program"):
        assert not re.search("«[^»n]", shown[stage])
    for _, code in compiled.codes(found.path):
        for slot in code.slots_written:
            assert compiled.slot_names[slot] in shown["program"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name.split(".")[0])
def test_every_node_of_a_shipped_patch_is_explained(path: Path) -> None:
    compiled = CompiledPatch.of_file(path)
    nodes = [f for f in compiled.nodes.values() if f.declaration is not None]
    for found in nodes:
        explained(compiled, found)
    view = {heading: "\n".join(lines) for heading, lines in overview(compiled)}
    for code in compiled.program.codes:
        assert compiled.code_name(code) in view["running order"]
    for sink, slot in zip(compiled.program.engine_ports, compiled.program.engine_slots, strict=True):
        assert f"{sink.node}.{sink.port}" in view["engine ports"]
        assert f"bus[{slot}]  " in view["bus"]


@pytest.mark.parametrize("type", ALONE)
def test_every_type_of_node_is_explained(type: str) -> None:
    texts = {p.name: "x.wav" for p in CATALOGUE[type].ports if p.type == "path"}
    compiled = CompiledPatch(playable({"n": Node(type, values=texts)}))
    explained(compiled, compiled.nodes["n"])


def test_what_no_cable_moves_is_shown_as_a_constant() -> None:
    view = {heading: "\n".join(lines) for heading, lines in overview(CompiledPatch(load(FIRST_LIGHT)))}
    assert re.search(r"^speaker\.gain  bus\[\d+\]: constant 0$", "\n".join(view.values()), re.MULTILINE)


def test_the_shown_program_is_the_program() -> None:
    compiled = CompiledPatch(load(PATCHES / "twins.dpatch.json"))
    shown = [line.strip().partition("  #")[0] for line in whole_program(compiled)]
    for group in function_groups(compiled.program.codes):
        for line in float_function(group).text.splitlines():
            assert line.strip() in shown


def test_the_arithmetic_of_a_port_is_the_ports() -> None:
    compiled = CompiledPatch(load(FIRST_LIGHT))
    told = dict(zip(*[iter(_blocks(ports(compiled, compiled.nodes["scheduler"])))] * 2, strict=True))
    strength, spec = told["strength"], spec_of("nano2")
    numbers = re.findall(
        r"([-\d.]+) \(strength ([-\d.]+) of nano2\) at ([-\d.]+)", strength.partition("so it gives")[2]
    )
    assert [float(at) for *_, at in numbers] == [-1, 0, 1]
    knob = float(compiled.nodes["scheduler"].node.values["strength"])  # type: ignore[arg-type]
    for position, value, at in numbers:
        expected = min(max(knob + 0.5 * float(at), 0), 1)
        assert float(position) == pytest.approx(expected, abs=1e-5)
        taper = np.interp(expected, np.linspace(0, 1, len(spec.strength_taper)), spec.strength_taper)
        assert float(value) == pytest.approx(taper, abs=1e-5)
    assert "lfo.out (-1..1): depth 0.5, offset 0" in strength
    assert f"position = {knob:.6g} + 0.5 * lfo.out" in strength
    assert "class request" in strength


def _blocks(lines) -> list[str]:
    blocks: list[str] = []
    for line in lines:
        if line.startswith(" "):
            blocks[-1] += line
        elif line.startswith("-> "):
            continue
        else:
            name, _, facts = line.partition(": ")
            blocks += [name, facts]
    return blocks


@pytest.mark.parametrize(
    ("cable", "told"),
    [
        (Cable("a", "out", "b", "feedback", mode="set"), "replaces the knob"),
        (Cable("a", "uni", "b", "feedback"), "(the usual one)"),
        (Cable("a", "out", "b", "feedback", depth=-0.25, offset=0.5), "-0.25 * (a.out + 0.5)"),
        (Cable("a", "out", "b", "x", depth=2.0), "value = 0 + 2 * a.out"),
    ],
)
def test_depth_offset_and_mode_are_told(cable: Cable, told: str) -> None:
    compiled = CompiledPatch(playable({"a": Node("lfo"), "b": Node("delay")}, (cable,)))
    assert told in "\n".join(ports(compiled, compiled.nodes["b"]))
    code = port_code(compiled, "b", cable.port)
    assert code is not None
    assert code.code.sources


# -- the command ------------------------------------------------------------------------------------------------
def test_without_a_node_it_shows_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "explain", FIRST_LIGHT)
    assert run.code == 0
    assert "\x1b" not in run.out
    for line in (
        "0  lfo: forecast part",
        "bus[0]  lfo.out",
        "class request, taken once a generation, from lfo.out, forecast for heard_at",
        "class request, not taken: nothing wires or sets it",
        "scheduler.prompt_blend  bus[17]: class request, not taken: it has no effect without prompt_b",
        "class ring, taken with the next admission",
        "focus: auto (request)",
    ):
        assert line in run.out


@pytest.mark.parametrize("word", ["lfo", "LFO", "Four bars up, four bars home"])
def test_a_node_is_found_by_id_title_and_label(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "explain", FIRST_LIGHT, word, "--stage", "specialised")
    assert run.out.startswith("lfo: LFO, 'Four bars up, four bars home'\n\nspecialised")
    assert "next cycles = cycles + step" in run.out
    assert "float code" not in run.out


def test_nodes_of_subpatches_are_found_by_their_path(capsys: pytest.CaptureFixture[str]) -> None:
    twins = PATCHES / "twins.dpatch.json"
    assert "one/wave.out" in Run(capsys, "explain", twins, "one/wave").out
    both = Run(capsys, "explain", twins, "wave")
    assert both.code == 1
    assert "'wave' is the name of 2 nodes (name one of one/wave, other/wave)" in both.err
    inside = Run(capsys, "explain", twins, "other", "--stage", "specialised").out
    assert re.findall(r"^(other/\w+): ", inside, re.MULTILINE) == ["other/both", "other/drift", "other/wave"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("lfx",), "there is no node 'lfx' (did you mean"),
        (("lfo", "--stage", "flot"), "there is no stage 'flot' (did you mean float?"),
        (("zzzzzz",), "(its nodes are decoder, lfo, scheduler, source, speaker or words)"),
    ],
)
def test_mistaken_names_are_told(words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "explain", FIRST_LIGHT, *words)
    assert run.code == 1
    assert told in run.err


def test_a_patch_that_does_not_play_is_told_as_by_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = json.loads(FIRST_LIGHT.read_text(encoding="utf-8"))
    broken["nodes"]["lfo"]["values"]["rate"] = 99
    path = tmp_path / "broken.dpatch.json"
    path.write_text(json.dumps(broken), encoding="utf-8")
    run = Run(capsys, "explain", path)
    assert run.code == 1
    assert "broken.dpatch.json: node lfo: port rate:" in run.err


def test_loops_and_their_cuts_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = {"a": Node("add"), "b": Node("scale")}
    cables = (Cable("a", "out", "b", "x"), Cable("b", "out", "a", "a"))
    path = tmp_path / "loop.dpatch.json"
    base = load(FIRST_LIGHT)
    path.write_text(dumps(Patch(nodes={**base.nodes, **nodes}, cables=(*base.cables, *cables))), encoding="utf-8")
    out = Run(capsys, "explain", path).out
    assert re.search(r"loop 0: (a, b|b, a)\n  cut at \w.out to \w.\w: it carries the value of the frame before", out)
    assert "because of a loop of cables" in Run(capsys, "explain", path, "a", "--stage", "array").out


def test_array_code_shows_the_loops_that_it_calls() -> None:
    cable = Cable("s", "out", "zs", "strength")
    compiled = CompiledPatch(playable({"s": Node("slew")}, (cable,)))
    shown = text_of(compiled, compiled.nodes["s"], "array")
    (called,) = re.findall(r"looped\((loop\d+), ", shown)
    assert f"def {called}(n, " in shown


def test_a_made_id_is_shown_with_its_title() -> None:
    compiled = CompiledPatch(playable({"k3j2h5a7": Node("lfo")}))
    assert compiled.slot_names[compiled.program.codes[0].slots_written[0]] == "LFO k3j2h5a7.out"


def test_every_engine_node_is_explained_somewhere() -> None:
    seen = {node.type for path in SHIPPED for node in load(path).nodes.values()}
    assert {d.id for d in CATALOGUE.values() if d.kind == "engine"} <= seen
