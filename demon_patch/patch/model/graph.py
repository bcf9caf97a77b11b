"""Graphs: nodes and the cables between them. A patch is a graph, and so is the definition of a subpatch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Literal, NamedTuple, cast

from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.canvas import CanvasBookmark, CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.json_values import Frozen, Value
from demon_patch.patch.model.record import Record, by_id, by_port, choice, colour, listed, playing_range, port_names
from demon_patch.small_cache import SmallCache

NODES = 10_000
CABLES = 50_000
INTO = 1000  # the most cables that end in one port

NUMBERS_OF = (1, 2)
"""The oldest and the newest file format by whose rules numbers may be written: usual depths, defaults, knob positions
(`nodes/editing/format1`)."""

SUBPATCH = "subpatch"
"""The type of a node that contains a graph, its definition."""
REROUTE = "reroute"
"""The type of a node that is only a bend in a cable: it passes anything on from `in` to `out`. Of the cables in a row
through reroutes, only the last one's mode, depth and offset count; if one of them is muted, the row is silent."""
REROUTE_IN, REROUTE_OUT = "in", "out"

Mode = Literal["auto", "add", "set"]
MODES: tuple[Mode, ...] = ("auto", "add", "set")


class CableKey(NamedTuple):
    """The ends that identify a cable: node id and output where it begins, node id and port where it ends."""

    src: str
    out: str
    dst: str
    port: str

    def __str__(self) -> str:
        return f"{self.src}.{self.out} to {self.dst}.{self.port}"


class Node(Record, frozen=True, omit_defaults=True):
    """A node of the patch.

    type: the id of its node type, which the catalogue may not know.
    version: of that node type.
    values: knobs, options, texts and drawn points by port; of a subpatch by the ids of its boundary ports. A port with
        the family taper holds its knob position, 0 to 1.
    ranges: playing ranges (lo, hi) by port, lo <= hi, in the port's unit.
    at: its place on the canvas.
    label: the name that the player gave it, at most 200 characters.
    bypass: it passes on what comes in, untouched.
    muted: nothing comes out of it: see `Wiring` for what that means for each kind of node.
    definition: of a subpatch, the id of what it contains.
    locked: ports that snapshots leave alone, sorted.
    folded: ports that the canvas hides, sorted.
    colour: #rrggbb, or nothing for that of its category.
    format: the file format by whose rules its numbers are written; below 2 only while its type is unknown.
    """

    type: str
    version: int = 1
    values: Mapping[str, Value] = {}
    ranges: Mapping[str, tuple[float, float]] = {}
    at: tuple[float, float] = (0.0, 0.0)
    label: str = ""
    bypass: bool = False
    muted: bool = False
    definition: str = ""
    locked: tuple[str, ...] = ()
    folded: tuple[str, ...] = ()
    colour: str = ""
    format: int = 2

    def __post_init__(self) -> None:
        json_values.name(self.type, "type of a node")
        json_values.integer(self.version, "version", 1, 2**31)
        json_values.text(self.label, "label")
        json_values.switch(self.bypass, "bypass")
        json_values.switch(self.muted, "muted")
        json_values.integer(self.format, "format", *NUMBERS_OF)
        colour(self.colour)
        if self.type == SUBPATCH:
            ids.valid_id(self.definition, "definition")
        elif self.definition != "":
            raise PatchError(f"a {self.type} has no definition", mend=f"leave it out, or make it a {SUBPATCH}")
        self._settle(
            values=by_port(self.values, "the value", json_values.value),
            ranges=by_port(self.ranges, "the range", playing_range),
            at=json_values.position(self.at, "at"),
            locked=port_names(self.locked, "locked"),
            folded=port_names(self.folded, "folded"),
        )


class Cable(Record, frozen=True, omit_defaults=True):
    """A cable from output `out` of node `src` to input `port` of node `dst`; at most one between the same two ports.

    mode: add moves the port away from its knob, set replaces the knob, auto does what the units of both ends suggest.
    depth: how far the signal moves the port; None for the usual depth (`Wiring.depth_and_offset`).
    offset: what is added to the signal before its depth.
    muted: the cable stays, and carries nothing.
    solo: the other cables into the same port carry nothing.
    format: the file format whose usual depth it has; below 2 only while the port where it ends is unknown.
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
    format: int = 2

    def __post_init__(self) -> None:
        ids.valid_id(self.src)
        ids.valid_id(self.dst)
        json_values.name(self.out, "name of an output")
        json_values.name(self.port, "name of an input")
        with json_values.place(node=self.dst, port=self.port):
            choice(self.mode, MODES, "mode")
            json_values.switch(self.muted, "muted")
            json_values.switch(self.solo, "solo")
            json_values.integer(self.format, "format", *NUMBERS_OF)
            self._settle(
                depth=None if self.depth is None else json_values.number(self.depth, "depth"),
                offset=json_values.number(self.offset, "offset"),
            )

    @property
    def key(self) -> CableKey:
        """The two ends of the cable, which identify it."""
        return CableKey(self.src, self.out, self.dst, self.port)


_LATEST_NODES: SmallCache[Mapping[str, Node]] = SmallCache(1)
"""The nodes that were checked last: an edit leaves most of them as they are."""


def _nodes(given: object) -> Frozen[Node]:
    nodes = json_values.table(given, "nodes")
    if len(nodes) > NODES:
        raise PatchError(f"the patch has {len(nodes)} nodes", mend=f"keep it within {NODES}")
    checked = _LATEST_NODES.find("") or {}
    for id, node in nodes.items():
        if checked.get(id) is node:
            continue
        ids.valid_id(id)
        if not isinstance(node, Node):
            raise PatchError(f"is {json_values.quoted(node)}, not a node", node=id, mend="make it with Node(...)")
    made = nodes if isinstance(nodes, Frozen) else Frozen(nodes)
    _LATEST_NODES.put("", made)
    return made


class Cables(tuple[Cable, ...]):
    """Checked cables, sorted by their ends: no two join the same ports. Read, compared and serialised like a tuple.

    Only `_sorted` makes them, so a graph takes the cables of another one without checking them again.
    """

    @cached_property
    def ends(self) -> frozenset[str]:
        """The ids of the nodes at which they begin or end."""
        return frozenset(end for cable in self for end in (cable.src, cable.dst))

    @cached_property
    def by_key(self) -> Mapping[CableKey, Cable]:
        """All cables by key."""
        return {cable.key: cable for cable in self}

    @cached_property
    def into(self) -> Mapping[str, tuple[Cable, ...]]:
        """By node, the cables that end at it."""
        return _grouped((cable.dst, cable) for cable in self)

    @cached_property
    def out_of(self) -> Mapping[str, tuple[Cable, ...]]:
        """By node, the cables that begin at it."""
        return _grouped((cable.src, cable) for cable in self)


def _cables(given: object, nodes: Mapping[str, Node]) -> Cables:
    cables = given if isinstance(given, Cables) else _sorted(given)
    if not cables.ends <= nodes.keys():
        cable, end = next((c, end) for c in cables for end in (c.src, c.dst) if end not in nodes)
        raise PatchError(
            f"a cable from {cable.src}.{cable.out} names the node {end}, which is not in the patch",
            node=cable.dst,
            port=cable.port,
            mend=did_you_mean(end, nodes, f"add {end}, or take the cable out"),
        )
    return cables


def _sorted(given: object) -> Cables:
    unsorted = listed(given, Cable, "cables")
    if len(unsorted) > CABLES:
        raise PatchError(f"the patch has {len(unsorted)} cables", mend=f"keep it within {CABLES}")
    cables = Cables(sorted(unsorted, key=_cable_key))
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
    """Nodes by id and the cables between them; both ends of each cable exist, and no two cables join the same ports.

    cables: in any order when given; kept sorted by their ends.
    frames, notes: what is drawn behind and beside the nodes, by id.
    bookmarks: views of the canvas, by id.
    probes: pinned displays of outputs, by id; the nodes that they name exist.
    """

    nodes: Mapping[str, Node] = {}
    cables: tuple[Cable, ...] = ()
    frames: Mapping[str, CanvasFrame] = {}
    notes: Mapping[str, CanvasNote] = {}
    bookmarks: Mapping[str, CanvasBookmark] = {}
    probes: Mapping[str, Probe] = {}

    naming: ClassVar[tuple[str, ...]] = ("probes",)
    """The names of fields with records that name nodes, by id. Such a record has `without(gone)`, which returns the
    record without the nodes in `gone`, or None if nothing is left."""

    def __post_init__(self) -> None:
        nodes, probes = _nodes(self.nodes), by_id(self.probes, Probe, "probes")
        for id, probe in probes.items():
            if probe.node not in nodes:
                raise PatchError(
                    f"probe {id} names the node {probe.node}, which is not in the patch",
                    mend=did_you_mean(probe.node, nodes, f"add {probe.node}, or take the probe out"),
                )
        self._settle(
            nodes=nodes,
            cables=_cables(self.cables, nodes),
            frames=by_id(self.frames, CanvasFrame, "frames"),
            notes=by_id(self.notes, CanvasNote, "notes"),
            bookmarks=by_id(self.bookmarks, CanvasBookmark, "bookmarks"),
            probes=probes,
        )

    def node(self, id: str) -> Node:
        """Returns the node with an id; PatchError if there is none."""
        if (found := self.nodes.get(id)) is None:
            raise PatchError(
                "is not in the patch", node=ids.valid_id(id), mend=did_you_mean(id, self.nodes, "name a node that is")
            )
        return found

    def cable(self, key: CableKey) -> Cable:
        """Returns the cable with a key; PatchError if there is none."""
        if (found := self.cables_by_key.get(key)) is None:
            named = Cable(*key)
            raise PatchError(
                f"no cable comes from {named.src}.{named.out}",
                node=named.dst,
                port=named.port,
                mend="name a cable that does",
            )
        return found

    def cables_into(self, id: str, port: str | None = None) -> tuple[Cable, ...]:
        """Returns the cables that end at a node, or only those that end at its port `port`, sorted by key."""
        return tuple(c for c in self._checked_cables.into.get(id, ()) if port in (None, c.port))

    def cables_from(self, id: str, out: str | None = None) -> tuple[Cable, ...]:
        """Returns the cables that begin at a node, or only those that begin at its output `out`, sorted by key."""
        return tuple(c for c in self._checked_cables.out_of.get(id, ()) if out in (None, c.out))

    def cables_of(self, id: str) -> tuple[Cable, ...]:
        """Returns the cables that begin or end at a node, sorted by key, each once."""
        touching = (*self.cables_into(id), *self.cables_from(id))
        return tuple(cable for _, cable in sorted({c.key: c for c in touching}.items()))

    @property
    def cables_by_key(self) -> Mapping[CableKey, Cable]:
        """All cables by key."""
        return self._checked_cables.by_key

    @property
    def _checked_cables(self) -> Cables:
        return cast(Cables, self.cables)
