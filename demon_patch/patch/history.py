"""What was done to a patch, and how it is undone."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from demon_patch.errors import PatchError
from demon_patch.patch.commands import Batch, Command, apply
from demon_patch.patch.data import quoted
from demon_patch.patch.document import Patch

LIMIT = 1000


class Step(NamedTuple):
    """One step of undo: its label, what does it, and what takes it back."""

    label: str
    command: Command
    inverse: Command


class History:
    """A patch under edit, for one client.

    `patch` is the document as it stands. Every step can be undone, the latest `limit` of them, and undoing gives back
    the equal patch; a new step after an undo forgets the undone ones.
    """

    def __init__(self, patch: Patch, limit: int = LIMIT) -> None:
        self.patch = patch
        self._done: deque[Step] = deque(maxlen=limit)
        self._undone: list[Step] = []
        self._gesture: tuple[str, list[Step]] | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """What can be undone, oldest first."""
        return tuple(self._done)

    @property
    def labels(self) -> tuple[str, ...]:
        """What `undo` would take back, oldest first."""
        return tuple(step.label for step in self._done)

    @property
    def undone_labels(self) -> tuple[str, ...]:
        """What `redo` would do again, the next one first."""
        return tuple(step.label for step in reversed(self._undone))

    def do(self, command: Command, label: str = "") -> Patch:
        """Edits the patch: a step of its own, or a part of the open gesture; PatchError leaves all as it was.

        Without a label, the step is called after the command.
        """
        self.patch, inverse = apply(command, self.patch)
        step = Step(label or _title(command), command, inverse)
        if self._gesture is None:
            self._finish(step)
        else:
            _append(self._gesture[1], step)
        return self.patch

    def begin(self, label: str) -> None:
        """Opens a gesture: all that is done until `end` becomes one step."""
        if self._gesture is not None:
            raise PatchError(f"the gesture {quoted(self._gesture[0])} is still open", mend="end it first")
        self._gesture = label, []

    def end(self) -> Patch:
        """Closes the open gesture as it stands; one in which nothing was done leaves no step."""
        if self._gesture is None:
            raise PatchError("no gesture is open", mend="begin one first")
        (label, steps), self._gesture = self._gesture, None
        if steps:
            self._finish(_joined(label, steps))
        return self.patch

    def cancel(self) -> Patch:
        """Closes the open gesture and takes back all that it did."""
        if self._gesture is None:
            raise PatchError("no gesture is open", mend="begin one first")
        (label, steps), self._gesture = self._gesture, None
        self.patch, _ = apply(_joined(label, steps).inverse, self.patch)
        return self.patch

    def undo(self) -> str | None:
        """Takes the latest step back, closing an open gesture first; its label, or None if there is none."""
        if self._gesture is not None:
            self.end()
        if not self._done:
            return None
        step = self._done.pop()
        self.patch, _ = apply(step.inverse, self.patch)
        self._undone.append(step)
        return step.label

    def redo(self) -> str | None:
        """Does the latest undone step again, closing an open gesture first; its label, or None if there is none."""
        if self._gesture is not None:
            self.end()
        if not self._undone:
            return None
        step = self._undone.pop()
        self.patch, _ = apply(step.command, self.patch)
        self._done.append(step)
        return step.label

    def _finish(self, step: Step) -> None:
        self._done.append(step)
        self._undone.clear()


def _append(steps: list[Step], step: Step) -> None:
    """Adds a step to a gesture; where it overwrites the one before, it takes that one's place."""
    if steps and step.command.target is not None and step.command.target == steps[-1].command.target:
        steps[-1] = steps[-1]._replace(command=step.command)
    else:
        steps.append(step)


def _joined(label: str, steps: list[Step]) -> Step:
    if len(steps) == 1:
        return steps[0]._replace(label=label)
    inverses = tuple(step.inverse for step in reversed(steps))
    return Step(label, Batch(tuple(step.command for step in steps)), Batch(inverses))


def _title(command: Command) -> str:
    """The command's name in words: "Set value"."""
    return str(command.__struct_config__.tag).replace("_", " ").capitalize()
