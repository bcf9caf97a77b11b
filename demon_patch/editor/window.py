"""The window: Dear PyGui's context, fonts and loop. Its thread is the only one that calls Dear PyGui."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from string import ascii_lowercase, digits

import dearpygui.dearpygui as dpg

from demon_patch.editor.canvas.scene_brush import Item
from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.inputs import Keyboard, KeyPress, looks
from demon_patch.editor.look.text import FILES
from demon_patch.editor.look.theme import Theme
from demon_patch.editor.native import ButtonEvent, CharEvent, Door, DropEvent, KeyEvent, NativeEvent, WheelEvent
from demon_patch.editor.us_keys import char_of

OTHER_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/System/Library/Fonts/Supplemental/Arial Unicode.ttf",
    "C:/Windows/Fonts/msyh.ttc",
    "C:/Windows/Fonts/segoeui.ttf",
)
"""Fonts of systems, for scripts that our own font lacks; the first that is there."""


class Window:
    """A window with one surface, in which everything is drawn.

    title: of the window. size: in pixels of ours. scale: pixels of the display for one of ours; 0 asks the display.

    surface: where things are drawn. fonts: by name (`Brush`). door: the window system.
    """

    def __init__(self, title: str, size: tuple[int, int], theme: Theme, scale: float = 0.0) -> None:
        self._keyboard, self._before = Keyboard(), NOWHERE
        self._last_size = (0, 0)
        self._closing = False
        self._fallback: list[NativeEvent] = []
        dpg.create_context()
        dpg.configure_app(manual_callback_management=True)
        self.scale = scale or 1.0
        dpg.create_viewport(
            title=title, width=round(size[0] * self.scale), height=round(size[1] * self.scale), vsync=False,
            x_pos=0, y_pos=0, clear_color=theme.ground, min_width=640, min_height=420, disable_close=True,
        )  # fmt: skip
        dpg.setup_dearpygui()
        self.fonts = _fonts()
        dpg.bind_font(self.fonts["plain"])
        self.surface: Item = dpg.add_window(
            no_scrollbar=True, no_scroll_with_mouse=True, no_bring_to_front_on_focus=True, no_title_bar=True,
            no_move=True, no_resize=True,
        )  # fmt: skip
        surface = self.surface
        dpg.set_primary_window(surface, True)  # which resets the window's flags
        # the ground is what the frame is cleared with: a window's own costs as much as all nodes where no card draws
        dpg.configure_item(surface, no_scrollbar=True, no_scroll_with_mouse=True, no_background=True)
        self._bare: Item = 0
        self.restyle(theme)
        dpg.set_exit_callback(self.ask_to_close)
        dpg.show_viewport()
        self.door = Door()
        if not self.door.open:
            self._listen()
        if not scale and self.door.scale != 1.0:
            self.scale = self.door.scale
            dpg.set_viewport_width(round(size[0] * self.scale))
            dpg.set_viewport_height(round(size[1] * self.scale))
        if (desk := self.door.desk) is not None:
            wide, tall = round(size[0] * self.scale), round(size[1] * self.scale)
            dpg.set_viewport_pos([desk[0] + max((desk[2] - wide) // 2, 0), desk[1] + max((desk[3] - tall) // 3, 0)])

    def restyle(self, theme: Theme) -> None:
        """Takes another theme."""
        bare = dpg.add_theme()
        all_ = dpg.add_theme_component(dpg.mvAll, parent=bare)
        for style in (dpg.mvStyleVar_WindowPadding, dpg.mvStyleVar_ItemSpacing, dpg.mvStyleVar_FramePadding):
            dpg.add_theme_style(style, 0, 0, parent=all_)
        dpg.add_theme_style(dpg.mvStyleVar_WindowBorderSize, 0, parent=all_)
        dpg.bind_item_theme(self.surface, bare)
        if self._bare:
            dpg.delete_item(self._bare)
        self._bare = bare
        dpg.set_viewport_clear_color(list(theme.ground))

    def close(self) -> None:
        """Ends the window."""
        dpg.stop_dearpygui()
        dpg.destroy_context()

    # -- state ---------------------------------------------------------------------------------------------------
    @property
    def running(self) -> bool:
        """Whether the window is there."""
        return dpg.is_dearpygui_running()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, in pixels of ours."""
        wide, tall = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        return max(wide, 1) / self.scale, max(tall, 1) / self.scale

    def resized(self) -> bool:
        """Whether the size has changed since the last call."""
        size = dpg.get_viewport_client_width(), dpg.get_viewport_client_height()
        changed, self._last_size = size != self._last_size, size
        return changed

    def asked_to_close(self) -> bool:
        """Whether the player has asked to close the window since the last call."""
        asked, self._closing = self._closing, False
        return asked

    def ask_to_close(self) -> None:
        """Asks as the player does who closes the window."""
        self._closing = True

    def set_title(self, title: str) -> None:
        """Names the window."""
        dpg.set_viewport_title(title)

    # -- input ---------------------------------------------------------------------------------------------------
    def read(self, over: Callable[[float, float], bool]) -> tuple[list[Pointer], list[KeyPress], tuple[str, ...], bool]:
        """Returns what has happened since the last call: looks at the pointer, at least one, in pixels of the window;
        keys; files that were dropped; and whether anything has happened at all.

        over: whether nothing lies between a pixel and the canvas.
        """
        dpg.run_callbacks(dpg.get_callback_queue())
        events = [*self.door.events, *self._fallback]
        self.door.events.clear()
        self._fallback.clear()
        if not self.door.focused:
            self._keyboard.forget()
        presses = list(self._keyboard.taken(events))
        x, y = self.door.place() if self.door.open else dpg.get_mouse_pos(local=False)
        x, y = x / self.scale, y / self.scale
        wheel = sum(event.y for event in events if isinstance(event, WheelEvent))
        sideways = sum(event.x for event in events if isinstance(event, WheelEvent))
        keyboard = self._keyboard
        shift = keyboard.shift or (sideways != 0 and wheel == 0)
        last = Pointer(
            x, y, wheel=wheel or sideways, shift=shift, ctrl=keyboard.ctrl, alt=keyboard.alt, over=over(x, y),
            time=time.perf_counter(),
        )  # fmt: skip
        if not self.door.open:
            down = dpg.is_mouse_button_down
            self._before = replace(self._before, left=down(0), middle=down(2), right=down(1))
        buttons = [
            replace(event, x=event.x / self.scale, y=event.y / self.scale)
            for event in events
            if isinstance(event, ButtonEvent)
        ]
        found = list(looks(buttons, self._before, last))
        moved = found[-1].at != self._before.at
        self._before = found[-1]
        drops = tuple(path for event in events if isinstance(event, DropEvent) for path in event.paths)
        return found, presses, drops, bool(events) or moved

    @property
    def keys_down(self) -> set[str]:
        """The keys that are down."""
        return self._keyboard.down

    def _listen(self) -> None:
        """Where the door is closed: takes keys and wheel from Dear PyGui, with an American keyboard's characters."""
        held = {"ctrl": False, "shift": False, "alt": False}

        def key(name: str, down: bool) -> None:
            if name in held:
                held[name] = down
            self._fallback.append(KeyEvent(name, down, False, held["ctrl"], held["shift"], held["alt"]))
            char = char_of(name, held["shift"])
            if down and char and not held["ctrl"]:
                self._fallback.append(CharEvent(char))

        registry = dpg.add_handler_registry()
        for name, code in _codes().items():
            press, release = (lambda s, a, u: key(u, True)), (lambda s, a, u: key(u, False))
            dpg.add_key_press_handler(code, callback=press, user_data=name, parent=registry)
            dpg.add_key_release_handler(code, callback=release, user_data=name, parent=registry)
        wheel = lambda s, a: self._fallback.append(WheelEvent(0.0, a))  # noqa: E731
        dpg.add_mouse_wheel_handler(callback=wheel, parent=registry)

    # -- output --------------------------------------------------------------------------------------------------
    def render(self) -> None:
        """Draws a frame."""
        dpg.render_dearpygui_frame()

    def clipboard(self, text: str | None) -> str:
        """Returns the text of the clipboard, or puts one there."""
        if text is not None:
            dpg.set_clipboard_text(text)
            return text
        return dpg.get_clipboard_text() or ""

    def shoot(self, file: Path) -> None:
        """Writes a picture of the next frames into a file."""
        dpg.output_frame_buffer(str(file))


def _fonts() -> Mapping[str, Item]:
    found: dict[str, Item] = {}
    registry = dpg.add_font_registry()
    for bold, name in ((False, "plain"), (True, "bold")):
        found[name] = dpg.add_font(str(FILES[bold]), 16, parent=registry)
    other = next((path for path in OTHER_FONTS if Path(path).is_file()), None)
    if other is not None:
        found["other"] = dpg.add_font(other, 16, parent=registry)
    return found


def _codes() -> dict[str, int]:
    named = {
        "space": "Spacebar", "escape": "Escape", "enter": "Return", "tab": "Tab", "backspace": "Back",
        "delete": "Delete", "right": "Right", "left": "Left", "down": "Down", "up": "Up", "pageup": "Prior",
        "pagedown": "Next", "home": "Home", "end": "End", "ctrl": "LControl", "shift": "LShift", "alt": "LAlt",
        ".": "Period", ",": "Comma", "/": "Slash", "[": "Open_Brace", "]": "Close_Brace", "-": "Minus", "=": "Plus",
        **{f"f{n}": f"F{n}" for n in range(1, 13)}, **{char: char.upper() for char in ascii_lowercase + digits},
    }  # fmt: skip
    return {name: getattr(dpg, f"mvKey_{key}") for name, key in named.items() if hasattr(dpg, f"mvKey_{key}")}
