"""Where controllers stand that do not have their knobs yet, and the knob that waits for a controller. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demon_patch.editor.canvas.view import View
from demon_patch.editor.look import numbers
from demon_patch.editor.panels.controller_words import controller_words
from demon_patch.runtime.remote.messages.controllers import ControllerEvent

TURN = 1.6  # seconds in which the ring of a knob that waits for a controller closes once


class ControllerGhosts:
    """Follows the events of controllers.

    tell: shows a sentence with its tone. done: called when learning has ended. armed: the port that waits for a
    controller. standing: by (node, port), where its controller stands, 0 to 1 of the knob's way.
    """

    def __init__(
        self, view: View, tell: Callable[[str, Any], object], done: Callable[[], object] = lambda: None
    ) -> None:
        self._view, self._tell, self._done = view, tell, done
        self.armed: tuple[str, str] | None = None
        self.standing: dict[tuple[str, str], float] = {}
        self._learned: ControllerEvent | None = None

    def hear(self, event: object) -> None:
        """Takes an event."""
        if not isinstance(event, ControllerEvent):
            return
        key = event.node, event.port
        match event.kind:
            case "armed":
                self._disarm()
                self.armed = key
            case "cancelled":
                self._disarm()
            case "learned":
                self._disarm()
                self._learned = event
            case "waiting":
                if (stands := self._position(event)) is not None:
                    self.standing[key] = stands
                    self._draw(key)
            case "caught":
                self._forget(key)
            case "gone":
                for other in list(self.standing):
                    self._forget(other)
            case _:
                pass

    def _position(self, event: ControllerEvent) -> float | None:
        knob = self._view.knob(event.node, event.port) if self._view.within is None else None
        if knob is not None and isinstance(event.value, int | float):
            return numbers.position(float(event.value), knob.lo, knob.hi, knob.taper)
        return event.place

    def _disarm(self) -> None:
        armed, self.armed = self.armed, None
        if armed is not None:
            self._view.canvas.heard(*armed, None)
            self._done()

    def _forget(self, key: tuple[str, str]) -> None:
        if self.standing.pop(key, None) is not None:
            self._draw(key)

    def _draw(self, key: tuple[str, str]) -> None:
        if self._view.within is None and self._view.knob(*key) is not None:
            self._view.canvas.ghost(*key, self.standing.get(key))

    def redraw(self) -> None:
        """The canvas was drawn anew: shows all of it again."""
        for key in list(self.standing):
            self._draw(key)

    def look(self, now: float) -> bool:
        """Lets the ring of the knob that waits turn; returns whether anything moves. now: seconds."""
        if self._learned is not None:
            event = self._learned
            mapping = self._view.patch.mappings.get(event.mapping) if self._view.patch is not None else None
            if mapping is not None:
                self._learned = None
                box = self._view.boxes.get(event.node)
                title = box.title if box is not None else event.node
                what = controller_words(mapping.source)
                self._tell(f"{what[:1].upper()}{what[1:]} turns {title} {event.port.replace('_', ' ')}.", "good")
        if self.armed is None:
            return False
        if self._view.within is None:
            self._view.canvas.heard(*self.armed, now / TURN % 1.0)
        return True
