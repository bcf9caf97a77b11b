"""The step values of one tick: their form, their checks, and how a person's numbers are turned into them.

A *step value* is the name of an option, or a float32 tensor [1 | n, 1 | T, 1 | C] in the control's unit. The first axis
is one number for all n generations in flight, or one for each. The second is one for the whole song, or one for each
latent frame. The third is one for all channels, or (of a surface) one for each; of a control that several nodes have
(`Control.per_node`), one for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from demon_patch.engine.check_controls import checked_number, checked_option, out_of_range
from demon_patch.engine.controls import TABLE, Control
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from demon_patch.engine.ring.slot import Slot

StepValues = Mapping[str, Tensor | str]
"""Step values by name of the control. If absent, a curve, a surface or a fader is off; a choice, or a number that
another control needs, has its default."""

NOTHING: StepValues = MappingProxyType({})

STEP_CONTROLS: dict[str, Control] = {row.name: row for row in TABLE if row.every_step}
"""The rows of all step controls (propagation class `step` or `late step`), by name."""


def step_control(name: str) -> Control:
    """Returns the row of a step control. Raises DemonError if `name` is no step control."""
    row = STEP_CONTROLS.get(name)
    if row is None:
        known = ", ".join(STEP_CONTROLS)
        raise DemonError("not a control that every step reads", port=name, mend=f"write one of {known}")
    return row


def check_values(values: StepValues, rows: int, channels: int = 1) -> None:
    """Raises DemonError unless every name is a step control, every choice one of its options, and every tensor float32
    [1 | rows, 1 | T, 1] ([1 | rows, 1 | T, 1 | C] of a surface, [1 | rows, 1, 1] of a scalar, [1 | rows, 1, k] of one
    that k nodes have).

    rows: the number n of generations in flight. channels: latent channels C.

    Numbers are not checked here, since reading them would wait for the device. Whoever makes the tensors keeps them
    finite and in range, as `step_values` does.
    """
    for name, value in values.items():
        row = step_control(name)
        if row.shape == "choice":
            checked_option(row.name, value)
        elif isinstance(value, str) or value.dtype != torch.float32 or not _fits(row, value.shape, rows, channels):
            width = f"1 or {channels}" if row.shape == "surface" else "nodes" if row.per_node else "1"
            length = "1 or frames" if row.per_frame else "1"
            raise DemonError(
                f"{value!r}" if isinstance(value, str) else f"a {value.dtype} of shape {list(value.shape)}",
                port=name,
                mend=f"give a float32 tensor of shape [1 or {rows}, {length}, {width}]",
            )


def _fits(row: Control, shape: torch.Size, rows: int, channels: int) -> bool:
    if len(shape) != 3 or shape[0] not in (1, rows) or shape[1] < 1:
        return False
    widths = (1, channels) if row.shape == "surface" else (1,)
    return (row.per_frame or shape[1] == 1) and (shape[2] > 0 if row.per_node else shape[2] in widths)


def step_values(controls: Mapping[str, Any], frames: int, channels: int = 1) -> dict[str, Tensor | str]:
    """Returns step values for all generations in flight, from the numbers that a person writes.

    controls: by name, a number, a curve of `frames` numbers (latent frames), a surface [frames, channels], an option's
        name, or one number for each LoRA. Tensors are copied.
    Raises DemonError that names the control and the mend, for an unknown name, NaN or infinity, a number out of range,
    or a curve of another length.
    """
    return {name: _step_value(step_control(name), value, frames, channels) for name, value in controls.items()}


def _step_value(row: Control, value: Any, frames: int, channels: int) -> Tensor | str:
    if row.shape == "choice":
        return checked_option(row.name, value)
    if isinstance(value, str):
        raise out_of_range(row, value)
    if isinstance(value, Real):
        return torch.full((1, 1, 1), checked_number(row.name, value))
    try:
        curve = torch.as_tensor(value, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise out_of_range(row, value) from None
    if curve.ndim == 0:
        return torch.full((1, 1, 1), checked_number(row.name, curve.item()))
    if row.per_node and curve.ndim == 1:
        return _in_range(row, curve).clone().view(1, 1, -1)
    if row.shape == "surface" and curve.shape == (frames, channels):
        return _in_range(row, curve).clone()[None]
    if not row.per_frame or curve.shape != (frames,):
        raise DemonError(
            f"a curve of shape {list(curve.shape)} where the song has {frames} frames",
            port=row.name,
            mend=f"give one number, or {frames} numbers" if row.per_frame else "give one number",
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


def slewed(values: StepValues, slots: Sequence[Slot]) -> StepValues:
    """Returns the step values of a tick, in which each control with a `slew` moves by at most 1 / slew of its range
    from the number that the slot took one tick before.

    Called once a tick; `Slot.slewed` keeps what each slot took. A slot without an earlier number takes the given one.
    If no control has a slew, `values` itself is returned.
    """
    moving = [name for name in values if STEP_CONTROLS[name].slew > 0]
    if not moving or not slots:
        return values
    return {**values, **{name: _slewed(STEP_CONTROLS[name], values[name], slots) for name in moving}}


def _slewed(row: Control, value: Tensor | str, slots: Sequence[Slot]) -> Tensor | str:
    if isinstance(value, str):
        return value
    most, parts = (row.hi - row.lo) / row.slew, []
    for goal, slot in zip(value.expand(len(slots), -1, -1).split(1), slots, strict=True):
        before = slot.slewed.get(row.name, goal)
        if before.shape[1] in (1, goal.shape[1]) or goal.shape[1] == 1:  # else of a song of another length
            goal = before + (goal - before).clamp(-most, most)  # noqa: PLW2901
        slot.slewed[row.name] = goal
        parts.append(goal)
    return torch.cat([part.expand(torch.broadcast_shapes(*(other.shape for other in parts))) for part in parts])
