"""Commands that contain commands, the type `Command`, and `apply`."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, TypeAlias, Union

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import on_cables, on_nodes, on_patch, on_records  # noqa: F401 - for their commands
from demon_patch.patch.edit.commands.base import Edit, check_fits, title
from demon_patch.patch.model import ids
from demon_patch.patch.model.definition import Definition
from demon_patch.patch.model.document import Patch


class Within(Edit, frozen=True):
    """Does one command inside a definition, and so in all instances of that subpatch."""

    definition: str
    command: Command

    def __post_init__(self) -> None:
        ids.valid_id(self.definition, "definition")
        if Definition not in self.command.graphs:
            raise PatchError(
                f"{title(self.command)} is nothing to do within a subpatch",
                mend="do it on the patch; of a batch, put each command within",
            )

    def applied_to(self, patch: Patch) -> tuple[Patch, tuple[Command, ...]]:
        try:
            definition, back = self.command.applied_to(patch.definition(self.definition))
        except PatchError as error:
            error.what = f"in subpatch {self.definition}: {error.what}"
            raise
        definitions = {**patch.definitions, self.definition: definition}
        edited = structs.replace(patch, definitions=definitions)
        return edited, tuple(Within(self.definition, command) for command in back)

    @property
    def target(self) -> Hashable:
        inner = self.command.target
        return None if inner is None else ("Within", self.definition, inner)


class Batch(Edit, frozen=True):
    """Several commands, one after the other, all or none; a batch inside a batch is laid flat."""

    commands: tuple[Command, ...]

    def __post_init__(self) -> None:
        flat = [inner for c in self.commands for inner in (c.commands if isinstance(c, Batch) else (c,))]
        structs.force_setattr(self, "commands", tuple(flat))

    def applied_to(self, patch: Patch) -> tuple[Patch, tuple[Command, ...]]:
        backs: list[tuple[Command, ...]] = []
        for command in self.commands:
            check_fits(command, patch)
            patch, back = command.applied_to(patch)
            backs.append(back)
        return patch, tuple(command for back in reversed(backs) for command in back)

    @property
    def target(self) -> Hashable:
        targets = [command.target for command in self.commands]
        return None if None in targets or not targets else ("Batch", *targets)


def _kinds(kind: type[Edit]) -> Iterator[type[Edit]]:
    """Yields all classes derived from a class of commands that have no derived classes themselves."""
    kinds = kind.__subclasses__()
    for special in kinds:
        yield from _kinds(special)
    if not kinds:
        yield kind


if TYPE_CHECKING:
    Command: TypeAlias = Edit
else:
    Command = Union[tuple(_kinds(Edit))]  # noqa: UP007  what a file or a message may hold: each by its tag


def apply(command: Command, patch: Patch) -> tuple[Patch, Command]:
    """Applies a command; returns the edited patch and the inverse command. PatchError if the edit cannot be done."""
    check_fits(command, patch)
    edited, back = command.applied_to(patch)
    return edited, together(back)


def together(commands: tuple[Command, ...]) -> Command:
    """Returns one command that does several in order."""
    return commands[0] if len(commands) == 1 else Batch(commands)
