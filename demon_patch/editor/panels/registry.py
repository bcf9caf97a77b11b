"""The panels by name, which `Popups.show` opens and closes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.inputs import KeyPress
from demon_patch.editor.layout.box import Rect


class Panel(Protocol):
    """A list or view beside the canvas, on the window's right side unless it says otherwise."""

    def opened(self) -> None:
        """It is shown now: asks the host for what it shows."""
        ...

    def closed(self) -> None:
        """It is hidden now."""
        ...

    def place(self, rect: Rect) -> None:
        """Lays it out in the part of the window between bar and strip."""
        ...

    def holds(self, x: float, y: float) -> bool:
        """Whether a pixel of the window lies on it."""
        ...

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the window."""
        ...

    def key(self, press: KeyPress) -> bool:
        """Takes a key; returns whether it was for the panel."""
        ...

    def draw(self, now: float) -> bool:
        """Draws it if that is needed; returns whether it was."""
        ...


@dataclass
class Registry:
    """The panels, each made when it is first opened. One is open at a time.

    makers: by name. unknown: called with a name that no panel has.
    """

    makers: dict[str, Callable[[], Panel]] = field(default_factory=dict)
    unknown: Callable[[str], object] = lambda name: None

    def __post_init__(self) -> None:
        self._made: dict[str, Panel] = {}
        self.name = ""
        self.rect: Rect = (0.0, 0.0, 0.0, 0.0)

    @property
    def panel(self) -> Panel | None:
        """The panel that is open."""
        return self._made.get(self.name)

    def add(self, name: str, make: Callable[[], Panel]) -> None:
        """Makes a panel known."""
        self.makers[name] = make

    def toggle(self, name: str) -> None:
        """Opens a panel, or closes it; closes the one that was open."""
        was = self.name
        self.close()
        if name == was:
            return
        if name not in self.makers:
            self.unknown(name)
            return
        if name not in self._made:
            self._made[name] = self.makers[name]()
        self.name = name
        self._made[name].place(self.rect)
        self._made[name].opened()

    def close(self) -> bool:
        """Closes the panel that is open; returns whether one was."""
        panel, self.name = self.panel, ""
        if panel is not None:
            panel.closed()
        return panel is not None

    def resize(self, rect: Rect) -> None:
        """Lays the open panel out anew."""
        self.rect = rect
        if (panel := self.panel) is not None:
            panel.place(rect)
