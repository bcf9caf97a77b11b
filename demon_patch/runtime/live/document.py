"""The document of a performance: its edit session, its live values, and which version is heard when."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshots import Recall, morph, recall, stored
from demon_patch.nodes.editing.valid_overlay import checked, valid_overlay
from demon_patch.patch.edit.commands import Command, SetSnapshot
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.edit.field_paths import changes
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.history import UndoStep
from demon_patch.patch.edit.overlay import Key, Overlay
from demon_patch.patch.edit.session import Delta, EditSession, PendingStep, Revision, UndoResult
from demon_patch.patch.model import ids
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.json_values import Value, quoted

PLAYER = "player"
"""The client that edits where none is named: who plays."""


class DocumentStage(NamedTuple):
    """The document as it sounds from a grid on, live values included.

    key, label: those of the edit or recall that is heard from the grid on; None and "" for the first stage, which
        sounds now.
    at: the grid; None for the first stage.
    patch: the document with the live values that it can have.
    base: the document without live values.
    live: all live values.
    """

    key: Hashable
    at: Grid | None
    label: str
    patch: Patch
    base: Patch
    live: Overlay


class WaitingRecall(NamedTuple):
    """A recall that waits for its grid.

    number: counts the recalls that waited, from 1.
    after: the revision at which it was asked for; it is heard after the edits up to there.
    at: the grid from which it is heard.
    snapshot: what is recalled.
    """

    number: int
    after: Revision
    at: Grid
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class LiveValues:
    """The live values, with the time at which each was set.

    overlay: the live values.
    since: by port or cable, the number of the latest edit when its live value was set.
    """

    overlay: Overlay = field(default_factory=Overlay)
    since: Mapping[Key | CableKey, int] = field(default_factory=dict)

    def put(self, overlay: Overlay, keys: Collection[Key | CableKey], counter: int) -> LiveValues:
        """Returns the live values with another overlay, in which the values of some keys were set after edit number
        `counter`."""
        return LiveValues(overlay, {**self.since, **dict.fromkeys(keys, counter)})

    def recalled(self, found: Recall, counter: int) -> LiveValues:
        """Returns the live values after a recall that was asked for after edit number `counter`."""
        return self.put(found.applied_to(self.overlay), found.overlay.keys, counter)

    def edit_heard(self, edit: UndoStep) -> LiveValues:
        """Returns the live values once an edit is heard: those over what it writes are released, except for those that
        were turned after the edit was made."""
        spared = {key for key, put in self.since.items() if put >= edit.last}
        changed = (path for part in edit.parts for path in part.changed)
        return LiveValues(self.overlay.without_overwritten(edit.command, changed, spared), self.since)

    def released(self, *keys: Key | CableKey) -> LiveValues:
        """Returns the live values without those of some ports and cables."""
        return LiveValues(self.overlay.released(*keys), self.since)


class LiveDocument:
    """A document that is edited while it plays. No method waits for the sound.

    An edit or a recall may have a grid. It is then heard from that grid on, and never before one that was made
    earlier. An edit that is undone before it is heard is cancelled. When an edit is heard, the live values over what
    it writes are released, except for those that were turned after it was made.

    changed: called after every change, outside of the lock.
    """

    def __init__(self, patch: Patch, changed: Callable[[], object] = lambda: None) -> None:
        self._session, self._changed = EditSession(patch), changed
        self._live_values = LiveValues()
        self._recalls: list[WaitingRecall] = []
        self._recalled = 0
        self._lock = threading.RLock()
        self._followed = patch  # the document after the last edit that `_follow_edit` was told of
        self._session.subscribe(self._follow_edit)
        self._landings: list[Callable[[Hashable], object]] = []

    @property
    def patch(self) -> Patch:
        """From any thread. The document with all edits, those that are not heard yet included; without live values."""
        return self._session.patch

    @property
    def live(self) -> Overlay:
        """From any thread. The latest live values."""
        return self._live_values.overlay

    @property
    def sounding(self) -> Patch:
        """From any thread. The document as it sounds now, live values included; without edits and recalls that wait for
        their grid."""
        return self.stages()[0].patch

    @contextmanager
    def session(self) -> Iterator[EditSession]:
        """From any thread. Gives the edit session, which no other thread can use meanwhile. Calls `changed` at the end
        if it was edited."""
        edited = False
        try:
            with self._lock:
                before = self._session.revision, len(self._session.pending)
                try:
                    yield self._session
                finally:
                    edited = (self._session.revision, len(self._session.pending)) != before
        finally:
            if edited:
                self._changed()

    # -- edits --------------------------------------------------------------------------------------------------
    def do(self, command: Command, client: str = PLAYER, label: str = "", at: Grid | None = None) -> Delta:
        """From any thread. Edits the document and returns the session's `Delta`. Releases the live values over what is
        written: at once, or for an edit with a grid when it is heard. Raises PatchError, and changes nothing, where
        the command cannot be done."""
        with self.session() as session:
            return session.do(command, client, label, at)

    def edit(self, patch: Patch, client: str = PLAYER, label: str = "Edit", at: Grid | None = None) -> Delta | None:
        """From any thread. Makes the document equal to another one, in one undo step. Returns the session's `Delta`, or
        None where the two are equal already."""
        with self.session() as session:
            command = difference(session.patch, patch)
            return None if command is None else session.do(command, client, label, at)

    def undo(self, client: str = PLAYER, at: Grid | None = None) -> UndoResult | None:
        """From any thread. Takes back the client's latest undo step, and returns the session's result
        (`EditSession.undo`)."""
        with self.session() as session:
            return session.undo(client, at)

    def redo(self, client: str = PLAYER, at: Grid | None = None) -> UndoResult | None:
        """From any thread. Does again what the client's latest undo took back, and returns the session's result
        (`EditSession.redo`)."""
        with self.session() as session:
            return session.redo(client, at)

    # -- live values --------------------------------------------------------------------------------------------
    def turn(self, node: str, port: str, value: Value) -> None:
        """From any thread. Gives a knob a live value, in the port's unit, over its base, until it is kept or released.
        Raises PatchError for a port that does not exist, and for a value that it does not take."""
        self.turn_all([(node, port, value)])

    def turn_all(self, values: Iterable[tuple[str, str, Value]]) -> None:
        """From any thread. As `turn`, for several knobs at once, each (node, port, value): all of them, or none where
        one raises."""
        with self._lock:
            heard, live = self._session.stages()[0], self._live_values
            for node, port, value in values:
                try:
                    checked(self.patch, CATALOGUE, node, port, value)
                except PatchError:
                    if heard is self.patch:
                        raise
                    checked(heard, CATALOGUE, node, port, value)  # what is on its way out can still be turned
                turned = live.overlay.turned(node, port, value)
                live = live.put(turned, [(node, port)], self._session.revision.counter)
            self._live_values = live
        self._changed()

    def release(self, *keys: Key | CableKey) -> None:
        """From any thread. Drops the live values of some ports and cables. Without keys it drops all of them, and all
        recalls that wait."""
        with self._lock:
            self._live_values = self._live_values.released(*keys) if keys else LiveValues()
            if not keys:
                self._recalls.clear()
        self._changed()

    def keep(self, client: str = PLAYER) -> Patch:
        """From any thread. Makes the live values the base, in one undo step, and returns the new document. Live values
        that a waiting edit will release stay live until then, and recalls that wait go on waiting."""
        with self.session() as session:
            live = self._live_values
            for waiting in session.pending:
                live = _heard(live, waiting)
            lasting = valid_overlay(live.overlay, session.patch, CATALOGUE)
            if (command := lasting.keeping_command(session.patch)) is not None:
                session.do(command, client, "Keep live values")
            self._live_values = self._live_values.released(*lasting.keys)
            return session.patch

    # -- snapshots ----------------------------------------------------------------------------------------------
    def store(
        self, title: str = "", scope: Collection[str] | None = None, id: str | None = None, client: str = PLAYER
    ) -> str:
        """From any thread. Stores what sounds now as a snapshot, and returns its id. Raises PatchError for a node that
        does not exist.

        scope: the nodes that it stores; all by default.
        id: the snapshot that it replaces; a new id by default.
        """
        with self.session() as session:
            id = id or ids.fresh(session.patch.snapshots)
            for node in scope or ():
                session.patch.node(node)
            sounding = self.sounding
            within = None if scope is None else [node for node in scope if node in sounding.nodes]
            snapshot = stored(sounding, CATALOGUE, within, title)
            snapshot = snapshot.without(sounding.nodes.keys() - session.patch.nodes.keys())
            session.do(SetSnapshot(id, snapshot), client, f"Store {title}".strip())
            return id

    def recall(self, id: str, at: Grid | None = None) -> tuple[PatchError, ...]:
        """From any thread. Makes a snapshot's values live values, at once or from a grid on. Returns an error for each
        thing that the snapshot names and that cannot be set. Raises PatchError where there is no such snapshot."""
        with self._lock:
            snapshot = self._snapshot(id)
            found = recall(snapshot, self.patch, CATALOGUE)
            if at is None:
                self._live_values = self._live_values.recalled(found, self._session.revision.counter)
            else:
                self._recalled += 1
                self._recalls.append(WaitingRecall(self._recalled, self._session.revision, at, snapshot))
        self._changed()
        return found.skipped

    def morph(self, one: str, other: str, amount: float) -> tuple[PatchError, ...]:
        """From any thread. Makes the values between two snapshots live values; `amount` is 0 at the first and 1 at the
        second. Returns and raises errors as `recall` does."""
        with self._lock:
            ends = self._snapshot(one), self._snapshot(other)
            found = morph(*ends, amount, self.patch, CATALOGUE)
            self._live_values = self._live_values.recalled(found, self._session.revision.counter)
        self._changed()
        return found.skipped

    # -- what is heard when -------------------------------------------------------------------------------------
    def stages(self) -> tuple[DocumentStage, ...]:
        """From any thread. Returns the document as it sounds now, and as it will sound after each edit and recall that
        waits, in the order in which they were made."""
        with self._lock:
            patches, edits = self._session.stages(), self._session.pending
            live, number = self._live_values, 0
            stages = [_stage(None, None, "", live, patches[0])]
            for waiting in sorted((*edits, *self._recalls), key=_place):
                if isinstance(waiting, WaitingRecall):
                    found = recall(waiting.snapshot, patches[number], CATALOGUE)
                    live, key = live.recalled(found, waiting.after.counter), waiting.number
                    label = f"Recall {waiting.snapshot.title}".strip()
                else:
                    number += 1
                    live, key, label = _heard(live, waiting), waiting.revision, waiting.step.label
                stages.append(_stage(key, waiting.at, label, live, patches[number]))
            return tuple(stages)

    def follow_landings(self, hear: Callable[[Hashable], object]) -> Callable[[], None]:
        """From any thread. Calls `hear` with the key of each stage that begins to be heard, on the editing thread.
        Returns a function that ends this."""
        self._landings.append(hear)
        return lambda: self._landings.remove(hear)

    def note_landing(self, key: Hashable) -> None:
        """From any thread. Notes that the stage with this key is heard from now on."""
        self._land(key)
        for hear in tuple(self._landings):
            hear(key)

    def _land(self, key: Hashable) -> None:
        with self._lock:
            if isinstance(key, Revision):
                for waiting in self._session.pending:
                    if waiting.revision <= key:
                        self._live_values = _heard(self._live_values, waiting)
                self._session.landed(key)
                self._prune()
            for waiting in [each for each in self._recalls if each.number == key]:
                self._recalls.remove(waiting)
                found = recall(waiting.snapshot, self._session.stages()[0], CATALOGUE)
                self._live_values = self._live_values.recalled(found, waiting.after.counter)

    def _snapshot(self, id: str) -> Snapshot:
        if (found := self.patch.snapshots.get(id)) is None:
            raise PatchError(f"there is no snapshot {quoted(id)}", mend="name one that the patch has")
        return found

    def _follow_edit(self, delta: Delta) -> None:
        """Releases live values after every edit that the session accepts; called under the lock.

        An edit without a grid releases those over all that it writes at once; one with a grid releases them when it
        is heard (`note_landing`). When another document replaces this one, all live values and recalls are dropped.
        """
        before, self._followed = self._followed, self._session.patch
        if delta.revision.counter == 0:
            self._live_values = LiveValues()
            self._recalls.clear()
        elif delta.at is None and not delta.cancels:
            overlay = self._live_values.overlay
            if overlay:
                overlay = overlay.without_overwritten(delta.command, changes(before, self._followed))
            self._live_values = LiveValues(overlay, self._live_values.since)
        self._prune()

    def _prune(self) -> None:
        """Drops the live values that fit no stage of the document."""
        if not self._live_values.overlay:
            self._live_values = LiveValues()
            return
        left = Overlay()
        for patch in self._session.stages():
            left = left.covered_by(valid_overlay(self._live_values.overlay, patch, CATALOGUE))
        self._live_values = LiveValues(left, self._live_values.since)


def _heard(live: LiveValues, edit: PendingStep) -> LiveValues:
    """Returns the live values once an edit that waited is heard."""
    return live.edit_heard(edit.step)


def _stage(key: Hashable, at: Grid | None, label: str, live: LiveValues, base: Patch) -> DocumentStage:
    sounding = valid_overlay(live.overlay, base, CATALOGUE).sounding(base)
    return DocumentStage(key, at, label, sounding, base, live.overlay)


def _place(waiting: PendingStep | WaitingRecall) -> tuple[int, int]:
    """Returns the sort key of an edit or recall that waits: a recall comes after the edits that were made before it."""
    if isinstance(waiting, WaitingRecall):
        return waiting.after.counter, waiting.number
    return waiting.revision.counter, 0
