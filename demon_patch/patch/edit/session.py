"""An edit session: applies the commands of several clients in order, reports each edit, and undoes per client.

One thread owns a session, or its owner's lock guards it. A session starts no thread and waits for nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import Command, ReplacePatch
from demon_patch.patch.edit.footprint import footprint
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.history import History, UndoStep, do_step, extend_step, undo_step
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import quoted

KEPT = 4096
"""The most deltas that a session keeps for `edits_since`."""
KEPT_BYTES = 64 * 2**20
"""The most bytes of memory that the commands of the kept deltas take. The latest delta is kept at any size."""
KEPT_CLIENTS = 64
"""The most clients whose undo steps a session keeps, beside those with an open gesture: the latest to use it."""


class Revision(NamedTuple):
    """Names a state of the document. `load` adds 1 to the epoch and sets the counter to 0; each edit adds 1 to the
    counter."""

    epoch: int
    counter: int


class Delta(Struct, frozen=True):
    """An edit that was accepted: the revision that it made, who made it, what it is called, what does it, and the grid
    that it waits for. cancels: it takes back what was not heard yet. The first of an epoch is the whole document."""

    revision: Revision
    client: str
    label: str
    command: Command
    at: Grid | None = None
    cancels: bool = False


class PendingStep(NamedTuple):
    """An undo step that is in the document already, and is heard only from the next point of its grid on.

    revision: the revision that its first edit made; it identifies the step.
    """

    revision: Revision
    client: str
    at: Grid
    step: UndoStep


class UndoResult(NamedTuple):
    """The result of an undo, a redo or a cancel.

    label: of the step.
    skipped: one error for each part of the document that was not changed back, with the reason.
    """

    label: str
    skipped: tuple[PatchError, ...] = ()


class EditSession:
    """A document that clients edit. Each client chooses the name that it is known by.

    An edit that cannot be done raises PatchError and changes nothing. Undo is per client: it takes back the client's
    own latest step. Fields that another client has changed or removed since are left alone, and the result names them.
    With a single client, undo restores a document equal to the earlier one.
    """

    def __init__(self, patch: Patch | None = None) -> None:
        self._patch = Patch() if patch is None else patch
        self._revision = Revision(0, 0)
        self._histories: dict[str, History] = {}
        self._pending: list[PendingStep] = []
        self._log: deque[Delta] = deque()
        self._sizes: deque[int] = deque()  # of the deltas in the log
        self._size = 0  # of all of them
        self._subscribers: list[Callable[[Delta], object]] = []
        self._untold: deque[Delta] = deque()
        self._telling = False

    @property
    def patch(self) -> Patch:
        """The document after all edits so far, those that are not heard yet among them."""
        return self._patch

    @property
    def revision(self) -> Revision:
        """The revision of `patch`."""
        return self._revision

    # -- edits --------------------------------------------------------------------------------------------------
    def do(self, command: Command, client: str, label: str = "", at: Grid | None = None) -> Delta:
        """Applies a command and returns the delta that subscribers receive; raises PatchError.

        The edit becomes an undo step of the client, or a part of its open gesture.
        at: the grid from whose next point on the edit is heard. The document itself changes at once.
        """
        patch, step = do_step(command, self._patch, label, at)
        delta = self._accept(patch, client, step.label, command, at)
        step = step.at_revision(delta.revision.counter)
        history = self._begun(client)
        history.add(step)
        if at is not None:
            self._wait(PendingStep(delta.revision, client, at, step), history.gesture)
        self._tell(delta)
        return delta

    def load(self, patch: Patch, client: str, label: str = "Load") -> Delta:
        """Replaces the document and returns the delta of that: a new epoch with no undo steps and none pending."""
        self._revision = Revision(self._revision.epoch + 1, 0)
        self._patch = patch
        self._histories.clear()
        self._pending.clear()
        self._log.clear()
        self._sizes.clear()
        self._size = 0
        delta = Delta(self._revision, client, label, ReplacePatch(patch))
        self._remember(delta)
        self._tell(delta)
        return delta

    # -- gestures -----------------------------------------------------------------------------------------------
    def begin(self, client: str, label: str) -> None:
        """Opens a gesture: all edits of the client until `end` become one undo step. PatchError if one is open."""
        history = self._begun(client)
        if history.gesture is not None:
            raise PatchError(f"the gesture {quoted(history.gesture.label)} is still open", mend="end it first")
        history.gesture = UndoStep(label, ())

    def end(self, client: str) -> None:
        """Closes the client's gesture and makes its edits one undo step; none if there were no edits. PatchError if no
        gesture is open."""
        self._open(client).end()

    def cancel(self, client: str) -> UndoResult:
        """Closes the client's gesture and takes its edits back; returns what was skipped. PatchError if none is
        open."""
        history = self._open(client)
        step, history.gesture = history.gesture, None
        assert step is not None
        return self._take(step, client, "Cancel", None)[1]

    def cancel_pending(self, revision: Revision, client: str) -> UndoResult:
        """Takes a pending step of the client back, so that it is never heard; returns what was skipped. PatchError if
        no step of that revision is pending, or another client made it."""
        own = (w for w in self._pending if w.client == client and w.step.holds(revision.counter))
        found = next(own, None) or next((w for w in self._pending if w.revision == revision), None)
        if found is None or revision.epoch != self._revision.epoch:
            raise PatchError("no edit of that revision waits", mend="it is heard already, or was cancelled: undo it")
        history = self._history(client)
        step = history.take(revision.counter) if found.client == client else None
        if step is None:
            raise PatchError(f"{quoted(found.client)} made that edit", mend="let that client cancel it")
        return self._take(step, client, "Cancel", None)[1]

    def leave(self, client: str) -> None:
        """Closes the gesture of a client that has gone, if one is open. Its history is kept under its name."""
        self._history(client).end()

    # -- undo ---------------------------------------------------------------------------------------------------
    def undo(self, client: str, at: Grid | None = None) -> UndoResult | None:
        """Takes the client's latest undo step back and returns the result; None if the client has no step.

        An open gesture is closed first. A step that is still pending is cancelled, so it is never heard. Where no step
        is left and older ones were dropped to save memory, the result has no label and an error that says so.
        at: the grid from whose next point on the undo is heard.
        """
        history = self._history(client)
        history.end()
        if not history.done:
            if not history.forgotten:
                return None
            return UndoResult("", (PatchError("what was done before is no longer kept", mend="change it by hand"),))
        again, undone = self._take(history.pop(), client, "Undo", at)
        if again.parts or not undone.skipped:
            history.undone.append(again)
        return undone

    def redo(self, client: str, at: Grid | None = None) -> UndoResult | None:
        """Does the client's latest undone step again and returns the result; None if there is none.

        An open gesture is closed first.
        at: the grid from whose next point on the step is heard; by default the grid of the step.
        """
        history = self._history(client)
        history.end()
        if not history.undone:
            return None
        step = history.undone.pop()
        again, undone = self._take(step, client, "Redo", at or step.at)
        if again.parts or not undone.skipped:
            history.push(again)
        return undone

    def labels(self, client: str) -> tuple[str, ...]:
        """Returns the labels of the client's steps that `undo` can take back, oldest first."""
        return tuple(step.label for step in self._history(client).done)

    def undone_labels(self, client: str) -> tuple[str, ...]:
        """Returns the labels of the client's steps that `redo` can do again, the next one first."""
        return tuple(step.label for step in reversed(self._history(client).undone))

    def steps(self, client: str) -> tuple[tuple[UndoStep, ...], tuple[UndoStep, ...]]:
        """The client's steps that `undo` can take back, oldest first; and those that `redo` can do again, the next one
        first."""
        history = self._history(client)
        return tuple(history.done), tuple(reversed(history.undone))

    # -- what is not heard yet ----------------------------------------------------------------------------------
    @property
    def pending(self) -> tuple[PendingStep, ...]:
        """The steps that are not heard yet, in the order in which they were made. They become heard in that order."""
        return tuple(self._pending)

    def landed(self, revision: Revision) -> None:
        """Notes that a pending step, named by its revision, is heard now, and so are all pending steps before it. A
        step that has been cancelled meanwhile is no error."""
        self._pending = [waiting for waiting in self._pending if waiting.revision > revision]

    def stages(self) -> tuple[Patch, ...]:
        """Returns the document that is heard now, followed by the document after each pending step, in order.

        Edits without a grid are in all of them, also where a pending step has changed the same field.
        """
        patches = [self._patch]
        for waiting in reversed(self._pending):
            patches.append(undo_step(waiting.step, patches[-1])[0])
        return tuple(reversed(patches))

    # -- for those who follow -----------------------------------------------------------------------------------
    def subscribe(self, hear: Callable[[Delta], object]) -> Callable[[], None]:
        """Calls `hear` with each delta from now on, in order, on the thread that edits. Returns a function that ends
        the subscription."""
        self._subscribers.append(hear)
        return lambda: self._subscribers.remove(hear)

    def edits_since(self, revision: Revision) -> tuple[Delta, ...] | None:
        """Returns the deltas after a revision, in order; None if they are no longer kept or the revision is of another
        epoch. The caller then takes the whole document (`snapshot`)."""
        epoch, counter = revision
        if epoch != self._revision.epoch or not 0 <= counter <= self._revision.counter:
            return None
        missing = self._revision.counter - counter
        news = tuple(delta for delta in self._log if delta.revision > revision)
        return news if len(news) == missing else None

    def snapshot(self) -> tuple[Revision, Patch]:
        """Returns the revision of the document and the document."""
        return self._revision, self._patch

    # -- within -------------------------------------------------------------------------------------------------
    def _history(self, client: str) -> History:
        """Returns a client's history; an empty one where none is kept."""
        return self._histories.get(client) or History()

    def _begun(self, client: str) -> History:
        """Returns the history to which a client adds, and drops that of the one who has added to none for longest."""
        self._histories[client] = history = self._histories.pop(client, None) or History()  # the latest is last
        if len(self._histories) > KEPT_CLIENTS:
            gone = next((name for name, each in self._histories.items() if each.gesture is None), client)
            if gone != client:
                del self._histories[gone]
        return history

    def _open(self, client: str) -> History:
        history = self._history(client)
        if history.gesture is None:
            raise PatchError("no gesture is open", mend="begin one first")
        return history

    def _accept(
        self, patch: Patch, client: str, label: str, command: Command, at: Grid | None, cancels: bool = False
    ) -> Delta:
        """Makes `patch` the document under the next revision; returns and keeps its delta."""
        self._patch = patch
        self._revision = Revision(self._revision.epoch, self._revision.counter + 1)
        delta = Delta(self._revision, client, label, command, at, cancels)
        self._remember(delta)
        return delta

    def _remember(self, delta: Delta) -> None:
        """Adds a delta to the log and drops the oldest ones beyond KEPT and KEPT_BYTES."""
        self._log.append(delta)
        self._sizes.append(footprint(delta.command))
        self._size += self._sizes[-1]
        while len(self._log) > 1 and (len(self._log) > KEPT or self._size > KEPT_BYTES):
            self._log.popleft()
            self._size -= self._sizes.popleft()

    def _take(self, step: UndoStep, client: str, word: str, at: Grid | None) -> tuple[UndoStep, UndoResult]:
        """Takes a step back in a new revision; no revision if none of it can be taken back.

        Returns the step that does it again, and the result. word: begins the label of the delta, as "Undo".
        """
        patch, again, skipped = undo_step(step, self._patch)
        left = [
            waiting
            for waiting in self._pending
            if not (waiting.client == client and step.holds(waiting.revision.counter))
        ]
        cancelled, self._pending = len(left) < len(self._pending), left
        if again.parts:
            at = None if cancelled else at
            delta = self._accept(patch, client, f"{word} {step.label}", again.command, at, cancelled)
            again = again.at_revision(delta.revision.counter)
            if at is not None:
                self._pending.append(PendingStep(delta.revision, client, at, again))
            self._tell(delta)
        return again, UndoResult(step.label, skipped)

    def _wait(self, new: PendingStep, gesture: UndoStep | None) -> None:
        """Adds a pending step. If the last pending step is of the same open gesture, extends that one instead."""
        last = self._pending[-1] if self._pending else None
        if last and gesture and last.client == new.client and gesture.holds(last.revision.counter):
            self._pending[-1] = last._replace(step=extend_step(last.step, new.step))
        else:
            self._pending.append(new)

    def _tell(self, delta: Delta) -> None:
        """Calls the subscribers with a delta. Where a subscriber edits in turn, its delta follows after this one."""
        self._untold.append(delta)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                news = self._untold.popleft()
                for hear in tuple(self._subscribers):
                    hear(news)
        finally:
            self._telling = False
