"""When a change will be heard: which classes of controls it reaches, and from which control frame on each is heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from demon_patch.engine.controls import CONTROLS
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.field_paths import Path
from demon_patch.patch.edit.overlay import Key
from demon_patch.patch.model.document import Cable, CableKey, Patch
from demon_patch.runtime.remote.messages.base import Heard

if TYPE_CHECKING:
    from demon_patch.runtime.live.status import Status

UNHEARD = frozenset({"at", "label", "colour", "folded", "locked", "extra", "version"})  # fields of a node
IN_FLIGHT = ("step", "late step")  # classes that generations in flight take
KEPT = 4096  # ports whose classes are kept


class Reach:
    """Finds the classes of controls that a port reaches through the cables of a patch; keeps what it found until nodes
    or cables are others. Owned by one thread."""

    def __init__(self) -> None:
        self._cables: tuple[Cable, ...] = ()
        self._types: dict[str, str] = {}  # of the nodes, by id
        self._after: dict[str, list[Key]] = {}  # by node, the ports in which its cables end
        self._found: dict[Key, frozenset[str]] = {}

    def classes(self, patch: Patch, keys: Iterable[Key]) -> frozenset[str]:
        """Returns the propagation classes of all controls that some ports reach. A port "" stands for a whole node."""
        try:
            flat = patch.flat
        except PatchError:
            return frozenset()
        types = {id: node.type for id, node in flat.nodes.items()}
        if types != self._types or flat.cables != self._cables or len(self._found) > KEPT:
            self._types, self._found = types, {}
        if flat.cables != self._cables:
            self._after = {}
            for cable in flat.cables:
                self._after.setdefault(cable.src, []).append((cable.dst, cable.port))
        self._cables = flat.cables
        reached: set[str] = set()
        for key in keys:
            if key not in self._found:
                self._found[key] = frozenset(self._reached(key))
            reached |= self._found[key]
        return frozenset(reached)

    def _reached(self, key: Key) -> Iterator[str]:
        types, node = self._types, key[0]
        inside = [(id, "") for id in types if id.startswith(f"{node}/")] if node not in types else []
        left, seen = inside or [key], set[Key]()
        while left:
            id, name = left.pop()
            if (id, name) in seen or id not in types:
                continue
            seen.add((id, name))
            declaration = CATALOGUE.get(types[id])
            ports = {} if declaration is None else declaration.by_name
            row = CONTROLS.get(ports[name].control or "") if name in ports else None
            if row is not None:
                yield row.propagation
            elif declaration is not None and declaration.kind == "engine":
                yield "request"
            else:
                left += self._after.get(id, ())


def touched(paths: Iterable[Path]) -> Iterator[Key]:
    """Yields the ports that an edit touches, from the paths of the fields that it changed; (node, "") for a whole
    node."""
    for path in paths:
        kind, *rest = path
        if kind == "nodes" and rest:
            if len(rest) > 1 and rest[1] in UNHEARD:
                continue
            named = len(rest) > 2 and rest[1] in ("values", "ranges")
            yield str(rest[0]), str(rest[2]) if named else ""
        elif kind == "cables" and rest and isinstance(rest[0], CableKey):
            yield rest[0].dst, rest[0].port


def times(classes: Iterable[str], status: Status, rate: float) -> tuple[Heard, ...]:
    """Returns from when on changes of some classes are heard, as it is expected now.

    A generation in flight takes the classes IN_FLIGHT with its next step: they are heard with the next of them. A new
    generation takes the others. What concerns decoding is heard at the lead. rate: control frames a second.
    """
    now = status.frame
    lead = now + max(round(status.lead_ms * rate / 1000.0), 0)
    flying = sorted(slot.heard_at for slot in status.slots if slot.heard_at >= lead)
    new = max(status.next_frame, lead)

    def frame(name: str) -> int:
        if name == "decode":
            return lead
        return flying[0] if name in IN_FLIGHT and flying else new

    found = ((name, frame(name)) for name in sorted(classes))
    return tuple(Heard(propagation=name, frame=at, seconds=(at - now) / rate) for name, at in found)
