"""A document that several clients edit: orders their commands, tells everyone, and undoes for each its own.

A session is owned by one thread, or guarded by its owner's lock; it starts none and waits for nothing.
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
"""The latest deltas that can be asked for."""
KEPT_BYTES = 64 * 2**20
"""Of their commands, as they take memory; the latest one is kept however large it is."""


class Revision(NamedTuple):
    """A state of the document: the epoch changes when another document is loaded, the counter with every edit."""

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
    """A step that is in the document, and heard from a grid on. revision: of its first edit, by which it is known."""

    revision: Revision
    client: str
    at: Grid
    step: UndoStep


class UndoResult(NamedTuple):
    """What an undo or a redo came to: the step's label, and what had to be left as it is, and why."""

    label: str
    skipped: tuple[PatchError, ...] = ()


_FORGOTTEN = PatchError("what was done before is no longer kept", mend="change it by hand")


class EditSession:
    """A document under edit by clients, each known by a name of its own choice.

    An edit that cannot be done raises PatchError and changes nothing. Undo is per client: it takes the client's own
    latest step back from the document as it now is. What another client has changed since, or taken away, is left and
    named in the result; with one client, the equal document comes back.
    """

    def __init__(self, patch: Patch | None = None) -> None:
        self._patch = Patch() if patch is None else patch
        self._revision = Revision(0, 0)
        self._histories: dict[str, History] = {}
        self._pending: list[PendingStep] = []
        self._log: deque[Delta] = deque()
        self._sizes: deque[int] = deque()  # of the deltas in the log
        self._subscribers: list[Callable[[Delta], object]] = []
        self._untold: deque[Delta] = deque()
        self._telling = False

    @property
    def patch(self) -> Patch:
        """The document as it stands."""
        return self._patch

    @property
    def revision(self) -> Revision:
        """Of the document as it stands."""
        return self._revision

    # -- edits --------------------------------------------------------------------------------------------------
    def do(self, command: Command, client: str, label: str = "", at: Grid | None = None) -> Delta:
        """Edits the document: a step of the client's own, or a part of its open gesture. at: where it is to be heard
        from; the document changes at once."""
        patch, step = do_step(command, self._patch, label, at)
        delta = self._accept(patch, client, step.label, command, at)
        step = step.at_revision(delta.revision.counter)
        history = self._history(client)
        history.add(step)
        if at is not None:
            self._wait(PendingStep(delta.revision, client, at, step), history.gesture)
        self._tell(delta)
        return delta

    def load(self, patch: Patch, client: str, label: str = "Load") -> Delta:
        """Another document takes the place of this one: a new epoch, in which there is nothing to undo."""
        self._revision = Revision(self._revision.epoch + 1, 0)
        self._patch = patch
        self._histories.clear()
        self._pending.clear()
        self._log.clear()
        self._sizes.clear()
        delta = Delta(self._revision, client, label, ReplacePatch(patch))
        self._remember(delta)
        self._tell(delta)
        return delta

    # -- gestures -----------------------------------------------------------------------------------------------
    def begin(self, client: str, label: str) -> None:
        """Opens a gesture of a client: all that it does until `end` becomes one step."""
        history = self._history(client)
        if history.gesture is not None:
            raise PatchError(f"the gesture {quoted(history.gesture.label)} is still open", mend="end it first")
        history.gesture = UndoStep(label, ())

    def end(self, client: str) -> None:
        """Closes the gesture as it stands; one in which nothing was done leaves no step."""
        self._open(client).end()

    def cancel(self, client: str) -> UndoResult:
        """Closes the gesture and takes back what it did."""
        history = self._open(client)
        step, history.gesture = history.gesture, None
        assert step is not None
        return self._take(step, client, "Cancel", None)[1]

    def leave(self, client: str) -> None:
        """A client is gone: its gesture is closed as it stands. Under the same name it finds its history again."""
        self._history(client).end()

    # -- undo ---------------------------------------------------------------------------------------------------
    def undo(self, client: str, at: Grid | None = None) -> UndoResult | None:
        """Takes the client's latest step back, closing its gesture first; one that was not heard yet is cancelled.
        None if there is no step; where there were some that are no longer kept, the result says so."""
        history = self._history(client)
        history.end()
        if not history.done:
            return UndoResult("", (_FORGOTTEN,)) if history.forgotten else None
        again, undone = self._take(history.pop(), client, "Undo", at)
        if again.parts or not undone.skipped:
            history.undone.append(again)
        return undone

    def redo(self, client: str, at: Grid | None = None) -> UndoResult | None:
        """Does the client's latest undone step again, closing its gesture first; on the grid that it was made for,
        unless there is another. None if there is no step."""
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
        """What `undo` would take back, oldest first."""
        return tuple(step.label for step in self._history(client).done)

    def undone_labels(self, client: str) -> tuple[str, ...]:
        """What `redo` would do again, the next one first."""
        return tuple(step.label for step in reversed(self._history(client).undone))

    # -- what is not heard yet ----------------------------------------------------------------------------------
    @property
    def pending(self) -> tuple[PendingStep, ...]:
        """The steps that wait for their grid, in the order in which they were made, which is that of their landing."""
        return tuple(self._pending)

    def landed(self, revision: Revision) -> None:
        """That pending step is heard now, and with it all before it; one that was cancelled meanwhile is no mistake."""
        self._pending = [waiting for waiting in self._pending if waiting.revision > revision]

    def stages(self) -> tuple[Patch, ...]:
        """The document as it is heard now, then as it will be when each pending step has landed.

        What was edited without a grid is in all of them, also where a pending step has changed the same field.
        """
        patches = [self._patch]
        for waiting in reversed(self._pending):
            patches.append(undo_step(waiting.step, patches[-1])[0])
        return tuple(reversed(patches))

    # -- for those who follow -----------------------------------------------------------------------------------
    def subscribe(self, hear: Callable[[Delta], object]) -> Callable[[], None]:
        """Calls `hear` with every edit from now on, in order, on the thread that makes it; the result ends that."""
        self._subscribers.append(hear)
        return lambda: self._subscribers.remove(hear)

    def edits_since(self, revision: Revision) -> tuple[Delta, ...] | None:
        """The edits that were made after a revision; None where the whole document has to be asked for instead."""
        epoch, counter = revision
        if epoch != self._revision.epoch or not 0 <= counter <= self._revision.counter:
            return None
        missing = self._revision.counter - counter
        news = tuple(delta for delta in self._log if delta.revision > revision)
        return news if len(news) == missing else None

    def snapshot(self) -> tuple[Revision, Patch]:
        """The whole document and its revision."""
        return self._revision, self._patch

    # -- within -------------------------------------------------------------------------------------------------
    def _history(self, client: str) -> History:
        return self._histories.setdefault(client, History())

    def _open(self, client: str) -> History:
        history = self._history(client)
        if history.gesture is None:
            raise PatchError("no gesture is open", mend="begin one first")
        return history

    def _accept(
        self, patch: Patch, client: str, label: str, command: Command, at: Grid | None, cancels: bool = False
    ) -> Delta:
        """The next revision."""
        self._patch = patch
        self._revision = Revision(self._revision.epoch, self._revision.counter + 1)
        delta = Delta(self._revision, client, label, command, at, cancels)
        self._remember(delta)
        return delta

    def _remember(self, delta: Delta) -> None:
        """Adds an edit to those that can be asked for, of which the oldest are dropped."""
        self._log.append(delta)
        self._sizes.append(footprint(delta.command))
        while len(self._log) > 1 and (len(self._log) > KEPT or sum(self._sizes) > KEPT_BYTES):
            self._log.popleft()
            self._sizes.popleft()

    def _take(self, step: UndoStep, client: str, word: str, at: Grid | None) -> tuple[UndoStep, UndoResult]:
        """Takes a step back, as a revision of its own if anything of it can be; the step that does it again."""
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
        """Adds a pending step, or what a gesture goes on with to the one that waits already."""
        last = self._pending[-1] if self._pending else None
        if last and gesture and last.client == new.client and gesture.holds(last.revision.counter):
            self._pending[-1] = last._replace(step=extend_step(last.step, new.step))
        else:
            self._pending.append(new)

    def _tell(self, delta: Delta) -> None:
        """Tells the subscribers, one delta after the other, also where one of them edits in turn."""
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
