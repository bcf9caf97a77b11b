"""Undo steps of one client: pure functions that make, extend and undo them, and the client's two stacks of steps.

A step stores the value that each of its edits left in each field. Undo changes a field only while it still has that
value; a value that another client has set since stays.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from demon_patch.errors import PatchError, without_frames
from demon_patch.patch.edit.commands import (
    AddNode,
    AddNodes,
    Batch,
    Command,
    Connect,
    Move,
    RemoveNode,
    RemoveNodes,
    SetCable,
    SetMeta,
    SetSong,
    Within,
    apply,
    title,
    together,
)
from demon_patch.patch.edit.commands.base import fields_set_by
from demon_patch.patch.edit.field_paths import Changes, changed_since, changes
from demon_patch.patch.edit.footprint import footprint
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import CableKey, Patch

LIMIT = 1000
BYTES = 64 * 2**20  # the most memory that a client's done steps take
_UNTOUCHED: Final = (object(), object())  # equal to no field's value


class StepPart(NamedTuple):
    """One edit of a step: the command, its inverse, and the fields that it changed with their old and new values."""

    command: Command
    inverse: Command
    changed: Changes


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One undo step: edits that are taken back together.

    at: the grid from whose next point on it is heard; None: at once.
    first, last: counters of its first and last revision.
    """

    label: str
    parts: tuple[StepPart, ...]
    at: Grid | None = None
    first: int = 0
    last: int = 0

    @property
    def command(self) -> Command:
        """One command that does all edits of the step."""
        return together(tuple(part.command for part in self.parts))

    @property
    def inverse(self) -> Command:
        """One command that takes all edits of the step back, for a document in which nothing else has changed."""
        return together(tuple(part.inverse for part in reversed(self.parts)))

    def at_revision(self, counter: int) -> UndoStep:
        """Returns the same step, with `counter` as the counter of its only revision."""
        return replace(self, first=counter, last=counter)

    def holds(self, counter: int) -> bool:
        """Returns whether a counter lies in `first` to `last`; revisions of other clients can lie between the step's
        own."""
        return self.first <= counter <= self.last


def do_step(command: Command, patch: Patch, label: str = "", at: Grid | None = None) -> tuple[Patch, UndoStep]:
    """Applies a command; returns the edited patch and the undo step. Raises PatchError.

    label: of the step; by default the title of the command.
    """
    parts = []
    for primitive in primitives(command):
        after, inverse = apply(primitive, patch)
        parts.append(StepPart(primitive, inverse, changes(patch, after)))
        patch = after
    return patch, UndoStep(label or title(command), tuple(parts), at)


def undo_step(step: UndoStep, patch: Patch) -> tuple[Patch, UndoStep, tuple[PatchError, ...]]:
    """Takes a step back. Returns the patch, the step that does it again, and one error for each thing that was left.

    Left are edits whose inverse fails, and fields that have another value than the step gave them.
    """
    parts: list[StepPart] = []
    skipped: list[PatchError] = []
    for part in reversed(step.parts):
        left = deque(primitives(part.inverse))
        while left:
            inverse = left.popleft()
            back, hindrances = _attempt(inverse, part, patch)
            if back is not None:
                patch, again = back
                parts.append(again)
            elif smaller := _pieces(inverse):
                left.extendleft(reversed(smaller))
            else:
                skipped += hindrances
    return patch, replace(step, parts=tuple(parts)), _each_once(skipped)


def extend_step(step: UndoStep, more: UndoStep) -> UndoStep:
    """Returns a gesture's step, extended by the edits of another step. Edits that overwrite the latest ones replace
    them."""
    kept, last = step.parts[: -len(more.parts)], step.parts[-len(more.parts) :]
    if len(last) == len(more.parts) and all(map(_overwrites, more.parts, last)):
        parts = (*kept, *map(_over, more.parts, last))
    else:
        parts = (*step.parts, *more.parts)
    return replace(step, parts=parts, at=more.at or step.at, first=step.first or more.first, last=more.last)


def primitives(command: Command) -> tuple[Command, ...]:
    """Returns the commands of a batch; any other command alone."""
    return command.commands if isinstance(command, Batch) else (command,)


@dataclass
class History:
    """The undo steps of one client: those done, those undone, and the open gesture. Owned by the session.

    At most LIMIT done steps of at most BYTES of memory together are kept. The oldest are dropped first, the latest
    never.
    forgotten: whether any step was dropped.
    """

    done: deque[UndoStep] = field(default_factory=deque)
    undone: list[UndoStep] = field(default_factory=list)
    gesture: UndoStep | None = None
    forgotten: bool = False
    _sizes: deque[int] = field(default_factory=deque)  # bytes of memory of each done step
    _size: int = 0  # of all of them

    def add(self, step: UndoStep) -> None:
        """Adds a new step and clears the undone ones; while a gesture is open, extends the gesture instead."""
        if self.gesture is None:
            self.push(step)
            self.undone.clear()
        else:
            self.gesture = extend_step(self.gesture, step)

    def push(self, step: UndoStep) -> None:
        """Adds a step to those done, and drops the oldest beyond LIMIT and BYTES."""
        self.done.append(step)
        self._sizes.append(footprint(step))
        self._size += self._sizes[-1]
        while len(self.done) > 1 and (len(self.done) > LIMIT or self._size > BYTES):
            self.done.popleft()
            self._size -= self._sizes.popleft()
            self.forgotten = True

    def pop(self) -> UndoStep:
        """Removes the latest done step and returns it."""
        self._size -= self._sizes.pop()
        return self.done.pop()

    def take(self, counter: int) -> UndoStep | None:
        """Removes the step with a revision of that counter, among those done or the open gesture, and returns it; None
        if there is none."""
        if self.gesture is not None and self.gesture.holds(counter):
            step, self.gesture = self.gesture, None
            return step
        for place, step in enumerate(self.done):
            if step.holds(counter):
                self._size -= self._sizes[place]
                del self.done[place], self._sizes[place]
                return step
        return None

    def end(self) -> None:
        """Closes the open gesture, if any, and adds its step if it has edits."""
        step, self.gesture = self.gesture, None
        if step is not None and step.parts:
            self.add(step)


def _attempt(inverse: Command, part: StepPart, patch: Patch) -> tuple[tuple[Patch, StepPart] | None, list[PatchError]]:
    """Applies a part's inverse, or a piece of it. Returns the patch and the new part with no errors; or None with the
    errors that prevent it."""
    try:
        after, again = apply(inverse, patch)
    except PatchError as error:
        return None, [without_frames(error)]
    would = changes(patch, after)
    foreign = [path for path, (now, _) in would.items() if part.changed.get(path, _UNTOUCHED)[1] != now]
    return (None, list(map(changed_since, foreign))) if foreign else ((after, StepPart(inverse, again, would)), [])


def _pieces(command: Command) -> tuple[Command, ...]:
    """Returns smaller commands that together do what a command does; none if it does one thing only."""
    if isinstance(command, Within):
        return tuple(Within(command.definition, piece) for piece in _pieces(command.command))
    if isinstance(command, AddNodes):
        added = (AddNode(id, node) for id, node in command.nodes.items())
        return (*added, *map(Connect, command.cables))
    if isinstance(command, Move) and len(command.positions) > 1:
        return tuple(Move({id: at}) for id, at in command.positions.items())
    if isinstance(command, SetCable | SetMeta | SetSong):
        fields = fields_set_by(command)
        cable = {end: getattr(command, end) for end in CableKey._fields if end in fields}
        rest = [field for field in fields if field not in cable]
        pieces = (type(command)(**cable, **{field: getattr(command, field)}) for field in rest)
        return tuple(pieces) if len(rest) > 1 else ()
    return tuple(map(RemoveNode, command.ids)) if isinstance(command, RemoveNodes) and len(command.ids) > 1 else ()


def _overwrites(new: StepPart, last: StepPart) -> bool:
    """Returns whether edit `new` overwrites all that edit `last` set, and no other edit changed those fields in
    between."""
    target = new.command.target
    return (
        target is not None
        and target == last.command.target
        and all(last.changed.get(path, _UNTOUCHED)[1] == old for path, (old, _) in new.changed.items())
    )


def _over(new: StepPart, last: StepPart) -> StepPart:
    """Returns one part that stands for edit `last` followed by edit `new`, which overwrites it."""
    changed = {path: (last.changed[path][0], then) for path, (_, then) in new.changed.items()}
    return StepPart(new.command, last.inverse, {**last.changed, **changed})


def _each_once(errors: list[PatchError]) -> tuple[PatchError, ...]:
    return tuple({str(error): error for error in errors}.values())
