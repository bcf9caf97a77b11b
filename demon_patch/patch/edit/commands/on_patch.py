"""Commands on the patch as a whole."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType, structs

from demon_patch.patch.edit.commands.base import Edit, fields_set_by, with_fields_of
from demon_patch.patch.model.document import Patch

if TYPE_CHECKING:
    from demon_patch.patch.edit.commands import Command


class SetMeta(Edit, frozen=True):
    """Changes what a library shows of the patch; what is not given stays."""

    title: str | UnsetType = UNSET
    author: str | UnsetType = UNSET
    licence: str | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    model: str | UnsetType = UNSET

    def applied_to(self, patch: Patch) -> tuple[Patch, tuple[Command, ...]]:
        new, old = with_fields_of(patch.meta, self)
        return structs.replace(patch, meta=new), (SetMeta(**old),)

    @property
    def target(self) -> Hashable:
        return "SetMeta", *fields_set_by(self)


class SetSong(Edit, frozen=True):
    """Changes the tempo (None: follow the source) and the beats of a bar; what is not given stays.

    While it plays, other beats of a bar begin a bar where the change is heard: on its grid, or on the next beat.
    """

    bpm: float | UnsetType | None = UNSET
    beats_per_bar: int | UnsetType = UNSET

    def applied_to(self, patch: Patch) -> tuple[Patch, tuple[Command, ...]]:
        new, old = with_fields_of(patch.song, self)
        return structs.replace(patch, song=new), (SetSong(**old),)

    @property
    def target(self) -> Hashable:
        return "SetSong", *fields_set_by(self)


class RenameDefinition(Edit, frozen=True):
    """Gives a subpatch another title."""

    definition: str
    title: str

    def applied_to(self, patch: Patch) -> tuple[Patch, tuple[Command, ...]]:
        old = patch.definition(self.definition)
        new = structs.replace(old, title=self.title)
        definitions = {**patch.definitions, self.definition: new}
        return structs.replace(patch, definitions=definitions), (RenameDefinition(self.definition, old.title),)

    @property
    def target(self) -> Hashable:
        return "RenameDefinition", self.definition


class ReplacePatch(Edit, frozen=True):
    """Puts a whole document in the place of the patch."""

    patch: Patch

    def applied_to(self, patch: Patch) -> tuple[Patch, tuple[Command, ...]]:
        return self.patch, (ReplacePatch(patch),)
