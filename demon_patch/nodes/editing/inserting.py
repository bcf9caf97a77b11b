"""Puts a new node into a cable. As in `edits`, the function returns one command that does it."""

from __future__ import annotations

import random
from collections.abc import Mapping

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.search import in_place_of
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import AddNode, Command, Connect, Disconnect
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch


def insertion(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    key: CableKey,
    type: str,
    at: tuple[float, float] = (0.0, 0.0),
    id: str | None = None,
    within: str | None = None,
    rng: random.Random | None = None,
) -> Command:
    """Returns the command that puts a new node of a type into a cable: into its first port and out of its first output
    that fit. The cable into the old input keeps the settings of the old cable. PatchError where nothing fits.

    id: the new node's; a fresh one by default.
    """
    draft = CommandBuilder(patch, within, rng)
    cable = draft.graph.cable(key)
    if type not in catalogue:
        raise PatchError(f"there is no node type {type!r}", mend=in_place_of(type, catalogue, "list the nodes"))
    new = id or draft.fresh(draft.graph.nodes)
    draft.do(Disconnect(*key), AddNode(new, Node(type, version=catalogue[type].version, at=at)))
    faces = VisiblePorts(draft.patch, catalogue, within)
    into = next((port for port in faces.inputs(new) if faces.joins(key.src, key.out, new, port)), None)
    out = next((name for name in faces.outputs(new) if faces.joins(new, name, key.dst, key.port)), None)
    if into is None or out is None:
        mend = f"choose a node that takes {key.src}.{key.out} and leads into {key.dst}.{key.port}"
        raise PatchError(
            f"a {catalogue[type].title} does not fit into this cable", node=key.dst, port=key.port, mend=mend
        )
    draft.do(Connect(Cable(key.src, key.out, new, into)), Connect(structs.replace(cable, src=new, out=out)))
    return draft.command
