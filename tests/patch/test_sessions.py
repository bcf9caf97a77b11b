"""Random sessions of editing against the simplest history there is: a list of all patches so far."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from demon_patch.errors import PatchError
from demon_patch.patch import wire
from demon_patch.patch.commands import (
    ABSENT,
    AddNode,
    Batch,
    Command,
    Connect,
    Disconnect,
    Move,
    RemoveNode,
    Rename,
    Replace,
    SetBypass,
    SetCable,
    SetMeta,
    SetRange,
    SetSong,
    SetValue,
    apply,
)
from demon_patch.patch.document import Patch
from demon_patch.patch.format import dumps, loads
from demon_patch.patch.history import History
from tests.patch import strategies as some


@st.composite
def commands(draw: st.DrawFn, patch: Patch) -> Command:
    """A command on a patch that can be done, or, at times, cannot."""
    ids = st.sampled_from(sorted(patch.nodes) or ["a"])
    sockets = st.sampled_from([cable.socket for cable in patch.cables])
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(AddNode, some.ids, some.nodes),
        st.builds(RemoveNode, ids),
        st.builds(Connect, some.cables_among(sorted(patch.nodes) or ["a"])),
        st.builds(SetValue, ids, some.ports, some.values | st.just(ABSENT)),
        st.tuples(ids, some.ports, some.ranges).map(lambda t: SetRange(t[0], t[1], *t[2])),
        st.builds(SetRange, ids, some.ports),
        st.builds(Move, st.dictionaries(ids, some.positions, max_size=2)),
        st.builds(Rename, ids, some.lines),
        st.builds(SetBypass, ids, st.booleans()),
        st.builds(SetMeta, title=some.lines, tags=st.lists(some.lines, max_size=2).map(tuple)),
        st.builds(SetSong, bpm=st.none() | st.floats(1, 300)),
        ids.flatmap(
            lambda id: st.builds(
                Replace,
                st.just(id),
                some.nodes,
                st.lists(st.sampled_from([c.socket for c in patch.cables_of(id)] or [None]), max_size=2, unique=True)
                .map(lambda kept: tuple(socket for socket in kept if socket is not None)),
            )
        ),
    ]  # fmt: skip
    if patch.cables:
        kinds.append(sockets.map(lambda socket: Disconnect(*socket)))
        kinds.append(
            st.tuples(sockets, st.fixed_dictionaries({}, optional=some.settings_of_cables)).map(
                lambda t: SetCable(*t[0], **t[1])
            )
        )
    return draw(st.one_of(kinds))


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
