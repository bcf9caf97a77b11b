"""Journeys 20 and 30: a subpatch, and a patch of 200 nodes."""

from __future__ import annotations

import pytest

from demon_patch.patch.model.document import Cable, Node
from demon_patch.patch.model.graph import SUBPATCH
from tests.editor.journeys.hands_on import choose
from tests.editor.journeys.stage import GROUND, Stage, engine, with_nodes

pytestmark = pytest.mark.slow
START = with_nodes(
    engine(strength=0.4),
    {
        "lfo": Node("lfo", at=(-300, 150), values={"rate": 0.5}),
        "slew": Node("slew", at=(0, 190), values={"rise": 0.5}),
    },
    Cable("lfo", "out", "slew", "x"),
    Cable("slew", "out", "scheduler", "strength", depth=0.2),
)
ACROSS, COUNT = 20, 195
MANY = with_nodes(
    engine(strength=0.4),
    {
        f"n{n:03}": Node("lfo" if n % 2 == 0 else "slew", at=(260.0 * (n % ACROSS), 400.0 + 260.0 * (n // ACROSS)))
        for n in range(COUNT)
    },
    *(Cable(f"n{n:03}", "out", f"n{n + 1:03}", "x") for n in range(0, COUNT - 1, 2)),
    *(Cable(f"n{n:03}", "out", f"n{n + 1:03}", "rate") for n in range(1, COUNT - 1, 2)),
)


def test_20_a_subpatch_is_made_gets_a_port_is_used_twice_and_unpacked(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    editor.click(editor.ask("head", "lfo"))
    with stage.down("shift"):
        editor.click(editor.ask("head", "slew"))
    editor.until(lambda: editor.state("selected") == ["lfo", "slew"], "the selection")
    editor.go(GROUND)
    editor.key("ctrl+g")
    patch = stage.until(lambda now: len(now.definitions) == 1, "a definition")
    (made,) = [id for id, node in patch.nodes.items() if node.type == SUBPATCH]
    assert "lfo" not in patch.nodes
    assert any(c.src == made and (c.dst, c.port) == ("scheduler", "strength") for c in patch.cables)
    editor.until(lambda: editor.state("selected") == [made], "the subpatch selected")

    editor.click(editor.ask("head", made), times=2)
    (definition,) = patch.definitions
    editor.until(lambda: editor.state("within") == definition, "inside")
    editor.key("Home")
    inside = patch.definitions[definition]
    (inner,) = [id for id, node in inside.nodes.items() if node.type == "slew"]
    editor.click(editor.ask("knob", inner, "rise"), button=3)
    choose(stage, "Show it on the subpatch")
    before = len(inside.inputs)
    patch = stage.until(lambda now: len(now.definitions[definition].inputs) == before + 1, "the port")
    editor.go(GROUND)
    stage.shoot("inside")
    editor.key("u")
    editor.until(lambda: editor.state("within") is None, "outside")
    (port,) = patch.definitions[definition].inputs.keys() - inside.inputs.keys()

    editor.click(editor.ask("head", made))
    editor.go(GROUND)
    editor.key("ctrl+d")
    patch = stage.until(lambda now: sum(n.type == SUBPATCH for n in now.nodes.values()) == 2, "a second one")
    assert len(patch.definitions) == 1, "both are of one definition"
    (copy,) = [id for id, node in patch.nodes.items() if node.type == SUBPATCH and id != made]
    editor.until(lambda: editor.state("selected") == [copy], "the copy selected")
    editor.key("Home")
    x, y = editor.ask("knob", copy, port)
    stage.move((x, y), (x, y - 40))
    patch = stage.until(lambda now: port in now.nodes[copy].values, "its own value")
    assert port not in patch.nodes[made].values or patch.nodes[made].values[port] != patch.nodes[copy].values[port]
    editor.go(GROUND)
    stage.shoot("subpatch")

    editor.click(editor.ask("head", copy))
    editor.go(GROUND)
    editor.key("ctrl+shift+g")
    patch = stage.until(lambda now: sum(n.type == SUBPATCH for n in now.nodes.values()) == 1, "unpacked")
    slews = [node for node in patch.nodes.values() if node.type == "slew"]
    assert len(slews) == 1
    assert slews[0].values["rise"] != 0.5, "it has the value of the copy"


def test_30_a_patch_of_200_nodes_is_panned_zoomed_and_edited(stage: Stage) -> None:
    editor, client = stage.editor, stage.client
    assert len(MANY.nodes) == 200
    beat = client.status["beat"]
    stage.begin(MANY)
    editor.until(lambda: editor.state("zoom") < 0.5, "all of it is seen")
    stage.shoot("many")
    corner = (640.0, 420.0)
    was = editor.ask("world", *corner)
    editor.drag(corner, (440.0, 320.0), button=2, steps=8)
    editor.drop(2)
    now = editor.ask("world", *corner)
    zoom = editor.state("zoom")
    assert now[0] - was[0] == pytest.approx(200.0 / zoom, abs=4 / zoom)
    assert now[1] - was[1] == pytest.approx(100.0 / zoom, abs=4 / zoom)
    editor.key("Home")
    place = editor.ask("head", "n104")
    editor.go(place)
    editor.x("click", "--repeat", 12, "--delay", 20, 4)
    editor.ask("frame")
    assert editor.state("zoom") > 0.6
    there = editor.ask("head", "n104")
    assert abs(there[0] - place[0]) < 40
    editor.click(there)
    editor.until(lambda: editor.state("selected") == ["n104"], "a node selected")
    stage.shoot("among-many")
    x, y = editor.ask("knob", "n104", "rate")
    editor.drag((x, y), (x, y - 40))
    editor.drop()
    stage.until(lambda now: "rate" in now.nodes["n104"].values, "its knob")
    editor.click(editor.ask("head", "n104"))
    editor.key("Delete")
    stage.until(lambda now: "n104" not in now.nodes, "it is gone")
    editor.key("ctrl+z", "ctrl+z")
    stage.until_equal(MANY, "two steps")
    assert client.wait(lambda: client.status["beat"] > beat + 8, 60.0), "it plays on meanwhile"
