"""The overlay: live values that a performer, a controller or a snapshot puts over the bases of a document.

The document does not change by them. An overlay is immutable; its methods return another overlay. A live value
replaces its base until it is kept (it becomes the base) or released (the base is heard again).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from msgspec import UNSET, structs

from demon_patch.patch.edit.commands import Command, SetCable, SetRange, SetValue
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.edit.field_paths import Path
from demon_patch.patch.edit.history import primitives
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.document import CableKey, Patch
from demon_patch.patch.model.json_values import Value

Key: TypeAlias = tuple[str, str]
"""A port: node id and name."""
Range: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Overlay:
    """All live values of a performance.

    values: by port, a number in the port's unit, an option or a text.
    ranges: by port, a playing range (lowest, highest) in the port's unit.
    depths: by cable, its depth; None for the usual depth.
    """

    values: Mapping[Key, Value] = field(default_factory=dict)
    ranges: Mapping[Key, Range] = field(default_factory=dict)
    depths: Mapping[CableKey, float | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.values or self.ranges or self.depths)

    @property
    def keys(self) -> frozenset[Key | CableKey]:
        """The ports and cables that have a live value, range or depth."""
        return frozenset({*self.values, *self.ranges, *self.depths})

    def turned(self, node: str, port: str, value: Value) -> Overlay:
        """Returns the overlay with a live value for a port; PatchError for a value that no port can have."""
        with json_values.place(node=ids.valid_id(node), port=json_values.name(port, "name of a port")):
            return replace(self, values={**self.values, (node, port): json_values.value(value, "live value")})

    def released(self, *keys: Key | CableKey) -> Overlay:
        """Returns the overlay without the live values, ranges and depths of those ports and cables."""
        return self._where(lambda key: key not in keys)

    def without(self, ports: Collection[Key]) -> Overlay:
        """Returns the overlay without live values and ranges of those ports, and without depths of cables that end
        there."""
        return self._where(lambda key: ((key.dst, key.port) if isinstance(key, CableKey) else key) not in ports)

    def covered_by(self, other: Overlay) -> Overlay:
        """Returns both overlays together; where both have an entry, that of `other` counts."""
        return Overlay(
            {**self.values, **other.values}, {**self.ranges, **other.ranges}, {**self.depths, **other.depths}
        )

    def without_overwritten(
        self, command: Command, changed: Iterable[Path] = (), spared: Collection[Key | CableKey] = ()
    ) -> Overlay:
        """Returns the overlay without the live values, ranges and depths of all that an edit writes, so that the new
        bases are heard.

        changed: the fields that the edit changed (`field_paths.changes`). A command that sets a value, range or depth
        writes it also where the base has it already. spared: ports and cables whose live values stay.
        """
        written = {*_set_by(command), *changed}

        def stays(key: Key | CableKey, path: Path) -> bool:
            return key in spared or path not in written

        return Overlay(
            _where(self.values, lambda key: stays(key, ("nodes", key[0], "values", key[1]))),
            _where(self.ranges, lambda key: stays(key, ("nodes", key[0], "ranges", key[1]))),
            _where(self.depths, lambda key: stays(key, ("cables", key, "depth"))),
        )

    def sounding(self, patch: Patch) -> Patch:
        """Returns the patch with the live values, ranges and depths in the place of its own."""
        if not self:
            return patch
        over: defaultdict[str, tuple[dict[str, Value], dict[str, Range]]] = defaultdict(lambda: ({}, {}))
        for (node, port), value in self.values.items():
            over[node][0][port] = value
        for (node, port), ends in self.ranges.items():
            over[node][1][port] = ends
        nodes = dict(patch.nodes)
        for id in over.keys() & nodes.keys():
            values, ranges = over[id]
            node = nodes[id]
            nodes[id] = structs.replace(node, values={**node.values, **values}, ranges={**node.ranges, **ranges})
        cables = tuple(
            structs.replace(cable, depth=self.depths[cable.key]) if cable.key in self.depths else cable
            for cable in patch.cables
        )
        return structs.replace(patch, nodes=nodes, cables=cables)

    def keeping_command(self, patch: Patch) -> Command | None:
        """Returns the command that writes all live values into the patch as bases; None if it has them already."""
        return difference(patch, self.sounding(patch))

    def _where(self, stays: Callable[[Key | CableKey], bool]) -> Overlay:
        return Overlay(*(_where(table, stays) for table in (self.values, self.ranges, self.depths)))


def _where(table: Mapping[Any, Any], stays: Callable[[Key | CableKey], bool]) -> dict[Any, Any]:
    return {key: kept for key, kept in table.items() if stays(key)}


def _set_by(command: Command) -> Iterator[Path]:
    """Yields the paths of the values, ranges and depths that a command sets."""
    for edit in primitives(command):
        if isinstance(edit, SetValue):
            yield "nodes", edit.node, "values", edit.name
        elif isinstance(edit, SetRange):
            yield "nodes", edit.node, "ranges", edit.name
        elif isinstance(edit, SetCable) and edit.depth is not UNSET:
            yield "cables", CableKey(edit.src, edit.out, edit.dst, edit.port), "depth"
