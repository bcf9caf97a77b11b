"""Snapshot nodes in a performance that is rendered: on the exact toy family, whose strength is read from the curve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec import structs

from demon_patch import offline
from demon_patch.engine.session import Session
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import BAR, patch

SNAPSHOTS = {
    "b": Snapshot("High", None, {"scheduler": {"strength": 0.8, "structure": 0.9}}),
    "a": Snapshot("Low 10", None, {"scheduler": {"strength": 0.2}, "words": {"text": "cold"}}),
    "c": Snapshot("Low 2", None, {"scheduler": {"strength": 0.4}}),
}  # by title: High, Low 2, Low 10


def with_snapshot(values: dict[str, Any], snapshots: dict[str, Snapshot] = SNAPSHOTS, **node: Any) -> Patch:
    """The stage's patch with a Snapshot node that an LFO strikes in the middle of each bar."""
    extra = {
        "lfo": Node("lfo", values={"shape": "square", "sync": "lock", "rate": 0.25, "phase": 0.5}),
        "snap": Node("snapshot", values=values, **node),
    }
    document = patch(extra, [Cable("lfo", "out", "snap", "recall")], strength=0.5, structure=0.3, depth=2)
    return structs.replace(document, snapshots=snapshots)


def rendered(document: Patch, seconds: float = 4.0) -> tuple[Performer, Any]:
    performer = perform(document, Session(toy_family()))
    return performer, render(performer, seconds)


def struck(performer: Performer) -> int:
    """The first control frame with a rise."""
    number = performer.program.engine_port("snap", "recall")
    return int(np.flatnonzero(performer.forecast.span(number, 0, performer.now))[0])


def test_a_rendering_recalls_at_the_rise_and_says_the_same_each_time() -> None:
    performer, sound = rendered(with_snapshot({"place": 3}))
    _, again = rendered(with_snapshot({"place": 3}))
    np.testing.assert_array_equal(sound, again)
    line, at = performer.curve("strength", 100), struck(performer)
    assert at == BAR // 2
    (change,) = np.flatnonzero(np.diff(line)) + 1
    assert at < change <= at + 2 * performer.tick_frames
    assert (line[0], line[-1]) == (0.5, 0.2)
    assert performer.prompt.text == "cold"  # texts are recalled too
    assert performer.recalls.told == []


def test_a_rendering_glides_to_the_snapshot_and_ends_where_a_recall_is() -> None:
    performer, _ = rendered(with_snapshot({"place": 1, "glide": 1.0}), 4.0)
    line, at = performer.curve("strength", 100), struck(performer)
    moving = line[at + 1 : at + 25 + 1]
    assert line[0] == 0.5
    assert len(np.unique(moving)) >= 3
    assert (np.diff(line[: at + 30]) >= 0).all()
    assert line[at + 30] == 0.8
    assert performer.curve("structure", at + 30)[-1] == 0.9


@pytest.mark.parametrize("quiet", [{"muted": True}, {"bypass": True}])
def test_a_muted_or_bypassed_node_recalls_nothing(quiet: dict[str, Any]) -> None:
    performer, sound = rendered(with_snapshot({"place": 3}, **quiet))
    _, still = rendered(structs.replace(with_snapshot({"place": 3}), cables=patch({}, []).cables))
    assert set(performer.curve("strength", 100)) == {0.5}
    np.testing.assert_array_equal(sound, still)


@pytest.mark.parametrize(("snapshots", "have"), [(SNAPSHOTS, "3 snapshots"), ({}, "no snapshots")])
def test_a_place_without_a_snapshot_is_told_once(snapshots: dict[str, Snapshot], have: str) -> None:
    performer, _ = rendered(with_snapshot({"place": 4}, snapshots), 8.0)
    (told,) = performer.recalls.told
    assert told.startswith(f"node snap: port place: it asks for snapshot 4: the patch has {have} (")


def test_what_a_snapshot_breaks_is_told_and_the_sound_goes_on() -> None:
    broken = {"x": Snapshot("X", None, {"formula": {"formula": "a +"}, "scheduler": {"strength": 0.2}})}
    document = with_snapshot({}, {})
    nodes = {**document.nodes, "formula": Node("expression")}
    document = structs.replace(document, nodes=nodes, snapshots=broken)
    performer, sound = rendered(document)
    assert len(performer.recalls.told) == 1
    assert "formula" in performer.recalls.told[0]
    assert len(sound) == 4 * performer.spec.sample_rate
    assert set(performer.curve("strength", 100)) == {0.5}


def test_a_rendering_in_one_call_notes_what_could_not_be_recalled() -> None:
    made = offline.render(with_snapshot({"place": 4}), seconds=2.0, session=Session(toy_family()))
    assert [note for note in made.notes if "snapshot 4" in note] == [
        "node snap: port place: it asks for snapshot 4: the patch has 3 snapshots (let the place be 1 to 3)"
    ]
