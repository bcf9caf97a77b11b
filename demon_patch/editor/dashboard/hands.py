"""The pointer on the dashboard: locked it plays, unlocked it lays out. Each gesture is one undo step."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from demon_patch.editor.dashboard import edits, touch
from demon_patch.editor.dashboard.faces import Face, faces
from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.hands.values import rounded
from demon_patch.editor.layout.box import Knob, Point
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.look import numbers
from demon_patch.editor.panels.protocol import Item, Popups
from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import ABSENT, Command, SetValue, together
from demon_patch.patch.model.dashboard import WIDGETS
from demon_patch.runtime.remote.messages.edits import Begin, Cancel, Do, End
from demon_patch.runtime.remote.messages.live import Release, Turn

LEAST_SECONDS = 1 / 60
"""Between two values of one gesture."""
DOUBLE = 0.35
"""Seconds within which a second press is a double click."""


class DashboardHands:
    """Takes looks at the pointer, in places of the dashboard. All methods: the window's thread.

    place: returns the pixel of the window for a place. locked: whether widgets are played; otherwise they are moved.
    moves: how far a widget is moved or resized that is in the hand, by id.
    """

    def __init__(
        self, link: Link, facts: Facts, popups: Popups, place: Callable[[Point], Point] = lambda at: at
    ) -> None:
        self._link, self._facts, self._popups, self._place = link, facts, popups, place
        self.locked = True
        self.lit = touch.Spot()
        self.held: str = ""
        self.draft: tuple[str, Point, Point] | None = None
        self._what = ""
        self._was, self._start = NOWHERE, NOWHERE
        self._from = 0.0
        self._sent: tuple[float, ...] | None = None
        self._next: tuple[float, ...] | None = None
        self._sent_at = -math.inf
        self._pressed: tuple[str, float] = ("", -math.inf)

    @property
    def faces(self) -> dict[str, Face]:
        """The widgets as they are now."""
        return faces(self._link.patch, self._facts, self._link.live_values)

    @property
    def busy(self) -> bool:
        """Whether a widget is in the hand."""
        return bool(self.held)

    # -- the pointer ---------------------------------------------------------------------------------------------
    def pointer(self, look: Pointer) -> None:
        """Takes a look."""
        before, self._was = self._was, look
        shown = self.faces
        if not self.held:
            self.lit = touch.spot(shown, look.x, look.y, self.locked)
        if look.left and not before.left:
            self._press(look, shown)
        elif self.held and self.held not in shown:
            self._drop()
        elif self.held and look.left:
            self._move(look, shown[self.held])
        elif self.held:
            self._release(shown[self.held])
        if look.right and not before.right and not self.held:
            self._menu(look, shown)
        if look.wheel and self.locked and self.lit.part == "body" and not self.held:
            self._wheel(shown[self.lit.id], look)

    def cancel(self) -> bool:
        """Takes the gesture back that is under way; returns whether one was."""
        if not self.held:
            return False
        if self._what in ("turn", "pad") and self._sent is not None:
            self._link.ask(Cancel(), None, lambda fault: None)
        if self._what == "press":
            self._let_go()
        self._drop()
        return True

    def _drop(self) -> None:
        self.held, self._what, self.draft, self._sent, self._next = "", "", None, None, None

    def _press(self, look: Pointer, shown: dict[str, Face]) -> None:
        found = self.lit = touch.spot(shown, look.x, look.y, self.locked)
        twice = self._pressed[0] == found.id and look.time - self._pressed[1] < DOUBLE
        self._pressed = (found.id, look.time)
        if found.part == "ground" or not (face := shown[found.id]).known:
            return
        self.held, self._start, self._sent, self._next = found.id, look, None, None
        if not self.locked:
            self._what = "size" if found.part == "corner" else "move"
            return
        if twice and face.knob is not None and face.kind not in ("toggle", "button", "pad", "meter"):
            self._drop()
            self._type(face)
            return
        match face.kind:
            case "toggle":
                self._drop()
                self._do(SetValue(face.widget.node, face.widget.port, self._end(face, not face.on)), "Set value")
            case "button":
                self._what = "press"
                self._turn_live(face, self._end(face, True))
            case "menu" | "text":
                self._drop()
                self._choose(face) if face.kind == "menu" else self._type(face)
            case "meter":
                self._drop()
            case "pad":
                self._what = "pad"
                self._move(look, face)
            case _:
                assert face.knob is not None
                self._what, self._from = "turn", touch.position_of(face.knob)
                if face.kind == "slider":
                    self._move(look, face)

    def _move(self, look: Pointer, face: Face) -> None:
        if self._what in ("move", "size"):
            dx, dy = look.x - self._start.x, look.y - self._start.y
            (x, y), (w, h) = face.widget.at, face.widget.size
            at = (x + dx, y + dy) if self._what == "move" else (x, y)
            size = (w, h) if self._what == "move" else (w + dx, h + dy)
            at = (edits.snapped(at[0]), edits.snapped(at[1]))
            self.draft = (face.id, at, (max(size[0], 40.0), max(size[1], 40.0)))
        elif self._what == "pad" and face.knob is not None and face.second is not None:
            places = zip((face.knob, face.second), touch.on_pad(face, look.at), strict=True)
            self._send(face, tuple(_number(knob, position) for knob, position in places), look.time)
        elif self._what == "turn" and face.knob is not None:
            if face.kind == "slider":
                position = touch.slid(face, look.y)
            else:
                position = touch.turned(self._from, self._start.at, look.at, look.shift)
            self._send(face, (_number(face.knob, position),), look.time)

    def _release(self, face: Face) -> None:
        what, draft = self._what, self.draft
        if what in ("turn", "pad"):
            if self._next is not None:
                self._send(face, self._next, math.inf)
            if self._sent is not None:
                self._link.ask(End(), None, lambda fault: None)
        elif what == "press":
            self._let_go()
        elif draft is not None:
            patch = self._link.patch
            command = (
                edits.moved(patch, face.id, draft[1]) if what == "move" else edits.resized(patch, face.id, draft[2])
            )
            if command is not None:
                self._do(command, "Move widget" if what == "move" else "Resize widget")
        self._drop()

    # -- values --------------------------------------------------------------------------------------------------
    def _end(self, face: Face, upper: bool) -> float:
        assert face.knob is not None
        return touch.number_at(face.knob, 1.0 if upper else 0.0)

    def _send(self, face: Face, values: tuple[float, ...], time: float) -> None:
        """Sends the numbers of a widget: one, or two of a pad; later where the last ones are too new."""
        knobs = [knob for knob in (face.knob, face.second) if knob is not None][: len(values)]
        if values == (tuple(knob.value for knob in knobs) if self._sent is None else self._sent) and not face.live:
            self._next = None
            return
        if time - self._sent_at < LEAST_SECONDS:
            self._next = values
            return
        ports = tuple((knob.node, knob.name) for knob in knobs)
        if self._sent is None:
            self._link.ask(Begin(label="Set value"))
            if face.live:
                self._link.ask(Release(ports=ports))
        self._sent, self._next = values, None
        self._sent_at = time if math.isfinite(time) else self._sent_at
        commands = tuple(SetValue(*port, value) for port, value in zip(ports, values, strict=True))
        self._do(together(commands), "Set value")

    def _turn_live(self, face: Face, value: float) -> None:
        self._link.ask(Turn(values=((face.widget.node, face.widget.port, value),)), None, self._refused)

    def _let_go(self) -> None:
        widget = self._link.patch.dashboard.get(self.held)
        if widget is not None:
            self._link.ask(Release(ports=((widget.node, widget.port),)), None, lambda fault: None)

    def _wheel(self, face: Face, look: Pointer) -> None:
        knob = face.knob
        if knob is None or face.kind in ("toggle", "button", "meter", "pad"):
            return
        step = 1.0 / max(1.0, knob.hi - knob.lo) if knob.taper == "int" else 0.002 if look.shift else 0.02
        position = min(1.0, max(0.0, touch.position_of(knob) + step * look.wheel))
        self._do(SetValue(knob.node, knob.name, _number(knob, position)), "Set value")

    def _type(self, face: Face) -> None:
        node, port = face.widget.node, face.widget.port
        knob = face.knob
        text = face.text if knob is None else numbers.exact(knob.value if knob.live is None else knob.live, knob.taper)

        def commit(typed: str) -> str:
            if knob is None:
                value: object = typed
            else:
                value = numbers.parsed(typed, knob, self._link.status.get("bpm"))
                if isinstance(value, str):
                    return value
            self._do(SetValue(node, port, value), "Set value")  # type: ignore[arg-type]
            return ""

        self._popups.field(self._pixel(face), face.title, text, commit)

    def _choose(self, face: Face) -> None:
        node, port = face.widget.node, face.widget.port
        items = [
            Item(choice, partial(self._do, SetValue(node, port, choice), "Set value"), marked=choice == face.choice)
            for choice in face.choices
        ]
        self._popups.menu(self._pixel(face), items)

    def _pixel(self, face: Face) -> Point:
        left, top, _, _ = face.rect
        return self._place((left, top + touch.HEAD))

    # -- layout --------------------------------------------------------------------------------------------------
    def _menu(self, look: Pointer, shown: dict[str, Face]) -> None:
        lock = Item("Locked: widgets are played", self.toggle_lock, marked=self.locked)
        if self.lit.part == "ground":
            self._popups.menu(self._place(look.at), (lock,))
            return
        face, patch = shown[self.lit.id], self._link.patch
        node, port = face.widget.node, face.widget.port
        usual = Item("Default", partial(self._do, SetValue(node, port, ABSENT), "Default"), enabled=face.known)
        kinds = tuple(
            Item(
                kind,
                partial(self._do, edits.of_kind(patch, face.id, kind), "Kind of widget"),
                marked=kind == face.widget.kind,
            )
            for kind in WIDGETS
        )
        name = Item(
            "Name …", partial(self._popups.field, self._pixel(face), "Name", face.title, partial(self._name, face.id))
        )
        gone = Item("Take off the dashboard", partial(self._do, edits.removed(face.id), "Remove widget"))
        value = Item("Type a value …", partial(self._type, face), enabled=face.kind != "menu" and face.known)
        look_like = Item("Looks like", items=kinds)
        self._popups.menu(self._place(look.at), (value, usual, Item(""), name, look_like, gone, Item(""), lock))

    def _name(self, id: str, text: str) -> str:
        if id not in self._link.patch.dashboard:
            return "it is gone"
        try:
            self._do(edits.relabelled(self._link.patch, id, text), "Name widget")
        except PatchError as error:
            return str(error)
        return ""

    def toggle_lock(self) -> None:
        """Locks it, so that widgets are played, or unlocks it, so that they are moved."""
        self.locked = not self.locked

    def add(self, node: str, port: str) -> None:
        """Puts a port on the dashboard."""
        try:
            self._do(edits.added(self._link.patch, self._facts, node, port), "Add to dashboard")
        except PatchError as error:
            self._popups.tell(str(error), "warning")

    def _do(self, command: Command, label: str) -> None:
        self._link.ask(Do(command=command, label=label), None, self._refused)

    def _refused(self, fault: object) -> None:
        self._popups.tell(getattr(fault, "text", "") or getattr(fault, "what", ""), "fault")


def _number(knob: Knob, position: float) -> float:
    return rounded(touch.number_at(knob, position), knob.lo, knob.hi, knob.taper)
