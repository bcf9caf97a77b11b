"""How an absolute controller takes hold of a knob that stands elsewhere.

All positions are those of the controller, 0 to 1; the knob's is where the controller would stand for its value.
"""

from __future__ import annotations

from demon_patch.patch.model.dashboard import Takeover

NEAR = 1.5 / 127
"""How near to the knob a controller of 7 bits counts as at it."""


class Hold:
    """What one controller has of one knob.

    kind: jump: it has the knob at once. pickup: once it reaches or passes the knob. scaled: the knob moves with it in
        proportion to what is left on either side, so that they meet at an end.

    last: where the controller stood last; None before it has moved.
    caught: whether the controller has the knob.
    """

    def __init__(self, kind: Takeover) -> None:
        self.kind: Takeover = kind
        self.last: float | None = None
        self.caught = kind == "jump"

    def moved(self, x: float, knob: float, same: bool, equal: bool) -> float | None:
        """Takes the controller's new place, and returns where the knob is to go; None if it stays.

        x: where the controller stands. knob: where the knob stands. same: whether the knob stands where this controller
        put it last. equal: whether the controller's place gives the value that the knob has.
        """
        last, self.last = self.last, x
        if self.kind == "jump":
            self.caught = True
            return x
        if not (self.caught and same):
            passed = self.kind == "pickup" and last is not None and min(last, x) <= knob <= max(last, x)
            self.caught = equal or passed or abs(x - knob) <= NEAR
        if self.caught:
            return x
        if self.kind == "pickup" or last is None or x == last:
            return None
        if x > last:
            return knob + (x - last) * (1 - knob) / (1 - last)
        return knob + (x - last) * knob / last
