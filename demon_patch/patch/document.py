"""A patch as a value: frozen structs that are valid from the moment they exist.

Constructors check and copy what they are given and raise PatchError, so no other module has to; what is checked here
is the document alone (ids, names, finite numbers, cables whose ends exist), never what a type of node means by it.
`extra` holds the keys of a later version, kept verbatim. Change a patch with `commands.apply`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

from demon_patch.errors import PatchError
from demon_patch.patch import data, ids
from demon_patch.patch.data import Frozen, Value
from demon_patch.patch.piece import Piece, by_port, playing_range

NODES = 10_000
CABLES = 50_000
TAGS = 64

Mode = Literal["auto", "add", "set"]
MODES: tuple[Mode, ...] = ("auto", "add", "set")
BY_ID = ("frames", "notes", "dashboard", "mappings", "snapshots", "definitions")


class Socket(NamedTuple):
    """What identifies a cable: the node and output it comes from, the node and input it goes to."""

    src: str
    out: str
    dst: str
    port: str

    def __str__(self) -> str:
        return f"{self.src}.{self.out} to {self.dst}.{self.port}"


class Node(Piece, frozen=True, omit_defaults=True):
    """A module of the patch.

    type, version: of its declaration, which need not be known. values: knobs, options, texts and drawn points by name.
    ranges: playing ranges (lo, hi) of inputs, lo <= hi, in the port's unit. at: position on the canvas. label: the name
    the player gave it, at most 200 characters. bypass: whether it passes its input through untouched.
    """

    type: str
    version: int = 1
    values: Mapping[str, Value] = {}
    ranges: Mapping[str, tuple[float, float]] = {}
    at: tuple[float, float] = (0.0, 0.0)
    label: str = ""
    bypass: bool = False

    def __post_init__(self) -> None:
        data.name(self.type, "type of a node")
        data.integer(self.version, "version", 1, 2**31)
        data.text(self.label, "label")
        data.switch(self.bypass, "bypass")
        self._settle(
            values=by_port(self.values, "the value", data.value),
            ranges=by_port(self.ranges, "the range", playing_range),
            at=data.pair(self.at, "at"),
        )


class Cable(Piece, frozen=True, omit_defaults=True):
    """A cable from output `out` of node `src` to input `port` of node `dst`; at most one between the same two ports.

    mode: whether the signal adds to the knob, replaces it, or whichever the two ports suggest. depth: of the
    modulation, None for the usual one of the two ports; offset: added to the signal before it. muted: plugged in,
    but silent.
    """

    src: str
    out: str
    dst: str
    port: str
    mode: Mode = "auto"
    depth: float | None = None
    offset: float = 0.0
    muted: bool = False

    def __post_init__(self) -> None:
        ids.checked(self.src)
        ids.checked(self.dst)
        data.name(self.out, "name of an output")
        data.name(self.port, "name of an input")
        with data.place(node=self.dst, port=self.port):
            if self.mode not in MODES:
                raise PatchError(f"mode is {data.quoted(self.mode)}", mend=f"write one of {', '.join(MODES)}")
            data.switch(self.muted, "muted")
            self._settle(
                depth=None if self.depth is None else data.number(self.depth, "depth"),
                offset=data.number(self.offset, "offset"),
            )

    @property
    def socket(self) -> Socket:
        """The two ports it joins, which identify it."""
        return Socket(self.src, self.out, self.dst, self.port)


class Song(Piece, frozen=True, omit_defaults=True):
    """Tempo of the transport: bpm in (0, 1000], None to follow the source; beats of a bar, 1 to 64."""

    bpm: float | None = None
    beats_per_bar: int = 4

    def __post_init__(self) -> None:
        data.integer(self.beats_per_bar, "beats_per_bar", 1, 64)
        bpm = None if self.bpm is None else data.number(self.bpm, "bpm", 1e-3, 1000)
        self._settle(bpm=bpm)


class Meta(Piece, frozen=True, omit_defaults=True):
    """What a library shows: lines of at most 200 characters, a description of at most 20,000, at most 64 tags."""

    title: str = ""
    author: str = ""
    licence: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        for line in ("title", "author", "licence", "model"):
            data.text(getattr(self, line), line)
        data.text(self.description, "description", 20_000)
        if not isinstance(self.tags, list | tuple) or len(self.tags) > TAGS:
            raise PatchError("tags is no list", mend=f"write a list of at most {TAGS} texts")
        self._settle(tags=tuple(data.text(tag, "a tag") for tag in self.tags))


def _nodes(given: object) -> Frozen[Node]:
    nodes = data.table(given, "nodes")
    if len(nodes) > NODES:
        raise PatchError(f"the patch has {len(nodes)} nodes", mend=f"keep it within {NODES}")
    for id, node in nodes.items():
        ids.checked(id)
        if not isinstance(node, Node):
            raise PatchError(f"is {data.quoted(node)}, not a node", node=id, mend="make it with Node(...)")
    return Frozen(nodes)


def _cables(given: object, nodes: Mapping[str, Node]) -> tuple[Cable, ...]:
    if not isinstance(given, list | tuple) or not all(isinstance(cable, Cable) for cable in given):
        raise PatchError("cables is no list of cables", mend="make them with Cable(...)")
    if len(given) > CABLES:
        raise PatchError(f"the patch has {len(given)} cables", mend=f"keep it within {CABLES}")
    cables = tuple(sorted(given, key=_socket))
    for cable in cables:
        for end in (cable.src, cable.dst):
            if end not in nodes:
                raise PatchError(
                    f"a cable from {cable.src}.{cable.out} names the node {end}, which is not in the patch",
                    node=cable.dst,
                    port=cable.port,
                    mend=f"add {end}, or take the cable out",
                )
    for one, other in pairwise(cables):
        if _socket(one) == _socket(other):
            raise PatchError(
                f"two cables come from {one.src}.{one.out}", node=one.dst, port=one.port, mend="keep one of them"
            )
    return cables


def _socket(cable: Cable) -> tuple[str, str, str, str]:
    return cable.src, cable.out, cable.dst, cable.port


def _grouped(cables: Iterable[tuple[str, Cable]]) -> Mapping[str, tuple[Cable, ...]]:
    groups: defaultdict[str, list[Cable]] = defaultdict(list)
    for id, cable in cables:
        groups[id].append(cable)
    return {id: tuple(group) for id, group in groups.items()}


class Patch(Piece, frozen=True, omit_defaults=True, dict=True):
    """A whole document; equal patches sound and look the same.

    nodes: by id. cables: in any order when given, kept sorted by their sockets; both ends of each exist. frames, notes,
    dashboard, mappings, snapshots, definitions: JSON data by id, kept verbatim.
    """

    meta: Meta = Meta()
    song: Song = Song()
    nodes: Mapping[str, Node] = {}
    cables: tuple[Cable, ...] = ()
    frames: Mapping[str, Value] = {}
    notes: Mapping[str, Value] = {}
    dashboard: Mapping[str, Value] = {}
    mappings: Mapping[str, Value] = {}
    snapshots: Mapping[str, Value] = {}
    definitions: Mapping[str, Value] = {}

    def __post_init__(self) -> None:
        if not isinstance(self.meta, Meta) or not isinstance(self.song, Song):
            raise PatchError("meta or song is of another kind", mend="make them with Meta(...) and Song(...)")
        if "format" in self.extra:
            raise PatchError("extra holds format, which files write by themselves", mend="leave it out")
        nodes = _nodes(self.nodes)
        kept = {field: data.values(getattr(self, field), field, f"{field}.") for field in BY_ID}
        self._settle(nodes=nodes, cables=_cables(self.cables, nodes), **kept)

    def node(self, id: str) -> Node:
        """The node of that id; PatchError if there is none."""
        if (found := self.nodes.get(id)) is None:
            raise PatchError("is not in the patch", node=ids.checked(id), mend="name a node that is")
        return found

    def cable(self, socket: Socket) -> Cable:
        """The cable between those two ports; PatchError if there is none."""
        if (found := self.cables_by_socket.get(socket)) is None:
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
        return tuple(cable for _, cable in sorted({c.socket: c for c in touching}.items()))

    @cached_property
    def cables_by_socket(self) -> Mapping[Socket, Cable]:
        """Every cable by its identity."""
        return {cable.socket: cable for cable in self.cables}

    @cached_property
    def _into(self) -> Mapping[str, tuple[Cable, ...]]:
        return _grouped((cable.dst, cable) for cable in self.cables)

    @cached_property
    def _from(self) -> Mapping[str, tuple[Cable, ...]]:
        return _grouped((cable.src, cable) for cable in self.cables)
