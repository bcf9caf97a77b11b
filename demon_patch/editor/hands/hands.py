"""The player's hands: looks at the pointer and keys come in, edits of the document and calls of the canvas go out."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from demon_patch.editor.canvas.camera import NOTCH, Camera
from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.editor.hands.asking import Asking
from demon_patch.editor.hands.clicks import Clicks
from demon_patch.editor.hands.commands import Commands
from demon_patch.editor.hands.edits import Edits
from demon_patch.editor.hands.fields import Fields
from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.gestures.ear_check import EarCheck
from demon_patch.editor.hands.gestures.move import MoveThings, Resize
from demon_patch.editor.hands.gestures.pan import Pan
from demon_patch.editor.hands.gestures.turn import DepthTurn, Turn, WheelTurn
from demon_patch.editor.hands.heard_rings import HeardRings
from demon_patch.editor.hands.keys import Keys, Where, combination, plain_letter
from demon_patch.editor.hands.menus import Menus
from demon_patch.editor.hands.notes import Notes
from demon_patch.editor.hands.palette import Offer
from demon_patch.editor.hands.places import pin_of
from demon_patch.editor.hands.pointer import BUTTONS, NOWHERE, Pointer
from demon_patch.editor.hands.presses import HOVER, Presses
from demon_patch.editor.hands.selection import Selection
from demon_patch.editor.hands.tools import Clipboard, OwnClipboard, Tools
from demon_patch.editor.layout.box import GROUND, Hit, Pin, Point
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels.protocol import Popups
from demon_patch.patch.model.graph import REROUTE, CableKey

if TYPE_CHECKING:
    from demon_patch.editor.canvas.view import View

PIN_REACH = 10.0
"""Pixels from which a pin or cable can be hit."""
SIDEWAYS = 60.0
"""Pixels that a notch of the wheel moves the canvas with Shift."""
TAP = 0.3
"""Seconds for which Space may be down to play or stop."""


class Hands:
    """Holds at most one gesture. The window calls `pointer` for each look, `key` for each key, and `follow` after the
    view was updated; all on one thread.

    clock: the time in seconds, the same that pointers have. keys: the user's keys. clipboard: the system's.
    rng: the source of fresh ids; the system's randomness by default. origin: the pixel of the window in the canvas's
    upper left corner.

    gesture: the gesture that is going on. hover: what lies under the pointer, for `hovered` seconds. notes: the
    computer's keys as notes. commands: everything that the key table names.
    """

    def __init__(
        self,
        view: View,
        camera: Camera,
        canvas: Canvas,
        link: Link,
        popups: Popups,
        clock: Callable[[], float],
        *,
        keys: Keys | None = None,
        clipboard: Clipboard | None = None,
        rng: random.Random | None = None,
        origin: Point = (0.0, 0.0),
    ) -> None:
        edits = Edits(view, link, popups, rng)
        selection = Selection(canvas)
        self.tools = Tools(
            view, camera, canvas, link, popups, clock, selection, edits, keys or Keys(), clipboard or OwnClipboard()
        )
        self.tools.origin = origin
        self.gesture: Gesture | None = None
        self.rings = HeardRings(canvas, clock)
        self.asking = Asking(self.tools)
        self.commands = Commands(self.tools, self.asking, Fields(self.tools, self.rings.told))
        self.menus = Menus(self.tools, self.commands)
        self.notes = self.commands.keyboard = Notes(self.tools)
        self._clicks = Clicks()
        self._presses = Presses(self.tools, self.commands, self.menus, self.rings, self._clicks)
        self._hover_since = 0.0
        self._dimmed: tuple[CableKey, ...] | None = None
        self._space: float | None = None
        self._seen: object = None

    # -- what others ask -----------------------------------------------------------------------------------------
    @property
    def selection(self) -> Selection:
        """What is selected."""
        return self.tools.selection

    @property
    def keys(self) -> Keys:
        """The keys in use."""
        return self.tools.keys

    @property
    def hover(self) -> Hit:
        """What lies under the pointer."""
        return self.tools.hover

    @property
    def hovered(self) -> float:
        """For how many seconds it has."""
        return self.tools.pointer.time - self._hover_since

    @property
    def busy(self) -> bool:
        """Whether a gesture goes on, or something moves by itself."""
        return self.gesture is not None or self.rings.closing or self.commands.glide.going

    @property
    def cursor(self) -> str:
        """The form of the cursor: arrow, hand (something that can be pressed), move, or up and down."""
        if isinstance(self.gesture, Pan | MoveThings | Resize) or self._space is not None:
            return "move"
        kind = self.tools.hover.kind
        if isinstance(self.gesture, Turn | DepthTurn) or kind in ("knob", "depth"):
            return "up and down"
        if kind.endswith("corner"):
            return "move"
        return "hand" if kind in ("pin", "number", "choice", "fold") else "arrow"

    def offers(self, text: str, pin: Pin | None = None) -> list[Offer]:
        """Returns what the palette that is open lists for a text."""
        return self.asking.offers(text)

    def chosen(self, choice: Offer | None) -> None:
        """Does what was chosen in the palette; None for nothing."""
        if choice is None:
            return
        self.cancel()
        if choice.kind == "command":
            self.commands.call(choice.id)
        elif choice.kind == "found":
            self.commands.go_to(choice.id)
        else:
            self.asking.chosen(choice)

    def follow(self) -> None:
        """Follows the document: selection and hover hold only what is there."""
        view = self.tools.view
        seen = (view.patch, view.within)
        if seen == self._seen:
            return
        self._seen = seen
        graph = view.graph
        self.selection.follow(graph)
        hover = self.tools.hover
        if (hover.wire is not None and hover.wire not in graph.cables_by_key) or not self._known(hover.id):
            self._set_hover(GROUND)

    def _known(self, id: str) -> bool:
        """Whether the graph has a node, frame, note or probe; true for nothing."""
        graph = self.tools.view.graph
        return not id or any(id in records for records in (graph.nodes, graph.frames, graph.notes, graph.probes))

    # -- the pointer ---------------------------------------------------------------------------------------------
    def pointer(self, pointer: Pointer) -> None:
        """Takes a look at the pointer."""
        self._clicks.look()
        was, self.tools.pointer = self.tools.pointer, pointer
        self.follow()
        self.rings.look()
        self.commands.glide.look()
        if self.gesture is not None and not self._go_on(self.gesture, pointer, was):
            return
        if not pointer.over:
            self._set_hover(GROUND)
            return
        self._look_under(pointer, was)
        if pointer.wheel:
            self._wheel(pointer)
        for button in BUTTONS:
            if pointer.down(button) and not was.down(button) and self.gesture is None:
                self._press(button, pointer)
        self._show_paths()

    def _go_on(self, gesture: Gesture, pointer: Pointer, was: Pointer) -> bool:
        """Goes on with the gesture; returns whether it is over."""
        if gesture.ended(pointer):
            self.gesture = None
            gesture.release(pointer)
            return True
        stopped = gesture.button != "right" and pointer.right and not was.right
        if stopped and not isinstance(gesture, EarCheck):
            self.cancel()
            return False
        if pointer.wheel and not isinstance(gesture, WheelTurn):
            self._zoom(pointer)
        self.gesture = gesture.move(pointer) or gesture
        return False

    def _press(self, button: str, pointer: Pointer) -> None:
        tools = self.tools
        tools.edits.end()
        self.commands.glide.finish()
        if button == "middle":
            self.gesture = Pan(tools, pointer, "middle")
        elif button == "right":
            self.gesture = self._presses.right(pointer, self._under(pointer))
        elif self._space is not None:
            self._space = -1.0  # it pans, and does not play
            self.gesture = Pan(tools, pointer, "left")
        else:
            self.gesture = self._presses.left(pointer, self._under(pointer), self.hovered)

    def _under(self, pointer: Pointer) -> Hit:
        tools = self.tools
        reach = PIN_REACH / max(tools.camera.zoom, 0.5)
        at = tools.camera.world(pointer.x, pointer.y)
        return tools.view.at(*at, reach, wires_only="c" in tools.held and self._letters_are_commands())

    def _look_under(self, pointer: Pointer, was: Pointer) -> None:
        if pointer.at != was.at or pointer.wheel or not was.over or self._seen is not None:
            hit = self._under(pointer)
            if hit != self.tools.hover:
                self._set_hover(hit)

    def _set_hover(self, hit: Hit) -> None:
        if hit == self.tools.hover:
            return
        self.tools.hover, self._hover_since = hit, self.tools.pointer.time
        pin = pin_of(self.tools.view, hit)
        self.tools.canvas.hover(hit.wire, pin)
        if hit == GROUND:
            self._show_paths()

    def _show_paths(self) -> None:
        """A cable that is hovered for a while, or selected, is seen on its whole path; the others fade."""
        hit, selected = self.tools.hover, self.selection.wires
        keys = frozenset([hit.wire]) if hit.wire is not None and self.hovered >= HOVER else selected
        path = tuple(sorted(self._path(keys))) if keys else None
        if path != self._dimmed:
            self._dimmed = path
            self.tools.canvas.dim(path)

    def _path(self, keys: frozenset[CableKey]) -> set[CableKey]:
        """The cables, with those before and after them through reroutes."""
        graph = self.tools.view.graph
        found, left = set[CableKey](), [key for key in keys if key in graph.cables_by_key]
        while left:
            key = left.pop()
            if key in found:
                continue
            found.add(key)
            if graph.nodes[key.src].type == REROUTE:
                left += [cable.key for cable in graph.cables_into(key.src)]
            if graph.nodes[key.dst].type == REROUTE:
                left += [cable.key for cable in graph.cables_from(key.dst)]
        return found

    def _wheel(self, pointer: Pointer) -> None:
        hit, focus = self.tools.hover, self.tools.focus
        if focus is not None and hit.kind in ("knob", "number") and (hit.id, hit.port) == focus:
            knob = self.tools.view.knob(*focus)
            if knob is not None:
                self.gesture = WheelTurn(self.tools, pointer, knob, self.rings.told)
                self.gesture.move(pointer)
                return
        self._zoom(pointer)

    def _zoom(self, pointer: Pointer) -> None:
        camera = self.tools.camera
        if pointer.shift:
            camera.pan(pointer.wheel * SIDEWAYS, 0.0)
        else:
            camera.zoom_at(pointer.x, pointer.y, NOTCH**pointer.wheel)
        self.tools.looked()

    # -- keys ----------------------------------------------------------------------------------------------------
    def key(self, name: str, char: str, ctrl: bool, shift: bool, alt: bool, down: bool) -> bool:
        """Takes a key; returns whether it had a meaning.

        name: of the key, in small letters. char: the character that it makes, if any.
        """
        key = combination(name, char, ctrl, shift, alt)
        base = (char or name).lower()
        if not down:
            return self._up(name, base)
        if self.tools.popups.typing:
            return False
        self.follow()
        if self.gesture is not None and not isinstance(self.gesture, WheelTurn):
            return self._in_gesture(self.gesture, key, base)
        self._end_wheel()
        if self.notes.on and not ctrl and not alt and self.notes.key(base, True):
            return True
        if key == "space":
            self._space = self.tools.clock() if self._space is None else self._space
            return True
        return self._command(key, base, char or name)

    def _command(self, key: str, base: str, text: str) -> bool:
        """Does the command of a key, or opens the palette with a letter."""
        row = self.tools.keys.find(key, self._holds())
        if plain_letter(key) and not self._letters_are_commands() and (row is None or row.where != "inside"):
            self.asking.add(self.tools.world, text=text)
            return True
        self.tools.held.add(base)
        if row is None:
            return False
        if row.command == "cancel":
            self.cancel(also_selection=True)
        elif row.command == "mute_cable":
            self._ear_check(base)
        elif not row.held and not (base == "r" and self.commands.hovered_knob() is not None):
            self.commands.call(row.command)
        return True

    def _in_gesture(self, gesture: Gesture, key: str, base: str) -> bool:
        if key == "escape":
            self.cancel()
            return True
        self.tools.held.add(base)
        return gesture.key(base, True)

    def _up(self, name: str, base: str) -> bool:
        self.tools.held.discard(base)
        self.tools.held.discard(name)
        if self.notes.key(base, False):
            return True
        if self.gesture is not None:
            taken = self.gesture.key(base, False)
            if isinstance(self.gesture, EarCheck) and self.gesture.over:
                self.gesture = None
            if taken:
                return True
        if name == "space" and self._space is not None:
            pressed, self._space = self._space, None
            if pressed >= 0 and self.tools.clock() - pressed <= TAP and not self.tools.popups.typing:
                row = self.tools.keys.find("space", self._holds())
                if row is not None:
                    self.commands.call(row.command)
            return True
        return False

    def _ear_check(self, key: str) -> None:
        for wire in sorted(self.tools.wires)[:1]:
            self.gesture = EarCheck(self.tools, self.tools.pointer, wire, key)

    def _letters_are_commands(self) -> bool:
        return bool(self.selection) or self.tools.hover != GROUND

    def _holds(self) -> set[Where]:
        """Where the pointer and the selection are, as the key table says it."""
        tools = self.tools
        holds: set[Where] = {"anywhere"}
        if tools.view.within is not None:
            holds.add("inside")
        if self.commands.hovered_knob() is not None:
            holds.add("knob")
        if tools.wires:
            holds |= {"cable", "cables or nodes"}
        if tools.nodes or (tools.selection.others and not tools.selection.wires):
            holds |= {"nodes", "cables or nodes"}
        if tools.selection or tools.nodes or tools.wires:
            holds.add("selection")
        return holds

    # -- ending --------------------------------------------------------------------------------------------------
    def cancel(self, also_selection: bool = False) -> None:
        """Takes the gesture back, without an undo step. also_selection: without a gesture, what waits for a controller
        ends, or the selection does."""
        gesture, self.gesture = self.gesture, None
        self._clicks.forget()
        if isinstance(gesture, WheelTurn):
            gesture.release(self.tools.pointer)
        elif gesture is not None:
            gesture.cancel()
        elif also_selection and not self.commands.cancel_learning():
            self.tools.focus = None
            self.selection.set()

    def lost(self) -> None:
        """The window has lost pointer and keyboard: the gesture is taken back, and no key is down."""
        self.cancel()
        self.tools.held.clear()
        self._space = None
        self.tools.pointer = NOWHERE
        self._set_hover(GROUND)

    def _end_wheel(self) -> None:
        if isinstance(self.gesture, WheelTurn):
            gesture, self.gesture = self.gesture, None
            gesture.release(self.tools.pointer)
