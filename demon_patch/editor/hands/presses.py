"""What a press on each kind of thing begins: a gesture, or after a click a field, a menu, a selection."""

from __future__ import annotations

from demon_patch.editor.hands import pictures
from demon_patch.editor.hands.clicks import Clicks
from demon_patch.editor.hands.commands import Commands
from demon_patch.editor.hands.gestures.band import Band
from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.gestures.cable import pick_up
from demon_patch.editor.hands.gestures.knife import Bend, Knife
from demon_patch.editor.hands.gestures.move import MoveThings, Resize
from demon_patch.editor.hands.gestures.pan import Pan
from demon_patch.editor.hands.gestures.press import Drag, Press
from demon_patch.editor.hands.gestures.turn import DepthTurn, Turn
from demon_patch.editor.hands.heard_rings import HeardRings
from demon_patch.editor.hands.menus import Menus
from demon_patch.editor.hands.places import pin_of
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.layout.box import Hit
from demon_patch.patch.edit.commands import ABSENT
from demon_patch.patch.model.graph import SUBPATCH

HOVER = 0.25
"""Seconds after which a port that is hovered shows its probe; a click then pins it."""


class Presses:
    """Begins gestures."""

    def __init__(self, tools: Tools, commands: Commands, menus: Menus, rings: HeardRings, clicks: Clicks) -> None:
        self.tools, self.commands, self.menus = tools, commands, menus
        self._rings, self._clicks = rings, clicks

    def right(self, pointer: Pointer, hit: Hit) -> Gesture:
        """A click opens the menu; a drag cuts with Ctrl, bends with Shift, and else moves the canvas."""

        def drag(start: Pointer, now: Pointer) -> Gesture:
            if start.ctrl:
                return Knife(self.tools, start)
            return Bend(self.tools, start) if start.shift else Pan(self.tools, start, "right")

        return Press(self.tools, pointer, "right", drag, lambda up: self.menus.show(hit, self.tools.pixel(up.at)))

    def left(self, pointer: Pointer, hit: Hit, hovered: float) -> Gesture:
        """hovered: for how many seconds the thing has been under the pointer."""
        twice = self._clicks.twice(pointer, hit)
        if not (hit.kind == "knob" and hit.id and not twice):
            self.tools.focus = None
        if hit.kind == "pin":
            return self._pin(pointer, hit, hovered)
        if hit.kind in ("knob", "number"):
            return self._number(pointer, hit, twice)
        if hit.kind in ("wire", "depth"):
            return self._wire(pointer, hit, twice)
        if hit.id in self.tools.view.boxes:
            return self._node(pointer, hit, twice)
        if hit.id:
            return self._card(pointer, hit, twice)
        return self._ground(pointer, twice)

    def _press(self, pointer: Pointer, drag: Drag | None, click: object = None) -> Press:
        return Press(self.tools, pointer, "left", drag, click)  # type: ignore[arg-type]

    def _pin(self, pointer: Pointer, hit: Hit, hovered: float) -> Gesture:
        def drag(start: Pointer, now: Pointer) -> Gesture | None:
            pin = pin_of(self.tools.view, hit)
            return None if pin is None else pick_up(self.tools, start, pin, self.commands.asking.add)

        def click(up: Pointer) -> None:
            if hovered < HOVER:
                return
            if hit.out:
                self.commands.probe(hit.id, hit.port)
                return
            for cable in self.tools.edits.graph.cables_into(hit.id, hit.port)[:1]:
                self.commands.probe(cable.src, cable.out)

        return self._press(pointer, drag, click)

    def _number(self, pointer: Pointer, hit: Hit, twice: bool) -> Gesture:
        tools, fields = self.tools, self.commands.fields
        if twice:
            return self._press(pointer, None, lambda up: fields.value(hit.id, hit.port, tools.pixel(up.at)))
        if pointer.ctrl:
            return self._press(pointer, self._depth(hit), lambda up: fields.set(hit.id, hit.port, ABSENT))
        if hit.kind == "knob":
            tools.focus = (hit.id, hit.port)

        def drag(start: Pointer, now: Pointer) -> Gesture | None:
            knob = tools.view.knob(hit.id, hit.port)
            tools.focus = (hit.id, hit.port)
            return None if knob is None else Turn(tools, now, knob, self._rings.told)

        def click(up: Pointer) -> None:
            if hit.kind == "number":
                fields.value(hit.id, hit.port, tools.pixel(up.at))

        return self._press(pointer, drag, click)

    def _depth(self, hit: Hit) -> Drag:
        """Ctrl on a knob: a drag turns the depth of the cable that adds to it; of a selected one if there are several,
        else of the last."""

        def drag(start: Pointer, now: Pointer) -> Gesture | None:
            tools = self.tools
            keys = [cable.key for cable in tools.edits.graph.cables_into(hit.id, hit.port)]
            keys = [key for key in keys if key in tools.view.wires and tools.view.wires[key].depth is not None]
            chosen = [key for key in keys if key in tools.selection.wires] or keys
            return DepthTurn(tools, start, chosen[-1], now) if chosen else None

        return drag

    def _wire(self, pointer: Pointer, hit: Hit, twice: bool) -> Gesture:
        tools, key = self.tools, hit.wire
        assert key is not None
        add = pointer.shift or pointer.ctrl

        def click(up: Pointer) -> None:
            if add:
                tools.selection.toggle((), [key])
            else:
                tools.selection.set((), [key])

        if hit.kind == "depth":
            if twice:
                field = "offset" if pointer.alt else "depth"
                return self._press(pointer, None, lambda up: self.commands.fields.depth(key, field))

            def turn(start: Pointer, now: Pointer) -> Gesture | None:
                there = key in tools.edits.graph.cables_by_key
                return DepthTurn(tools, start, key, now) if there else None

            return self._press(pointer, turn, click)
        if twice:
            at = tools.camera.world(pointer.x, pointer.y)
            return self._press(pointer, None, lambda up: self.commands.asking.insert(at, key))
        return self._press(pointer, lambda start, now: Band(tools, start), click)

    def _node(self, pointer: Pointer, hit: Hit, twice: bool) -> Gesture:
        tools, id = self.tools, hit.id
        selection, add = tools.selection, pointer.shift or pointer.ctrl
        was_selected = id in selection.nodes
        if hit.kind == "display" and not add and not pointer.ctrl:
            box = tools.view.boxes[id]
            picture = pictures.begin(tools, pointer, box, twice)
            if picture is not None:
                if not was_selected:
                    selection.set([id])
                picture.move(pointer)
                return picture
        if hit.kind == "fold":
            return self._press(pointer, self._move(id), lambda up: self._only(id, self.commands.fold))
        if add:
            selection.toggle([id])
        elif not was_selected:
            selection.set([id])
        if twice and not add:
            return self._press(pointer, self._move(id), lambda up: self._twice(id, hit))

        def click(up: Pointer) -> None:
            if not add and was_selected:
                selection.set([id])
            if add:
                return
            if hit.kind == "choice":
                port = tools.edits.ports.inputs(id).get(hit.port)
                if port is not None:
                    tools.popups.menu(tools.pixel(up.at), self.menus.choices(id, port))
            elif hit.kind == "display" and id in tools.view.boxes:
                pictures.click(tools, tools.view.boxes[id])
            elif hit.kind == "text":
                self.commands.fields.value(id, hit.port, tools.pixel(up.at))

        return self._press(pointer, self._move(id), click)

    def _move(self, id: str) -> Drag:
        def drag(start: Pointer, now: Pointer) -> Gesture:
            selection = self.tools.selection
            chosen = selection.nodes if id in selection.nodes else frozenset([id])
            return MoveThings(self.tools, start, chosen, selection.others if id in selection.nodes else ())

        return drag

    def _only(self, id: str, do: object) -> None:
        """Does a command for one node."""
        if id not in self.tools.selection.nodes:
            self.tools.selection.set([id])
        do()  # type: ignore[operator]

    def _twice(self, id: str, hit: Hit) -> None:
        node = self.tools.edits.graph.nodes.get(id)
        if node is not None and node.type == SUBPATCH:
            self.commands.enter(id)
        elif hit.port:
            self.commands.fields.value(id, hit.port)
        else:
            self.commands.fields.name(id)

    def _card(self, pointer: Pointer, hit: Hit, twice: bool) -> Gesture:
        tools, id = self.tools, hit.id
        selection = tools.selection
        was_selected = id in selection.others
        if hit.kind.endswith("corner"):
            return self._press(pointer, lambda start, now: Resize(tools, start, id) if _there(tools, id) else None)
        if pointer.shift or pointer.ctrl:
            selection.toggle((), (), [id])
        elif not was_selected:
            selection.set((), (), [id])

        def drag(start: Pointer, now: Pointer) -> Gesture:
            chosen = selection.others if id in selection.others else frozenset([id])
            return MoveThings(tools, start, selection.nodes if id in selection.others else (), chosen)

        def click(up: Pointer) -> None:
            if twice and hit.kind in ("note", "frame"):
                (self.commands.fields.note if hit.kind == "note" else self.commands.fields.name)(id)
            elif was_selected and not (pointer.shift or pointer.ctrl):
                selection.set((), (), [id])

        return self._press(pointer, drag, click)

    def _ground(self, pointer: Pointer, twice: bool) -> Gesture:
        tools = self.tools
        at = tools.camera.world(pointer.x, pointer.y)
        if twice:
            return self._press(pointer, None, lambda up: self.commands.asking.add(at))

        def click(up: Pointer) -> None:
            if not (pointer.shift or pointer.ctrl):
                tools.selection.set()

        return self._press(pointer, lambda start, now: Band(tools, start), click)


def _there(tools: Tools, id: str) -> bool:
    graph = tools.edits.graph
    return id in graph.frames or id in graph.notes or id in graph.probes
