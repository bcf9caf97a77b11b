"""The canvas in a window: retained draw items, changed by difference, and hidden where they are not seen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.camera import Camera
from demon_patch.editor.canvas.scene_box import FINE, PLAIN, BoxItems
from demon_patch.editor.canvas.scene_brush import Brush, Item
from demon_patch.editor.canvas.scene_cards import Cards, given
from demon_patch.editor.canvas.scene_ground import Ground
from demon_patch.editor.canvas.scene_hand import HandItems
from demon_patch.editor.canvas.scene_wire import WireItems
from demon_patch.editor.layout.box import Box, Pin, Point, Rect, Wire
from demon_patch.editor.layout.space import Seen, Space
from demon_patch.editor.look.theme import Theme
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.graph import CableKey

_SPARE = 40.0  # how far beyond the window a shadow, ring or chip reaches


class Scene:
    """Draws the canvas into a window (`Canvas`). All places come from `space`, which is right before each call.

    parent: the window or group that it is drawn in. fonts: as in `Brush`.
    """

    def __init__(self, parent: Item, fonts: Mapping[str, Item], theme: Theme, camera: Camera, space: Space) -> None:
        self.parent, self.fonts, self.camera, self.space = parent, fonts, camera, space
        self.boxes: dict[str, BoxItems] = {}
        self.wires: dict[CableKey, WireItems] = {}
        self._seen: set[str] = set()
        self._seen_wires: set[CableKey] = set()
        self._selected: tuple[frozenset[str], frozenset[CableKey], frozenset[str]] = (
            frozenset(),
            frozenset(),
            frozenset(),
        )
        self._lit: CableKey | None = None
        self._keep: frozenset[CableKey] | None = None
        self._cut: frozenset[CableKey] = frozenset()
        self._target: CableKey | None = None
        self._faded: list[str] = []
        self._looked: tuple[Seen, int, int, int] | None = None
        self._detail = -1
        self.brush = Brush(theme, fonts)
        self._begin(theme)

    def _begin(self, theme: Theme) -> None:
        self.theme = theme
        self.ground = Ground(self.parent, theme, self.camera)
        self.plot = self.ground.plot
        self.layers = self.ground.layers
        self.hand = HandItems(self.brush, self.layers["hand"])
        self.cards = Cards(self.brush, self.layers)

    def restyle(self, theme: Theme, fonts: Mapping[str, Item] | None = None) -> None:
        """Draws everything anew in another theme, or with other fonts. `brush` stays, and has the theme."""
        pictures = {id: kept.picture.data for id, kept in self.boxes.items() if kept.picture is not None}
        knobs = {id: kept.modulated() for id, kept in self.boxes.items()}
        boxes, wires = [kept.box for kept in self.boxes.values()], [kept.wire for kept in self.wires.values()]
        selected, cards = self._selected, self.cards
        self._clear()
        self.fonts = self.fonts if fonts is None else fonts
        self.brush.theme, self.brush.fonts = theme, self.fonts
        self.boxes, self.wires = {}, {}
        self._seen, self._seen_wires, self._faded, self._looked = set(), set(), [], None
        self._selected = (frozenset(), frozenset(), frozenset())
        self._begin(theme)
        for box in boxes:
            self.add_box(box)
            for port, (now, live) in knobs[box.id].items():
                self.boxes[box.id].modulate(port, now, live)
        for wire in wires:
            self.add_wire(wire)
        self.cards.take_over(cards, self._box_of)
        for id, data in pictures.items():
            self.display(id, given(data))
        self.select(*selected)
        self.look()

    def close(self) -> None:
        """Deletes all items."""
        self._clear()
        self.brush.close()

    def _clear(self) -> None:
        for kept in self.boxes.values():
            if kept.picture is not None:
                kept.picture.close()
        self.ground.close()

    # -- what the document has -----------------------------------------------------------------------------------
    def add_box(self, box: Box) -> None:
        """Draws a node; one with that id is drawn anew in place, its cables stay."""
        old = self.boxes.pop(box.id, None)
        data = {} if old is None or old.picture is None else old.picture.data
        before: dict[str, tuple[float | None, float | None]] = {}
        if old is not None:
            before = old.modulated()
            old.close()
        self.boxes[box.id] = made = BoxItems(self.brush, box, self.layers["boxes"])
        made.detail(self._level)
        self._seen.add(box.id)
        self._looked = None
        for name, (now, live) in before.items():
            made.modulate(name, now, live)
        shown = None if old is None else old.box.display
        if data and shown is not None and box.display is not None and shown.kind == box.display.kind:
            made.display(given(data, "text" if box.text else ""))
        if box.id in self._selected[0]:
            made.select(True)
        self.cards.renew(box)

    def remove_box(self, id: str) -> None:
        """Takes a node away."""
        self.boxes.pop(id).close()
        self._seen.discard(id)
        self._selected = (self._selected[0] - {id}, *self._selected[1:])
        self.cards.tie(id, self._box_of(id))

    def move_box(self, id: str, x: float, y: float) -> None:
        """Moves a node; its cables follow."""
        kept = self.boxes[id]
        kept.move(x, y)
        if id not in self._seen:
            self._seen.add(id)
            kept.detail(self._level)
            kept.show(True)
        for key in self.space.wires_of(id):
            self._bend(key)
            if key not in self._seen_wires and key in self.wires:
                self._seen_wires.add(key)
                self.wires[key].show(True, self._level >= 2)
        self.cards.tie(id, self._box_of(id))

    def raise_boxes(self, ids: Collection[str]) -> None:
        """Draws nodes on top of the others."""
        for id in ids:
            dpg.move_item(self.boxes[id].root, parent=self.layers["boxes"])

    def add_wire(self, wire: Wire) -> None:
        """Draws a cable; one with that key is drawn anew."""
        old = self.wires.pop(wire.key, None)
        self.wires[wire.key] = made = WireItems(self.brush, wire, self.layers["wires"], self.layers["chips"])
        if old is not None:
            made.last = old.last
            old.close()
        made.moods = {name for name, on in self._moods(wire.key) if on}
        if made.moods:
            made.paint()
        self._seen_wires.add(wire.key)
        self._looked = None
        made.show(True, self._level >= 2)
        self._bend(wire.key)
        self._place_chips(wire.key)

    def _moods(self, key: CableKey) -> list[tuple[str, bool]]:
        return [
            ("selected", key in self._selected[1]),
            ("hover", key == self._lit),
            ("dim", self._keep is not None and key not in self._keep),
            ("cut", key in self._cut),
            ("target", key == self._target),
        ]

    def remove_wire(self, key: CableKey) -> None:
        """Takes a cable away."""
        self.wires.pop(key).close()
        self._seen_wires.discard(key)
        self._selected = (self._selected[0], self._selected[1] - {key}, self._selected[2])
        if key == self._lit:
            self.hover(None, None)
        self._place_chips(key)

    def _bend(self, key: CableKey) -> None:
        kept = self.wires.get(key)
        if kept is not None and key in self.space.curves:
            kept.bend(self.space.curves[key], self.space.chips.get(key))

    def _place_chips(self, key: CableKey) -> None:
        for other in self.space.wires_into(key.dst, key.port):
            if other in self.wires:
                self.wires[other].place_chip(self.space.chips.get(other))

    def set_frame(self, id: str, frame: CanvasFrame | None) -> None:
        """Draws a frame, or takes it away."""
        self.cards.set_frame(id, frame)

    def set_note(self, id: str, note: CanvasNote | None) -> None:
        """Draws a note, or takes it away."""
        self.cards.set_note(id, note)

    def set_probe(self, id: str, probe: Probe | None) -> None:
        """Draws a pinned probe, or takes it away."""
        self.cards.set_probe(id, probe, self._box_of(probe.node) if probe is not None else None)

    def _box_of(self, node: str) -> Box | None:
        kept = self.boxes.get(node)
        return None if kept is None else kept.box

    def turn(self, node: str, port: str, position: float, text: str) -> None:
        """Shows where a knob's base stands, 0 to 1, and its number."""
        self.boxes[node].turn(port, position, text)

    # -- selection and gestures ----------------------------------------------------------------------------------
    def select(self, boxes: Collection[str], wires: Collection[CableKey], others: Collection[str]) -> None:
        """Marks nodes, cables, and frames, notes or probes as selected; all others are not."""
        was = self._selected
        self._selected = now = frozenset(boxes), frozenset(wires), frozenset(others)
        for id in was[0] ^ now[0]:
            if id in self.boxes:
                self.boxes[id].select(id in now[0])
        for key in was[1] ^ now[1]:
            if key in self.wires:
                self.wires[key].mood("selected", key in now[1])
        self.cards.select(now[2])

    def hover(self, wire: CableKey | None, pin: Pin | None) -> None:
        """Lights a cable and its ends, or a pin; None for none."""
        if wire != self._lit:
            self._mood(self._lit, "hover", False)
            self._mood(wire, "hover", True)
            self._lit = wire
        lit: list[tuple[Point, str]] = []
        if wire is not None and wire in self.space.curves and wire in self.wires:
            ends, type = self.space.curves[wire], self.wires[wire].wire.type
            lit += [(ends[0], type), (ends[3], type)]
        if pin is not None and pin.node in self.boxes:
            box = self.boxes[pin.node].box
            lit.append(((box.x + pin.x, box.y + pin.y), pin.type))
        self.hand.light(lit)

    def _mood(self, key: CableKey | None, name: str, on: bool) -> None:
        if key is not None and key in self.wires:
            self.wires[key].mood(name, on)

    def dim(self, keep: Collection[CableKey] | None) -> None:
        """Draws all cables faintly but these; None ends it."""
        self._keep = None if keep is None else frozenset(keep)
        for key, kept in self.wires.items():
            kept.mood("dim", self._keep is not None and key not in self._keep)

    def hold_cable(self, start: Point | None, end: Point = (0.0, 0.0), type: str = "value") -> None:
        """Draws the cable in the hand between two points; None takes it away."""
        self.hand.hold_cable(start, end, type)

    def mark(self, at: Point | None) -> None:
        """Marks the pin on which the cable in the hand would land."""
        self.hand.mark(at)

    def offer(self, pins: Sequence[tuple[Point, str]] | None) -> None:
        """Rings the pins that fit, as place and type, and fades all others; None ends it."""
        self.hand.offer(pins or ())
        for id in self._faded:
            if id in self.boxes:
                self.boxes[id].fade_pins(None)
        self._faded = []
        if pins is None:
            return
        fitting = {(round(x), round(y)) for (x, y), _ in pins}
        for id in self._seen:
            kept = self.boxes[id]
            box = kept.box
            keep = {key for key, p in kept.pins.items() if (round(box.x + p.pin.x), round(box.y + p.pin.y)) in fitting}
            kept.fade_pins(keep)
            self._faded.append(id)

    def show_band(self, rect: Rect | None) -> None:
        """Draws the rectangle of a selection."""
        self.hand.show_band(rect, self.camera.zoom)

    def show_knife(self, line: Sequence[Point] | None, cut: Collection[CableKey] = ()) -> None:
        """Draws the knife's line, and the cables that it crosses in red."""
        self.hand.show_knife(line, self.camera.zoom)
        now = frozenset(cut) if line is not None else frozenset()
        for key in self._cut ^ now:
            self._mood(key, "cut", key in now)
        self._cut = now

    def show_target(self, wire: CableKey | None) -> None:
        """Lights the cable into which the node in the hand would be inserted."""
        if wire != self._target:
            self._mood(self._target, "target", False)
            self._mood(wire, "target", True)
            self._target = wire

    def show_guides(self, lines: Sequence[tuple[Point, Point]]) -> None:
        """Draws the lines to which a moved node snaps."""
        self.hand.show_guides(lines, self.camera.zoom)

    # -- what moves ----------------------------------------------------------------------------------------------
    @property
    def _level(self) -> int:
        return 2 if self.camera.zoom >= FINE else 1 if self.camera.zoom >= PLAIN else 0

    def look(self) -> None:
        """Follows the camera: limits, grid, what is on screen, and how much detail it has."""
        self.ground.look()
        self.brush.eye.zoomed(self.camera.zoom)
        left, top, right, bottom = self.camera.rect
        rect = left - _SPARE, top - _SPARE, right + _SPARE, bottom + _SPARE
        found, level = self.space.seen(rect), self._level
        looked = found, level, len(self.boxes), len(self.wires)
        if self._looked is not None and looked[0] is self._looked[0] and looked[1:] == self._looked[1:]:
            return
        self._looked = looked
        seen = {id for id in found.boxes if id in self.boxes}
        wires = {key for key in found.wires if key in self.wires}
        for id in seen ^ self._seen:
            if id in self.boxes:
                self.boxes[id].show(id in seen)
        for id in seen:
            self.boxes[id].detail(level)
        for key in wires | self._seen_wires:
            if key in self.wires:
                self.wires[key].show(key in wires, level >= 2)
        self._seen, self._seen_wires = seen, wires
        if level != self._detail:
            self._detail = level
            self.cards.detail(level)

    def modulate(self, node: str, port: str, now: float | None, live: float | None) -> None:
        """Shows where modulation has a knob now and where its live value stands, 0 to 1; None for none."""
        kept = self.boxes.get(node)
        if kept is not None:
            kept.modulate(port, now, live)

    def trace(self, key: CableKey, values: Array) -> None:
        """Shows what a cable carried lately: -1 to 1, newest first. Nothing is drawn of what is not seen."""
        if key in self._seen_wires and key in self.wires and self._level:
            self.wires[key].trace(np.asarray(values))

    def beads(self, key: CableKey, places: Sequence[float]) -> None:
        """Shows beads on a cable, each 0 to 1 of its length."""
        if key in self._seen_wires and key in self.wires:
            self.wires[key].beads(places)

    def display(self, node: str, data: Mapping[str, object]) -> None:
        """Gives the display of a node, or a pinned probe, what it shows (`canvas.displays`)."""
        kept = self.boxes.get(node)
        if kept is not None:
            kept.display(data)
        else:
            self.cards.display(node, data)

    def heard(self, node: str, port: str, share: float | None) -> None:
        """Shows a ring at a knob that closes as its change comes to be heard: 0 to 1; None takes it away."""
        kept = self.boxes.get(node)
        if kept is not None and port in kept.knobs:
            kept.knobs[port].heard(share)

    def ghost(self, node: str, port: str, position: float | None) -> None:
        """Shows at a knob where a controller stands that does not have it yet, 0 to 1; None takes that away."""
        if (kept := self.boxes.get(node)) is not None and port in kept.knobs:
            kept.knobs[port].ghost(position)

    def set_remark(self, key: CableKey, on: bool) -> None:
        """Marks a cable as one of which something odd is said, or no longer."""
        if key in self.wires:
            self.wires[key].remark(on)

    def set_problem(self, node: str, problem: str) -> None:
        """Marks a node as faulty, or as well where the text is empty."""
        self.boxes[node].set_problem(problem)
