"""Random sessions of editing against the simplest history there is: a list of all patches so far."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from demon_patch.errors import PatchError
from demon_patch.patch import wire
from demon_patch.patch.commands import Batch, Command, apply
from demon_patch.patch.document import Patch
from demon_patch.patch.format import dumps, loads
from demon_patch.patch.history import History
from tests.patch.strategies import commands


class Session(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.history = History(Patch())
        self.past: list[Patch] = []
        self.future: list[Patch] = []
        self.begun: Patch | None = None

    @property
    def patch(self) -> Patch:
        return self.history.patch

    def _do(self, command: Command) -> None:
        before, text = self.patch, dumps(self.patch)
        assert wire.decode(wire.encode(command)) == command
        try:
            self.history.do(command)
        except PatchError:
            assert self.patch is before
            return
        finally:
            assert dumps(before) == text
        if self.begun is None:
            self._finished(before)

    def _finished(self, before: Patch) -> None:
        self.past.append(before)
        self.future.clear()

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        self._do(data.draw(commands(self.patch)))

    @rule(data=st.data())
    def edit_in_a_batch(self, data: st.DataObject) -> None:
        batch: list[Command] = []
        patch = self.patch
        for _ in range(data.draw(st.integers(0, 4))):
            command = data.draw(commands(patch))
            batch.append(command)
            try:
                patch, _ = apply(command, patch)
            except PatchError:
                break
        self._do(Batch(tuple(batch)))

    @precondition(lambda self: self.begun is None)
    @rule()
    def begin(self) -> None:
        self.history.begin("gesture")
        self.begun = self.patch

    @precondition(lambda self: self.begun is not None)
    @rule(keep=st.booleans())
    def end(self, keep: bool) -> None:
        assert self.begun is not None
        steps = len(self.history.labels)
        if keep:
            self.history.end()
            if len(self.history.labels) > steps:
                self._finished(self.begun)
        else:
            assert self.history.cancel() == self.begun
        self.begun = None

    @precondition(lambda self: self.begun is None)
    @rule()
    def undo(self) -> None:
        before = self.patch
        assert (self.history.undo() is None) == (not self.past)
        if self.past:
            self.future.append(before)
            assert self.patch == self.past[-1]
            assert dumps(self.patch) == dumps(self.past.pop())

    @precondition(lambda self: self.begun is None)
    @rule()
    def redo(self) -> None:
        before = self.patch
        assert (self.history.redo() is None) == (not self.future)
        if self.future:
            self.past.append(before)
            assert self.patch == self.future.pop()

    @invariant()
    def cables_are_sound(self) -> None:
        sockets = [cable.socket for cable in self.patch.cables]
        assert all(one < other for one, other in pairwise(sockets))
        assert {end for s in sockets for end in (s.src, s.dst)} <= self.patch.nodes.keys()

    @invariant()
    def the_file_is_the_patch(self) -> None:
        text = dumps(self.patch)
        assert loads(text) == self.patch
        assert dumps(loads(text)) == text


Session.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestSession = Session.TestCase
