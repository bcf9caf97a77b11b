"""State shared by all generations in flight: written at any time, read once a tick.

The lane of the `step` classes: a written value answers with the next forward, not with the next admission.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from threading import Lock
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from demon_patch.engine.controls import TABLE, Control
from demon_patch.engine.limits import checked, out_of_range
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    import numpy as np

Number = float | int
Value = Number | str | Sequence[Number] | Tensor

STEP_CONTROLS: dict[str, Control] = {row.name: row for row in TABLE if row.propagation in ("step", "late step")}
"""The rows of the table that the shared state takes, with those that a later release brings."""


def step_control(name: str) -> Control:
    """The row of a step control; raises DemonError where there is none, or a later release brings it."""
    row = STEP_CONTROLS.get(name)
    if row is None:
        known = ", ".join(n for n, r in STEP_CONTROLS.items() if r.since is None)
        raise DemonError("not a control that every step reads", port=name, mend=f"write one of {known}")
    if row.since is not None:
        raise DemonError(f"comes with {row.since}", port=name, mend="leave it unwritten in this release")
    return row


def check_values(values: Mapping[str, Tensor | str], rows: int) -> None:
    """Raises DemonError unless every name is a step control, every choice one of its options, and every tensor float32
    [1 | rows, 1 | T, 1]. That tensors are finite and in range is their writer's promise: no device is waited for."""
    for name, value in values.items():
        row = step_control(name)
        if row.shape == "choice":
            _option(row, value)
        elif isinstance(value, str) or value.dtype != torch.float32 or not _fits(value.shape, rows):
            raise DemonError(
                f"{value!r}" if isinstance(value, str) else f"a {value.dtype} of shape {list(value.shape)}",
                port=name,
                mend=f"give a float32 tensor of shape [1 or {rows}, 1 or frames, 1]",
            )


def _fits(shape: torch.Size, rows: int) -> bool:
    return len(shape) == 3 and shape[0] in (1, rows) and shape[1] > 0 and shape[2] == 1


def _option(row: Control, value: object) -> str:
    if not isinstance(value, str) or value not in row.options:
        raise DemonError(f"{value!r} is no option", port=row.name, mend=f"choose {' or '.join(row.options)}")
    return value


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

    frames: T, the only length that a curve may have.
    """

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self._entries: dict[str, _Entry] = {}
        self._lock = Lock()

    def write(self, name: str, value: Value | np.ndarray, slew: float = 0.0) -> None:
        """Sets a step control from any thread, for every generation in flight from the next tick on.

        A number, a curve of `frames` numbers, or an option's name; `slew`: ticks in which the value moves there in a
        straight line (from the control's default where it was not set). Raises DemonError naming the control and
        the mend: an unknown name, NaN or infinity, a value out of range, a curve of another length.
        """
        row = step_control(name)
        target = self._canonical(row, value)
        if not isfinite(slew) or slew < 0 or (slew > 0 and isinstance(target, str)):
            raise DemonError(f"cannot slew over {slew!r} ticks", port=name, mend="slew a number over 0 or more ticks")
        with self._lock:
            if slew > 0:
                self._entries[name] = _Entry(target, self._now(row), float(slew))
            else:
                self._entries[name] = _Entry(target)

    def clear(self, name: str) -> None:
        """Unsets a step control from any thread: its feature is off, and costs nothing, from the next tick on."""
        step_control(name)
        with self._lock:
            self._entries.pop(name, None)

    def snapshot(self) -> Mapping[str, Tensor | str]:
        """The values of one tick, float32 [1, 1, 1] or [1, T, 1]; every call moves the slews on by one tick."""
        with self._lock:
            self._entries = {name: entry.older() for name, entry in self._entries.items()}
            return {name: entry.value() for name, entry in self._entries.items()}

    def _now(self, row: Control) -> Tensor:
        entry = self._entries.get(row.name)
        value = None if entry is None else entry.value()
        return value if isinstance(value, Tensor) else torch.full((1, 1, 1), float(row.default or 0.0))

    def _canonical(self, row: Control, value: object) -> Tensor | str:
        if row.shape == "choice":
            return _option(row, value)
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
        if not row.per_frame or curve.shape != (self.frames,):
            raise DemonError(
                f"a curve of shape {list(curve.shape)} where the song has {self.frames} frames",
                port=row.name,
                mend=f"give one number, or {self.frames} numbers" if row.per_frame else "give one number",
            )
        wrong = ~(torch.isfinite(curve) & (curve >= row.lo) & (curve <= row.hi))
        if wrong.any():
            at = int(wrong.nonzero()[0])
            error = out_of_range(row, curve[at].item())
            error.what += f" (frame {at})"
            raise error
        return curve.clone().view(1, -1, 1)
