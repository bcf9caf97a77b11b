"""Clients edit one document: acknowledgement, revision, conflicts, undo, gestures, edits at a grid."""

from __future__ import annotations

import gc
import threading
from types import TracebackType

import pytest

from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import AddNode, RemoveNode, SetValue
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import CableKey, Node
from demon_patch.runtime.remote.messages import VERSION
from demon_patch.runtime.remote.messages import edits as messages
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.edits import Edit, Landed
from demon_patch.runtime.remote.messages.session import Hello
from tests.support.edited_performance import strength
from tests.support.wired_host import PATIENCE, WiredHost, until


def test_two_clients_edit_and_turn_and_see_both(wired: WiredHost) -> None:
    with wired.client("ann") as ann, wired.client("bob") as bob:
        done = ann.do(strength(0.3))
        assert done.revision == (0, 1)
        assert done.label == "Set value"
        assert {heard.propagation for heard in done.heard} == {"request"}
        assert bob.wait(lambda: bob.revision == done.revision)
        bob.do(SetValue("scheduler", "structure", 0.2))
        assert ann.wait(lambda: ann.revision == (0, 2))
        assert ann.patch == bob.patch == wired.host.patch
        assert wired.host.patch.nodes["scheduler"].values["strength"] == 0.3
        bob.turn("scheduler", "strength", 0.7)
        assert ann.wait(lambda: ann.live_values == {("scheduler", "strength"): 0.7})
        kept = ann.keep()
        assert kept.nodes["scheduler"].values["strength"] == 0.7
        assert bob.wait(lambda: bob.patch == kept and not bob.live_values)


def test_an_answer_does_not_wait_for_what_the_edit_leads_to(wired: WiredHost, monkeypatch: pytest.MonkeyPatch) -> None:
    thread, answered, waited = wired.host._edit_thread, threading.Event(), list[bool]()
    compile_newest = thread.compile_newest

    def held() -> None:
        waited.append(answered.wait(PATIENCE / 2))
        compile_newest()

    monkeypatch.setattr(thread, "compile_newest", held)
    with wired.client() as ann:
        ann.do(AddNode("new", Node("lfo")))
        answered.set()
        assert until(lambda: "new" in wired.host.performer.program.owners)
    assert waited == [True]


def test_an_edit_is_heard_at_the_frame_that_was_told(wired: WiredHost) -> None:
    with wired.client() as ann:
        assert ann.wait(lambda: ann.status.get("begun", False))
        (heard,) = ann.do(strength(0.3)).heard
        now = wired.host.status.frame
        assert heard.frame >= now
        assert heard.seconds >= 0
        assert until(lambda: wired.host.status.frame > heard.frame + 100)
    at = wired.stage.strengths()
    changed = next(k for k in range(len(at)) if abs(at[k] - 0.3) < 1e-9)
    assert changed <= heard.frame


def test_a_mistake_names_its_place_and_changes_nothing(wired: WiredHost) -> None:
    with wired.client() as ann:
        before = ann.patch
        with pytest.raises(DemonError) as refused:
            ann.do(RemoveNode("nobody"))
        assert refused.value.node == "nobody"
        assert ann.patch is before
        assert wired.host.patch == before
        with pytest.raises(DemonError, match="strength"):
            ann.turn("scheduler", "strength", 7.0)
        assert not wired.host.live_values


def test_a_conflict_is_named(wired: WiredHost) -> None:
    with wired.client("ann") as ann, wired.client("bob") as bob:
        seen = bob.revision
        other = ann.do(strength(0.3), "Ann's")
        mine = bob.edit(messages.Do(command=strength(0.4), base=seen))
        (conflict,) = mine.conflicts
        assert (conflict.client, conflict.label, conflict.revision) == ("ann", "Ann's", other.revision)
        assert bob.edit(messages.Do(command=strength(0.5), base=mine.revision)).conflicts == ()
        undone = ann.undo()
        (skipped,) = undone.skipped
        assert (skipped.node, skipped.port) == ("scheduler", "strength")
        assert "another client" in skipped.what


def test_undo_is_per_client_and_many_steps_are_one_edit(wired: WiredHost) -> None:
    with wired.client("ann") as ann, wired.client("bob") as bob:
        first = ann.patch
        for number in range(5):
            ann.do(strength(0.1 * number), f"step {number}")
        bob.do(SetValue("scheduler", "structure", 0.2))
        steps = ann.history()
        assert [step.label for step in steps.done] == [f"step {number}" for number in range(5)]
        assert {step.nodes for step in steps.done} == {("scheduler",)}
        assert all(0 <= step.seconds < 60 for step in steps.done)
        ann.undo_to(1)
        assert ann.patch.nodes["scheduler"].values["strength"] == 0.0
        ann.undo_to(4)
        assert ann.patch.nodes["scheduler"].values["strength"] == pytest.approx(0.3)
        assert [step.label for step in ann.history().undone] == ["step 4"]
        ann.undo_to(0)
        assert ann.patch.nodes["scheduler"].values["strength"] == first.nodes["scheduler"].values["strength"]
        assert ann.patch.nodes["scheduler"].values["structure"] == 0.2
        with pytest.raises(DemonError, match="nothing to undo"):
            ann.undo()
        ann.redo()
        assert ann.patch.nodes["scheduler"].values["strength"] == 0.0
        with pytest.raises(DemonError, match="the history has 5 steps"):
            ann.undo_to(6)


def test_a_client_that_comes_back_finds_its_history(wired: WiredHost) -> None:
    with wired.client("ann") as ann:
        ann.do(strength(0.3))
        with wired.client("ann") as other:
            assert other.welcome.client == "ann-2"
            assert sorted(other.welcome.clients) == ["ann", "ann-2"]
    assert until(lambda: not wired.server.served.peers)
    with wired.client("ann") as ann:
        assert ann.undo().label == "Set value"


def test_a_gesture_is_one_step_and_is_closed_when_its_client_dies(wired: WiredHost) -> None:
    ann = wired.client("ann")
    ann.begin("Turn strength")
    for number in range(10):
        ann.do(strength(0.05 * number))
    ann._socket._end()  # in the middle of it, without a goodbye
    assert until(lambda: not wired.server.served.peers)
    assert wired.host.patch.nodes["scheduler"].values["strength"] == pytest.approx(0.45)
    with wired.client("ann") as again:
        assert [step.label for step in again.history().done] == ["Turn strength"]
        again.begin("Another")
        again.do(strength(0.9))
        again.cancel()
        assert again.patch.nodes["scheduler"].values["strength"] == pytest.approx(0.45)
        again.undo()
        assert again.patch.nodes["scheduler"].values["strength"] == 0.9


def test_an_edit_at_a_grid_lands_or_is_cancelled(wired: WiredHost) -> None:
    heard: list[Event] = []
    with wired.client("ann", hear=heard.append) as ann, wired.client("bob") as bob:
        assert ann.wait(lambda: ann.status.get("begun", False))
        waiting = ann.do(strength(0.3), at=Grid("bar", 256))
        assert waiting.heard == ()
        told = ann.wait(lambda: [each["revision"] for each in ann.status["waiting"]] == [list(waiting.revision)])
        assert told, ann.status
        assert ann.status["waiting"][0]["at"] == "256 bars"
        with pytest.raises(DemonError, match='"ann" made that edit'):
            bob.cancel(waiting.revision)
        ann.cancel(waiting.revision)
        assert ann.patch.nodes["scheduler"].values["strength"] == 0.9
        assert ann.wait(lambda: not ann.status["waiting"])
        with pytest.raises(DemonError, match="no edit of that revision waits"):
            ann.cancel(waiting.revision)
        coming = ann.do(strength(0.4), at=Grid("bar"))
        assert until(lambda: any(isinstance(event, Landed) for event in heard))
    landed = [event for event in heard if isinstance(event, Landed)]
    assert [event.revision for event in landed] == [coming.revision]
    assert sum(isinstance(event, Edit) for event in heard) == 3


def test_edits_that_need_the_catalogue_are_made_by_the_host(wired: WiredHost) -> None:
    with wired.client("ann") as ann:
        key = CableKey("lfo", "out", "scheduler", "structure")
        inserted = ann.edit(messages.Insert(cable=key, type="slew", node="glide"))
        assert inserted.created == "glide"
        ends = {(cable.src, cable.dst) for cable in ann.patch.cables}
        assert {("lfo", "glide"), ("glide", "scheduler")} <= ends
        ann.edit(messages.Exchange(node="glide", new=Node("quantise")))
        assert ann.patch.nodes["glide"].type == "quantise"
        made = ann.edit(messages.Subpatch(nodes=("lfo", "glide"), title="Wobble"))
        assert ann.patch.nodes[made.created].type == "subpatch"
        ann.edit(messages.OfSubpatch(what="expand", node=made.created))
        assert len([node for node in ann.patch.nodes.values() if node.type == "lfo"]) == 1
        (glide,) = [id for id, node in ann.patch.nodes.items() if node.type == "quantise"]
        ann.edit(messages.Remove(nodes=(glide,)))
        (cable,) = [cable for cable in ann.patch.cables if cable.dst == "scheduler" and cable.port == "structure"]
        assert ann.patch.nodes[cable.src].type == "lfo"
        copied = ann.ask(messages.Copy(nodes=(cable.src,)), messages.Copied)
        ann.edit(messages.Paste(text=copied.text, at=(10.0, 20.0)))
        assert len([node for node in ann.patch.nodes.values() if node.type == "lfo"]) == 2
        with pytest.raises(DemonError, match="does not fit"):
            ann.edit(messages.Insert(cable=cable.key, type="prompt"))
        assert ann.patch == wired.host.patch
        ann.undo_to(0)
        assert ann.patch == wired.host.patch


def test_every_command_passes_the_wire(wired: WiredHost) -> None:
    from demon_patch.patch.edit.commands.base import Edit as Base

    def leaves(kind: type) -> list[type]:
        below = kind.__subclasses__()
        return [leaf for each in below for leaf in leaves(each)] or [kind]

    names = {str(kind.__struct_config__.tag) for kind in leaves(Base)}  # type: ignore[attr-defined]
    assert len(names) > 25
    with wired.client("ann") as ann:
        ann.do(AddNode("more", Node("lfo", version=CATALOGUE["lfo"].version, extra={"later": [1, {"a": None}]})))
        assert ann.patch == wired.host.patch
        assert ann.patch.nodes["more"].extra == {"later": [1, {"a": None}]}


def test_a_movement_becomes_a_loop_in_one_step_at_the_beat_that_was_heard(wired: WiredHost) -> None:
    with wired.client("ann") as ann:
        assert ann.wait(lambda: ann.status.get("begun", False))
        ann.turn("scheduler", "strength", 0.9)
        moves = tuple((2.0 - k / 50, k / 100) for k in range(101))
        done = ann.edit(messages.LoopMovement(node="scheduler", port="strength", moves=moves, at=(10.0, 20.0)))
        loop = ann.patch.nodes[done.created]
        assert (loop.type, loop.at) == ("loop", (10.0, 20.0))
        points = loop.values["points"]
        assert isinstance(points, (list, tuple))
        assert points[-1][0] in (2.0, 4.0, 8.0)  # type: ignore[index]  two seconds at the tempo of the song
        assert {heard.propagation for heard in done.heard} == {"request"}
        assert ann.wait(lambda: not ann.live_values)
        ann.undo()
        assert done.created not in ann.patch.nodes
        assert not ann.patch.cables_into("scheduler", "strength")
        with pytest.raises(DemonError, match="no loop can move it"):
            ann.edit(messages.LoopMovement(node="scheduler", port="prompt", moves=moves))


def test_what_is_refused_again_and_again_keeps_nothing(wired: WiredHost) -> None:
    def tracebacks() -> int:
        gc.collect()
        return sum(type(each) is TracebackType for each in gc.get_objects())

    with wired.client("ann") as ann:
        requests = (
            messages.Undo(),
            messages.Redo(),
            messages.UndoTo(steps=3),
            messages.Cancel(),
            Hello(version=VERSION),
        )
        for request in requests:
            with pytest.raises(DemonError):
                ann.ask(request)
        before = tracebacks()
        for request in requests * 20:
            with pytest.raises(DemonError):
                ann.ask(request)
        assert tracebacks() <= before + 10
        wired.server.close()
        assert ann.wait(lambda: ann.gone is not None)
        before = tracebacks()
        for _ in range(100):
            with pytest.raises(DemonError):
                ann.ask(messages.Undo())
        assert tracebacks() <= before + 10
