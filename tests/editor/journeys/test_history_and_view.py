"""Journeys 9 to 12: undo while it plays, the history scrubbed, zoom, many nodes at once."""

from __future__ import annotations

import pytest

from demon_patch.editor.chrome import TOP
from demon_patch.editor.panels.side_panel import HEADING, LINE, WIDTH
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.model.document import Cable, Node
from tests.editor.journeys.heard import longest_silence
from tests.editor.journeys.stage import GROUND, SAME, Stage, engine, with_nodes
from tests.support import jack_server
from tests.support.listening import OUT

pytestmark = pytest.mark.slow
START = with_nodes(
    engine(strength=0.4),
    {
        "lfo": Node("lfo", at=(-300, -330), values={"rate": 0.5}),
        "slew": Node("slew", at=(-270, -95)),
        "noise": Node("smooth_noise", at=(-310, 85)),
    },
    Cable("lfo", "out", "slew", "x"),
    Cable("slew", "out", "scheduler", "strength", depth=0.2),
    Cable("noise", "out", "scheduler", "structure", depth=0.1),
)
SILENT = 0.05  # seconds in which nothing came
EDITS = ("Right", "b", "Down", "m", "m", "Left", "b", "Up", "ctrl+d", "Delete")
"""What is done, twice: each is one step."""


def test_9_twenty_undos_while_it_plays_starve_nothing(stage: Stage) -> None:
    editor, client = stage.editor, stage.client
    stage.begin(START)
    before, alike = stage.settled()
    steps = len(client.history("editor").done)
    for trial in range(3):
        counts = [client.status[name] for name in ("starved", "xruns", "restarts")]
        file = stage.folder / f"undo-{trial}.wav"
        recorder = jack_server.record(file, 40, *OUT)
        editor.click(editor.ask("head", "slew"))
        done = steps
        for key in EDITS * 2:
            if key == "ctrl+d":
                editor.go(GROUND)
            editor.key(key)
            done += 1
            assert client.wait(lambda done=done: len(client.history("editor").done) == done), (key, client.history("editor"))
            if key == "Delete":
                editor.click(editor.ask("head", "slew"))
        editor.go(GROUND)
        for left in range(19, -1, -1):
            editor.key("ctrl+z")
            assert client.wait(lambda left=left: len(client.history("editor").done) == steps + left), left
        stage.until_equal(START, "what was before")
        if trial == 0:
            stage.shoot("undo")
        recorder.wait(80)
        starved, xruns, restarts = (
            client.status[name] - was for name, was in zip(("starved", "xruns", "restarts"), counts, strict=True)
        )
        if not starved and not xruns:
            break
    assert restarts == 0
    assert starved == 0 or xruns > 0, f"starved for {starved:g} s, while the card never waited"
    assert longest_silence(file) < SILENT or xruns > 0
    stage.hear_until(lambda like: like > alike - SAME, before, "what was before is not heard again")


def test_10_the_history_is_scrubbed(stage: Stage) -> None:
    editor, client = stage.editor, stage.client
    stage.begin(START)
    documents = [stage.patch]
    steps = len(client.history("editor").done)
    editor.click(editor.ask("head", "noise"))
    for key in ("Right", "b", "Down"):
        editor.key(key)
        before = documents[-1]
        documents.append(stage.until(lambda now, before=before: now != before, key))
    editor.go(GROUND)
    editor.key("ctrl+h")
    editor.until(lambda: editor.state("panel") == "history", "the panel")

    def line(number: int) -> tuple[float, float]:
        return 1280 - WIDTH / 2, TOP + HEADING + (LINE + 4) * number + 13

    assert steps < 20, "the list would have to be scrolled"
    editor.go(line(steps + 3))
    editor.x("mousedown", 1)
    for back in (2, 1, 0, 1, 2):
        editor.go(line(steps + back))
        stage.until_equal(documents[back], f"{back} steps")
        if back == 1:
            stage.shoot("history")
    editor.drop()
    stage.until_equal(documents[2], "where it was let go")
    editor.key("ctrl+h")
    editor.until(lambda: not editor.state("panel"), "the panel closed")


def test_11_zoom_keeps_the_point_under_the_pointer(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    for place in ((300.0, 250.0), (900.0, 500.0)):
        editor.go(place)
        x, y = editor.ask("world", *place)
        for button, notches in ((4, 8), (5, 20), (4, 30)):
            editor.x("click", "--repeat", notches, "--delay", 20, button)
            editor.ask("frame")
            there = editor.ask("screen", x, y)
            assert max(abs(a - b) for a, b in zip(there, place, strict=True)) <= 1.0, (button, there)
            if button == 5:
                assert editor.state("zoom") == 0.25
        assert editor.state("zoom") == 4.0
        if place[0] > 600:
            editor.go(editor.ask("screen", x, y))
            stage.shoot("zoom")
        editor.key("Home")
    editor.key("ctrl+0")
    assert editor.state("zoom") == 1.0
    assert stage.patch == START


def test_12_nodes_are_boxed_aligned_and_copied_with_their_cables(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    inner = ("lfo", "slew", "noise")
    rects = [editor.ask("rect", id) for id in inner]
    corner = [min(r[0] for r in rects) - 12, max(r[3] for r in rects) + 12]
    opposite = [max(r[2] for r in rects) - 12, min(r[1] for r in rects) + 30]
    editor.drag(corner, opposite)
    stage.shoot("box")
    editor.drop()
    editor.until(lambda: editor.state("selected") == sorted(inner), "the selection")
    editor.go(GROUND)
    editor.key("shift+Left")
    patch = stage.until(lambda now: len({now.nodes[id].at[0] for id in inner}) == 1, "aligned")
    editor.key("ctrl+d")
    patch = stage.until(lambda now: len(now.nodes) == len(START.nodes) + 3, "copies")
    copies = {patch.nodes[id].type: id for id in patch.nodes.keys() - START.nodes.keys()}
    assert copies.keys() == {"lfo", "slew", "smooth_noise"}
    assert (copies["lfo"], "out", copies["slew"], "x") in patch.cables_by_key
    editor.until(lambda: editor.state("selected") == sorted(copies.values()), "the copies selected")
    boxes = {id: editor.ask("rect", id) for id in patch.nodes}
    for id in copies.values():
        left, top, right, bottom = boxes[id]
        lying = [o for o, b in boxes.items() if o != id and b[0] < right and left < b[2] and b[1] < bottom and top < b[3]]
        assert not lying, f"{id} lies on {lying}"
    editor.key("ctrl+z", "ctrl+z")
    stage.until_equal(START, "two steps")
    assert difference(stage.patch, START) is None
