"""From what is seen to what is watched, and from telemetry to what moves on the canvas. Pure, without a window.

Between two messages the forecast is drawn, so that nothing jerks. What would move by less than can be seen is not
drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.layout.box import Box, Knob, Rect, Wire
from demon_patch.editor.layout.space import Seen
from demon_patch.editor.link.cable_motion import CableMotion
from demon_patch.editor.link.display_feed import DisplayFeed
from demon_patch.editor.link.expected import Expected
from demon_patch.editor.link.heard_clock import HeardClock
from demon_patch.editor.link.node_facts import NodeFacts
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.link.ranges import declared
from demon_patch.editor.link.signal_memory import SignalMemory
from demon_patch.editor.link.song_facts import SongFacts, floats
from demon_patch.editor.link.subscriptions import (
    FORECAST_FRAMES,
    RING_RATE,
    SIGNAL_RATE,
    STATUS_RATE,
    STRIP_RATE,
    Subscriptions,
)
from demon_patch.editor.look import numbers
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.canvas import Probe
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey, Graph
from demon_patch.runtime.remote.messages.base import Point, Reply, Request
from demon_patch.runtime.remote.messages.session import Model, Nodes
from demon_patch.runtime.remote.messages.telemetry import Forecast, Ring, Signals, StatusChange, Strip

FAR = 0.38  # the zoom below which no rings and displays are drawn
SMALL = 0.55  # the zoom below which what moves is so small that fewer pictures do
FAR_RATE = 15.0  # times a second that it is drawn there
DISPLAY_RATE = 20.0
RING_SHARE = 1 / 60  # the least move of a knob's ring that is drawn
PROBE_FRAMES = 75  # of the future, that probes show
_ALL: Rect = (-math.inf, -math.inf, math.inf, math.inf)
NO_PROBES: Mapping[str, Probe] = {}


class Telemetry:
    """What moves. All methods: the window's thread; times in seconds of one clock.

    show_now: shows where modulation has a knob, 0 to 1 (`View.show_now`).
    clock: the control frame that is heard. memory: signals by control frame. facts: the song's. expected: changes that
    are not heard yet.
    """

    def __init__(
        self,
        link: Link,
        canvas: Canvas,
        catalogue: Mapping[str, Declaration],
        show_now: Callable[[str, str, float | None], object],
    ) -> None:
        self._link, self._canvas, self._catalogue, self._show_now = link, canvas, catalogue, show_now
        self.clock, self.memory, self.facts, self.expected = HeardClock(), SignalMemory(), SongFacts(), Expected()
        self.rate = 25.0
        self.subscriptions = Subscriptions(link)
        self._feed = DisplayFeed(catalogue)
        self._nodes = NodeFacts(link, catalogue)
        self._boxes: Mapping[str, Box] = {}
        self._wires: Mapping[CableKey, Wire] = {}
        self._seen, self._rect = Seen(), _ALL
        self._zoom = 1.0
        self._extra: tuple[Point, ...] = ()
        self._ahead = PROBE_FRAMES
        self._probes: Mapping[str, Probe] = NO_PROBES
        self._path = ""
        self._rings: dict[tuple[str, str], float | None] = {}
        self._turned: dict[str, list[tuple[Knob, Point]]] = {}  # the knobs that a cable moves, by node
        self._cables = CableMotion(canvas)
        self._due = {"trace": 0.0, "display": 0.0}
        self._drew = False

    def begin(self, model: Model, nodes: Nodes) -> None:
        """A connection was made."""
        self.rate = float(model.frame_rate)
        self.clock.rate = self.rate
        self._feed = DisplayFeed(self._catalogue, nodes)
        self._nodes = NodeFacts(self._link, self._catalogue)
        self.subscriptions = Subscriptions(self._link)
        self.memory = SignalMemory()
        self._watch()

    def change_song(self, model: Model) -> None:
        """Another song, length or model plays: the control frames count anew."""
        self.rate = self.clock.rate = float(model.frame_rate)
        self.memory, self.expected = SignalMemory(), Expected()
        self.memory.watch(self.subscriptions.points)

    # -- what is seen --------------------------------------------------------------------------------------------
    def follow(
        self,
        boxes: Mapping[str, Box],
        wires: Mapping[CableKey, Wire],
        seen: Seen,
        zoom: float,
        rect: Rect | None = None,
        probes: Mapping[str, Probe] = NO_PROBES,
        path: str = "",
    ) -> None:
        """Takes what is on screen, after an edit, and after a move of the camera for which `moved` is not enough.

        rect: the part of the canvas that is seen; None for all. probes: those that are pinned. path: of the subpatch
        whose inside is shown, ending in a slash; empty for the patch.
        """
        self._boxes, self._wires, self._zoom = boxes, wires, zoom
        self._probes, self._path, self._seen, self._rect = probes, path, seen, rect or _ALL
        areas = dict(zip(seen.wires, seen.areas, strict=True)) if seen.areas else {}
        self._cables.follow({wires[key]: areas.get(key, _ALL) for key in seen.wires if key in wires}, path, self._range)
        self._watch()

    def moved(self, seen: Seen, zoom: float, rect: Rect) -> bool:
        """Takes a move of the camera alone; returns False where it shows other things, or in other detail."""
        if seen is not self._seen or _detail(zoom) != _detail(self._zoom):
            return False
        self._zoom, self._rect = zoom, rect
        return True

    def also(self, points: Collection[Point], ahead: int = PROBE_FRAMES) -> None:
        """Watches some more signals, of a probe. ahead: control frames of their future."""
        self._extra, self._ahead = tuple(points), ahead
        self._watch()

    def _watch(self) -> None:
        near, path = self._zoom >= FAR, self._path
        boxes = [self._boxes[id] for id in self._seen.boxes if id in self._boxes]
        wires = [self._wires[key] for key in self._seen.wires if key in self._wires]
        pinned: list[Point] = [(path + probe.node, probe.out, "out") for probe in self._probes.values()]
        cables: list[Point] = [(path + w.key.src, w.key.out, "out") for w in wires if w.type in ("value", "gate")]
        close = boxes if near else []
        self._turned = {box.id: [(knob, (path + box.id, knob.name, "in")) for knob in _turned(box)] for box in close}
        for (id, port), now in tuple(self._rings.items()):
            if now is not None and id in self._turned and all(knob.name != port for knob, _ in self._turned[id]):
                del self._rings[id, port]  # its cable is gone
                self._show_now(id, port, None)
        knobs: list[Point] = [point for turned in self._turned.values() for _, point in turned]
        shown = [point for box in close for point in self._feed.points(box, path)]
        rate = SIGNAL_RATE if self._zoom >= SMALL else FAR_RATE
        if self.subscriptions.want_signals((*self._extra, *pinned, *cables, *knobs, *shown), rate):
            self.memory.watch(self.subscriptions.points)
        far = self._ahead if self._extra or pinned else FORECAST_FRAMES
        self.subscriptions.want_forecast((*self._extra, *pinned, *cables, *knobs), far)
        self.subscriptions.want("status", True, STATUS_RATE)
        self.subscriptions.want("ring", any(b.display and b.display.kind in ("ring", "text") for b in boxes), RING_RATE)
        self.subscriptions.want("strip", True, STRIP_RATE)

    # -- what comes ----------------------------------------------------------------------------------------------
    def take(self, event: object, now: float) -> None:
        """Takes a message."""
        if isinstance(event, Signals):
            points = self.subscriptions.points
            values = floats(event.values)
            if event.count and len(values) == len(points) * event.count:  # else of the subscription before
                self.memory.put_past(points, event.first, values.reshape(len(points), event.count))
            self._stamp(event.frame, now)
        elif isinstance(event, Forecast):
            points = self.subscriptions.ahead_points
            values = floats(event.values)
            if event.count and len(values) == len(points) * event.count:
                self.memory.put_ahead(points, event.first, values.reshape(len(points), event.count))
        elif isinstance(event, StatusChange):
            self.facts.status = {**self.facts.status, **event.fields}
            self._stamp(event.frame, now)
        elif isinstance(event, Ring):
            self.facts.take_ring(event)
        elif isinstance(event, Strip):
            self.facts.take_strip(event)

    def told(self, request: Request, reply: Reply, now: float) -> None:
        """Takes an acknowledged request."""
        self.expected.told(request, reply, self.clock.frame(now))

    def _stamp(self, frame: int, now: float) -> None:
        self.clock.stamp(frame, now, bool(self.facts.status.get("playing")))

    @property
    def moving(self) -> bool:
        """Whether anything moves on screen."""
        return bool(self.facts.status.get("playing"))

    def place(self, now: float) -> float:
        """Returns where the song stands, 0 to 1, also between two messages."""
        status = self.facts.status
        length = float(status.get("song_length", 0.0) or 0.0)
        if not length:
            return 0.0
        lo, hi = status.get("loop") or (0.0, length)
        song = float(status.get("song", 0.0))
        ahead = max(self.clock.frame(now) - float(status.get("frame", 0)), 0.0) / self.rate if self.moving else 0.0
        later = song + ahead
        if song < hi <= later and hi > lo:
            later = lo + (later - lo) % (hi - lo)
        return min(1.0, max(0.0, later / length))

    # -- what is drawn -------------------------------------------------------------------------------------------
    def show(self, now: float, patch: Patch) -> bool:
        """Draws what moves, as it is at a moment; returns whether anything has."""
        self._drew = self.moving
        frame = self.clock.frame(now)
        near = self._zoom >= FAR
        close = self._zoom >= SMALL
        if now < self._due["trace"] and not close:
            return False
        if close or now >= self._due["trace"]:
            self._due["trace"] = now + 0.9 / (SIGNAL_RATE if close else FAR_RATE)
            loud = max(self.facts.levels, default=0.0)
            drew = self._cables.show(self.memory, frame, now, self.rate, self._zoom, loud, self.moving, self._rect)
            self._drew = drew or self._drew
        if near:
            self._show_knobs(frame)
            if now >= self._due["display"]:
                self._due["display"] = now + 0.9 / DISPLAY_RATE
                self._show_displays(frame, patch, now)
        return self._drew

    def _in_sight(self) -> list[Box]:
        """Returns the boxes that the window shows: `seen` has those of a margin too."""
        left, top, right, bottom = self._rect
        boxes = (self._boxes[id] for id in self._seen.boxes if id in self._boxes)
        return [b for b in boxes if b.x <= right and b.x + b.w >= left and b.y <= bottom and b.y + b.h >= top]

    def _range(self, node: str, out: str) -> tuple[float, float]:
        box = self._boxes.get(node)
        return declared(self._catalogue.get(box.type) if box is not None else None, out, "out")

    def _show_knobs(self, frame: float) -> None:
        turned = [(box.id, knob, point) for box in self._in_sight() for knob, point in self._turned.get(box.id, ())]
        values = self.memory.now_all([point for _, _, point in turned], frame).tolist()
        for (id, knob, _), value in zip(turned, values, strict=True):
            now = None if math.isnan(value) else numbers.position(value, knob.lo, knob.hi, knob.taper)
            if _apart(self._rings.get((id, knob.name)), now):
                self._rings[id, knob.name] = now
                self._drew = True
                self._show_now(id, knob.name, now)

    def drawn(self, node: str, port: str) -> float | None:
        """Returns where modulation was last drawn at a knob, 0 to 1."""
        return self._rings.get((node, port))

    def _show_displays(self, frame: float, patch: Patch, at: float) -> None:
        boxes = self._in_sight()
        self._nodes.look(boxes, self._path, at)
        graph = self._graph(patch)
        shares = self.facts.shares
        signals = self._feed.signals(boxes, self.memory, frame, self.rate, self._path)
        for box in boxes:
            if box.display is None:
                continue
            id = box.id
            data: dict[str, Any] = self._feed.data(box, signals, self.rate, self._path)
            node = graph.nodes.get(id)
            data |= self.facts.data(box, node)
            own = self._nodes.data(box, node, self._path + id, shares, self.facts.place)
            data |= {**own, "ranges": {**data.get("ranges", {}), **own["ranges"]}} if "ranges" in own else own
            if data:
                self._canvas.display(id, data)
        for id, probe in self._probes.items():
            self._show_probe(id, probe, frame)

    def _graph(self, patch: Patch) -> Graph:
        """The graph that is shown: the patch, or the inside of the subpatch at the path."""
        graph: Graph = patch
        for id in self._path.split("/")[:-1]:
            node = graph.nodes.get(id)
            if node is None or node.definition not in patch.definitions:
                return graph
            graph = patch.definitions[node.definition]
        return graph

    def _show_probe(self, id: str, probe: Probe, frame: float) -> None:
        point: Point = (self._path + probe.node, probe.out, "out")
        if not self.memory.has(point):
            return
        past = self.memory.at(point, frame - np.linspace(probe.span * self.rate, 0.0, 120))
        newest = max(math.floor(frame), self.memory.newest)
        box = self._boxes.get(probe.node)
        gate = box is not None and box.pin(probe.out, True).type == "gate"
        data = {
            "gate" if gate else "value": past[None],
            "forecast": _known(self.memory.frames(point, newest, self._ahead))[None],
            "ranges": {"value": [self._range(probe.node, probe.out)]},
            "dt": probe.span / 119,
        }
        self._canvas.display(id, data)


def _detail(zoom: float) -> tuple[bool, bool]:
    return zoom >= FAR, zoom >= SMALL


def _known(values: Array) -> Array:
    """A forecast without the frames at its end that are not known yet."""
    known = np.flatnonzero(np.isfinite(values))
    return values[: known[-1] + 1] if len(known) else values[:0]


def _turned(box: Box) -> list[Knob]:
    """The knobs of a node that a cable moves."""
    return [row.knob for row in box.rows if row.knob is not None and row.pin is not None and row.pin.wired]


def _apart(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is not now
    return abs(before - now) >= RING_SHARE
