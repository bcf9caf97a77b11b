"""Nodes and cables between them: what a patch and the inside of a subpatch have in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple

from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote
from demon_patch.patch.model.json_values import Frozen, Value
from demon_patch.patch.model.record import Record, by_id, by_port, choice, listed, playing_range

NODES = 10_000
CABLES = 50_000
INTO = 1000  # cables that end in one port

SUBPATCH = "subpatch"
"""The type of a node that stands for a graph of its own, its definition."""
REROUTE = "reroute"
"""The type of a node that is only a bend in a cable: what comes in at `in` goes out at `out`, whatever it is. Of the
cables, only the one that ends in a real port has mode, depth and offset; muted, each is."""
REROUTE_IN, REROUTE_OUT = "in", "out"

Mode = Literal["auto", "add", "set"]
MODES: tuple[Mode, ...] = ("auto", "add", "set")


class CableKey(NamedTuple):
    """What identifies a cable: the node and output it comes from, the node and input it goes to."""

    src: str
    out: str
    dst: str
    port: str

    def __str__(self) -> str:
        return f"{self.src}.{self.out} to {self.dst}.{self.port}"


class Node(Record, frozen=True, omit_defaults=True):
    """A module of the patch.

    type, version: of its declaration, which need not be known. values: knobs, options, texts and drawn points by name;
    of a subpatch, those of its promoted inputs by their ids. ranges: playing ranges (lo, hi) of inputs, lo <= hi, in
    the port's unit. at: position on the canvas. label: the name the player gave it, at most 200 characters. bypass:
    whether it passes its input through untouched. definition: of a subpatch, the id of what it contains. locked: ports
    that snapshots leave alone, sorted.
    """

    type: str
    version: int = 1
    values: Mapping[str, Value] = {}
    ranges: Mapping[str, tuple[float, float]] = {}
    at: tuple[float, float] = (0.0, 0.0)
    label: str = ""
    bypass: bool = False
    definition: str = ""
    locked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        json_values.name(self.type, "type of a node")
        json_values.integer(self.version, "version", 1, 2**31)
        json_values.text(self.label, "label")
        json_values.switch(self.bypass, "bypass")
        if self.type == SUBPATCH:
            ids.checked(self.definition, "definition")
        elif self.definition != "":
            raise PatchError(f"a {self.type} has no definition", mend=f"leave it out, or make it a {SUBPATCH}")
        if not isinstance(self.locked, list | tuple):
            raise PatchError(f"locked is {json_values.quoted(self.locked)}", mend="write a list of names of ports")
        self._settle(
            values=by_port(self.values, "the value", json_values.value),
            ranges=by_port(self.ranges, "the range", playing_range),
            at=json_values.position(self.at, "at"),
            locked=tuple(sorted({json_values.name(port, "name of a port") for port in self.locked})),
        )


class Cable(Record, frozen=True, omit_defaults=True):
    """A cable from output `out` of node `src` to input `port` of node `dst`; at most one between the same two ports.

    mode: whether the signal adds to the knob, replaces it, or whichever the two ports suggest. depth: of the
    modulation, None for the usual one of the two ports; offset: added to the signal before it. muted: plugged in,
    but silent. solo: as long as one cable of an input is, the input's other cables are silent.
    """

    src: str
    out: str
    dst: str
    port: str
    mode: Mode = "auto"
    depth: float | None = None
    offset: float = 0.0
    muted: bool = False
    solo: bool = False

    def __post_init__(self) -> None:
        ids.checked(self.src)
        ids.checked(self.dst)
        json_values.name(self.out, "name of an output")
        json_values.name(self.port, "name of an input")
        with json_values.place(node=self.dst, port=self.port):
            choice(self.mode, MODES, "mode")
            json_values.switch(self.muted, "muted")
            json_values.switch(self.solo, "solo")
            self._settle(
                depth=None if self.depth is None else json_values.number(self.depth, "depth"),
                offset=json_values.number(self.offset, "offset"),
            )

    @property
    def key(self) -> CableKey:
        """The two ports it joins, which identify it."""
        return CableKey(self.src, self.out, self.dst, self.port)


def _nodes(given: object) -> Frozen[Node]:
    nodes = json_values.table(given, "nodes")
    if len(nodes) > NODES:
        raise PatchError(f"the patch has {len(nodes)} nodes", mend=f"keep it within {NODES}")
    for id, node in nodes.items():
        ids.checked(id)
        if not isinstance(node, Node):
            raise PatchError(f"is {json_values.quoted(node)}, not a node", node=id, mend="make it with Node(...)")
    return nodes if isinstance(nodes, Frozen) else Frozen(nodes)


def _cables(given: object, nodes: Mapping[str, Node]) -> tuple[Cable, ...]:
    unsorted = listed(given, Cable, "cables")
    if len(unsorted) > CABLES:
        raise PatchError(f"the patch has {len(unsorted)} cables", mend=f"keep it within {CABLES}")
    cables = tuple(sorted(unsorted, key=_cable_key))
    for cable in cables:
        for end in (cable.src, cable.dst):
            if end not in nodes:
                raise PatchError(
                    f"a cable from {cable.src}.{cable.out} names the node {end}, which is not in the patch",
                    node=cable.dst,
                    port=cable.port,
                    mend=did_you_mean(end, nodes, f"add {end}, or take the cable out"),
                )
    if len(cables) > INTO:
        ((node, port), count) = Counter((cable.dst, cable.port) for cable in cables).most_common(1)[0]
        if count > INTO:
            raise PatchError(f"{count} cables end in it", node=node, port=port, mend=f"keep it within {INTO}")
    for one, other in pairwise(cables):
        if _cable_key(one) == _cable_key(other):
            raise PatchError(
                f"two cables come from {one.src}.{one.out}", node=one.dst, port=one.port, mend="keep one of them"
            )
    return cables


def _cable_key(cable: Cable) -> tuple[str, str, str, str]:
    return cable.src, cable.out, cable.dst, cable.port


def _grouped(cables: Iterable[tuple[str, Cable]]) -> Mapping[str, tuple[Cable, ...]]:
    groups: defaultdict[str, list[Cable]] = defaultdict(list)
    for id, cable in cables:
        groups[id].append(cable)
    return {id: tuple(group) for id, group in groups.items()}


class Graph(Record, frozen=True, omit_defaults=True, kw_only=True, dict=True):
    """Nodes by id and the cables between them; both ends of each exist, and no two join the same ports.

    cables: in any order when given, kept sorted by their sockets. frames, notes: by id, for the eye.
    """

    nodes: Mapping[str, Node] = {}
    cables: tuple[Cable, ...] = ()
    frames: Mapping[str, CanvasFrame] = {}
    notes: Mapping[str, CanvasNote] = {}

    naming: ClassVar[tuple[str, ...]] = ()
    """The fields that hold pieces by id which name nodes; `without(gone)` of such a piece is what is left of it."""

    def __post_init__(self) -> None:
        nodes = _nodes(self.nodes)
        self._settle(
            nodes=nodes,
            cables=_cables(self.cables, nodes),
            frames=by_id(self.frames, CanvasFrame, "frames"),
            notes=by_id(self.notes, CanvasNote, "notes"),
        )

    def node(self, id: str) -> Node:
        """The node of that id; PatchError if there is none."""
        if (found := self.nodes.get(id)) is None:
            raise PatchError(
                "is not in the patch", node=ids.checked(id), mend=did_you_mean(id, self.nodes, "name a node that is")
            )
        return found

    def cable(self, socket: CableKey) -> Cable:
        """The cable between those two ports; PatchError if there is none."""
        if (found := self.cables_by_key.get(socket)) is None:
            named = Cable(*socket)
            raise PatchError(
                f"no cable comes from {named.src}.{named.out}",
                node=named.dst,
                port=named.port,
                mend="name a cable that does",
            )
        return found

    def cables_into(self, id: str, port: str | None = None) -> tuple[Cable, ...]:
        """The cables that end at a node, or at one of its inputs, sorted."""
        return tuple(c for c in self._into.get(id, ()) if port in (None, c.port))

    def cables_from(self, id: str, out: str | None = None) -> tuple[Cable, ...]:
        """The cables that begin at a node, or at one of its outputs, sorted."""
        return tuple(c for c in self._from.get(id, ()) if out in (None, c.out))

    def cables_of(self, id: str) -> tuple[Cable, ...]:
        """The cables that touch a node, sorted, each once."""
        touching = (*self.cables_into(id), *self.cables_from(id))
        return tuple(cable for _, cable in sorted({c.key: c for c in touching}.items()))

    @cached_property
    def cables_by_key(self) -> Mapping[CableKey, Cable]:
        """Every cable by its identity."""
        return {cable.key: cable for cable in self.cables}

    @cached_property
    def _into(self) -> Mapping[str, tuple[Cable, ...]]:
        return _grouped((cable.dst, cable) for cable in self.cables)

    @cached_property
    def _from(self) -> Mapping[str, tuple[Cable, ...]]:
        return _grouped((cable.src, cable) for cable in self.cables)
