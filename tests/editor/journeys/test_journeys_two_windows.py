"""Journeys 24 and 25: two windows on one host, and nodes that are pasted from one into the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demon_patch.patch.model.document import Cable, Node
from tests.editor.journeys.hands_on import held
from tests.editor.journeys.stage import GROUND, Stage, engine, with_nodes
from tests.support.driven_editor import DrivenEditor, driven_editor

pytestmark = pytest.mark.slow
START = with_nodes(
    engine(strength=0.3),
    {
        "lfo": Node("lfo", at=(-20, 190), values={"rate": 0.25}),
        "slew": Node("slew", at=(300, 190)),
    },
    Cable("lfo", "out", "slew", "x"),
)


@pytest.fixture(scope="module")
def other(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrivenEditor]:
    folder: Path = tmp_path_factory.mktemp("other")
    first = stage.editor
    with driven_editor(folder, "--connect", stage.client.url, display=first.display) as made:
        yield made
    to_front(first)


def to_front(editor: DrivenEditor) -> None:
    """Raises a window above the other one, and gives it the keyboard."""
    found = editor.x("search", "--sync", "--all", "--pid", editor.process.pid, "--name", "demon_patch").split()[-1]
    editor.x("windowraise", found)
    editor.x("windowfocus", "--sync", found)
    editor.go((GROUND[0] + 4, GROUND[1]))
    editor.go(GROUND)


def test_24_two_windows_play_on_one_host_and_undo_their_own(stage: Stage, other: DrivenEditor) -> None:
    editor = stage.editor
    to_front(editor)
    stage.begin(START)
    x, y = editor.ask("knob", "scheduler", "strength")
    stage.move((x, y), (x, y - 60))
    patch = stage.until(lambda now: held(now, "scheduler", "strength") > 0.45, "the knob")
    turned = patch.nodes["scheduler"].values["strength"]
    other.until(lambda: other.ask("value", "scheduler", "strength") == turned, "the knob in the other window")

    to_front(other)
    other.key("Home")
    other.drag(other.ask("pin", "lfo", "uni", True), other.ask("pin", "decoder", "gain"))
    other.drop()
    key = ("lfo", "uni", "decoder", "gain")
    stage.until(lambda now: key in now.cables_by_key, "the cable of the other window")
    editor.until(lambda: key in editor.cables(), "the cable in the first window")
    other.go(GROUND)

    to_front(editor)
    editor.key("ctrl+z")  # takes back its own step, not the latest
    stage.until(lambda now: held(now, "scheduler", "strength") == 0.3, "its own step undone")
    assert key in stage.patch.cables_by_key
    editor.key("ctrl+shift+c")
    editor.until(lambda: editor.state("panel") == "clients", "who is on the host")
    stage.shoot("two-windows")
    editor.key("Escape")
    to_front(other)
    other.key("ctrl+z")
    stage.until_equal(START, "both undone")


def test_25_nodes_are_pasted_from_one_window_into_the_other(stage: Stage, other: DrivenEditor) -> None:
    editor = stage.editor
    to_front(editor)
    stage.begin(START)
    editor.click(editor.ask("head", "lfo"))
    with stage.down("shift"):
        editor.click(editor.ask("head", "slew"))
    editor.until(lambda: editor.state("selected") == ["lfo", "slew"], "the selection")
    editor.key("ctrl+c")
    to_front(other)
    place = other.ask("screen", 660.0, 200.0)
    other.go(place)
    other.key("ctrl+v")
    patch = stage.until(lambda now: len(now.nodes) == len(START.nodes) + 2, "the pasted nodes")
    new = {patch.nodes[id].type: id for id in patch.nodes.keys() - START.nodes.keys()}
    assert new.keys() == {"lfo", "slew"}
    assert patch.nodes[new["lfo"]].values == START.nodes["lfo"].values
    assert (new["lfo"], "out", new["slew"], "x") in patch.cables_by_key
    other.until(lambda: other.state("selected") == sorted(new.values()), "selected where they were pasted")
    Stage(other, stage.client, stage.folder).shoot("pasted")
    other.go(GROUND)
    other.key("ctrl+z")
    stage.until_equal(START, "one step")
