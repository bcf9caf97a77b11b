"""What a player has at hand: the dashboard, the controllers that are mapped to knobs, and snapshots.

All of it names nodes of the patch, by id, and their ports by name; which ports a node has is for others to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Literal

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.graph import CableKey
from demon_patch.patch.model.json_values import Frozen, Value
from demon_patch.patch.model.record import Record, area, by_port, choice, listed, playing_range

WidgetKind = Literal["auto", "knob", "slider", "number", "toggle", "button", "menu", "text", "meter"]
WIDGETS: tuple[WidgetKind, ...] = ("auto", "knob", "slider", "number", "toggle", "button", "menu", "text", "meter")

ControllerKind = Literal["cc", "note", "bend", "pressure", "osc", "key"]
CONTROLLERS: tuple[ControllerKind, ...] = ("cc", "note", "bend", "pressure", "osc", "key")

Pickup = Literal["absolute", "pickup", "relative", "toggle"]
PICKUPS: tuple[Pickup, ...] = ("absolute", "pickup", "relative", "toggle")


class Widget(Record, frozen=True, omit_defaults=True):
    """A control on the dashboard that shows and turns one port of a node.

    kind: its form, auto for the one that suits the port. at, size: its place on the dashboard. label: its name there,
    or none for the port's title.
    """

    node: str
    port: str
    at: tuple[float, float]
    size: tuple[float, float] = (80.0, 80.0)
    kind: WidgetKind = "auto"
    label: str = ""

    def __post_init__(self) -> None:
        ids.checked(self.node)
        json_values.name(self.port, "name of a port")
        choice(self.kind, WIDGETS, "kind")
        json_values.text(self.label, "label")
        self._settle(at=json_values.position(self.at, "at"), size=area(self.size, "size"))

    def without(self, gone: Set[str]) -> Widget | None:
        """What is left of it without some nodes."""
        return None if self.node in gone else self


class Controller(Record, frozen=True, omit_defaults=True):
    """Something a player moves: a MIDI controller, note, pitch bend or channel pressure, an OSC address, or a key.

    device: the name of the MIDI port, or none for any. channel: 1 to 16, 0 for any. number: of a cc or note, 0 to 127.
    address: of osc, beginning with /; of a key, its name.
    """

    kind: ControllerKind
    device: str = ""
    channel: int = 0
    number: int = 0
    address: str = ""

    def __post_init__(self) -> None:
        choice(self.kind, CONTROLLERS, "kind")
        json_values.text(self.device, "device")
        json_values.integer(self.channel, "channel", 0, 16)
        json_values.integer(self.number, "number", 0, 127)
        json_values.text(self.address, "address")
        if self.kind == "osc" and not self.address.startswith("/"):
            raise PatchError(f"address is {json_values.quoted(self.address)}", mend="begin it with /")
        if self.kind == "key" and not self.address:
            raise PatchError("a key has no name", mend="write it as address")
        self._settle()


class ControlMapping(Record, frozen=True, omit_defaults=True):
    """A controller that turns a port of a node.

    lo, hi: what the controller's ends give, in the port's unit; None for the ends of the playing range; lo above hi
    turns it round. mode: absolute jumps to the controller, pickup waits until it passes the knob, relative moves the
    knob by its changes, toggle switches between lo and hi at each press.
    """

    source: Controller
    node: str
    port: str
    lo: float | None = None
    hi: float | None = None
    mode: Pickup = "absolute"

    def __post_init__(self) -> None:
        if not isinstance(self.source, Controller):
            raise PatchError(f"source is {json_values.quoted(self.source)}", mend="make it with Controller(...)")
        ids.checked(self.node)
        json_values.name(self.port, "name of a port")
        choice(self.mode, PICKUPS, "mode")
        ends = {end: given for end in ("lo", "hi") if (given := getattr(self, end)) is not None}
        self._settle(**{end: json_values.number(given, end) for end, given in ends.items()})

    def without(self, gone: Set[str]) -> ControlMapping | None:
        """What is left of it without some nodes."""
        return None if self.node in gone else self


class CableDepth(Record, frozen=True, omit_defaults=True):
    """The depth of one cable in a snapshot, None for the usual one. The cable may be gone; its nodes are there."""

    src: str
    out: str
    dst: str
    port: str
    depth: float | None = None

    def __post_init__(self) -> None:
        ids.checked(self.src)
        ids.checked(self.dst)
        json_values.name(self.out, "name of an output")
        json_values.name(self.port, "name of an input")
        self._settle(depth=None if self.depth is None else json_values.number(self.depth, "depth"))

    @property
    def key(self) -> CableKey:
        """Which cable it is of."""
        return CableKey(self.src, self.out, self.dst, self.port)


class Snapshot(Record, frozen=True, omit_defaults=True):
    """Settings of some nodes, or of all, to come back to.

    scope: the ids of its nodes, sorted; None for all. values, ranges: knobs and playing ranges by node and port, as a
    node has them, of nodes with at least one. depths: of cables, sorted by their sockets.
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
            scope = tuple(sorted({ids.checked(id) for id in scope}))
        values: dict[str, Frozen[Value]] = {}
        for id, ports in json_values.table(self.values, "values").items():
            with json_values.place(node=ids.checked(id)):
                if kept := by_port(ports, "the value", json_values.value):
                    values[id] = kept
        ranges: dict[str, Frozen[tuple[float, float]]] = {}
        for id, ports in json_values.table(self.ranges, "ranges").items():
            with json_values.place(node=ids.checked(id)):
                if ends := by_port(ports, "the range", playing_range):
                    ranges[id] = ends
        depths = sorted(listed(self.depths, CableDepth, "depths"), key=lambda depth: depth.key)
        if len({depth.key for depth in depths}) < len(depths):
            raise PatchError("depths names a cable twice", mend="name it once")
        self._settle(scope=scope, values=Frozen(values), ranges=Frozen(ranges), depths=tuple(depths))

    @property
    def nodes(self) -> frozenset[str]:
        """Every node that it names."""
        ends = {end for depth in self.depths for end in (depth.src, depth.dst)}
        return frozenset({*(self.scope or ()), *self.values, *self.ranges, *ends})

    def without(self, gone: Set[str]) -> Snapshot:
        """What is left of it without some nodes."""
        if not gone & self.nodes:
            return self
        return structs.replace(
            self,
            scope=None if self.scope is None else tuple(id for id in self.scope if id not in gone),
            values=Frozen({id: kept for id, kept in self.values.items() if id not in gone}),
            ranges=Frozen({id: kept for id, kept in self.ranges.items() if id not in gone}),
            depths=tuple(depth for depth in self.depths if not gone & {depth.src, depth.dst}),
        )
