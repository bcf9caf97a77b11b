"""The way from where a controller stands, 0 to 1, to the value of the knob that it turns, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from demon_patch.errors import PatchError
from demon_patch.nodes.language.ports import Port, misfit
from demon_patch.patch.model.dashboard import ControlMapping
from demon_patch.patch.model.json_values import Value


def bent(x: float, curve: float) -> float:
    """Bends 0..1: `curve` 0 is straight, above 0 slow at first, below 0 fast at first, -1 to 1."""
    return min(max(x, 0.0), 1.0) ** (4.0**curve)


def straightened(y: float, curve: float) -> float:
    """The inverse of `bent`."""
    return min(max(y, 0.0), 1.0) ** (4.0**-curve)


def position(x: float, port: Port) -> float:
    """Returns the knob position of a number in a port's unit: as `taper.norm`, for one number, many times faster."""
    if not port.bounded or port.hi == port.lo:
        return x
    if port.taper == "log":
        return math.log(max(x, port.lo) / port.lo) / math.log(port.hi / port.lo)
    return (x - port.lo) / (port.hi - port.lo)


def number(at: float, port: Port) -> float:
    """Returns the number at a knob position of a port: the inverse of `position`, as `taper.denorm`."""
    if not port.bounded:
        return at
    if port.taper == "log":
        return port.lo * math.exp(at * math.log(port.hi / port.lo))
    found = port.lo + at * (port.hi - port.lo)
    return float(math.floor(found + 0.5)) if port.taper == "int" else found


@dataclass(frozen=True, slots=True)
class Way:
    """The way between a controller and a port.

    port: the port that is turned; a knob or an option.
    lo, hi: the positions of the port at the controller's ends; of an option, the numbers of its choices from 0.
    middle: the position at the controller's middle, where the mapping is centred; else None.
    curve: the bend of the way; on both sides of the middle, away from it.
    exact: by position, the port's own numbers at the ends and in the middle, free of errors of rounding.
    """

    port: Port
    lo: float
    hi: float
    middle: float | None = None
    curve: float = 0.0
    exact: Mapping[float, float] = field(default_factory=dict)

    @classmethod
    def of(cls, mapping: ControlMapping, port: Port, ends: tuple[float, float], base: Value) -> Way:
        """Returns the way of a mapping. ends: the playing range of the port. base: the port's value in the document.
        Raises PatchError for a port that has neither knob nor choices, or whose range has no ends."""
        lo, hi = (ends[side] if given is None else given for side, given in enumerate((mapping.lo, mapping.hi)))
        if port.type == "option":
            last = len(port.choices) - 1
            lo, hi = (
                min(max(end, 0), last) if math.isfinite(end) else side * last for side, end in enumerate((lo, hi))
            )
            middle = float(port.choices.index(str(base))) if mapping.centred and base in port.choices else None
            return cls(port, float(lo), float(hi), middle, mapping.curve)
        if not port.numeric or not all(map(math.isfinite, (lo, hi))):
            what = "a controller cannot turn it" if not port.numeric else "its range has no ends"
            raise PatchError(what, node=mapping.node, port=mapping.port, mend="give the mapping lo and hi within it")
        if any(misfit(port, end) and not misfit(port, float(round(end))) for end in (lo, hi)):
            lo, hi = float(round(lo)), float(round(hi))
        if wrong := next((what for end in (lo, hi) if (what := misfit(port, end))), ""):
            raise PatchError(wrong, node=mapping.node, port=mapping.port, mend="keep lo and hi in the port's range")
        at = [position(x, port) for x in (lo, hi)]
        centred = mapping.centred and not isinstance(base, bool)
        middle = position(float(base), port) if centred and isinstance(base, int | float) else None
        exact = {at[0]: float(lo), at[1]: float(hi)}
        if middle is not None and isinstance(base, int | float):
            exact[middle] = float(base)
        return cls(port, at[0], at[1], middle, mapping.curve, exact)

    @property
    def choices(self) -> int:
        """How many choices the way passes; 0 for a number that glides."""
        if self.port.type == "option":
            return round(abs(self.hi - self.lo)) + 1
        if self.port.taper == "int" and self.port.bounded:
            return round(abs(self.hi - self.lo) * (self.port.hi - self.port.lo)) + 1
        return 0

    def value(self, x: float) -> Value:
        """Returns the port's value for a controller at x, 0 to 1."""
        at = self._position(x)
        if self.port.type == "option":
            return self.port.choices[math.floor(at + 0.5)]
        if at in self.exact:
            return self.exact[at]
        found = number(at, self.port)
        if self.port.bounded:
            found = min(max(found, self.port.lo), self.port.hi)
        return found

    def place(self, value: Value) -> float | None:
        """Returns where the controller would stand for a value of the port, 0 to 1; the nearer end for one outside of
        the way, None for one that the port cannot have."""
        if self.port.type == "option":
            if value not in self.port.choices:
                return None
            at = float(self.port.choices.index(str(value)))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            at = position(value, self.port)
        else:
            return None
        return self._place(at)

    def _position(self, x: float) -> float:
        x = min(max(x, 0.0), 1.0)
        if self.middle is None:
            if self.port.type == "option":  # each choice has an equal stretch of the way
                count = abs(self.hi - self.lo) + 1
                step = min(math.floor(bent(x, self.curve) * count), count - 1)
                return self.lo + math.copysign(step, self.hi - self.lo)
            y = bent(x, self.curve)
            return self.lo * (1 - y) + self.hi * y
        end = self.hi if x >= 0.5 else self.lo
        y = bent(abs(2 * x - 1), self.curve)
        return self.middle * (1 - y) + end * y

    def _place(self, at: float) -> float:
        if self.middle is None:
            if self.port.type == "option":
                count = abs(self.hi - self.lo) + 1
                y = (min(max((at - self.lo) * math.copysign(1, self.hi - self.lo), 0), count - 1) + 0.5) / count
                return straightened(y, self.curve)
            span = self.hi - self.lo
            return straightened((at - self.lo) / span, self.curve) if span else 0.5
        up = (at - self.middle) * (self.hi - self.middle) > 0 or self.lo == self.middle
        span = (self.hi if up else self.lo) - self.middle
        far = straightened((at - self.middle) / span, self.curve) if span else 0.0
        return 0.5 + 0.5 * (far if up else -far)
