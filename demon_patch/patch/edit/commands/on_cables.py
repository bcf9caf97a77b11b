"""Commands on cables."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType, structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands.base import G, GraphEdit, fields_set_by, with_fields_of, without
from demon_patch.patch.model.graph import Cable, CableKey, Mode

if TYPE_CHECKING:
    from demon_patch.patch.edit.commands import Command


class Connect(GraphEdit, frozen=True):
    """Plugs a cable between two ports that have none."""

    cable: Cable

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        key = self.cable.key
        if key in patch.cables_by_key:
            raise PatchError(
                f"a cable from {key.src}.{key.out} is plugged in already",
                node=key.dst,
                port=key.port,
                mend="change that one",
            )
        return structs.replace(patch, cables=(*patch.cables, self.cable)), (Disconnect(*key),)


class Disconnect(GraphEdit, frozen=True):
    """Unplugs the cable between two ports."""

    src: str
    out: str
    dst: str
    port: str

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        cable = patch.cable(CableKey(self.src, self.out, self.dst, self.port))
        return structs.replace(patch, cables=without(patch, [cable])), (Connect(cable),)


class SetCable(GraphEdit, frozen=True):
    """Changes how a cable works: mode, depth (None for the usual one), offset, muted, solo; what is not given stays."""

    src: str
    out: str
    dst: str
    port: str
    mode: Mode | UnsetType = UNSET
    depth: float | UnsetType | None = UNSET
    offset: float | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    solo: bool | UnsetType = UNSET

    def applied_to(self, patch: G) -> tuple[G, tuple[Command, ...]]:
        cable = patch.cable(CableKey(self.src, self.out, self.dst, self.port))
        new, old = with_fields_of(cable, self)
        cables = (*without(patch, [cable]), new)
        return structs.replace(patch, cables=cables), (SetCable(**old),)

    @property
    def target(self) -> Hashable:
        return "SetCable", self.src, self.out, self.dst, self.port, *fields_set_by(self)
