"""The door to the window system: what Dear PyGui has no calls for, through the GLFW that it brings along.

Key and button events with their modifiers and characters, in order; files that are dropped; the shape of the pointer;
waiting with a timeout, and waking from another thread; the display's scale. Where the library cannot be reached, which
is so on some systems, the plain fallbacks hold: no drops, no shapes, sleeping in place of waiting.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_double, c_float, c_int, c_uint, c_void_p
from dataclasses import dataclass
from typing import Any

KEY_NAMES = {
    32: "space", 256: "escape", 257: "enter", 258: "tab", 259: "backspace", 260: "insert", 261: "delete",
    262: "right", 263: "left", 264: "down", 265: "up", 266: "pageup", 267: "pagedown", 268: "home", 269: "end",
    335: "enter", 340: "shift", 341: "ctrl", 342: "alt", 343: "super", 344: "shift", 345: "ctrl", 346: "alt",
    347: "super", **{289 + n: f"f{n}" for n in range(1, 13)},
}  # fmt: skip
BUTTONS = {0: "left", 1: "right", 2: "middle"}
CURSORS = {"arrow": 0, "text": 0x36002, "hand": 0x36004, "across": 0x36005, "up and down": 0x36006, "move": 0x36004}
SHIFT, CTRL, ALT, SUPER = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A key has gone down or up. name: of the key, else the character that it has without shift; empty if unknown."""

    name: str
    down: bool
    repeated: bool
    ctrl: bool
    shift: bool
    alt: bool


@dataclass(frozen=True, slots=True)
class CharEvent:
    """A character was typed; it belongs to the key that went down before it."""

    char: str


@dataclass(frozen=True, slots=True)
class ButtonEvent:
    """A button of the mouse has gone down or up, at a place in pixels of the window."""

    button: str
    down: bool
    x: float
    y: float
    ctrl: bool
    shift: bool
    alt: bool


@dataclass(frozen=True, slots=True)
class DropEvent:
    """Files were dropped on the window."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WheelEvent:
    """The wheel has turned by notches; up counts as positive."""

    x: float
    y: float


NativeEvent = WheelEvent | KeyEvent | CharEvent | ButtonEvent | DropEvent


class Door:
    """The window system, after the window is shown. All methods but `wake`: the window's thread.

    open: whether the library is reached; without it there are no events, and `fallback` keys are needed.
    events: what has happened since it was emptied, oldest first.
    """

    def __init__(self) -> None:
        self.events: deque[NativeEvent] = deque(maxlen=1000)
        self._kept: list[Any] = []  # callbacks, which must live as long as the window
        self._cursors: dict[str, Any] = {}
        self._woken = False
        self._attributes: dict[int, bool] = {}
        self._lib: Any = None
        self._window: Any = None
        try:
            self._lib, self._window = _reached()
            if self._window:
                self._listen()
        except (OSError, AttributeError, ImportError):
            self._lib = None
        self.open = bool(self._lib is not None and self._window)

    # -- events --------------------------------------------------------------------------------------------------
    def _listen(self) -> None:
        self._chain("glfwSetKeyCallback", (c_int, c_int, c_int, c_int), self._key)
        self._chain("glfwSetCharCallback", (c_uint,), lambda code: self.events.append(CharEvent(chr(code))))
        self._chain("glfwSetMouseButtonCallback", (c_int, c_int, c_int), self._button)
        self._chain("glfwSetScrollCallback", (c_double, c_double), lambda x, y: self.events.append(WheelEvent(x, y)))
        self._chain("glfwSetDropCallback", (c_int, POINTER(c_char_p)), self._drop)

    def _chain(self, setter: str, kinds: tuple[Any, ...], mine: Callable[..., object]) -> None:
        """Puts a callback before the one that is there."""
        kind = CFUNCTYPE(None, c_void_p, *kinds)
        put = getattr(self._lib, setter)
        put.restype, put.argtypes = kind, (c_void_p, kind)
        before: list[Any] = [None]

        def both(window: Any, *given: Any) -> None:
            try:
                mine(*given)
            finally:
                if before[0]:
                    before[0](window, *given)

        made = kind(both)
        self._kept.append(made)
        before[0] = put(self._window, made)
        self._kept.append(before[0])

    def _key(self, key: int, scancode: int, action: int, mods: int) -> None:
        name = KEY_NAMES.get(key, "")
        if not name:
            said = self._lib.glfwGetKeyName(key, scancode)
            name = said.decode("utf-8", "ignore").lower() if said else ""
        self.events.append(KeyEvent(name, action != 0, action == 2, _ctrl(mods), bool(mods & SHIFT), bool(mods & ALT)))

    def _button(self, button: int, action: int, mods: int) -> None:
        if button in BUTTONS:
            x, y = self.place()
            self.events.append(
                ButtonEvent(BUTTONS[button], action != 0, x, y, _ctrl(mods), bool(mods & SHIFT), bool(mods & ALT))
            )

    def _drop(self, count: int, paths: Any) -> None:
        self.events.append(DropEvent(tuple(os.fsdecode(paths[i]) for i in range(count))))

    # -- pointer -------------------------------------------------------------------------------------------------
    def place(self) -> tuple[float, float]:
        """Returns where the pointer is, in pixels of the window; only where it is `open`."""
        x, y = c_double(), c_double()
        self._lib.glfwGetCursorPos(self._window, ctypes.byref(x), ctypes.byref(y))
        return x.value, y.value

    def show_cursor(self, name: str) -> None:
        """Gives the pointer a shape of CURSORS. To be called after each frame."""
        if not self.open:
            return
        if name not in self._cursors:
            code = CURSORS.get(name, 0)
            self._cursors[name] = self._lib.glfwCreateStandardCursor(code) if code else None
        if name != "arrow" or self._cursors.get("shown") != "arrow":
            self._lib.glfwSetCursor(self._window, self._cursors[name])
            self._cursors["shown"] = name

    # -- waiting -------------------------------------------------------------------------------------------------
    def wait(self, seconds: float) -> None:
        """Waits for input, for `wake`, or for some seconds; takes input in, which then lies in `events`."""
        self._attributes.clear()
        if self._woken:
            seconds, self._woken = 0.0, False
        if not self.open:
            time.sleep(min(seconds, 0.05))
        elif seconds <= 0.0005:
            self._lib.glfwPollEvents()
        else:
            self._lib.glfwWaitEventsTimeout(c_double(seconds))

    def wake(self) -> None:
        """From any thread. Ends a `wait`."""
        self._woken = True
        if self.open:
            self._lib.glfwPostEmptyEvent()

    @property
    def focused(self) -> bool:
        """Whether the window has the keyboard."""
        return not self.open or self._attribute(0x20001)

    @property
    def hidden(self) -> bool:
        """Whether the window is minimised."""
        return self.open and self._attribute(0x20002)

    def _attribute(self, code: int) -> bool:
        """Returns an attribute of the window. The window system is asked once between two waits: the answer takes a
        way through its process and back."""
        if code not in self._attributes:
            self._attributes[code] = bool(self._lib.glfwGetWindowAttrib(self._window, code))
        return self._attributes[code]

    @property
    def desk(self) -> tuple[int, int, int, int] | None:
        """The part of the display that is free for windows: x, y, width, height in its pixels; None if unknown."""
        if not self.open:
            return None
        lib = self._lib
        lib.glfwGetPrimaryMonitor.restype = c_void_p
        lib.glfwGetMonitorWorkarea.argtypes = (c_void_p,) * 5
        monitor, found = lib.glfwGetPrimaryMonitor(), [c_int() for _ in range(4)]
        if not monitor:
            return None
        lib.glfwGetMonitorWorkarea(monitor, *map(ctypes.byref, found))
        x, y, w, h = (each.value for each in found)
        return (x, y, w, h) if w > 0 and h > 0 else None

    @property
    def scale(self) -> float:
        """How many pixels of the display one should use for one of ours: 2 on a display of high density."""
        if not self.open:
            return 1.0
        x, y = c_float(1.0), c_float(1.0)
        self._lib.glfwGetWindowContentScale(self._window, ctypes.byref(x), ctypes.byref(y))
        return x.value if 0.5 <= x.value <= 4.0 else 1.0


def _ctrl(mods: int) -> bool:
    return bool(mods & (SUPER if sys.platform == "darwin" else CTRL))


def _reached() -> tuple[Any, Any]:
    """Returns the library and its window."""
    from dearpygui import _dearpygui

    lib = ctypes.CDLL(_dearpygui.__file__)
    lib.glfwGetCurrentContext.restype = c_void_p
    lib.glfwGetKeyName.restype, lib.glfwGetKeyName.argtypes = c_char_p, (c_int, c_int)
    lib.glfwGetCursorPos.argtypes = (c_void_p, c_void_p, c_void_p)
    lib.glfwCreateStandardCursor.restype, lib.glfwCreateStandardCursor.argtypes = c_void_p, (c_int,)
    lib.glfwSetCursor.argtypes = (c_void_p, c_void_p)
    lib.glfwGetWindowAttrib.argtypes = (c_void_p, c_int)
    lib.glfwGetWindowContentScale.argtypes = (c_void_p, c_void_p, c_void_p)
    lib.glfwWaitEventsTimeout.argtypes, lib.glfwWaitEventsTimeout.restype = (c_double,), None
    lib.glfwPollEvents.restype = lib.glfwPostEmptyEvent.restype = None
    window = lib.glfwGetCurrentContext()
    return lib, window
