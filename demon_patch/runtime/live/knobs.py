"""The way of a knob: from the document to the programs that play, without compiling.

A client's thread notes which knobs have moved (`KnobMoves.note`). The tick thread writes the newest value of each into
the parameters of the program that plays and of those that wait. What a program cannot take is compiled.

Moves have numbers. A compiled edit has the number of the latest move that its document contained. When it is played,
the later moves are written into it too, so that no move is lost and no old value comes back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from msgspec import structs

from demon_patch.patch.edit.field_paths import GONE, changes
from demon_patch.patch.edit.overlay import Key, Overlay
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import SUBPATCH, CableKey
from demon_patch.patch.model.json_values import Value

Moves = Mapping[Key, float | None]
"""The values of knobs in their ports' units, by (node, port); None for what a port has where the patch gives
nothing."""


class KnobMoves:
    """The moves of knobs on their way to the programs of a performance.

    turn: called on the tick thread with moves; writes them into all programs and returns those that one cannot take
        (`Performer.turn`).
    post: has the tick thread do something before its next tick.
    compile: called on the tick thread where a program cannot take a move.
    """

    def __init__(
        self,
        turn: Callable[[Moves], Collection[Key]] = lambda moves: (),
        post: Callable[[Callable[[], None]], object] = lambda change: None,
        compile: Callable[[], object] = lambda: None,
    ) -> None:
        self._turn, self._post, self._compile = turn, post, compile
        self._lock = threading.Lock()
        self._newest: dict[Key, tuple[int, float | None]] = {}  # by knob, its latest move
        self._number = self._written = 0  # of the latest move, and of the latest one that programs have
        self._posted = False

    @property
    def number(self) -> int:
        """From any thread. The number of the latest move."""
        return self._number

    def note(self, moves: Moves) -> None:
        """From any thread. Notes moves, by ports of the flat patch. They are heard from the next control frame on; of
        several moves of one knob until then, the latest counts."""
        with self._lock:
            self._number += 1
            self._newest.update((key, (self._number, value)) for key, value in moves.items())
            posted, self._posted = self._posted, True
        if not posted:
            self._post(self._write)

    def note_played(self, number: int) -> None:
        """On the tick thread. Called when edits have replaced all programs: writes the moves into them that their
        documents did not contain. number: of the latest move that these contained."""
        with self._lock:
            self._newest = {key: move for key, move in self._newest.items() if move[0] > number}
            self._written = number
        self._write()

    def _write(self) -> None:
        """On the tick thread. Writes the moves that the programs do not have yet."""
        with self._lock:
            self._posted = False
            moves = {key: value for key, (number, value) in self._newest.items() if number > self._written}
            self._written = self._number
        if moves and self._turn(moves):
            self._compile()


def ports_inside(patch: Patch, node: str, port: str) -> list[Key] | None:
    """Returns the ports of the flat patch whose knobs the value of a port is: the port itself, or what a boundary port
    leads to. None where another boundary port leads to one of these, too."""
    if patch.nodes[node].type != SUBPATCH:
        return [(node, port)]
    found: list[Key] = []
    waiting = [(node, patch.nodes[node].definition, port)]
    while waiting:
        path, name, boundary = waiting.pop()
        definition = patch.definitions[name]
        taken = [(target.node, target.port) for inlet in definition.inputs.values() for target in inlet.to]
        for target in definition.inputs[boundary].to:
            inner = definition.nodes[target.node]
            if taken.count((target.node, target.port)) > 1:
                return None
            if inner.type == SUBPATCH:
                waiting.append((f"{path}/{target.node}", inner.definition, target.port))
            else:
                found.append((f"{path}/{target.node}", target.port))
    return found


def is_number(value: object) -> bool:
    """Returns whether a value can be that of a knob."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def moved_keys(before: tuple[Patch, Overlay], after: tuple[Patch, Overlay]) -> set[Key] | None:
    """Returns the ports whose value is another in one of two versions of a document, a base with its live values. None
    where anything else is another, too."""
    (old, was), (new, live) = before, after
    if (was.ranges, was.depths) != (live.ranges, live.depths):
        return None
    keys = {key for key in {**was.values, **live.values} if was.values.get(key) != live.values.get(key)}
    if old is not new:
        for path in changes(old, new):
            if len(path) != 4 or (path[0], path[2]) != ("nodes", "values"):
                return None
            keys.add((str(path[1]), str(path[3])))
    return keys if all(node in old.nodes and node in new.nodes for node, _ in keys) else None


def moves_of(keys: Collection[Key], base: Patch, live: Overlay) -> dict[Key, float | None] | None:
    """Returns the moves, by ports of the flat patch, that give some ports of a document their values. None where one of
    them is no number, or lies in a subpatch and does not depend on this port alone."""
    moves: dict[Key, float | None] = {}
    for node, port in keys:
        value, inside = value_of((node, port), base, live), base.nodes[node].type == SUBPATCH
        if (value is None and inside) or not (value is None or is_number(value)):
            return None
        if (ports := ports_inside(base, node, port)) is None:
            return None
        moves |= dict.fromkeys(ports, value)  # type: ignore[arg-type]
    return moves


def value_of(key: Key, base: Patch, live: Overlay) -> Value | None:
    """Returns the value of a port that sounds, live or base; None where the document gives none."""
    return live.values.get(key, base.nodes[key[0]].values.get(key[1]))


class Moved(NamedTuple):
    """The values that a port has after a move; None for none. type: that of its node."""

    type: str
    base: Value | None
    live: Value | None


def with_moved(base: Patch, live: Overlay, moved: Mapping[Key, Moved]) -> tuple[Patch, Overlay]:
    """Returns a version of a document, base and live values, after moves of knobs. Ports of nodes that it does not
    have, or has of another type, are left out."""
    nodes, over = dict(base.nodes), dict(live.values)
    for (id, port), values in moved.items():
        if (node := nodes.get(id)) is not None and node.type == values.type:
            kept = {name: value for name, value in node.values.items() if name != port}
            kept |= {} if values.base is None else {port: values.base}
            nodes[id] = node if kept == node.values else structs.replace(node, values=kept)
            over.pop((id, port), None)
            over |= {} if values.live is None else {(id, port): values.live}
    return structs.replace(base, nodes=nodes), replace(live, values=over)


class Touched:
    """Which ports and cables were touched when. Owned by whoever holds the document's lock.

    count: how often any was touched.
    """

    def __init__(self) -> None:
        self.count = 0
        self._latest: dict[Key | CableKey, int] = {}

    def note_keys(self, keys: Iterable[Key | CableKey]) -> None:
        """Notes that some ports and cables are touched."""
        self.count += 1
        self._latest.update(dict.fromkeys(keys, self.count))

    def note(self, before: tuple[Patch, Overlay], after: tuple[Patch, Overlay]) -> None:
        """Notes a touch of every port and cable whose value, range or depth, base or live, a change has changed."""
        (old, was), (new, live) = before, after
        found: set[Key | CableKey] = set()
        for one, other in ((was.values, live.values), (was.ranges, live.ranges), (was.depths, live.depths)):
            found |= {key for key in {**one, **other} if one.get(key, GONE) != other.get(key, GONE)}  # type: ignore
        for path in changes(old, new) if old is not new else ():
            if path[0] == "nodes" and len(path) == 4 and path[2] in ("values", "ranges"):
                found.add((str(path[1]), str(path[3])))
            elif path[0] == "cables" and isinstance(path[1], CableKey):
                found.add(path[1])
        if found:
            self.note_keys(found)

    def since(self, count: int) -> frozenset[Key | CableKey]:
        """Returns what was touched since `count` had this value."""
        return frozenset(key for key, latest in self._latest.items() if latest > count)
