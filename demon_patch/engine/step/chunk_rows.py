"""`ChunkRows`: gathers the tensors, step values and numbers of a chunk's slots into one tensor each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.ring.focus import cut_values
from demon_patch.engine.ring.noise import NoiseBank, Stream
from demon_patch.engine.ring.slot import Slot
from demon_patch.engine.ring.step_values import STEP_CONTROLS
from demon_patch.engine.step.buffers import Buffers, broadcast

Row = tuple[int, Slot]
"""A slot, and before it its index among the slots in flight, which is its index in the first axis of step values."""


class ChunkRows:
    """The slots of one chunk, all of equal length T, and the step values of this tick. One object serves all chunks.

    Gathered tensors are [R, ...], one row for each slot. With one row they are the slot's own memory, otherwise a copy
    in a buffer that is valid until the same name is gathered again.
    """

    def __init__(self, spec: FamilySpec, noise: NoiseBank) -> None:
        self.noise_bank = noise
        self.buffers = Buffers(noise.device)
        self._on_host = self.buffers if noise.device.type == "cpu" else Buffers()
        self.rows: Sequence[Row] = ()
        self._values: Mapping[str, Tensor | str] = {}
        self._host: dict[tuple[str, int], tuple[Tensor, np.ndarray]] = {}  # with the same memory as an array
        defaults = {name: spec.default(row) for name, row in STEP_CONTROLS.items()}
        self._options = {name: default for name, default in defaults.items() if isinstance(default, str)}
        self._defaults = {
            name: torch.full((1, 1, 1), float(default), device=noise.device)
            for name, default in defaults.items()
            if isinstance(default, float | int)
        }

    def load(self, rows: Sequence[Row], values: Mapping[str, Tensor | str]) -> None:
        """Sets the rows of the next chunk, and the step values of this tick, which are for all slots in flight."""
        self.rows, self._values = rows, values

    @property
    def slots(self) -> list[Slot]:
        """Returns the slot of each row."""
        return [slot for _, slot in self.rows]

    def gather(self, name: str, part: Callable[[Slot], Tensor]) -> Tensor:
        """Returns the tensors `part(slot)`, [1, ...], of all rows as one tensor [R, ...]."""
        return self.collect(name, [part(slot) for _, slot in self.rows])

    def collect(self, name: str, parts: list[Tensor]) -> Tensor:
        """Returns tensors [1, ...] of one device as one tensor [R, ...]: a single one itself, several as a copy in the
        buffer `name`."""
        if len(parts) == 1:
            return parts[0]
        shape = (len(parts), *broadcast(*(part.shape[1:] for part in parts)))
        if any(part.shape[1:] != shape[1:] for part in parts):
            parts = [part.expand(1, *shape[1:]) for part in parts]
        buffers = self._on_host if parts[0].device.type == "cpu" else self.buffers
        return torch.cat(parts, out=buffers.take(name, shape, parts[0].dtype))

    def scalars(self, name: str, numbers: Sequence[float]) -> Tensor:
        """Returns one number for each row as a tensor [R, 1, 1], without waiting for a device."""
        host = self._host.get((name, len(numbers)))
        if host is None:
            tensor = torch.empty(len(numbers), 1, 1)
            host = self._host[name, len(numbers)] = tensor, tensor.numpy()
        tensor, array = host
        array[:, 0, 0] = numbers
        device = self.buffers.device
        if device.type == "cpu":
            return tensor
        return self.buffers.take(name, (len(numbers), 1, 1)).copy_(tensor, non_blocking=True)

    def noise(self, stream: Stream, step: int | None = None) -> Tensor:
        """Returns each row's noise of a stream, [R, T, C], at the slot's own denoising step or at `step`."""

        def noise(slot: Slot) -> Tensor:
            return slot.request.noise(self.noise_bank, stream, slot.step if step is None else step)[None]

        return self.gather(f"noise {stream.name}", noise)

    def option(self, name: str) -> str:
        """Returns the option of a choice in this tick, or the default one."""
        value = self._values.get(name)
        return value if isinstance(value, str) else self._options[name]

    def value(self, name: str) -> Tensor | None:
        """Returns a control's step value for these rows on the device that works, [1 | R, 1 | T, 1 | C]; None if the
        control is off."""
        return self._sent(name, self.given(name))

    def _sent(self, name: str, value: Tensor | None) -> Tensor | None:
        """Returns a step value on the device that works, without waiting for it."""
        if value is None or value.device.type == self.buffers.device.type:
            return value
        return self.buffers.take(f"{name} here", tuple(value.shape)).copy_(value, non_blocking=True)

    def given(self, name: str) -> Tensor | None:
        """Returns a control's step value for these rows as `value` does, but where it was given: on the processor,
        where it can be read.

        A curve of the whole song is cut to each row's stretch (`focus.cut_values`).
        """
        value = self._values.get(name)
        if value is None or isinstance(value, str):
            return None
        requests = [slot.request for _, slot in self.rows]
        alike = value.shape[1] == 1 or len(requests) == 1
        alike = alike or len({(request.start, request.song_frames) for request in requests}) == 1
        if alike:
            value = cut_values(value, requests[0])
            if value.shape[0] == 1:
                return value
        own = [value if value.shape[0] == 1 else value[at : at + 1] for at, _ in self.rows]
        if not alike:
            own = [cut_values(part, request) for part, request in zip(own, requests, strict=True)]
        return self.collect(name, own)

    def setting(self, name: str) -> Tensor:
        """Returns a control's step value for these rows, [1 | R, 1 | T, 1 | C], or its default [1, 1, 1] if it is
        off."""
        value = self.value(name)
        return self._defaults[name] if value is None else value

    def fader(self, name: str) -> Tensor | None:
        """Returns a control's step value for these rows, [1 | R, 1 | T, 1 | C]; None if it is off, or all its numbers
        are 0."""
        value = self.given(name)
        none = value is None or (value.device.type == "cpu" and not value.numpy().any())
        return None if none else self._sent(name, value)

    def scaled(self, name: str, factor: Tensor, scale: Tensor | None) -> Tensor:
        """Returns factor * scale in the buffer `name`; `factor` itself if `scale` is None."""
        if scale is None:
            return factor
        return torch.mul(factor, scale, out=self.buffers.take(name, broadcast(factor.shape, scale.shape)))

    def where(self, name: str, flags: Sequence[bool], value: Tensor, default: Tensor) -> Tensor:
        """Returns [R, ...]: row by row, `value` if the row's flag is set, else `default` [1, 1, 1]. If all flags are
        set, `value` itself.

        value: [1 | R, 1 | T, 1 | C].
        """
        if all(flags):
            return value
        chosen = [value[at if len(value) > 1 else 0][None] if flag else default for at, flag in enumerate(flags)]
        return self.collect(name, chosen)
