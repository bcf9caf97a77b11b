"""The patch as an immutable value: frozen structs, each of which is valid.

Constructors check and copy their arguments and raise PatchError, so no other module has to check. They check only the
document: ids, names, finite numbers, ends of cables that exist, definitions of subpatches that exist and do not contain
themselves. They do not check values against node types. `extra` holds unknown keys unchanged. Patches are changed by
`commands.apply`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from demon_patch.errors import PatchError
from demon_patch.patch.model import ids
from demon_patch.patch.model.dashboard import ControlMapping, Snapshot, Widget
from demon_patch.patch.model.definition import Definition, check_nesting
from demon_patch.patch.model.flatten import Flat, flat
from demon_patch.patch.model.graph import MODES, Cable, CableKey, Graph, Mode, Node
from demon_patch.patch.model.meta import Meta, Song
from demon_patch.patch.model.record import by_id

__all__ = ["MODES", "Cable", "CableKey", "Definition", "Graph", "Meta", "Mode", "Node", "Patch", "Song"]


class Patch(Graph, frozen=True, omit_defaults=True, kw_only=True):
    """A whole document; equal patches sound and look the same.

    dashboard, mappings, snapshots: by id; the nodes that they name exist.
    definitions: what subpatches contain, by id; every subpatch has one, and none contains itself.
    """

    meta: Meta = Meta()
    song: Song = Song()
    dashboard: Mapping[str, Widget] = {}
    mappings: Mapping[str, ControlMapping] = {}
    snapshots: Mapping[str, Snapshot] = {}
    definitions: Mapping[str, Definition] = {}

    naming = (*Graph.naming, "dashboard", "mappings", "snapshots")

    def __post_init__(self) -> None:
        if not isinstance(self.meta, Meta) or not isinstance(self.song, Song):
            raise PatchError("meta or song is of another kind", mend="make them with Meta(...) and Song(...)")
        if "format" in self.extra:
            raise PatchError("extra holds format, which files write by themselves", mend="leave it out")
        super().__post_init__()
        self._settle(
            dashboard=by_id(self.dashboard, Widget, "dashboard"),
            mappings=by_id(self.mappings, ControlMapping, "mappings"),
            snapshots=by_id(self.snapshots, Snapshot, "snapshots"),
            definitions=by_id(self.definitions, Definition, "definitions"),
        )
        for what, named in self._named():
            if gone := named - self.nodes.keys():
                node = min(gone)
                raise PatchError(
                    f"{what} names the node {node}, which is not in the patch", mend=f"add {node}, or take the name out"
                )
        check_nesting(self, self.definitions)

    def _named(self) -> Iterator[tuple[str, frozenset[str]]]:
        yield from ((f"widget {id}", frozenset({widget.node})) for id, widget in self.dashboard.items())
        yield from ((f"control mapping {id}", frozenset({mapping.node})) for id, mapping in self.mappings.items())
        yield from ((f"snapshot {id}", snapshot.nodes) for id, snapshot in self.snapshots.items())

    def definition(self, id: str) -> Definition:
        """Returns the definition with an id; PatchError if there is none."""
        if (found := self.definitions.get(id)) is None:
            raise PatchError(
                f"the definition {ids.valid_id(id, 'definition')} is not in the patch", mend="name one that is"
            )
        return found

    def graph(self, within: str | None = None) -> Graph:
        """Returns the patch itself, or the definition with the id `within`; PatchError if there is none."""
        return self if within is None else self.definition(within)

    @cached_property
    def flat(self) -> Flat:
        """The nodes and cables of the patch without subpatches and reroutes, as it is compiled (`flatten.flat`)."""
        return flat(self, self.definitions)
