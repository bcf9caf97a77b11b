"""Snapshot nodes in a live performance: a gate recalls, as live values, on a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec import structs

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshots import recall
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.live.graph_recalls import GraphRecalls
from demon_patch.runtime.performance.recalls import AskedRecall
from tests.support.at_once import AtOnce
from tests.support.edited_performance import Stage
from tests.support.virtual_stage import patch

SNAPSHOTS = {
    "low": Snapshot("2", None, {"scheduler": {"strength": 0.2, "structure": 0.1}, "snap": {"place": 7, "glide": 9.0}}),
    "high": Snapshot("10", None, {"scheduler": {"strength": 0.8}}),
}
NODES = {"press": Node("button"), "snap": Node("snapshot", values={"place": 2})}
PATCH = patch(NODES, [Cable("press", "gate", "snap", "recall")], strength=0.5, structure=0.5, depth=4)
DOCUMENT = structs.replace(PATCH, snapshots=SNAPSHOTS)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage(DOCUMENT)
    for part in (stage.host._ramps, stage.host._graph_recalls):
        part._executor.shutdown()
        part._executor = AtOnce()  # type: ignore[assignment]
    stage.until(20)
    yield stage
    stage.host.close()


def press(stage: Stage, frames: int = 30) -> None:
    """Presses and lets go, and plays on for some frames."""
    for down in (1, 0):
        stage.host.turn("press", "pressed", down)
        stage.until(stage.live.now + frames // 2)


def test_a_rise_recalls_as_live_values_without_a_step_of_undo(stage: Stage) -> None:
    press(stage)
    assert stage.strengths()[-1] == 0.8
    assert stage.document.live.values["scheduler", "strength"] == 0.8
    assert stage.document.patch == DOCUMENT
    with stage.document.session() as session:
        assert [session.labels(client) for client in ("player", "snap")] == [(), ()]
    assert stage.host.messages == ()


def test_it_ends_where_the_recall_of_a_midi_program_ends_and_leaves_snapshot_nodes_alone(stage: Stage) -> None:
    found = recall(SNAPSHOTS["low"], DOCUMENT, CATALOGUE)
    expected = found.applied_to(Overlay()).sounding(DOCUMENT)
    stage.host.turn("snap", "place", 1)
    for glide in (0.0, 1.0):
        stage.host.turn("snap", "glide", glide)
        press(stage, 80)
        sounding = stage.document.sounding.nodes
        assert sounding["scheduler"] == expected.nodes["scheduler"]
        assert (sounding["snap"].values["place"], sounding["snap"].values["glide"]) == (1, glide)
        stage.host.release(("scheduler", "strength"), ("scheduler", "structure"))


def test_a_glide_begins_at_what_sounds_and_a_touched_knob_leaves_it(stage: Stage) -> None:
    stage.host.turn("scheduler", "strength", 0.6)
    stage.host.turn("scheduler", "structure", 0.9)
    stage.host.turn("snap", "place", 1)
    stage.host.turn("snap", "glide", 4.0)
    press(stage, 50)
    status = stage.host.status.ramp
    assert status is not None
    assert (status.one, status.other) == ("", "low")
    stage.host.turn("scheduler", "structure", 0.7)
    stage.until(150)
    line = stage.strengths()
    begin = int(np.flatnonzero(np.diff(line[21:]) < 0)[0]) + 21
    assert 0.55 < line[begin + 1] <= 0.6
    assert len(np.unique(line[begin : begin + 100])) > 5
    assert line[-1] == 0.2
    assert stage.document.sounding.nodes["scheduler"].values["structure"] == 0.7
    assert stage.host.status.ramp is None


def test_a_place_without_a_snapshot_is_told_once_with_its_place(stage: Stage) -> None:
    stage.host.turn("snap", "place", 3)
    press(stage)
    press(stage)
    (notice,) = stage.host.notices
    assert notice.text.endswith("it asks for snapshot 3: the patch has 2 snapshots (let the place be 1 to 2)")
    assert (notice.node, notice.port) == ("snap", "place")
    assert stage.strengths()[-1] == 0.5


def test_safe_mode_hears_no_snapshot_node(stage: Stage) -> None:
    stage.host.safe_mode(True)
    press(stage)
    stage.host.safe_mode(False)
    stage.until(stage.live.now + 10)
    assert ("scheduler", "strength") not in stage.document.live.values
    press(stage)
    assert stage.document.live.values["scheduler", "strength"] == 0.8


def test_rises_that_come_faster_than_the_work_are_one_recall_of_the_newest() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), list[int]()
    recalls = GraphRecalls(None, None, lambda text, error: None)  # type: ignore[arg-type]

    def work(asked: AskedRecall) -> None:
        begun.set()
        assert go_on.wait(60)
        done.append(asked.place)

    recalls.recall = work  # type: ignore[method-assign]
    recalls.note(AskedRecall("snap", 1, 0.0, 0))
    assert begun.wait(60)
    for place in range(2, 50):
        recalls.note(AskedRecall("snap", place, 0.0, place))
    go_on.set()
    recalls.close()
    assert done == [1, 49]


def test_an_error_of_any_kind_is_told_and_the_next_recall_is_done() -> None:
    told, done = list[str](), list[int]()
    recalls = GraphRecalls(None, None, lambda text, error: told.append(text))  # type: ignore[arg-type]

    def work(asked: AskedRecall) -> None:
        if asked.place == 1:
            raise KeyError("gone")
        done.append(asked.place)

    recalls.recall = work  # type: ignore[method-assign]
    recalls._executor.shutdown()
    recalls._executor = AtOnce()  # type: ignore[assignment]
    for place in (1, 1, 2):
        recalls.note(AskedRecall("snap", place, 0.0, 0))
    assert told == ["a recall failed: KeyError: 'gone'"]
    assert done == [2]
