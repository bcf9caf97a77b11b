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
    engine(strength=0.4, structure=1.0),  # dense: a moment without a sound would be ours
    {
        "lfo": Node("lfo", at=(-300, -330), values={"rate": 0.125, "sync": "lock"}),
        "slew": Node("slew", at=(-270, -95)),
        "noise": Node("smooth_noise", at=(-310, 85)),
    },
    Cable("lfo", "out", "slew", "x"),
    Cable("slew", "out", "scheduler", "strength", depth=0.1),
    Cable("noise", "out", "decoder", "window", depth=0.01),  # windows of any length sound the same
)
"""What plays. The LFO takes four seconds, half a pass, and moves the strength little, so that passes are alike (.95)
wherever in them the ticks of the ring fall; with a round each second and a depth of 0.2 they are .87 to .93."""
RECORDED = 40  # seconds
SILENT = 0.05  # seconds in which nothing came
EDITS = ("Right", "b", "Down", "m", "m", "Left", "b", "Up", "ctrl+d", "Delete")
"""What is done, twice: each is one step."""


def test_9_twenty_undos_while_it_plays_starve_nothing(stage: Stage) -> None:
    editor, client = stage.editor, stage.client
    stage.begin(START)
    before, alike = stage.settled()
    steps = stage.steps()
    starved, xruns, silence = 1.0, 0, 1.0
    for trial in range(3):  # where the machine is late, the card counts it, and the trial is made again
        counts = [client.status[name] for name in ("starved", "xruns", "restarts")]
        file = stage.folder / f"undo-{trial}.wav"
        recorder = jack_server.record(file, RECORDED, *OUT)
        for done, key in enumerate(EDITS * 2, steps + 1):
            if key == "Right":
                editor.click(editor.ask("head", "slew"))
                editor.go(GROUND)
            editor.key(key)
            stage.until_steps(done, key)
        for left in range(19, -1, -1):
            editor.key("ctrl+z")
            stage.until_steps(steps + left, "undo")
        assert stage.patch == START
        if trial == 0:
            stage.shoot("undo")
        now = [client.status[name] for name in ("starved", "xruns", "restarts")]
        starved, xruns, restarts = (b - a for a, b in zip(counts, now, strict=True))
        assert restarts == 0
        recorder.wait(2 * RECORDED + 30)
        silence = longest_silence(file)
        if not starved and not xruns:
            break
    assert silence < SILENT or xruns > 0
    stage.hear_until(lambda like: like > alike - SAME, before, "what was before is not heard again")
    assert not starved or xruns, f"starved for {starved:g} s, while the card never waited"


def test_10_the_history_is_scrubbed(stage: Stage) -> None:
    editor = stage.editor
    stage.begin(START)
    documents = [stage.patch]
    steps = stage.steps()
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
    for node in ("slew", "scheduler"):
        place = [round(each) for each in editor.ask("head", node)]
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
        if node == "scheduler":
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
    assert {id: stage.lying_on(id) for id in copies.values()} == {id: [] for id in copies.values()}
    editor.key("ctrl+z", "ctrl+z")
    stage.until_equal(START, "two steps")
    assert difference(stage.patch, START) is None
