from __future__ import annotations

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.commands import AddNode, Move, RemoveNode, Rename, SetMeta, SetValue
from demon_patch.patch.document import Node, Patch
from demon_patch.patch.history import History


def test_steps_are_undone_and_redone_by_label(patch: Patch) -> None:
    history = History(patch)
    history.do(SetValue("slow", "rate", 2), "Turn rate")
    turned = history.patch
    history.do(RemoveNode("slow"))
    assert history.labels == ("Turn rate", "Remove node")
    assert history.undo() == "Remove node"
    assert history.patch == turned
    assert history.undo() == "Turn rate"
    assert history.patch == patch
    assert history.undone_labels == ("Turn rate", "Remove node")
    assert history.redo() == "Turn rate"
    assert history.patch == turned
    assert (history.labels, history.undone_labels) == (("Turn rate",), ("Remove node",))


def test_with_nothing_to_undo_nothing_happens(patch: Patch) -> None:
    history = History(patch)
    assert history.undo() is None
    assert history.redo() is None
    assert history.patch is patch


def test_a_new_step_forgets_the_undone_ones(patch: Patch) -> None:
    history = History(patch)
    history.do(Rename("slow", "x"))
    history.undo()
    history.do(Rename("slow", "y"))
    assert history.redo() is None
    assert history.patch.nodes["slow"].label == "y"


def test_a_step_that_fails_changes_nothing(patch: Patch) -> None:
    history = History(patch)
    history.do(Rename("slow", "x"))
    history.undo()
    with pytest.raises(PatchError):
        history.do(RemoveNode("gone"))
    assert history.patch == patch
    assert history.labels == ()
    assert history.redo() == "Rename"


def test_a_gesture_is_one_step(patch: Patch) -> None:
    history = History(patch)
    history.begin("Drag")
    for x in range(100):
        history.do(Move({"slow": (x, 0), "later": (x, 1)}))
    history.do(SetMeta(title="dragged"))
    dragged = history.end()
    assert dragged is history.patch
    assert history.labels == ("Drag",)
    assert history.undo() == "Drag"
    assert history.patch == patch
    assert history.redo() == "Drag"
    assert history.patch == dragged


def test_a_long_drag_keeps_its_first_and_last_value_only(patch: Patch) -> None:
    history = History(patch)
    history.begin("Turn")
    for turn in range(1000):
        history.do(SetValue("slow", "rate", turn / 1000))
    history.end()
    (step,) = history.steps
    assert step.command == SetValue("slow", "rate", 0.999)
    assert step.inverse == SetValue("slow", "rate", 0.1)


def test_different_controls_in_a_gesture_are_kept_apart(patch: Patch) -> None:
    history = History(patch)
    history.begin("Turn")
    history.do(SetValue("slow", "rate", 2))
    history.do(SetValue("slow", "shape", "saw"))
    history.do(SetMeta(title="x"))
    history.do(SetMeta(author="x"))
    history.end()
    history.undo()
    assert history.patch == patch


def test_a_gesture_in_which_nothing_was_done_is_no_step(patch: Patch) -> None:
    history = History(patch)
    history.begin("Click")
    history.end()
    assert history.labels == ()


def test_a_cancelled_gesture_leaves_no_trace(patch: Patch) -> None:
    history = History(patch)
    history.do(Rename("slow", "x"))
    history.undo()
    history.begin("Drag")
    history.do(AddNode("fresh", Node("lfo")))
    history.do(SetValue("fresh", "rate", 2))
    assert history.cancel() == patch
    assert history.patch == patch
    assert (history.undo(), history.redo()) == (None, "Rename")


def test_undo_closes_an_open_gesture(patch: Patch) -> None:
    history = History(patch)
    history.begin("Drag")
    history.do(Rename("slow", "x"))
    assert history.undo() == "Drag"
    assert history.patch == patch
    with pytest.raises(PatchError, match="no gesture is open"):
        history.end()


def test_redo_closes_an_open_gesture(patch: Patch) -> None:
    history = History(patch)
    history.do(Rename("slow", "x"))
    history.undo()
    history.begin("Drag")
    history.do(Rename("slow", "y"))
    assert history.redo() is None
    assert history.labels == ("Drag",)


def test_gestures_do_not_nest(patch: Patch) -> None:
    history = History(patch)
    with pytest.raises(PatchError, match="no gesture is open"):
        history.cancel()
    history.begin("Drag")
    with pytest.raises(PatchError, match='the gesture "Drag" is still open'):
        history.begin("Turn")


def test_the_oldest_steps_are_forgotten(patch: Patch) -> None:
    history = History(patch, limit=3)
    for label in "abcde":
        history.do(Rename("slow", label), label)
    assert history.labels == ("c", "d", "e")
