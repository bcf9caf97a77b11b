"""Random sessions of editing: of one client against the simplest history there is, a list of all patches so far; and of
three against what no client may ever see."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import AddNode, Batch, Command, SetValue, apply
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.edit.field_paths import Path, changes
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.session import Delta, EditSession, Revision
from demon_patch.patch.files import command_json
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.document import Node, Patch
from tests.support import patch_strategies as some
from tests.support.effort import examples
from tests.support.patch_strategies import commands

CLIENTS = st.sampled_from(("ann", "bob", "cy"))


@st.composite
def edits(draw: st.DrawFn, patch: Patch) -> Command:
    """A command, or a batch of some, each on what the one before made."""
    if draw(st.integers(0, 3)):
        return draw(commands(patch))
    batch: list[Command] = []
    for _ in range(draw(st.integers(0, 4))):
        command = draw(commands(patch))
        batch.append(command)
        try:
            patch, _ = apply(command, patch)
        except PatchError:
            break
    return Batch(tuple(batch))


def sound(patch: Patch) -> None:
    """Whether a document is one, in every respect that can be seen from outside."""
    sockets = [cable.key for cable in patch.cables]
    assert all(one < other for one, other in pairwise(sockets))
    assert {end for s in sockets for end in (s.src, s.dst)} <= patch.nodes.keys()
    text = dumps(patch)
    assert loads(text) == patch
    assert dumps(loads(text)) == text


class Alone(RuleBasedStateMachine):
    """One client: whatever it does, undo and redo lead through the same documents."""

    def __init__(self) -> None:
        super().__init__()
        self.session = EditSession()
        self.past: list[Patch] = []
        self.future: list[Patch] = []
        self.begun: Patch | None = None

    @property
    def patch(self) -> Patch:
        return self.session.patch

    def _finished(self, before: Patch) -> None:
        self.past.append(before)
        self.future.clear()

    @rule(data=st.data(), at=st.sampled_from([None, None, Grid("bar")]))
    def edit(self, data: st.DataObject, at: Grid | None) -> None:
        command = data.draw(edits(self.patch))
        before, text = self.patch, dumps(self.patch)
        assert command_json.decode(command_json.encode(command)) == command
        try:
            self.session.do(command, "me", at=at)
        except PatchError:
            assert self.patch is before
            return
        finally:
            assert dumps(before) == text
        if self.begun is None:
            self._finished(before)

    @rule(data=st.data())
    def take_another_document_over(self, data: st.DataObject) -> None:
        """By the difference to it, as a file that was edited elsewhere."""
        new = data.draw(some.patches())
        command = difference(self.patch, new)
        if command is None:
            assert self.patch == new
            return
        before = self.patch
        self.session.do(command, "me")
        assert self.patch == new
        if self.begun is None:
            self._finished(before)

    @precondition(lambda self: self.begun is None)
    @rule()
    def begin(self) -> None:
        self.session.begin("me", "gesture")
        self.begun = self.patch

    @precondition(lambda self: self.begun is not None)
    @rule(keep=st.booleans())
    def end(self, keep: bool) -> None:
        assert self.begun is not None
        steps = len(self.session.labels("me"))
        if keep:
            self.session.end("me")
            if len(self.session.labels("me")) > steps:
                self._finished(self.begun)
        else:
            assert not self.session.cancel("me").skipped
            assert self.patch == self.begun
        self.begun = None

    @precondition(lambda self: self.begun is None)
    @rule()
    def undo(self) -> None:
        before, undone = self.patch, self.session.undo("me")
        assert (undone is None) == (not self.past)
        if undone is not None:
            assert not undone.skipped
            self.future.append(before)
            assert self.patch == self.past[-1]
            assert dumps(self.patch) == dumps(self.past.pop())

    @precondition(lambda self: self.begun is None)
    @rule()
    def redo(self) -> None:
        before, undone = self.patch, self.session.redo("me")
        assert (undone is None) == (not self.future)
        if undone is not None:
            assert not undone.skipped
            self.past.append(before)
            assert self.patch == self.future.pop()

    @invariant()
    def the_document_is_sound(self) -> None:
        sound(self.patch)


class Together(RuleBasedStateMachine):
    """Three clients, one of whom may be gone at any time, and a fourth who only listens."""

    def __init__(self) -> None:
        super().__init__()
        self.session = EditSession()
        self.copy = Patch()
        self.heard = Revision(0, 0)
        self.wrote: dict[tuple[str, Path], list[object]] = {}
        self.fresh = 0
        self.session.subscribe(self._hear)

    @initialize()
    def add(self) -> None:
        self.session.do(Batch(tuple(AddNode(id, Node("lfo")) for id in some.IDS[:2])), "ann")

    def _hear(self, delta: Delta) -> None:
        """Follows as a client in another process does, and notes what each client wrote where."""
        delta = msgspec.json.decode(msgspec.json.encode(delta), type=Delta)
        assert delta.revision == (
            (self.heard[0], self.heard[1] + 1) if delta.revision.counter else (self.heard[0] + 1, 0)
        )
        before, self.heard = self.copy, delta.revision
        self.copy, _ = apply(delta.command, self.copy)
        for path, (_, new) in changes(before, self.copy).items():
            self.wrote.setdefault((delta.client, path), []).append(new)

    @rule(data=st.data(), client=CLIENTS, at=st.sampled_from([None, None, Grid("bar"), Grid("beat", 2)]))
    def edit(self, data: st.DataObject, client: str, at: Grid | None) -> None:
        before = self.session.snapshot()
        try:
            self.session.do(data.draw(edits(self.session.patch)), client, at=at)
        except PatchError:
            assert self.session.snapshot() == before

    @rule(client=CLIENTS, id=st.sampled_from(some.IDS[:2]), on_grid=st.booleans())
    def turn(self, client: str, id: str, on_grid: bool) -> None:
        """The one knob that all fight for, to where nobody has turned it yet."""
        self.fresh += 1
        with suppress(PatchError):
            self.session.do(SetValue(id, "rate", self.fresh), client, at=Grid("bar") if on_grid else None)

    @rule(client=CLIENTS)
    def begin(self, client: str) -> None:
        with suppress(PatchError):
            self.session.begin(client, "gesture")

    @rule(client=CLIENTS, keep=st.booleans())
    def end(self, client: str, keep: bool) -> None:
        with suppress(PatchError):
            (self.session.end if keep else self.session.cancel)(client)

    @rule(client=CLIENTS)
    def leave(self, client: str) -> None:
        self.session.leave(client)
        with pytest.raises(PatchError):
            self.session.end(client)

    @rule(client=CLIENTS, again=st.booleans(), at=st.sampled_from([None, Grid("bar")]))
    def undo(self, client: str, again: bool, at: Grid | None) -> None:
        """Whatever it changes holds what this client wrote: nobody else's work is lost."""
        before = self.session.patch
        counter = self.session.revision.counter
        undone = (self.session.redo if again else self.session.undo)(client, at)
        done = changes(before, self.session.patch)
        for path, (held, _) in done.items():
            assert held in self.wrote[client, path]
        if undone is None:
            assert not done
        assert self.session.revision.counter - counter <= 1

    @precondition(lambda self: self.session.pending)
    @rule(data=st.data())
    def land(self, data: st.DataObject) -> None:
        waiting = data.draw(st.sampled_from(self.session.pending))
        self.session.landed(waiting.revision)
        assert all(each.revision > waiting.revision for each in self.session.pending)

    @rule()
    def save_and_load(self) -> None:
        text = dumps(self.session.patch)
        self.session.load(loads(text), "ann")
        assert dumps(self.session.patch) == text
        assert not self.session.pending
        self.wrote.clear()

    @invariant()
    def everyone_has_the_same_sound_document(self) -> None:
        assert self.copy == self.session.patch
        sound(self.session.patch)

    @invariant()
    def what_is_heard_is_sound_and_ends_in_the_document(self) -> None:
        stages = self.session.stages()
        assert len(stages) == len(self.session.pending) + 1
        assert stages[-1] is self.session.patch
        if self.session.pending:
            sound(stages[0])


Alone.TestCase.settings = settings(max_examples=examples(30), stateful_step_count=25, deadline=None)
Together.TestCase.settings = settings(max_examples=examples(40), stateful_step_count=25, deadline=None)
TestAlone = Alone.TestCase
TestTogether = Together.TestCase
