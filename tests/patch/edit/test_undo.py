"""Undo as one person at the document knows it."""

from __future__ import annotations

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.edit import history
from demon_patch.patch.edit.commands import AddNode, Move, RemoveNode, Rename, SetMeta, SetValue
from demon_patch.patch.edit.session import EditSession, UndoResult
from demon_patch.patch.model.document import Node, Patch

ME = "me"


def test_steps_are_undone_and_redone_by_label(patch: Patch) -> None:
    session = EditSession(patch)
    session.do(SetValue("slow", "rate", 2), ME, "Turn rate")
    turned = session.patch
    session.do(RemoveNode("slow"), ME)
    assert session.labels(ME) == ("Turn rate", "Remove node")
    assert session.undo(ME) == UndoResult("Remove node")
    assert session.patch == turned
    assert session.undo(ME) == UndoResult("Turn rate")
    assert session.patch == patch
    assert session.undone_labels(ME) == ("Turn rate", "Remove node")
    assert session.redo(ME) == UndoResult("Turn rate")
    assert session.patch == turned
    assert (session.labels(ME), session.undone_labels(ME)) == (("Turn rate",), ("Remove node",))


def test_with_nothing_to_undo_nothing_happens(patch: Patch) -> None:
    session = EditSession(patch)
    assert session.undo(ME) is None
    assert session.redo(ME) is None
    assert session.patch is patch
    assert session.revision == (0, 0)


def test_a_new_step_forgets_the_undone_ones(patch: Patch) -> None:
    session = EditSession(patch)
    session.do(Rename("slow", "x"), ME)
    session.undo(ME)
    session.do(Rename("slow", "y"), ME)
    assert session.redo(ME) is None
    assert session.patch.nodes["slow"].label == "y"


def test_a_step_that_fails_changes_nothing(patch: Patch) -> None:
    session = EditSession(patch)
    session.do(Rename("slow", "x"), ME)
    session.undo(ME)
    before = session.revision
    with pytest.raises(PatchError):
        session.do(RemoveNode("gone"), ME)
    assert session.patch == patch
    assert session.revision == before
    assert session.labels(ME) == ()
    assert session.redo(ME) == UndoResult("Rename")


def test_a_gesture_is_one_step(patch: Patch) -> None:
    session = EditSession(patch)
    session.begin(ME, "Drag")
    for x in range(100):
        session.do(Move({"slow": (x, 0), "later": (x, 1)}), ME)
    session.do(SetMeta(title="dragged"), ME)
    session.end(ME)
    dragged = session.patch
    assert session.labels(ME) == ("Drag",)
    assert session.undo(ME) == UndoResult("Drag")
    assert session.patch == patch
    assert session.redo(ME) == UndoResult("Drag")
    assert session.patch == dragged


def test_a_long_drag_keeps_its_first_and_last_value_only(patch: Patch) -> None:
    step = history.UndoStep("Turn", ())
    for turn in range(1000):
        patch, more = history.do_step(SetValue("slow", "rate", turn / 1000), patch)
        step = history.extend_step(step, more)
    assert step.command == SetValue("slow", "rate", 0.999)
    assert step.inverse == SetValue("slow", "rate", 0.1)


def test_different_controls_in_a_gesture_are_kept_apart(patch: Patch) -> None:
    session = EditSession(patch)
    session.begin(ME, "Turn")
    session.do(SetValue("slow", "rate", 2), ME)
    session.do(SetValue("slow", "shape", "saw"), ME)
    session.do(SetMeta(title="x"), ME)
    session.do(SetMeta(author="x"), ME)
    session.end(ME)
    session.undo(ME)
    assert session.patch == patch


def test_a_gesture_in_which_nothing_was_done_is_no_step(patch: Patch) -> None:
    session = EditSession(patch)
    session.begin(ME, "Click")
    session.end(ME)
    assert session.labels(ME) == ()


def test_a_cancelled_gesture_leaves_no_trace(patch: Patch) -> None:
    session = EditSession(patch)
    session.do(Rename("slow", "x"), ME)
    session.undo(ME)
    session.begin(ME, "Drag")
    session.do(AddNode("fresh", Node("lfo")), ME)
    session.do(SetValue("fresh", "rate", 2), ME)
    assert session.cancel(ME) == UndoResult("Drag")
    assert session.patch == patch
    assert (session.undo(ME), session.redo(ME)) == (None, UndoResult("Rename"))


def test_undo_and_redo_close_an_open_gesture(patch: Patch) -> None:
    session = EditSession(patch)
    session.begin(ME, "Drag")
    session.do(Rename("slow", "x"), ME)
    assert session.undo(ME) == UndoResult("Drag")
    assert session.patch == patch
    with pytest.raises(PatchError, match="no gesture is open"):
        session.end(ME)
    session.begin(ME, "Drag")
    session.do(Rename("slow", "y"), ME)
    assert session.redo(ME) is None
    assert session.labels(ME) == ("Drag",)


def test_gestures_of_one_client_do_not_nest(patch: Patch) -> None:
    session = EditSession(patch)
    with pytest.raises(PatchError, match="no gesture is open"):
        session.cancel(ME)
    session.begin(ME, "Drag")
    with pytest.raises(PatchError, match='the gesture "Drag" is still open'):
        session.begin(ME, "Turn")


def test_the_oldest_steps_are_forgotten(patch: Patch) -> None:
    session = EditSession(patch)
    for number in range(history.LIMIT + 3):
        session.do(Rename("slow", str(number)), ME, str(number))
    assert session.labels(ME) == tuple(str(number) for number in range(3, history.LIMIT + 3))
