"""Journeys 1 to 4: a modulation from nothing, nodes by their letters, cables into space, cables that do not fit."""

from __future__ import annotations

import pytest

from demon_patch.patch.model.document import Cable, Node
from tests.editor.journeys.stage import GROUND, OTHER, SAME, Stage, engine, with_nodes

pytestmark = pytest.mark.slow


def test_1_an_lfo_moves_the_strength_from_nothing_and_is_heard(stage: Stage) -> None:
    start, editor = engine(strength=0.5), stage.editor
    stage.begin(start)
    before, alike = stage.settled()
    editor.click(GROUND, times=2)
    editor.until(lambda: editor.state("typing"), "the palette")
    editor.type("lfo 0.125 square lock")
    editor.until(lambda: editor.ask("offers"), "an offer")
    editor.key("Return")
    patch = stage.until(lambda now: len(now.nodes) == len(start.nodes) + 1, "the new node")
    (lfo,) = set(patch.nodes) - set(start.nodes)
    assert patch.nodes[lfo].values == {"rate": 0.125, "shape": "square", "sync": "lock"}
    editor.drag(editor.ask("pin", lfo, "out", True), editor.ask("pin", "scheduler", "strength"))
    stage.shoot("cable")
    editor.drop()
    stage.until(lambda now: (lfo, "out", "scheduler", "strength") in now.cables_by_key, "the cable")
    changed = stage.hear_until(lambda like: like < alike - OTHER, before, "the modulation is not heard")
    assert changed.level > before.level - 12.0
    editor.go(GROUND)
    editor.key("ctrl+z", "ctrl+z")
    stage.until_equal(start, "what was before")
    stage.hear_until(lambda like: like > alike - SAME, before, "what was before is not heard again")


def test_2_a_letter_on_empty_ground_opens_the_palette_and_is_a_command_elsewhere(stage: Stage) -> None:
    start, editor = engine(), stage.editor
    stage.begin(start)
    editor.go(GROUND)
    at = editor.ask("world", *GROUND)
    editor.key("e")
    editor.until(lambda: editor.state("typing"), "the palette")
    editor.type("uclid")
    assert editor.until(lambda: editor.ask("offers"), "offers")[0].startswith("Euclid")
    stage.shoot("palette")
    editor.key("Return")
    patch = stage.until(lambda now: len(now.nodes) == len(start.nodes) + 1, "the new node")
    (new,) = [node for id, node in patch.nodes.items() if id not in start.nodes]
    assert new.type == "euclid"
    assert abs(new.at[0] - at[0]) < 260
    assert abs(new.at[1] - at[1]) < 260
    editor.key("ctrl+z")
    stage.until_equal(start, "one step")
    editor.go(editor.ask("head", "decoder"))
    editor.key("b")
    stage.until(lambda now: now.nodes["decoder"].bypass, "bypass")
    assert not editor.state("typing")
    editor.key("ctrl+z")
    stage.until_equal(start, "no bypass")


def test_3_a_cable_let_go_in_space_asks_for_a_node_that_fits(stage: Stage) -> None:
    start, editor = engine(), stage.editor
    stage.begin(start)
    space = editor.ask("screen", 160.0, 330.0)
    stage.move(editor.ask("pin", "scheduler", "strength"), space)
    editor.until(lambda: editor.state("typing"), "the palette")
    editor.type("smooth")
    offers = editor.until(lambda: editor.ask("offers"), "offers")
    assert offers[0] == "Smooth"
    assert not any("Prompt" in title for title in offers)
    stage.shoot("space")
    editor.key("Return")
    patch = stage.until(lambda now: len(now.nodes) == len(start.nodes) + 1, "the new node")
    (new,) = set(patch.nodes) - set(start.nodes)
    (cable,) = [cable for cable in patch.cables if cable not in start.cables]
    assert (cable.src, cable.dst, cable.port) == (new, "scheduler", "strength")
    assert patch.nodes[new].type == "smooth"  # the first one, though the pointer rests on another line
    editor.go(GROUND)
    editor.key("ctrl+z")
    stage.until_equal(start, "one step takes both back")
    stage.move(editor.ask("pin", "scheduler", "strength"), space)
    editor.until(lambda: editor.state("typing"), "the palette again")
    editor.key("Escape")
    assert not editor.state("typing")
    assert stage.patch == start


def test_4_a_cable_that_does_not_fit_is_refused(stage: Stage) -> None:
    lfo = Node("lfo", at=(0, 220), values={"rate": 0.5})
    start, editor = with_nodes(engine(), {"lfo": lfo}), stage.editor
    stage.begin(start)
    revision = stage.client.revision
    editor.drag(editor.ask("pin", "lfo", "out", True), editor.ask("pin", "scheduler", "prompt"))
    stage.shoot("misfit")
    editor.drop()
    editor.key("Escape")
    editor.drag(editor.ask("pin", "clip", "source", True), editor.ask("pin", "scheduler", "strength"))
    editor.drop()
    editor.key("Escape")
    editor.go(GROUND)
    assert (stage.client.revision, stage.patch) == (revision, start)
    fitting = Cable("lfo", "out", "scheduler", "strength").key
    stage.move(editor.ask("pin", "lfo", "out", True), editor.ask("pin", "scheduler", "strength"))
    stage.until(lambda now: fitting in now.cables_by_key, "one that fits")
