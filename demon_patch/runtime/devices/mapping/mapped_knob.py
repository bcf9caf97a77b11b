"""One mapping at work: it reads what its controller sent, and says where its knob is to go."""

from __future__ import annotations

import math
from collections.abc import Sequence

from demon_patch.errors import PatchError
from demon_patch.patch.model.dashboard import ControlMapping
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.devices.mapping.curve import Way
from demon_patch.runtime.devices.mapping.relative import TURN, steps
from demon_patch.runtime.devices.mapping.takeover import Hold
from demon_patch.runtime.devices.midi.decode import LARGEST_BEND, coarse_values, wide_positions

PRESSED = 0.5  # of a controller's way, from which a button is pressed
BUTTONS = ("note", "key")


class MappedKnob:
    """A mapping of the patch. Owned by one thread.

    way: the way to its port; None while the port cannot be turned.
    problem: why not; empty if it can.
    hold: what the controller has of the knob.
    place: where the controller stands, 0 to 1; None before it has moved.
    """

    def __init__(self, id: str, mapping: ControlMapping) -> None:
        self.id, self.mapping = id, mapping
        self.way: Way | None = None
        self.problem = ""
        button = mapping.source.kind in BUTTONS
        self.hold = Hold("jump" if button else mapping.takes_over)
        self.place: float | None = None
        self._written: Value | None = None
        self._pressed = False
        self._far = 0.0  # the place of an endless knob, with parts of a step
        self._coarse: int | None = None
        self._fine_seen = False

    @property
    def waits(self) -> bool:
        """Whether the controller stands elsewhere than the knob and has not taken hold of it."""
        absolute = self.mapping.mode == "absolute"
        return absolute and self.place is not None and not self.hold.caught

    @property
    def aims_at(self) -> Value | None:
        """The value that the controller stands at, in the port's unit; None before it has moved."""
        return None if self.place is None or self.way is None else self.way.value(self.place)

    def use(self, way: Way | PatchError) -> None:
        """Takes the present way to the port, or the error that says why there is none."""
        self.way, self.problem = (way, "") if isinstance(way, Way) else (None, str(way))

    def moved(self, values: Sequence[int], knob: Value) -> Value | None:
        """Returns where the knob goes, in the port's unit; None if it stays.

        values: what the controller sent, in order: of a cc or note 0 to 127 (of a wide one see `Batch.controls`), of
            pitch bend 0 to 16383.
        knob: where the knob stands, in the port's unit.
        """
        if self.mapping.source.kind == "cc" and not self.mapping.source.wide:
            values = coarse_values(values)
        if self.mapping.mode == "relative":
            return self._turned(sum(steps(value & 0x7F, self.mapping.source.coding) for value in values), knob)
        if self.mapping.source.wide:
            at, self._coarse, self._fine_seen = wide_positions(values, self._coarse, self._fine_seen)
            return None if at is None else self.placed([at / LARGEST_BEND], knob)
        if self.mapping.source.kind == "bend":
            return self.placed([_centred(value) for value in values], knob)
        return self.placed([value / 127 for value in values], knob)

    def placed(self, places: Sequence[float], knob: Value) -> Value | None:
        """As `moved`, from places of 0 to 1 in order."""
        if self.way is None or not places:
            return None
        if self.mapping.mode in ("toggle", "momentary"):
            return self._pressed_to(self.way, places, knob)
        self.place = min(max(places[-1], 0.0), 1.0)
        at = self.way.place(knob)
        if at is None:
            return None
        same = self._written is not None and knob == self._written
        value = self.hold.moved(self.place, at, same, self.way.value(self.place) == knob)
        return None if value is None else self._write(self.way.value(value), knob)

    def _pressed_to(self, way: Way, places: Sequence[float], knob: Value) -> Value | None:
        presses = 0
        for place in places:
            pressed = place >= PRESSED if self.mapping.source.kind not in BUTTONS else place > 0
            presses += pressed and not self._pressed
            self._pressed = pressed
        self.place = places[-1]
        if self.mapping.mode == "momentary":
            return self._write(way.value(1.0 if self._pressed else 0.0), knob)
        at = way.place(knob)
        high = at is not None and at >= 0.5
        return self._write(way.value(0.0 if high else 1.0), knob) if presses % 2 else None

    def _turned(self, count: int, knob: Value) -> Value | None:
        way = self.way
        at = None if way is None else way.place(knob)
        if way is None or at is None or not count:
            return None
        if knob != self._written:
            self._far = at
        stretch = TURN
        if 2 <= way.choices <= TURN + 1:
            stretch = way.choices if way.port.type == "option" else way.choices - 1
            if way.port.type != "option" and way.curve == 0 and way.middle is None:
                self._far = at  # whole numbers: each step is one of them
        self._far = min(max(self._far + count / stretch, 0.0), 1.0)
        return self._write(way.value(self._far), knob)

    def _write(self, value: Value, knob: Value) -> Value | None:
        self._written = value
        if isinstance(value, float) and isinstance(knob, int | float) and math.isclose(value, knob, abs_tol=1e-12):
            self._written = knob
            return None
        return None if value == knob else value


def _centred(value: int) -> float:
    """Returns the place of a pitch wheel, 0.5 at rest."""
    return value / 16384 if value < 8192 else 0.5 + (value - 8192) / (2 * (LARGEST_BEND - 8192))
