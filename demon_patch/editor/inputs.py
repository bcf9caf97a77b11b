"""From events of the window system to looks at the pointer and to keys. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.native import ButtonEvent, CharEvent, KeyEvent

REPEATING = frozenset({"left", "right", "up", "down", "backspace", "delete"})
"""The keys that go on while they are held."""


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key with the character that it makes, as `Hands.key` takes it."""

    name: str
    char: str
    ctrl: bool
    shift: bool
    alt: bool
    down: bool


@dataclass(slots=True)
class Keyboard:
    """Joins keys and characters: a character belongs to the key before it.

    down: the names of the keys that are down. Those that hold ctrl, shift and alt down are in `ctrl`, `shift`, `alt`.
    """

    down: set[str] = field(default_factory=set)
    ctrl: bool = False
    shift: bool = False
    alt: bool = False

    def taken(self, events: Iterable[object]) -> Iterator[KeyPress]:
        """Yields the presses among native events. Keys that other things hold down are no presses."""
        waiting: KeyEvent | None = None
        for event in events:
            if isinstance(event, KeyEvent):
                if waiting is not None:
                    yield self._press(waiting, "")
                waiting = None
                self._hold(event)
                if event.name in ("ctrl", "shift", "alt", "super") or (event.repeated and event.name not in REPEATING):
                    continue
                if event.down:
                    waiting = event
                else:
                    self.down.discard(event.name)
                    yield KeyPress(event.name, _char(event.name), event.ctrl, event.shift, event.alt, False)
            elif isinstance(event, CharEvent):
                if waiting is not None:
                    yield self._press(waiting, event.char)
                    waiting = None
                else:
                    yield KeyPress("", event.char, self.ctrl, self.shift, self.alt, True)
        if waiting is not None:
            yield self._press(waiting, "")

    def _hold(self, event: KeyEvent) -> None:
        if event.name in ("ctrl", "shift", "alt"):
            setattr(self, event.name, event.down)
        else:
            self.ctrl, self.shift, self.alt = event.ctrl, event.shift, event.alt

    def _press(self, event: KeyEvent, char: str) -> KeyPress:
        self.down.add(event.name)
        return KeyPress(event.name, char or _char(event.name), event.ctrl, event.shift, event.alt, True)

    def forget(self) -> None:
        """The window has lost the keyboard: nothing is held."""
        self.down.clear()
        self.ctrl = self.shift = self.alt = False


def _char(name: str) -> str:
    return name if len(name) == 1 else ""


def looks(events: Iterable[object], before: Pointer, last: Pointer) -> Iterator[Pointer]:
    """Yields the looks at the pointer of one frame: one for each press and release since the last, then one for now.

    before: the look before. last: the look now, with the wheel.
    """
    held = before
    for event in events:
        if isinstance(event, ButtonEvent):
            held = replace(
                held, x=event.x, y=event.y, ctrl=event.ctrl, shift=event.shift, alt=event.alt, wheel=0.0,
                over=last.over, time=last.time,
            )  # fmt: skip
            held = replace(held, **{event.button: event.down})
            yield held
    yield replace(last, left=held.left, middle=held.middle, right=held.right)
