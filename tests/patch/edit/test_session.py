"""Several clients at one document: what each undoes, what everyone hears of it, and what waits for its grid."""

from __future__ import annotations

import msgspec
import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import (
    AddNode,
    AddNodes,
    Batch,
    Connect,
    Disconnect,
    Move,
    RemoveNode,
    Rename,
    SetCable,
    SetMeta,
    SetSong,
    SetValue,
    apply,
)
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Delta, EditSession, Revision, UndoResult
from demon_patch.patch.model.document import Cable, Node, Patch

BAR = Grid("bar")
LFO = AddNode("lfo", Node("lfo", values={"rate": 1}))
KNOB = AddNode("knob", Node("knob"))
WIRE = Cable("lfo", "out", "knob", "value")


@pytest.fixture
def session() -> EditSession:
    """An LFO and a Knob that nobody can undo any more."""
    return EditSession(apply(Batch((LFO, KNOB)), Patch())[0])


def rate(patch: Patch) -> object:
    return patch.nodes["lfo"].values.get("rate")


def told(undone: UndoResult | None) -> tuple[str, ...]:
    assert undone is not None
    return tuple(map(str, undone.skipped))


# -- two clients --------------------------------------------------------------------------------------------------
def test_each_undoes_its_own(session: EditSession) -> None:
    session.do(SetValue("lfo", "rate", 2), "ann")
    session.do(SetValue("knob", "value", 0.5), "bob")
    assert session.undo("ann") == UndoResult("Set value")
    assert rate(session.patch) == 1
    assert session.patch.nodes["knob"].values == {"value": 0.5}
    assert session.undo("ann") is None
    assert session.redo("ann") == UndoResult("Set value")
    assert rate(session.patch) == 2


def test_what_another_has_changed_since_is_left_and_named(session: EditSession) -> None:
    session.do(Batch((SetValue("lfo", "rate", 2), Rename("lfo", "wobble"), SetMeta(title="t"))), "ann")
    session.do(SetValue("lfo", "rate", 3), "bob")
    session.do(SetMeta(title="u"), "bob")
    assert told(session.undo("ann")) == (
        "meta.title was changed by another client since (change it by hand)",
        "node lfo: port rate: the value was changed by another client since (change it by hand)",
    )
    assert (rate(session.patch), session.patch.nodes["lfo"].label) == (3, "")
    assert session.redo("ann") == UndoResult("Batch")  # of what was undone
    assert (rate(session.patch), session.patch.nodes["lfo"].label) == (3, "wobble")


def test_what_another_has_changed_back_is_undone(session: EditSession) -> None:
    session.do(SetValue("lfo", "rate", 2), "ann")
    session.do(SetValue("lfo", "rate", 3), "bob")
    session.undo("bob")
    assert told(session.undo("ann")) == ()
    assert rate(session.patch) == 1


def test_what_another_has_put_between_two_steps_stays(session: EditSession) -> None:
    session.do(SetValue("lfo", "rate", 2), "ann")
    session.do(SetValue("lfo", "rate", 3), "bob")
    session.do(SetValue("lfo", "rate", 4), "ann")
    assert told(session.undo("ann")) == ()
    assert rate(session.patch) == 3
    assert len(told(session.undo("ann"))) == 1
    assert rate(session.patch) == 3


def test_a_gesture_does_not_swallow_what_another_does_within_it(session: EditSession) -> None:
    session.begin("ann", "Turn")
    session.do(SetValue("lfo", "rate", 2), "ann")
    session.do(SetValue("lfo", "rate", 3), "bob")
    session.do(SetValue("lfo", "rate", 4), "ann")
    session.end("ann")
    assert session.labels("ann") == ("Turn",)
    assert len(told(session.undo("ann"))) == 1
    assert rate(session.patch) == 3


def test_two_gestures_are_open_at_once(session: EditSession) -> None:
    before = session.patch
    session.begin("ann", "Turn")
    session.begin("bob", "Drag")
    for number in range(10):
        session.do(SetValue("lfo", "rate", number + 2), "ann")
        session.do(SetValue("knob", "value", number / 10), "bob")
    session.end("bob")
    assert (session.labels("ann"), session.labels("bob")) == ((), ("Drag",))
    session.undo("bob")
    assert session.cancel("ann") == UndoResult("Turn")
    assert session.patch == before


def test_the_gesture_of_a_client_that_is_gone_is_closed_as_it_stands(session: EditSession) -> None:
    session.begin("ann", "Turn")
    session.do(SetValue("lfo", "rate", 2), "ann")
    session.leave("ann")
    session.leave("nobody")
    assert rate(session.patch) == 2
    session.begin("ann", "Turn")  # it is back
    session.end("ann")
    assert session.undo("ann") == UndoResult("Turn")
    assert rate(session.patch) == 1


def test_a_node_that_another_has_worked_on_is_not_taken_away(session: EditSession) -> None:
    session.do(AddNode("new", Node("lfo")), "ann")
    session.do(SetValue("new", "rate", 3), "bob")
    (skipped,) = told(session.undo("ann"))
    assert skipped.startswith("node new: port rate: the value was changed")
    assert "new" in session.patch.nodes


def test_a_node_that_another_has_wired_is_not_taken_away(session: EditSession) -> None:
    session.do(AddNode("new", Node("lfo")), "ann")
    session.do(Connect(Cable("new", "out", "knob", "value")), "bob")
    skipped = told(session.undo("ann"))
    assert skipped
    assert all("node knob: port value: the cable from new.out was changed" in line for line in skipped)
    assert "new" in session.patch.nodes


def test_what_no_longer_applies_is_named_and_the_rest_is_undone(session: EditSession) -> None:
    session.do(Connect(WIRE), "ann")
    session.do(Batch((RemoveNode("lfo"), SetValue("knob", "value", 1))), "ann")
    session.do(RemoveNode("knob"), "bob")
    skipped = told(session.undo("ann"))
    assert "node knob: is not in the patch (name a node that is)" in skipped
    assert "lfo" in session.patch.nodes
    assert session.patch.cables == ()


def test_of_several_nodes_those_that_another_has_worked_on_stay(session: EditSession) -> None:
    session.do(AddNodes({id: Node("lfo") for id in ("one", "two", "three")}), "ann", "Paste")
    session.do(SetValue("two", "rate", 3), "bob")
    (skipped,) = told(session.undo("ann"))
    assert skipped.startswith("node two: port rate: the value was changed")
    assert session.patch.nodes.keys() == {"lfo", "knob", "two"}
    session.redo("ann")
    assert session.patch.nodes.keys() == {"lfo", "knob", "one", "two", "three"}


def test_a_cable_that_another_has_set_is_not_unplugged(session: EditSession) -> None:
    session.do(Connect(WIRE), "ann")
    session.do(SetCable(*WIRE.key, depth=0.75), "bob")
    (skipped,) = told(session.undo("ann"))
    assert skipped.startswith("node knob: port value: the cable from lfo.out was changed")
    session.undo("bob")
    session.do(Disconnect(*WIRE.key), "bob")
    session.undo("bob")
    assert session.patch.cables == (WIRE,)


def test_an_undo_of_which_nothing_is_left_is_no_edit(session: EditSession) -> None:
    session.do(SetValue("lfo", "rate", 2), "ann")
    session.do(SetValue("lfo", "rate", 3), "bob")
    before = session.revision
    session.undo("ann")
    assert session.revision == before
    assert session.undone_labels("ann") == ()


# -- what everyone hears ------------------------------------------------------------------------------------------
def test_edits_are_told_in_order_and_replayed_give_the_same_document(session: EditSession) -> None:
    copy, heard = session.patch, []
    leave = session.subscribe(heard.append)
    session.do(SetValue("lfo", "rate", 2), "ann", "Turn rate")
    session.do(Connect(WIRE), "bob")
    session.undo("ann")
    session.redo("ann")
    leave()
    session.do(Rename("lfo", "x"), "ann")
    assert [(d.revision, d.client, d.label) for d in heard] == [
        ((0, 1), "ann", "Turn rate"),
        ((0, 2), "bob", "Connect"),
        ((0, 3), "ann", "Undo Turn rate"),
        ((0, 4), "ann", "Redo Turn rate"),
    ]
    for delta in session.edits_since(Revision(0, 0)) or ():
        copy, _ = apply(delta.command, copy)
    assert copy == session.patch


def test_a_delta_travels_as_json(session: EditSession) -> None:
    delta = session.do(Connect(WIRE), "ann", at=BAR)
    assert msgspec.json.decode(msgspec.json.encode(delta), type=Delta) == delta


def test_a_subscriber_that_edits_is_heard_after_what_it_heard(session: EditSession) -> None:
    heard: list[int] = []

    def answers(delta: Delta) -> None:
        if delta.client == "ann":
            session.do(SetValue("knob", "value", 0.5), "bob")

    session.subscribe(answers)
    session.subscribe(lambda delta: heard.append(delta.revision.counter))
    session.do(SetValue("lfo", "rate", 2), "ann")
    assert heard == [1, 2]


def test_what_came_since_is_told_as_far_as_it_is_known(session: EditSession) -> None:
    begin = session.revision
    for number in range(5):
        session.do(SetValue("lfo", "rate", number + 2), "ann")
    since = session.edits_since(Revision(0, 3))
    assert since is not None
    assert [delta.revision.counter for delta in since] == [4, 5]
    assert session.edits_since(session.revision) == ()
    assert session.edits_since(Revision(0, 6)) is None
    assert session.edits_since(Revision(7, 0)) is None
    for number in range(5000):
        session.do(Rename("knob", str(number)), "ann")
    assert session.edits_since(begin) is None
    assert session.snapshot() == (Revision(0, 5005), session.patch)


def test_another_document_is_another_epoch(session: EditSession) -> None:
    heard: list[Delta] = []
    session.do(SetValue("lfo", "rate", 2), "ann", at=BAR)
    session.begin("bob", "Drag")
    session.subscribe(heard.append)
    other = apply(SetSong(bpm=90), Patch())[0]
    session.load(other, "ann")
    assert session.snapshot() == (Revision(1, 0), other)
    assert (session.undo("ann"), session.pending, session.edits_since(Revision(0, 1))) == (None, (), None)
    assert [apply(delta.command, Patch())[0] for delta in heard] == [other]
    with pytest.raises(PatchError, match="no gesture is open"):
        session.end("bob")


# -- on the grid --------------------------------------------------------------------------------------------------
def test_an_edit_on_the_grid_is_in_the_document_and_waits_until_it_lands(session: EditSession) -> None:
    before = session.patch
    first = session.do(SetValue("lfo", "rate", 2), "ann", at=BAR)
    second = session.do(SetValue("lfo", "rate", 3), "bob", at=Grid("beat"))
    assert rate(session.patch) == 3
    assert [(each.revision, each.client, each.at) for each in session.pending] == [
        (first.revision, "ann", BAR),
        (second.revision, "bob", Grid("beat")),
    ]
    assert [rate(stage) for stage in session.stages()] == [1, 2, 3]
    assert session.stages()[0] == before
    session.landed(first.revision)
    assert [rate(stage) for stage in session.stages()] == [2, 3]
    session.landed(second.revision)
    assert session.stages() == (session.patch,)


def test_what_is_edited_meanwhile_is_heard_at_once(session: EditSession) -> None:
    session.do(Batch((SetValue("lfo", "rate", 2), RemoveNode("knob"))), "ann", at=BAR)
    session.do(Rename("lfo", "x"), "bob")
    session.do(SetValue("lfo", "rate", 5), "bob")
    now, then = session.stages()
    assert (rate(now), now.nodes["lfo"].label, "knob" in now.nodes) == (5, "x", True)
    assert (rate(then), then.nodes["lfo"].label, "knob" in then.nodes) == (5, "x", False)


def test_undo_before_landing_cancels_and_redo_waits_again(session: EditSession) -> None:
    before = session.patch
    session.do(SetValue("lfo", "rate", 2), "ann", at=BAR)
    session.undo("ann", at=BAR)
    assert (session.patch, session.pending) == (before, ())
    session.redo("ann")
    (waiting,) = session.pending
    assert (waiting.at, rate(session.patch), rate(session.stages()[0])) == (BAR, 2, 1)


def test_undo_after_landing_is_at_once_or_on_its_own_grid(session: EditSession) -> None:
    session.landed(session.do(SetValue("lfo", "rate", 2), "ann", at=BAR).revision)
    session.undo("ann")
    assert session.pending == ()
    session.landed(session.do(SetValue("lfo", "rate", 2), "ann").revision)
    session.undo("ann", at=BAR)
    assert [rate(stage) for stage in session.stages()] == [2, 1]
    session.redo("ann", at=BAR)  # takes back an undo that was not heard: there is nothing left to wait for
    assert [rate(stage) for stage in session.stages()] == [2]


def test_a_gesture_on_the_grid_waits_as_one(session: EditSession) -> None:
    before = session.patch
    session.begin("ann", "Turn")
    for number in range(10):
        session.do(SetValue("lfo", "rate", number + 2), "ann", at=BAR)
        session.do(SetValue("knob", "value", number / 10), "bob")
    (waiting,) = session.pending
    assert waiting.step.command == SetValue("lfo", "rate", 11)
    assert [rate(stage) for stage in session.stages()] == [1, 11]
    session.end("ann")
    session.undo("ann")
    assert session.pending == ()
    session.undo("bob")
    assert session.patch.nodes["lfo"] == before.nodes["lfo"]


# -- grids --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "beats"), [("beat", 1), ("bar", 3), ("2 bars", 6), (" 0.5 Beats", 0.5), ("4beats", 4)]
)
def test_a_grid_is_read_and_told(words: str, beats: float) -> None:
    grid = Grid.parsed(words)
    assert grid.beats(3) == beats
    assert Grid.parsed(str(grid)) == grid


@pytest.mark.parametrize("words", ["", "0 bars", "1.5 bars", "-1 beats", "300 bars", "week", "inf beats"])
def test_a_text_that_is_no_grid_is_refused(words: str) -> None:
    with pytest.raises(PatchError, match="grid"):
        Grid.parsed(words)


@pytest.mark.parametrize("count", [0, -1, float("nan"), float("inf"), 257, True])
def test_a_count_that_is_none_is_refused(count: float) -> None:
    with pytest.raises(PatchError):
        Grid("beat", count)


def test_of_a_command_that_sets_several_fields_undo_leaves_only_those_that_others_changed() -> None:
    wire = Cable("a", "out", "b", "x", depth=0.1)
    before = Patch(nodes={"a": Node("lfo"), "b": Node("scale"), "c": Node("lfo")}, cables=(wire,))
    session = EditSession(before)
    session.do(Move({"a": (1, 1), "b": (1, 1), "c": (1, 1)}), "ann")
    session.do(SetCable(*wire.key, depth=0.5, muted=True), "ann")
    session.do(SetMeta(title="t", author="ann"), "ann")
    session.do(Move({"b": (9, 9)}), "bob")
    session.do(RemoveNode("c"), "bob")
    session.do(SetCable(*wire.key, depth=0.9), "bob")
    session.do(SetMeta(title="bob's"), "bob")
    skipped = [error for _ in range(3) for error in (session.undo("ann") or UndoResult("")).skipped]
    assert [error.node for error in skipped] == [None, "b", "b", "c"]
    after = session.patch
    assert (after.meta.title, after.meta.author) == ("bob's", "")
    assert (after.cables[0].depth, after.cables[0].muted) == (0.9, False)
    assert (after.nodes["a"].at, after.nodes["b"].at) == ((0.0, 0.0), (9.0, 9.0))
    for _ in range(3):
        session.redo("ann")
    assert session.patch.nodes["a"].at == (1.0, 1.0)
    assert session.patch.cables[0].muted


def test_a_step_that_waits_is_cancelled_by_its_revision() -> None:
    session = EditSession(Patch(nodes={"lfo": Node("lfo"), "other": Node("lfo")}))
    first = session.do(SetValue("lfo", "rate", 1.0), "ann", at=Grid("bar"))
    session.begin("ann", "Turn")
    second = session.do(SetValue("lfo", "shape", "saw"), "ann", at=Grid("bar"))
    session.do(SetValue("lfo", "shape", "sine"), "ann", at=Grid("bar"))
    third = session.do(SetValue("other", "rate", 3.0), "bob", at=Grid("bar"))
    with pytest.raises(PatchError, match='"bob" made that edit'):
        session.cancel_pending(third.revision, "ann")
    assert session.cancel_pending(first.revision, "ann").skipped == ()
    assert dict(session.patch.nodes["lfo"].values) == {"shape": "sine"}
    session.cancel_pending(second.revision, "ann")  # the whole open gesture
    assert dict(session.patch.nodes["lfo"].values) == {}
    assert [waiting.client for waiting in session.pending] == ["bob"]
    assert session.steps("ann") == ((), ())
    with pytest.raises(PatchError, match="no gesture is open"):
        session.end("ann")
    with pytest.raises(PatchError, match="no edit of that revision waits"):
        session.cancel_pending(first.revision, "ann")
    session.landed(third.revision)
    with pytest.raises(PatchError, match="heard already"):
        session.cancel_pending(third.revision, "bob")
    assert session.undo("bob") is not None
