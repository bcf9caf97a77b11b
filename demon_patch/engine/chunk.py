"""One forward of a fixed number of rows, and the step that follows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from demon_patch.engine import steps
from demon_patch.engine.family import Executor
from demon_patch.engine.noise import NoiseBank, Stream
from demon_patch.engine.slots import Slot

Row = tuple[int, Slot]
"""A slot with its place in per-row values."""


class Chunk:
    """Buffers for the rows of one forward, allocated once, through which slots take their steps.

    A bucket of 1 works on the slots' own memory. A larger one gathers its rows, repeating the last one on idle rows,
    and copies the live ones back. Features are switched by what is in the values; rows that differ in them are told
    apart by tensors, so a row's result does not depend on its neighbours. rows: the most slots there can be.
    """

    def __init__(self, executor: Executor, noise: NoiseBank, rows: int) -> None:
        self._executor, self._noise = executor, noise
        self._buffers: dict[tuple[str, torch.Size], Tensor] = {}
        self._index = torch.arange(rows, device=noise.device)
        self._one = torch.ones(1, 1, 1, device=noise.device)
        self._flag = {flag: torch.full((1, 1, 1), flag, device=noise.device) for flag in (False, True)}

    def advance(self, live: Sequence[Row], values: Mapping[str, Tensor | str]) -> None:
        """One forward and one step of 1 to `bucket` slots of equal length, under per-row values [1 | n, 1 | T, 1]."""
        rows = [*live, *[live[-1]] * (self._executor.bucket - len(live))]
        x = self._gather("x", rows, lambda slot: slot.x[None])
        v = self._executor.forward(
            x,
            self._gather("time", rows, lambda slot: slot.times.embedded[slot.step : slot.step + 1]),
            self._gather("context", rows, lambda slot: slot.request.context[None]),
            self._gather("row", rows, lambda slot: self._index[slot.index : slot.index + 1]),
        )
        self._step(x, v, rows, values)
        for at, (_, slot) in enumerate(live):
            if len(rows) > 1:
                slot.x.copy_(x[at])
            slot.step += 1

    def release(self) -> None:
        """Lets the buffers go, since rows of another length follow; they are allocated again when needed."""
        self._buffers.clear()

    def _step(self, x: Tensor, v: Tensor, rows: Sequence[Row], values: Mapping[str, Tensor | str]) -> None:
        """Moves x [R, T, C] from t to t': re-noised rows by the predicted clean latent, the others by Euler."""
        blend = self._value("source_blend", rows, values)
        scale = self._value("velocity_scale", rows, values)
        amount = self._value("ode_noise", rows, values)
        blended = [blend is not None and slot.request.source is not None for _, slot in rows]
        renoised = [values.get("solver") == "sde" or flag for flag in blended]
        t_next = self._gather("t_next", rows, lambda slot: slot.times.at[slot.step + 1 : slot.step + 2])
        fresh = None
        if any(renoised):
            t = self._gather("t", rows, lambda slot: slot.times.at[slot.step : slot.step + 1])
            x0 = steps.x0_of(x, v, self._scaled(t, scale), out=self._buffer("x0", x.shape))
            if blend is not None and any(blended):
                source = self._gather(
                    "source", rows, lambda slot: (slot.x if slot.request.source is None else slot.request.source)[None]
                )
                w = blend if all(blended) else self._choose("w", blended, blend, self._one)
                steps.source_blend(x0, source, w, out=x0)
            fresh = steps.renoise(x0, self._noise_of(Stream.SDE, rows), t_next, out=x if all(renoised) else x0)
        if not all(renoised):
            change = self._gather("change", rows, lambda slot: slot.times.change[slot.step : slot.step + 1])
            steps.euler(x, v, self._scaled(change, scale), out=x)
            if amount is not None:
                steps.ode_noise(x, self._noise_of(Stream.ODE, rows), self._scaled(t_next, amount), out=x)
            if fresh is not None:
                torch.where(self._flags(renoised), fresh, x, out=x)

    def _noise_of(self, stream: Stream, rows: Sequence[Row]) -> Tensor:
        """Each row's noise of this step, [R, T, C]."""

        def noise(slot: Slot) -> Tensor:
            seed, frames = slot.request.seed, slot.request.frames
            return self._noise.get(seed, stream, slot.step, 0, frames, song=frames)[None]

        return self._gather("noise", rows, noise)

    def _value(self, name: str, rows: Sequence[Row], values: Mapping[str, Tensor | str]) -> Tensor | None:
        """A control's values for these rows, [1 | R, 1 | T, 1]; None where it is off.

        A curve of another length than the rows' (a song was just changed) is read by frame number: cut, or its last
        value held.
        """
        value = values.get(name)
        if value is None or isinstance(value, str):
            return None
        frames = rows[0][1].request.frames
        if value.shape[1] not in (1, frames):
            value = value[:, torch.arange(frames, device=value.device).clamp_(max=value.shape[1] - 1)]
        if value.shape[0] == 1:
            return value
        return self._collect(name, [value[at : at + 1] for at, _ in rows])

    def _scaled(self, factor: Tensor, scale: Tensor | None) -> Tensor:
        """factor * scale in a buffer; the factor itself where there is no scale."""
        if scale is None:
            return factor
        shape = torch.Size((factor.shape[0], scale.shape[1], 1))
        return torch.mul(factor, scale, out=self._buffer("scaled", shape))

    def _choose(self, name: str, flags: Sequence[bool], yes: Tensor, no: Tensor) -> Tensor:
        """Per row, `yes` where the flag is set and `no` elsewhere."""
        shape = torch.Size((len(flags), yes.shape[1], 1))
        return torch.where(self._flags(flags), yes, no, out=self._buffer(name, shape))

    def _flags(self, flags: Sequence[bool]) -> Tensor:
        return self._collect("flags", [self._flag[flag] for flag in flags])

    def _gather(self, name: str, rows: Sequence[Row], part: Callable[[Slot], Tensor]) -> Tensor:
        """The rows' parts [1, ...] as one [R, ...]: the part itself for one row, else copied into a fixed buffer."""
        if len(rows) == 1:
            return part(rows[0][1])
        return self._collect(name, [part(slot) for _, slot in rows])

    def _collect(self, name: str, parts: list[Tensor]) -> Tensor:
        if len(parts) == 1:
            return parts[0]
        shape = torch.Size((len(parts), *parts[0].shape[1:]))
        return torch.cat(parts, out=self._buffer(name, shape, parts[0].dtype))

    def _buffer(self, name: str, shape: torch.Size, dtype: torch.dtype = torch.float32) -> Tensor:
        kept = self._buffers.get((name, shape))
        if kept is None:
            kept = self._buffers[name, shape] = torch.empty(shape, dtype=dtype, device=self._noise.device)
        return kept
