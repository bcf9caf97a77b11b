"""Boxes show what a node has, and wires what the runtime makes of a cable."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.editor.layout import folding
from demon_patch.editor.layout.box import Box, Pin
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.display_sizes import WORDED
from demon_patch.editor.layout.facts import ANY, Facts
from demon_patch.editor.layout.whole_patch import laid_out, overlaps
from demon_patch.editor.layout.wires import depth_of
from demon_patch.editor.look import text
from demon_patch.editor.look.theme import FOLD, HEAD, LABEL, PAD, ROW, SMALL, TITLE
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import apply
from demon_patch.patch.files.format import load, loads
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.graph.wiring import Wiring
from demon_patch.runtime.remote.messages.session import Nodes
from tests.support.graph_strategies import graphs
from tests.support.patch_strategies import patches
from tests.support.paths import PATCHES

FACTS = Facts()
GALLERY = sorted(PATCHES.glob("*.dpatch.json"))


def box(node: Node, *cables: Cable, others: dict[str, Node] | None = None, **more: Any) -> Box:
    return boxes_of(Patch(nodes={"n": node, **(others or {})}, cables=cables), None, FACTS, **more)[0]["n"]


def row(of: Box, port: str) -> Any:
    return next(row for row in of.rows if row.port == port)


def check(of: Box) -> None:
    """What holds of every box."""
    inside = HEAD if of.type != "reroute" else 0.0
    for one, other in pairwise(of.rows):
        assert other.y == one.y + ROW
    for each in of.rows:
        assert inside + ROW / 2 <= each.y <= of.h - ROW / 2
        assert each.pin is None or each.pin.y == each.y
    for pin in of.pins:
        assert pin.x == (of.w if pin.out else 0.0)
        assert 0 < pin.y < of.h
    shown = [(pin.out, pin.y) for pin in of.pins if not pin.folded]
    assert of.type == "reroute" or len(set(shown)) == len(shown), "two pins lie on each other"
    if of.display is not None:
        d = of.display
        assert d.x >= PAD
        assert d.x + d.w <= of.w - PAD + 1e-9
        assert d.y >= HEAD
        assert all(each.y - ROW / 2 >= d.y + d.h for each in of.rows)
    if of.hidden:
        assert not of.rows or of.rows[-1].y + ROW / 2 + FOLD <= of.h
    names = [pin.name for pin in of.pins if pin.out]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("type", sorted(CATALOGUE))
def test_every_node_type_has_a_sound_box_folded_and_unfolded(type: str) -> None:
    for node in (Node(type), Node(type, folded=(folding.EVERYTHING,))):
        made = box(node)
        check(made)
        declaration = CATALOGUE[type]
        shown = {r.port for r in made.rows} | {pin.name for pin in made.outs if not pin.folded}
        if made.display is not None:
            shown |= {made.display.port} - {""}
        texts = [p.name for p in declaration.ports if p.type == "text"]
        rare = set(texts[1:]) if declaration.display in WORDED else set[str]()
        plain = {p.name for p in declaration.ports if not p.live and p.part is None}
        wanted = (plain - rare) | {o.name for o in declaration.outs}
        assert shown | set(made.hidden) == wanted
        assert bool(made.hidden) <= (node.folded == ())
    title = text.width(CATALOGUE[type].title, TITLE, bold=True)
    assert title < made.w - 2 * PAD - 10.0


@pytest.mark.parametrize("type", sorted(CATALOGUE))
def test_names_and_numbers_of_rows_have_room(type: str) -> None:
    made = box(Node(type, folded=(folding.EVERYTHING,)))
    for each in made.rows:
        if each.kind == "knob":
            needed = text.width(each.title, LABEL) + text.width(each.text, LABEL)
            assert 42.0 + needed + 6.0 + PAD <= made.w, (each.title, each.text)
    side = [pin for pin in made.outs if len(made.outs) > 1]
    if made.display is not None:
        for pin in side:
            room = made.w - made.display.x - made.display.w - 10.0
            assert text.width(pin.title, SMALL) <= room, pin.title


@given(patches())
def test_any_patch_has_sound_boxes_and_wires_between_them(patch: Patch) -> None:
    for within in (None, *patch.definitions):
        made, wires = boxes_of(patch, within, FACTS)
        graph = patch.graph(within)
        assert made.keys() == graph.nodes.keys()
        assert wires.keys() == graph.cables_by_key.keys()
        for each in made.values():
            check(each)
        for key in wires:
            out, port = made[key.src].pin(key.out, True), made[key.dst].pin(key.port, False)
            assert out in made[key.src].pins
            assert port in made[key.dst].pins
            assert not out.folded
            assert not port.folded


def test_the_scheduler_shows_what_is_wired_or_set_else_three() -> None:
    plain = box(Node("scheduler"))
    assert [r.port for r in plain.rows] == ["prompt", "source", "strength"]
    assert plain.folded == len(CATALOGUE["scheduler"].ports) - 3
    wired = Cable("k", "out", "n", "noise_drift")
    busy = box(Node("scheduler", values={"seed": 3, "steps": 8}), wired, others={"k": Node("knob")})
    assert {"noise_drift", "seed", "steps"} == {r.port for r in busy.rows}
    assert row(busy, "noise_drift").pin.wired


def test_a_sequence_shows_its_length_and_one_free_part() -> None:
    own = ["bars", "glide", "step"]
    assert [r.port for r in box(Node("prompt_sequence")).rows] == ["part_1", *own]
    cables = [Cable("a", "prompt", "n", "part_1"), Cable("b", "prompt", "n", "part_3")]
    busy = box(Node("prompt_sequence"), *cables, others={"a": Node("prompt"), "b": Node("prompt")})
    assert [r.port for r in busy.rows] == ["part_1", "part_2", "part_3", *own]


def test_the_players_own_choice_of_ports_wins_but_a_cable_stays_seen() -> None:
    wired = Cable("k", "out", "n", "strength")
    node = Node("scheduler", values={"seed": 3}, folded=("seed", "strength"))
    made = box(node, wired, others={"k": Node("knob")})
    assert made.hidden == ("seed",)
    assert row(made, "strength").pin.wired


def test_a_click_at_the_foot_unfolds_and_folds_again() -> None:
    patch = Patch(nodes={"n": Node("scheduler")})
    made = boxes_of(patch, None, FACTS)[0]["n"]
    opened = patch
    for command in folding.toggled(made, patch.nodes["n"]):
        opened, _ = apply(command, opened)
    shown = boxes_of(opened, None, FACTS)[0]["n"]
    assert (shown.hidden, shown.unfolded) == ((), True)
    for command in folding.hidden_too(shown, opened.nodes["n"], "seed"):
        opened, _ = apply(command, opened)
    fewer = boxes_of(opened, None, FACTS)[0]["n"]
    assert fewer.hidden == ("seed",)
    for command in folding.toggled(fewer, opened.nodes["n"]):
        opened, _ = apply(command, opened)
    shown = boxes_of(opened, None, FACTS)[0]["n"]
    assert (shown.hidden, shown.unfolded) == ((), True)
    for command in folding.toggled(shown, opened.nodes["n"]):
        opened, _ = apply(command, opened)
    assert opened == patch


def test_hiding_a_port_by_the_rule_keeps_the_others_hidden() -> None:
    patch = Patch(nodes={"n": Node("scheduler")})
    made = boxes_of(patch, None, FACTS)[0]["n"]
    for command in folding.hidden_too(made, patch.nodes["n"], "prompt"):
        patch, _ = apply(command, patch)
    fewer = boxes_of(patch, None, FACTS)[0]["n"]
    assert [r.port for r in fewer.rows] == ["source", "strength"]
    assert fewer.folded == made.folded + 1


def test_an_unknown_node_has_all_that_cables_name() -> None:
    cables = (Cable("n", "left", "k", "x"), Cable("k", "out", "n", "deep"), Cable("k", "out", "n", "far"))
    made = box(Node("future.orchestra", label="Orchestra"), *cables, others={"k": Node("slew")})
    assert (made.known, made.category, made.title) == (False, "unknown", "Orchestra")
    assert {(pin.name, pin.out, pin.type) for pin in made.pins} == {
        ("left", True, ANY),
        ("deep", False, ANY),
        ("far", False, ANY),
    }


def test_knobs_say_base_live_and_playing_range() -> None:
    node = Node("scheduler", values={"strength": 0.5}, ranges={"strength": (0.2, 0.8)})
    made = box(node, live={("n", "strength"): 0.6}, problems={"n": "it has failed"})
    knob = row(made, "strength").knob
    assert (knob.value, knob.position, knob.live, knob.play) == (0.5, 0.5, 0.6, (0.2, 0.8))
    assert row(made, "strength").text == "60 %"
    assert made.problem == "it has failed"
    gain = row(box(Node("decoder")), "gain").knob
    assert not gain.centred
    assert row(box(Node("slew")), "x").knob.centred


def test_the_prompt_stands_in_its_display_and_grows_with_its_lines() -> None:
    short, long = (box(Node("prompt", values={"text": words})) for words in ("acid", "slow strings and rain " * 5))
    assert short.text == "acid"
    assert short.display is not None
    assert short.display.port == "text"
    assert short.rows == []
    sung = box(Node("prompt", values={"text": "acid", "key": "a minor", "lyrics": "la"}))
    assert [row.port for row in sung.rows] == ["key", "lyrics"]
    assert long.h > short.h


def test_a_subpatch_shows_its_boundary_ports_with_the_knobs_inside() -> None:
    inside = Definition(
        title="Tremble",
        nodes={"lfo": Node("lfo", values={"rate": 2.0})},
        inputs={
            "i1": Inlet("Speed", (Target("lfo", "rate"),), 1.0),
            "i2": Inlet("Nowhere", (), 2.0),
        },
        outputs={"o1": Outlet("Wave", "lfo", "uni"), "o2": Outlet("Other", "lfo", "out", 1.0)},
    )
    patch = Patch(nodes={"s": Node("subpatch", definition="d")}, definitions={"d": inside})
    made = boxes_of(patch, None, FACTS)[0]["s"]
    check(made)
    assert (made.title, made.category) == ("Tremble", "subpatch")
    assert [(r.title, r.kind) for r in made.rows] == [("Speed", "knob"), ("Nowhere", "plain")]
    assert row(made, "i1").knob.value == 2.0
    assert [(pin.title, pin.type) for pin in made.outs] == [("Wave", "value"), ("Other", "value")]
    assert boxes_of(patch, "d", FACTS)[0]["lfo"].type == "lfo"


def test_a_reroute_is_a_dot_of_what_it_carries() -> None:
    nodes = {"clock": Node("clock"), "n": Node("reroute"), "empty": Node("reroute")}
    made = boxes_of(Patch(nodes=nodes, cables=(Cable("clock", "gate", "n", "in"),)), None, FACTS)[0]
    assert {pin.type for pin in made["n"].pins} == {"gate"}
    assert {pin.type for pin in made["empty"].pins} == {ANY}
    assert made["n"].h < HEAD


def test_the_host_gives_defaults_and_what_the_model_lacks() -> None:
    ports = [{"name": "steps", "default": 50.0, "rate": 4.0}]
    facts = Facts(nodes=Nodes(nodes=[{"id": "scheduler", "ports": ports}], fits={}, lacks=("shift",)))
    assert facts.default("scheduler", "steps") == 50.0
    assert facts.default("scheduler", "seed") == CATALOGUE["scheduler"].by_name["seed"].default
    assert facts.rate("scheduler", "steps") == 4.0
    assert facts.propagation("scheduler", "strength") == "request"
    assert facts.propagation("lfo", "rate") == ""
    lacking = [p.name for p in CATALOGUE["scheduler"].ports if facts.lacking("scheduler", p.name)]
    assert lacking == [p.name for p in CATALOGUE["scheduler"].ports if p.control == "shift"]


def test_pins_fit_in_both_orders_and_unknown_ones_fit_all() -> None:
    def pin(out: bool, type: str) -> Pin:
        return Pin("a" if out else "b", "p", type, out, 0.0, 0.0, "")

    assert Facts.fits(pin(True, "gate"), pin(False, "value"))
    assert Facts.fits(pin(False, "curve"), pin(True, "value"))
    assert not Facts.fits(pin(True, "value"), pin(False, "prompt"))
    assert not Facts.fits(pin(True, "value"), pin(True, "value"))
    assert Facts.fits(pin(True, ANY), pin(False, "ring"))


@given(graphs())
def test_wires_add_and_set_as_the_runtime_does(graph: tuple[dict[str, Node], list[Cable]]) -> None:
    nodes, cables = graph
    nodes = {id: node for id, node in nodes.items() if node.type in CATALOGUE}
    free = [Cable(c.src, c.out, c.dst, c.port) for c in cables if c.src in nodes and c.dst in nodes]
    _same_as_runtime(Patch(nodes=nodes, cables=tuple(free)))


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.name.split(".")[0])
def test_wires_of_the_gallery_add_and_set_as_the_runtime_does(path: Any) -> None:
    _same_as_runtime(load(path))


def _same_as_runtime(patch: Patch) -> None:
    wiring = Wiring(patch, CATALOGUE)
    _, wires = boxes_of(patch, None, FACTS)
    for cable in patch.cables:
        if cable.src not in wiring.known or cable.dst not in wiring.known or not wiring.carries(cable):
            continue
        port, wire = wiring.port(cable), wires[cable.key]
        if port.type not in ("value", "curve"):
            assert wire.depth is None
        elif wiring.sets(cable):
            assert (wire.mode, wire.depth) == ("set", None)
        else:
            assert (wire.mode, wire.depth) == ("add", wiring.depth_and_offset(cable)[0])


def test_a_cable_beside_a_solo_one_is_silent() -> None:
    nodes = {"a": Node("knob"), "b": Node("knob"), "n": Node("slew")}
    cables = (Cable("a", "out", "n", "x", solo=True), Cable("b", "out", "n", "x"))
    _, wires = boxes_of(Patch(nodes=nodes, cables=cables), None, FACTS)
    assert not wires[CableKey("a", "out", "n", "x")].muted
    assert wires[CableKey("b", "out", "n", "x")].muted
    assert depth_of(cables[1], CATALOGUE["slew"].by_name["x"]) == 1.0


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.name.split(".")[0])
def test_laying_out_moves_nodes_apart_and_changes_nothing_else(path: Any) -> None:
    before = loads(path.read_text(encoding="utf-8"))
    after = laid_out(before, FACTS)
    for within in (None, *after.definitions):
        assert overlaps(after, FACTS, within) == []
        old, new = before.graph(within), after.graph(within)
        assert new.cables == old.cables
        for id, node in new.nodes.items():
            kept = {field: getattr(node, field) for field in node.__struct_fields__ if field != "at"}
            assert kept == {field: getattr(old.nodes[id], field) for field in kept}
    assert laid_out(after, FACTS) == after


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.name.split(".")[0])
def test_no_node_of_the_gallery_lies_on_another(path: Any) -> None:
    patch = load(path)
    assert [overlaps(patch, FACTS, within) for within in (None, *patch.definitions)] == [[]] * (
        1 + len(patch.definitions)
    )


@given(st.sampled_from(sorted(CATALOGUE)), st.sets(st.sampled_from(["x", "a", "rate", "prompt", "-"])))
def test_folding_hides_no_wired_port(type: str, folded: set[str]) -> None:
    names = [p.name for p in CATALOGUE[type].ports]
    wired = set(names[::2])
    assert wired <= set(folding.shown(names, wired, (), folded))
