"""Live mutes: nodes and cables that clients mute while they hold them, over the document and without an undo step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey

Target: TypeAlias = "str | CableKey"
"""A node by its id, or a cable by its ends; both at the top level of the patch."""


@dataclass(frozen=True, slots=True)
class LiveMutes:
    """All live mutes of a performance. It is immutable; its methods return another one.

    held: by node or cable, the clients that hold it.
    """

    held: Mapping[Target, frozenset[str]] = field(default_factory=dict)

    def with_held(self, targets: Collection[Target], client: str, on: bool) -> LiveMutes:
        """Returns the mutes after a client takes hold of some nodes and cables, or lets go of them."""
        held = dict(self.held)
        for target in targets:
            holders = held.get(target, frozenset()) - {client}
            held[target] = holders | {client} if on else holders
        return _of(held)

    def released(self, *targets: object) -> LiveMutes:
        """Returns the mutes without those of some nodes and cables, whoever holds them."""
        return _of({target: holders for target, holders in self.held.items() if target not in targets})

    def left(self, client: str) -> LiveMutes:
        """Returns the mutes after a client has gone: what it alone held is heard again."""
        return _of({target: holders - {client} for target, holders in self.held.items()})

    def applied_to(self, patch: Patch) -> Patch:
        """Returns the patch with these nodes and cables muted; those that it does not have are left out."""
        if not any(target in patch.nodes or target in patch.cables_by_key for target in self.held):
            return patch
        nodes = {id: structs.replace(node, muted=True) if id in self.held else node for id, node in patch.nodes.items()}
        cables = (structs.replace(cable, muted=True) if cable.key in self.held else cable for cable in patch.cables)
        return structs.replace(patch, nodes=nodes, cables=tuple(cables))


def check_targets(patch: Patch, targets: Iterable[Target]) -> None:
    """Raises PatchError for a node or cable that the patch does not have at its top level."""
    for target in targets:
        if isinstance(target, CableKey):
            if target not in patch.cables_by_key:
                what = f"there is no cable from {target.src}.{target.out}"
                raise PatchError(what, node=target.dst, port=target.port, mend="name a cable of the patch by its ends")
        elif "/" in target:
            what = "a node inside a subpatch cannot be muted live"
            raise PatchError(what, node=target, mend=f"mute the subpatch {target.partition('/')[0]}")
        elif target not in patch.nodes:
            mend = did_you_mean(target, patch.nodes, "name a node of the patch")
            raise PatchError("there is no such node", node=target, mend=mend)


def _of(held: Mapping[Target, frozenset[str]]) -> LiveMutes:
    return LiveMutes({target: holders for target, holders in held.items() if holders})
