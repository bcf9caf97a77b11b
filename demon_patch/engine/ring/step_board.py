"""State shared by all generations in flight: written at any time, read once a tick.

The lane of the `step` classes: a written value answers with the next forward, not with the next admission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from numbers import Real
from threading import Lock
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from demon_patch.engine.check_controls import checked, checked_option, out_of_range
from demon_patch.engine.controls import TABLE, Control
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    import numpy as np

    from demon_patch.engine.ring.slots import Slot

Number = float | int
Value = Number | str | Sequence[Number] | Tensor

Choice = tuple[tuple[float, float], tuple[float, float]]
"""The generations that a write is for: their ages and their steps."""

ALL: Choice = ((0.0, inf), (0.0, inf))

STEP_CONTROLS: dict[str, Control] = {row.name: row for row in TABLE if row.propagation in ("step", "late step")}
"""The rows of the table that the shared state takes."""


def step_control(name: str) -> Control:
    """The row of a step control; raises DemonError where there is none."""
    row = STEP_CONTROLS.get(name)
    if row is None:
        known = ", ".join(STEP_CONTROLS)
        raise DemonError("not a control that every step reads", port=name, mend=f"write one of {known}")
    return row


def check_values(values: Mapping[str, Tensor | str], rows: int, channels: int = 1) -> None:
    """Raises DemonError unless every name is a step control, every choice one of its options, and every tensor float32
    [1 | rows, 1 | T, 1] ([1 | rows, 1 | T, 1 | C] of a surface, [1 | rows, 1, 1] of a scalar). That tensors are finite
    and in range is their writer's promise: no device is waited for."""
    for name, value in values.items():
        row = step_control(name)
        if row.shape == "choice":
            checked_option(row.name, value)
        elif isinstance(value, str) or value.dtype != torch.float32 or not _fits(row, value.shape, rows, channels):
            width = f"1 or {channels}" if row.shape == "surface" else "1"
            length = "1 or frames" if row.per_frame else "1"
            raise DemonError(
                f"{value!r}" if isinstance(value, str) else f"a {value.dtype} of shape {list(value.shape)}",
                port=name,
                mend=f"give a float32 tensor of shape [1 or {rows}, {length}, {width}]",
            )


def _fits(row: Control, shape: torch.Size, rows: int, channels: int) -> bool:
    if len(shape) != 3 or shape[0] not in (1, rows) or shape[1] < 1:
        return False
    return (row.per_frame or shape[1] == 1) and shape[2] in ((1, channels) if row.shape == "surface" else (1,))


@dataclass(frozen=True, slots=True)
class _Entry:
    """A value under way from `start` to `target`: `age` of `slew` ticks have passed."""

    target: Tensor | str
    start: Tensor | None = None
    slew: float = 0.0
    age: int = 0

    def older(self) -> _Entry:
        arrived = self.age + 1 >= self.slew
        return _Entry(self.target) if arrived else _Entry(self.target, self.start, self.slew, self.age + 1)

    def value(self) -> Tensor | str:
        if self.start is None or isinstance(self.target, str):
            return self.target
        return self.start + (self.target - self.start) * (self.age / self.slew)


class Shared:
    """The step controls that are set, each checked when it is written.

    frames: T, the only length that a curve may have. channels: C, the width of a surface.
    """

    def __init__(self, frames: int, channels: int = 1) -> None:
        self.frames, self.channels = frames, channels
        self._entries: dict[str, dict[Choice, _Entry]] = {}
        self._lock = Lock()

    def write(
        self,
        name: str,
        value: Value | np.ndarray,
        slew: float = 0.0,
        *,
        ages: tuple[float, float] | None = None,
        steps: tuple[int, int] | None = None,
    ) -> None:
        """Sets a step control from any thread, for every generation in flight from the next tick on.

        A number, a curve of `frames` numbers, a surface [frames, channels] of numbers, or an option's name; `slew`:
        ticks in which the value moves there in a straight line (from the control's default where it was not set).
        ages, steps: only for generations whose next step is from the first number up to, but not including, the
        second; ages count it as a share of all their steps, 0 to 1, steps from 0. Such a write lies over what is
        written for all, a later one over an earlier one; one for all replaces them; where none reaches a generation, it
        has the control's default. Raises DemonError naming the control and the mend: an unknown name, NaN or infinity,
        a value out of range, a curve of another length, a range that is empty, a choice for a part of the generations.
        """
        row = step_control(name)
        target = self._canonical(row, value)
        if not isfinite(slew) or slew < 0 or (slew > 0 and isinstance(target, str)):
            raise DemonError(f"cannot slew over {slew!r} ticks", port=name, mend="slew a number over 0 or more ticks")
        choice = _choice(row, ages, steps)
        with self._lock:
            start = self._now(row, choice) if slew > 0 else None
            layers = {} if choice == ALL else dict(self._entries.get(name, {}))
            layers.pop(choice, None)
            layers[choice] = _Entry(target, start, float(slew))
            self._entries[name] = layers

    def clear(self, name: str) -> None:
        """Unsets a step control from any thread, with its writes for a part of the generations: its feature is off, and
        costs nothing, from the next tick on."""
        step_control(name)
        with self._lock:
            self._entries.pop(name, None)

    def snapshot(self, slots: Sequence[Slot] = ()) -> Mapping[str, Tensor | str]:
        """The values of one tick, float32 [1 | n, 1 | T, 1 | C], for the n slots in flight; every call moves the slews
        on by one tick. A write for a part of the generations is resolved by slot; without slots it does not show."""
        with self._lock:
            self._entries = {
                name: {choice: entry.older() for choice, entry in layers.items()}
                for name, layers in self._entries.items()
            }
            values = {name: _resolved(STEP_CONTROLS[name], layers, slots) for name, layers in self._entries.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _now(self, row: Control, choice: Choice) -> Tensor:
        layers = self._entries.get(row.name, {})
        entry = layers.get(choice, layers.get(ALL))
        value = None if entry is None else entry.value()
        return value if isinstance(value, Tensor) else _default(row)

    def _canonical(self, row: Control, value: object) -> Tensor | str:
        if row.shape == "choice":
            return checked_option(row.name, value)
        if isinstance(value, str):
            raise out_of_range(row, value)
        if isinstance(value, Real):
            return torch.full((1, 1, 1), checked(row.name, value))
        try:
            curve = torch.as_tensor(value, dtype=torch.float32)
        except (TypeError, ValueError, RuntimeError):
            raise out_of_range(row, value) from None
        if curve.ndim == 0:
            return torch.full((1, 1, 1), checked(row.name, curve.item()))
        if row.shape == "surface" and curve.shape == (self.frames, self.channels):
            return _in_range(row, curve).clone()[None]
        if not row.per_frame or curve.shape != (self.frames,):
            raise DemonError(
                f"a curve of shape {list(curve.shape)} where the song has {self.frames} frames",
                port=row.name,
                mend=f"give one number, or {self.frames} numbers" if row.per_frame else "give one number",
            )
        return _in_range(row, curve).clone().view(1, -1, 1)


def _in_range(row: Control, curve: Tensor) -> Tensor:
    wrong = ~(torch.isfinite(curve) & (curve >= row.lo) & (curve <= row.hi))
    if wrong.any():
        at = tuple(wrong.nonzero()[0].tolist())
        error = out_of_range(row, curve[at].item())
        error.what += f" (frame {at[0]})"
        raise error
    return curve


def _default(row: Control) -> Tensor:
    return torch.full((1, 1, 1), float(row.default or 0.0))


def _choice(row: Control, ages: tuple[float, float] | None, steps: tuple[int, int] | None) -> Choice:
    """The generations that a write is for, checked."""
    if ages is None and steps is None:
        return ALL
    if row.shape == "choice":
        raise DemonError("cannot differ between generations", port=row.name, mend="write it without ages and steps")
    for what, bounds in (("ages", ages), ("steps", steps)):
        if bounds is not None and not (all(map(isfinite, bounds)) and 0 <= bounds[0] < bounds[1]):
            raise DemonError(f"{what} {bounds}", port=row.name, mend="give two numbers, 0 or more and rising")
    return (ages or ALL[0], steps or ALL[1])


def _meant(choice: Choice, slot: Slot) -> bool:
    (young, old), (first, last) = choice
    return young <= slot.position / slot.request.steps < old and first <= slot.step < last


def _resolved(row: Control, layers: Mapping[Choice, _Entry], slots: Sequence[Slot]) -> Tensor | str | None:
    """One control's value for all slots: as it was written for all, or each slot's own."""
    everywhere = layers.get(ALL)
    base = None if everywhere is None else everywhere.value()
    upper = [(choice, entry.value()) for choice, entry in layers.items() if choice != ALL]
    reached = [[value for choice, value in upper if _meant(choice, slot)] for slot in slots]
    if isinstance(base, str) or not any(reached):
        return base
    last = _default(row) if base is None else base
    parts = [value for values in reached if isinstance(value := (values or [last])[-1], Tensor)]
    shape = torch.broadcast_shapes(*(part.shape for part in parts))
    return torch.cat([part.expand(shape) for part in parts])
