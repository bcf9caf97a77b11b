"""Records for playing a patch: widgets of the dashboard, mappings of controllers to knobs, and snapshots.

They name nodes of the patch by id and ports by name. Whether a node has such a port is not checked here.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Literal

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.graph import NUMBERS_OF, CableKey
from demon_patch.patch.model.json_values import Frozen, Value
from demon_patch.patch.model.record import Record, area, by_port, choice, listed, playing_range

WidgetKind = Literal["auto", "knob", "slider", "number", "toggle", "button", "menu", "text", "meter"]
WIDGETS: tuple[WidgetKind, ...] = ("auto", "knob", "slider", "number", "toggle", "button", "menu", "text", "meter")

ControllerKind = Literal["cc", "note", "bend", "pressure", "osc", "key"]
CONTROLLERS: tuple[ControllerKind, ...] = ("cc", "note", "bend", "pressure", "osc", "key")

MappingMode = Literal["absolute", "relative", "toggle", "momentary"]
MAPPING_MODES: tuple[MappingMode, ...] = ("absolute", "relative", "toggle", "momentary")

Coding = Literal["twos", "offset", "sign"]
CODINGS: tuple[Coding, ...] = ("twos", "offset", "sign")

Takeover = Literal["jump", "pickup", "scaled"]
TAKEOVERS: tuple[Takeover, ...] = ("jump", "pickup", "scaled")

MAPPING_VERSION = 2
"""The version of the rules of a new mapping."""
OLDEST_MAPPING_VERSION = 1
"""The version of a mapping in a file that names none."""


class Widget(Record, frozen=True, omit_defaults=True):
    """A control on the dashboard that shows and turns one port of a node.

    node, port: what it turns.
    at: its upper left corner on the dashboard.
    size: its width and height.
    kind: what it looks like; `auto` is the kind that suits the port.
    label: its name on the dashboard; "" shows the port's title.
    """

    node: str
    port: str
    at: tuple[float, float]
    size: tuple[float, float] = (80.0, 80.0)
    kind: WidgetKind = "auto"
    label: str = ""

    def __post_init__(self) -> None:
        ids.valid_id(self.node)
        json_values.name(self.port, "name of a port")
        choice(self.kind, WIDGETS, "kind")
        json_values.text(self.label, "label")
        self._settle(at=json_values.position(self.at, "at"), size=area(self.size, "size"))

    def without(self, gone: Set[str]) -> Widget | None:
        """Returns the widget; None if its node is in `gone`."""
        return None if self.node in gone else self


class Controller(Record, frozen=True, omit_defaults=True):
    """Something that a player moves: a MIDI controller, note, pitch bend or channel pressure, an OSC address, or a key.

    kind: which of these.
    device: the name of the MIDI device, in which * stands for any characters, or nothing for any device.
    channel: 1 to 16, or 0 for any.
    number: of a cc or note, 0 to 127.
    address: of osc, beginning with /; of a key, its name.
    wide: whether a cc has 14 bits: `number`, 0 to 31, is the coarse half, and `number` + 32 the fine one.
    coding: how an endless knob (mode relative) sends its steps. twos: 1 is one step up, 127 one down. offset: 65 is up,
        63 down. sign: 1 is up, 65 down.
    """

    kind: ControllerKind
    device: str = ""
    channel: int = 0
    number: int = 0
    address: str = ""
    wide: bool = False
    coding: Coding = "twos"

    def __post_init__(self) -> None:
        choice(self.kind, CONTROLLERS, "kind")
        json_values.switch(self.wide, "wide")
        choice(self.coding, CODINGS, "coding")
        json_values.text(self.device, "device")
        json_values.integer(self.channel, "channel", 0, 16)
        json_values.integer(self.number, "number", 0, 127)
        json_values.text(self.address, "address")
        if self.wide and (self.kind != "cc" or self.number > 31):
            raise PatchError(f"{self.kind} {self.number} has no 14 bits", mend="leave wide out, or map a cc 0 to 31")
        if self.kind == "osc" and not self.address.startswith("/"):
            raise PatchError(f"address is {json_values.quoted(self.address)}", mend="begin it with /")
        if self.kind == "key" and not self.address:
            raise PatchError("a key has no name", mend="write it as address")
        self._settle()


class ControlMapping(Record, frozen=True, omit_defaults=True):
    """A controller that turns a port of a node.

    source: the controller.
    node, port: what it turns.
    lo, hi: the port at the controller's ends, in the port's unit; None for the ends of the playing range; lo above hi
        turns it round.
    mode: absolute puts the knob where the controller stands, relative moves the knob by the controller's changes,
        toggle switches between lo and hi at each press, momentary holds hi while the controller is pressed.
    takeover: how an absolute controller that stands elsewhere than the knob takes hold of it. jump: at once. pickup:
        when it passes the knob. scaled: from where both stand, until they meet at an end. None for the version's own:
        jump in version 1, pickup from version 2 on.
    curve: the bend of its way from lo to hi, -1 to 1: 0 is straight, above 0 slow at first.
    centred: the controller's middle is the knob's base, and its ends lie at lo and hi; otherwise it runs from lo to hi.
    version: of the rules of these fields. It is written to every file, and a mapping without one has version 1, so
        that a later default changes no mapping that is there.
    """

    source: Controller
    node: str
    port: str
    lo: float | None = None
    hi: float | None = None
    mode: MappingMode = "absolute"
    takeover: Takeover | None = None
    curve: float = 0.0
    centred: bool = False
    version: int = MAPPING_VERSION

    def __post_init__(self) -> None:
        if not isinstance(self.source, Controller):
            raise PatchError(f"source is {json_values.quoted(self.source)}", mend="make it with Controller(...)")
        ids.valid_id(self.node)
        json_values.name(self.port, "name of a port")
        choice(self.mode, MAPPING_MODES, "mode")
        if self.takeover is not None:
            choice(self.takeover, TAKEOVERS, "takeover")
        json_values.switch(self.centred, "centred")
        json_values.integer(self.version, "version", 1, 2**31)
        ends = {end: given for end in ("lo", "hi") if (given := getattr(self, end)) is not None}
        curve = json_values.number(self.curve, "curve", -1, 1)
        self._settle(curve=curve, **{end: json_values.number(given, end) for end, given in ends.items()})

    @classmethod
    def left_out(cls) -> Mapping[str, object]:
        return {**cls.defaults(), "version": OLDEST_MAPPING_VERSION}

    @property
    def takes_over(self) -> Takeover:
        """How an absolute controller takes hold of the knob: `takeover`, or what the version has in its place."""
        return self.takeover or ("jump" if self.version == OLDEST_MAPPING_VERSION else "pickup")

    def without(self, gone: Set[str]) -> ControlMapping | None:
        """Returns the mapping; None if its node is in `gone`."""
        return None if self.node in gone else self


class CableDepth(Record, frozen=True, omit_defaults=True):
    """The depth of one cable in a snapshot. The cable may be gone; its nodes are there.

    depth: None for the usual one.
    format: as that of a cable.
    """

    src: str
    out: str
    dst: str
    port: str
    depth: float | None = None
    format: int = 2

    def __post_init__(self) -> None:
        ids.valid_id(self.src)
        ids.valid_id(self.dst)
        json_values.name(self.out, "name of an output")
        json_values.name(self.port, "name of an input")
        json_values.integer(self.format, "format", *NUMBERS_OF)
        self._settle(depth=None if self.depth is None else json_values.number(self.depth, "depth"))

    @property
    def key(self) -> CableKey:
        """The key of the cable whose depth this is."""
        return CableKey(self.src, self.out, self.dst, self.port)


class Snapshot(Record, frozen=True, omit_defaults=True):
    """Settings of some nodes, or of all, to come back to.

    title: the name that people see.
    scope: the ids of its nodes, sorted; None for all.
    values: knobs, options and texts by node and port, as a node has them; of nodes with at least one.
    ranges: playing ranges by node and port, likewise.
    depths: of cables, sorted by their ends.
    """

    title: str = ""
    scope: tuple[str, ...] | None = None
    values: Mapping[str, Mapping[str, Value]] = {}
    ranges: Mapping[str, Mapping[str, tuple[float, float]]] = {}
    depths: tuple[CableDepth, ...] = ()

    def __post_init__(self) -> None:
        json_values.text(self.title, "title")
        scope = self.scope
        if scope is not None:
            if not isinstance(scope, list | tuple):
                raise PatchError(f"scope is {json_values.quoted(scope)}", mend="write a list of ids, or leave it out")
            scope = tuple(sorted({ids.valid_id(id) for id in scope}))
        values: dict[str, Frozen[Value]] = {}
        for id, ports in json_values.table(self.values, "values").items():
            with json_values.place(node=ids.valid_id(id)):
                if kept := by_port(ports, "the value", json_values.value):
                    values[id] = kept
        ranges: dict[str, Frozen[tuple[float, float]]] = {}
        for id, ports in json_values.table(self.ranges, "ranges").items():
            with json_values.place(node=ids.valid_id(id)):
                if ends := by_port(ports, "the range", playing_range):
                    ranges[id] = ends
        depths = sorted(listed(self.depths, CableDepth, "depths"), key=lambda depth: depth.key)
        if len({depth.key for depth in depths}) < len(depths):
            raise PatchError("depths names a cable twice", mend="name it once")
        self._settle(scope=scope, values=Frozen(values), ranges=Frozen(ranges), depths=tuple(depths))

    @property
    def nodes(self) -> frozenset[str]:
        """The ids of all nodes that the snapshot names."""
        ends = {end for depth in self.depths for end in (depth.src, depth.dst)}
        return frozenset({*(self.scope or ()), *self.values, *self.ranges, *ends})

    def without(self, gone: Set[str]) -> Snapshot:
        """Returns the snapshot without everything that names a node in `gone`."""
        if not gone & self.nodes:
            return self
        return structs.replace(
            self,
            scope=None if self.scope is None else tuple(id for id in self.scope if id not in gone),
            values=Frozen({id: kept for id, kept in self.values.items() if id not in gone}),
            ranges=Frozen({id: kept for id, kept in self.ranges.items() if id not in gone}),
            depths=tuple(depth for depth in self.depths if not gone & {depth.src, depth.dst}),
        )
