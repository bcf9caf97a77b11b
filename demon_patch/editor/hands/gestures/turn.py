"""Numbers in the hand: knobs, and depth and offset of cables."""

from __future__ import annotations

from collections.abc import Callable

from demon_patch.editor.hands.gestures.base import Gesture
from demon_patch.editor.hands.loops import Movement
from demon_patch.editor.hands.pointer import Pointer
from demon_patch.editor.hands.tools import Tools
from demon_patch.editor.hands.values import Stream, rounded
from demon_patch.editor.layout.box import Knob
from demon_patch.editor.look import numbers
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages.edits import Edited

WHOLE, FINE = 1 / 180, 1 / 1800
"""Of a range, per pixel; the second with Shift."""
WIDE = 1000
"""Steps of whole numbers from which a range is too wide to be turned by shares of it."""
STEP, FINE_STEP = 1 / 4, 1 / 40
"""Whole numbers per pixel where the range is wide; the second with Shift."""
NOTCH = 1 / 100
"""Of a range, per notch of the wheel; a tenth of it with Shift."""
PAUSE = 0.5
"""Seconds within which notches of the wheel are one step."""

Told = Callable[[str, str, Edited], object]
"""Called with node, port, and what the host said of an edit."""


class Turn(Gesture):
    """A knob follows the pointer up and down: 180 pixels are its range, ten times as many with Shift. One of whole
    numbers with a wide range moves by one for each 4 pixels.

    With R held, the movement is kept, and becomes a loop node that is wired to the port.
    told: called with what the host says of each edit.
    """

    def __init__(self, tools: Tools, start: Pointer, knob: Knob, told: Told) -> None:
        super().__init__(tools, start)
        self.knob = knob
        shown = knob.value if knob.live is None else knob.live
        self.place = numbers.position(shown, knob.lo, knob.hi, knob.taper)
        self.stream = Stream(tools, knob, told)
        self.movement = Movement() if "r" in tools.held else None
        if self.movement is not None:
            self.movement.add(start.time, self.place)

    def move(self, pointer: Pointer) -> Gesture | None:
        """Turns the knob."""
        self.turn((self.last.y - pointer.y) * self._share(pointer.shift), pointer.time)
        self.last = pointer
        return None

    def _share(self, fine: bool) -> float:
        """How much of the range a pixel is."""
        knob = self.knob
        if knob.taper == "int" and numbers.bounded(knob.lo, knob.hi) and knob.hi - knob.lo > WIDE:
            return (FINE_STEP if fine else STEP) / (knob.hi - knob.lo)
        return FINE if fine else WHOLE

    def turn(self, by: float, time: float) -> None:
        """Turns the knob by a share of its range."""
        before, self.place = self.place, min(1.0, max(0.0, self.place + by))
        if self.movement is not None:
            self.movement.add(time, self.place)
        if self.place == before:
            self.stream.flush(time)
            return
        knob = self.knob
        value = rounded(numbers.number(self.place, knob.lo, knob.hi, knob.taper), knob.lo, knob.hi, knob.taper)
        self.tools.canvas.turn(knob.node, knob.name, self.place, numbers.said(value, knob.unit, knob.taper))
        self.stream.send(value, time)

    def release(self, pointer: Pointer) -> None:
        """Sends the last number, and closes the step."""
        self.move(pointer)
        if self.movement is not None:
            self.stream.cancel()
            self.movement.add(pointer.time, self.place)
            self.movement.wire(self.tools, self.knob, pointer.time)
            return
        self.stream.close()

    def cancel(self) -> None:
        """Puts the knob back."""
        knob = self.knob
        shown = knob.value if knob.live is None else knob.live
        position = numbers.position(shown, knob.lo, knob.hi, knob.taper)
        self.tools.canvas.turn(knob.node, knob.name, position, numbers.said(shown, knob.unit, knob.taper))
        self.stream.cancel()


class WheelTurn(Turn):
    """The wheel over the knob that has the focus; notches within half a second are one step."""

    def __init__(self, tools: Tools, start: Pointer, knob: Knob, told: Told) -> None:
        super().__init__(tools, start, knob, told)
        self._latest = start.time

    def ended(self, pointer: Pointer) -> bool:
        """After a pause, or when a button goes down."""
        pressed = pointer.left or pointer.middle or pointer.right
        return pressed or pointer.time - self._latest > PAUSE

    def move(self, pointer: Pointer) -> Gesture | None:
        """Turns the knob by the notches."""
        if pointer.wheel:
            self._latest = pointer.time
            by = pointer.wheel * NOTCH * (0.1 if pointer.shift else 1.0)
            if self.knob.taper == "int" and numbers.bounded(self.knob.lo, self.knob.hi):
                by = pointer.wheel / (self.knob.hi - self.knob.lo)
            self.turn(by, pointer.time)
        else:
            self.stream.flush(pointer.time)
        return None

    def release(self, pointer: Pointer) -> None:
        """Closes the step."""
        self.stream.close()


class DepthTurn(Gesture):
    """A cable's depth follows the pointer, through zero; with Alt its offset does.

    180 pixels are a depth of 1, ten times as many with Shift.
    """

    def __init__(self, tools: Tools, start: Pointer, wire: CableKey, now: Pointer) -> None:
        super().__init__(tools, start)
        self.wire, self.last = wire, now
        cable, shown = tools.edits.graph.cables_by_key[wire], tools.view.wires.get(wire)
        usual = shown.depth if shown is not None and shown.depth is not None else 0.5
        self.field = "offset" if start.alt else "depth"
        self.value = cable.offset if start.alt else usual if cable.depth is None else cable.depth
        self._most = max(1.0, abs(self.value))
        self._sent, self._sent_at = self.value, -1.0

    def move(self, pointer: Pointer) -> Gesture | None:
        """Moves the depth."""
        by = (self.last.y - pointer.y) * (FINE if pointer.shift else WHOLE)
        self.last = pointer
        self.value = min(self._most, max(-self._most, self.value + by))
        self._send(pointer.time)
        return None

    def _send(self, time: float, at_once: bool = False) -> None:
        value = round(self.value, 3) + 0.0
        if value == round(self._sent, 3) or not (at_once or time - self._sent_at >= Stream.SECONDS):
            return
        edits = self.tools.edits
        if not edits.open:
            edits.begin(f"Set {self.field}")
        self._sent, self._sent_at = value, time
        edits.set_cable(self.wire, f"Set {self.field}", **{self.field: value})

    def release(self, pointer: Pointer) -> None:
        """Sends the last number, and closes the step."""
        self.move(pointer)
        self._send(pointer.time, at_once=True)
        self.tools.edits.end()

    def cancel(self) -> None:
        """Puts the depth back."""
        self.tools.edits.cancel()
