"""The same patch in the node editor that Dear PyGui brings (imnodes): the measure for our own canvas.

A node has an attribute for each port, with its label, a drawlist with ring and hand for each knob, and a drawlist with
a trace for its display. Its editor has no zoom: as its users do, all nodes are placed anew, and what is in them is
drawn at another size. What is modulated is drawn anew in each node that is seen.
"""

from __future__ import annotations

import math

import dearpygui.dearpygui as dpg
import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.canvas.scene_brush import Item
from demon_patch.editor.layout.box import Box, Display, Knob
from demon_patch.editor.layout.boxes import boxes_of
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.measure.camera_moves import camera, panned, zoomed
from demon_patch.editor.window import Window
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Patch

POINTS = 24  # of a trace, and of a ring
COLOUR, FAINT = (255, 180, 60, 255), (90, 95, 110, 255)


class Dial:
    """Ring and hand of a knob."""

    def __init__(self, knob: Knob, parent: Item) -> None:
        self.position = knob.position
        self._sheet = dpg.add_drawlist(22, 22, parent=parent)
        self._ring = dpg.draw_polyline([[0, 0]] * POINTS, color=COLOUR, thickness=2, parent=self._sheet)
        self._face = dpg.draw_circle((0, 0), 7, fill=FAINT, color=FAINT, parent=self._sheet)
        self._hand = dpg.draw_line((0, 0), (0, 0), color=COLOUR, thickness=2, parent=self._sheet)

    def draw(self, position: float, size: float) -> None:
        """Draws it at a position, 0 to 1, at a size, 1 at 100 %."""
        self.position = position
        angles = 2.4 + np.linspace(0.0, 4.6 * position, POINTS)
        points = 11 * size + 9 * size * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        dpg.configure_item(self._ring, points=points.tolist())
        end = 2.4 + 4.6 * position
        middle = (11 * size, 11 * size)
        tip = (middle[0] + 6 * size * math.cos(end), middle[1] + 6 * size * math.sin(end))
        dpg.configure_item(self._hand, p1=middle, p2=tip)

    def resize(self, size: float) -> None:
        """Draws it at another size."""
        dpg.configure_item(self._sheet, width=round(22 * size), height=round(22 * size))
        dpg.configure_item(self._face, center=(11 * size, 11 * size), radius=7 * size)
        self.draw(self.position, size)


class Trace:
    """The trace of a display."""

    def __init__(self, display: Display, parent: Item) -> None:
        self._wide, self._tall = display.w, display.h
        self._values = np.full(POINTS, 0.5)
        self._sheet = dpg.add_drawlist(round(display.w), round(display.h), parent=parent)
        self._line = dpg.draw_polyline([[0, 0]] * POINTS, color=COLOUR, thickness=1.5, parent=self._sheet)

    def draw(self, values: Array, size: float) -> None:
        """Draws it. values: [POINTS], 0 to 1. size: 1 at 100 %."""
        self._values = values
        across = np.linspace(0.0, self._wide * size, POINTS)
        dpg.configure_item(self._line, points=np.stack([across, values * self._tall * size], axis=1).tolist())

    def resize(self, size: float) -> None:
        """Draws it at another size."""
        dpg.configure_item(self._sheet, width=round(self._wide * size), height=round(self._tall * size))
        self.draw(self._values, size)


class NodeEditor:
    """Shows a patch in the window, as `OwnCanvas`."""

    def __init__(self, window: Window, patch: Patch, close_up: bool) -> None:
        self._boxes, _ = boxes_of(patch, None, Facts(CATALOGUE))
        self._editor = dpg.add_node_editor(parent=window.surface)
        self._random = np.random.default_rng(7)
        self._nodes: dict[str, Item] = {}
        self._dials: dict[str, list[Dial]] = {}
        self._traces: dict[str, Trace] = {}
        pins: dict[tuple[str, str, bool], Item] = {}
        for box in self._boxes.values():
            self._add(box, pins)
        for cable in patch.cables:
            dpg.add_node_link(pins[cable.src, cable.out, True], pins[cable.dst, cable.port, False], parent=self._editor)
        self._camera = camera(self._boxes.values(), window.size, close_up)
        self._middle = self._camera.centre, self._camera.zoom
        self._resize()

    def _add(self, box: Box, pins: dict[tuple[str, str, bool], Item]) -> None:
        node = self._nodes[box.id] = dpg.add_node(label=box.title, parent=self._editor)
        self._dials[box.id] = []
        for pin in box.pins:
            if pin.out:
                at = dpg.add_node_attribute(attribute_type=dpg.mvNode_Attr_Output, parent=node)
                pins[box.id, pin.name, True] = at
                dpg.add_text(pin.title or pin.name, parent=at)
        if box.display is not None:
            self._traces[box.id] = Trace(
                box.display, dpg.add_node_attribute(attribute_type=dpg.mvNode_Attr_Static, parent=node)
            )
        rows = {row.port: row for row in box.rows}
        for pin in box.pins:
            if pin.out:
                continue
            at = dpg.add_node_attribute(attribute_type=dpg.mvNode_Attr_Input, parent=node)
            pins[box.id, pin.name, False] = at
            row = rows.get(pin.name)
            line = dpg.add_group(horizontal=True, parent=at)
            if row is not None and row.knob is not None:
                self._dials[box.id].append(Dial(row.knob, line))
            if row is not None:
                dpg.add_text(row.title, parent=line)
                dpg.add_text(row.text, parent=line)

    def _place(self) -> None:
        x, y, zoom = self._camera.x, self._camera.y, self._camera.zoom
        for id, box in self._boxes.items():
            dpg.set_item_pos(self._nodes[id], [round((box.x - x) * zoom), round((box.y - y) * zoom)])

    def _resize(self) -> None:
        zoom = self._camera.zoom
        dpg.set_global_font_scale(zoom)
        for dials in self._dials.values():
            for dial in dials:
                dial.resize(zoom)
        for trace in self._traces.values():
            trace.resize(zoom)
        self._place()

    def pan(self, step: int) -> None:
        """Moves what is seen by some pixels."""
        panned(self._camera, step)
        self._place()

    def zoom(self, step: int) -> None:
        """Zooms by a notch, in or out."""
        zoomed(self._camera, self._middle, step)
        self._resize()

    def telemetry(self, step: int) -> None:
        """Draws what moves, in the nodes that are seen."""
        for id in self._seen():
            for dial in self._dials[id]:
                dial.draw(float(self._random.random()), self._camera.zoom)
            if (trace := self._traces.get(id)) is not None:
                trace.draw(self._random.random(POINTS), self._camera.zoom)

    def _seen(self) -> list[str]:
        left, top, right, low = self._camera.rect
        return [
            id for id, b in self._boxes.items()
            if b.x < right and left < b.x + b.w and b.y < low and top < b.y + b.h
        ]  # fmt: skip

    @property
    def seen(self) -> tuple[int, int]:
        """How many nodes are seen, and all cables."""
        return len(self._seen()), 0
