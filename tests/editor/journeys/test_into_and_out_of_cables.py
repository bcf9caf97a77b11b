"""Journeys 5 to 8: nodes put into cables and taken out of them, cables cut, cables moved."""

from __future__ import annotations

import pytest

from demon_patch.patch.model.document import Cable, Node
from tests.editor.journeys.heard import longest_silence
from tests.editor.journeys.stage import GROUND, Stage, engine, with_nodes

pytestmark = pytest.mark.slow
LISTENED, SILENT = 4, 0.5  # seconds of sound, and of a pause in it that is none of the song
WIRED = Cable("lfo", "out", "scheduler", "strength", depth=0.3)
START = with_nodes(
    engine(),
    {
        "lfo": Node("lfo", at=(-260, 120), values={"rate": 0.5}),
        "slew": Node("slew", at=(20, 290)),
        "noise": Node("smooth_noise", at=(-260, 380)),
    },
    WIRED,
)


def test_5_a_node_dropped_on_a_cable_is_put_into_it(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    head = editor.ask("head", "slew")
    editor.drag(head, editor.ask("middle", *WIRED.key))
    stage.shoot("insert")
    editor.drop()
    stage.until(lambda now: WIRED.key not in now.cables_by_key, "the cable gone")
    assert stage.cable("lfo", "out", "slew", "x") is not None
    after = stage.cable("slew", "out", "scheduler", "strength")
    assert after is not None
    assert after.depth == 0.3
    assert not stage.lying_on("slew")
    editor.go(GROUND)
    editor.key("ctrl+z")
    stage.until_equal(START, "one step")


def test_6_deleting_a_node_heals_its_cables(stage: Stage) -> None:
    editor = stage.editor
    between = (Cable("lfo", "out", "slew", "x"), Cable("slew", "out", "scheduler", "strength", depth=0.3))
    start = with_nodes(engine(), {k: START.nodes[k] for k in ("lfo", "slew")}, *between)
    stage.begin(start)
    editor.click(editor.ask("head", "slew"))
    editor.until(lambda: editor.state("selected") == ["slew"], "the selection")
    editor.key("Delete")
    stage.until(lambda now: "slew" not in now.nodes, "the node gone")
    healed = stage.cable(*WIRED.key)
    assert healed is not None
    assert healed.depth == 0.3
    editor.go(GROUND)
    stage.shoot("heal")
    editor.key("ctrl+z")
    stage.until_equal(start, "node and cables again")
    editor.click(editor.ask("head", "slew"))
    editor.key("ctrl+Delete")
    stage.until(lambda now: "slew" not in now.nodes, "the node gone again")
    assert stage.cable(*WIRED.key) is None


def test_7_the_knife_cuts_every_cable_that_it_crosses(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    ends = [("clip", "source", "scheduler", "source"), ("words", "prompt", "scheduler", "prompt")]
    (_, high), (_, low) = (editor.ask("middle", *key) for key in ends)
    x = (editor.ask("rect", "clip")[2] + editor.ask("rect", "scheduler")[0]) / 2
    top, bottom = sorted((high, low))
    with stage.down("ctrl"):
        editor.drag((x, top - 60), (x, bottom + 60), button=3, steps=12)
        stage.shoot("knife")
        editor.drop(button=3)
    patch = stage.until(lambda now: not any(key in now.cables_by_key for key in ends), "both cut")
    assert longest_silence(stage.recorded(LISTENED)) < SILENT, "without a clip the sound goes on"
    assert stage.cable("scheduler", "ring", "decoder", "ring") is not None
    assert patch.nodes == START.nodes
    editor.go(GROUND)
    editor.key("ctrl+z")
    stage.until_equal(START, "one step")


def test_8_the_end_of_a_cable_moves_to_another_port_and_off_into_space(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    editor.drag(editor.ask("pin", "scheduler", "strength"), editor.ask("pin", "scheduler", "steps"))
    stage.shoot("reroute")
    editor.drop()
    moved = stage.until(lambda now: ("lfo", "out", "scheduler", "steps") in now.cables_by_key, "the moved end")
    assert stage.cable(*WIRED.key) is None
    cable = stage.cable("lfo", "out", "scheduler", "steps")
    assert cable is not None
    assert cable.depth == 0.3
    stage.move(editor.ask("pin", "scheduler", "steps"), GROUND)
    stage.until(lambda now: len(now.cables) == len(moved.cables) - 1, "unplugged")
    assert not editor.state("typing")
    stage.move(editor.ask("pin", "noise", "out", True), editor.ask("pin", "scheduler", "strength"))
    stage.until(lambda now: ("noise", "out", "scheduler", "strength") in now.cables_by_key, "another source")
    stage.move(editor.ask("pin", "lfo", "out", True), editor.ask("pin", "scheduler", "strength"))
    patch = stage.until(lambda now: WIRED.key in now.cables_by_key, "in place of it")
    assert len(patch.cables_into("scheduler", "strength")) == 1
    with stage.down("shift"):
        stage.move(editor.ask("pin", "noise", "out", True), editor.ask("pin", "scheduler", "strength"))
    stage.until(lambda now: len(now.cables_into("scheduler", "strength")) == 2, "Shift adds")
