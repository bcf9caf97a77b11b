"""What one client did to a document, and how it is taken back: pure functions of steps, and the client's two stacks.

A step remembers what its edits left in every field that they changed. Taking it back changes only fields in which that
still stands: what another client has put there since is its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from demon_patch.errors import PatchError
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
BYTES = 64 * 2**20  # of a client's steps, as they take memory
_UNTOUCHED: Final = (object(), object())  # equal to no field's value


class StepPart(NamedTuple):
    """One edit of a step: the command, what takes it back, and what it did."""

    command: Command
    inverse: Command
    changed: Changes


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One step of undo. at: the grid that it was made for. first, last: the counters of its revisions."""

    label: str
    parts: tuple[StepPart, ...]
    at: Grid | None = None
    first: int = 0
    last: int = 0

    @property
    def command(self) -> Command:
        """What does all of it."""
        return together(tuple(part.command for part in self.parts))

    @property
    def inverse(self) -> Command:
        """What takes all of it back, where nothing else has changed."""
        return together(tuple(part.inverse for part in reversed(self.parts)))

    def at_revision(self, counter: int) -> UndoStep:
        """This step, noted as what the revision of that number alone made."""
        return replace(self, first=counter, last=counter)

    def holds(self, counter: int) -> bool:
        """Whether a revision is one of the step's."""
        return self.first <= counter <= self.last


def do_step(command: Command, patch: Patch, label: str = "", at: Grid | None = None) -> tuple[Patch, UndoStep]:
    """The edited patch and the step, called after the command where it has no label; PatchError, and no change, where
    the edit cannot be done."""
    parts = []
    for primitive in primitives(command):
        after, inverse = apply(primitive, patch)
        parts.append(StepPart(primitive, inverse, changes(patch, after)))
        patch = after
    return patch, UndoStep(label or title(command), tuple(parts), at)


def undo_step(step: UndoStep, patch: Patch) -> tuple[Patch, UndoStep, tuple[PatchError, ...]]:
    """The patch without what a step did, the step that does it again, and what had to be left, and why: what can no
    longer be taken back, and fields that hold something else by now."""
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
    """A gesture's step with what was done next; where that overwrites the edits before it, it takes their place."""
    kept, last = step.parts[: -len(more.parts)], step.parts[-len(more.parts) :]
    if len(last) == len(more.parts) and all(map(_overwrites, more.parts, last)):
        parts = (*kept, *map(_over, more.parts, last))
    else:
        parts = (*step.parts, *more.parts)
    return replace(step, parts=parts, at=more.at or step.at, first=step.first or more.first, last=more.last)


def primitives(command: Command) -> tuple[Command, ...]:
    """The commands that a command is made of."""
    return command.commands if isinstance(command, Batch) else (command,)


@dataclass
class History:
    """The steps of one client: done, undone, and the gesture that is open. Owned by the session.

    At most LIMIT steps, of at most BYTES together, are kept: the oldest is forgotten first, the latest one never.
    forgotten: whether any was.
    """

    done: deque[UndoStep] = field(default_factory=deque)
    undone: list[UndoStep] = field(default_factory=list)
    gesture: UndoStep | None = None
    forgotten: bool = False
    _sizes: deque[int] = field(default_factory=deque)  # of what is done

    def add(self, step: UndoStep) -> None:
        """A new step, or a part of the open gesture; what was undone is forgotten with the step."""
        if self.gesture is None:
            self.push(step)
            self.undone.clear()
        else:
            self.gesture = extend_step(self.gesture, step)

    def push(self, step: UndoStep) -> None:
        """A step that is done, or done again."""
        self.done.append(step)
        self._sizes.append(footprint(step))
        while len(self.done) > 1 and (len(self.done) > LIMIT or sum(self._sizes) > BYTES):
            self.done.popleft()
            self._sizes.popleft()
            self.forgotten = True

    def pop(self) -> UndoStep:
        """The latest step that is done, taken out."""
        self._sizes.pop()
        return self.done.pop()

    def end(self) -> None:
        """Closes the gesture as it stands; one in which nothing was done leaves no step."""
        step, self.gesture = self.gesture, None
        if step is not None and step.parts:
            self.add(step)


def _attempt(inverse: Command, part: StepPart, patch: Patch) -> tuple[tuple[Patch, StepPart] | None, list[PatchError]]:
    """The patch after a part's inverse, or a piece of it, and the part that this is; or what stands against it."""
    try:
        after, again = apply(inverse, patch)
    except PatchError as error:
        return None, [error]
    would = changes(patch, after)
    foreign = [path for path, (now, _) in would.items() if part.changed.get(path, _UNTOUCHED)[1] != now]
    return (None, list(map(changed_since, foreign))) if foreign else ((after, StepPart(inverse, again, would)), [])


def _pieces(command: Command) -> tuple[Command, ...]:
    """The smaller commands that do the same one after the other, where one command does several things."""
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
    """Whether an edit overwrites the one before it wholly, with nobody's in between."""
    target = new.command.target
    return (
        target is not None
        and target == last.command.target
        and all(last.changed.get(path, _UNTOUCHED)[1] == old for path, (old, _) in new.changed.items())
    )


def _over(new: StepPart, last: StepPart) -> StepPart:
    """Both edits as one."""
    changed = {path: (last.changed[path][0], then) for path, (_, then) in new.changed.items()}
    return StepPart(new.command, last.inverse, {**last.changed, **changed})


def _each_once(errors: list[PatchError]) -> tuple[PatchError, ...]:
    return tuple({str(error): error for error in errors}.values())
