"""The rows of one chunk as tensors: slots' parts, controls and scalars, gathered into fixed buffers."""

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
"""A slot with its place in per-row values."""


class ChunkRows:
    """Slots of equal length that step together, and the step controls of this tick. One object is used for all chunks.

    What is gathered is [R, ...]. For a single row it is the slot's own memory, else a copy in a fixed buffer.
    """

    def __init__(self, spec: FamilySpec, noise: NoiseBank) -> None:
        self.noise_bank = noise
        self.buffers = Buffers(noise.device)
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
        """Takes the rows of the next chunk, and the step values of this tick for all slots."""
        self.rows, self._values = rows, values

    @property
    def slots(self) -> list[Slot]:
        """The slot of each row."""
        return [slot for _, slot in self.rows]

    def gather(self, name: str, part: Callable[[Slot], Tensor]) -> Tensor:
        """The rows' parts [1, ...] as one [R, ...]."""
        return self.collect(name, [part(slot) for _, slot in self.rows])

    def collect(self, name: str, parts: list[Tensor]) -> Tensor:
        """Parts [1, ...] as one [R, ...]: the part itself for one row, else copied into a fixed buffer."""
        if len(parts) == 1:
            return parts[0]
        shape = (len(parts), *broadcast(*(part.shape[1:] for part in parts)))
        if any(part.shape[1:] != shape[1:] for part in parts):
            parts = [part.expand(1, *shape[1:]) for part in parts]
        return torch.cat(parts, out=self.buffers.take(name, shape, parts[0].dtype))

    def scalars(self, name: str, numbers: Sequence[float]) -> Tensor:
        """One number for each row, [R, 1, 1]; no device is waited for."""
        host = self._host.get((name, len(numbers)))
        if host is None:
            tensor = torch.empty(len(numbers), 1, 1)
            host = self._host[name, len(numbers)] = tensor, tensor.numpy()
        tensor, array = host
        array[:, 0, 0] = numbers
        device = self.buffers.device
        return tensor if device.type == "cpu" else self.buffers.take(name, (len(numbers), 1, 1)).copy_(tensor)

    def noise(self, stream: Stream, step: int | None = None) -> Tensor:
        """Each row's noise of its step, or of step `step`, [R, T, C]."""

        def noise(slot: Slot) -> Tensor:
            return slot.request.noise(self.noise_bank, stream, slot.step if step is None else step)[None]

        return self.gather(f"noise {stream.name}", noise)

    def option(self, name: str) -> str:
        """The chosen option of this tick, or the default one."""
        value = self._values.get(name)
        return value if isinstance(value, str) else self._options[name]

    def value(self, name: str) -> Tensor | None:
        """A control's values for these rows, [1 | R, 1 | T, 1 | C]; None where it is off.

        A curve of the song is cut to each row's stretch (`focus.cut_values`).
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
        """A control's values, or its default where it is not set."""
        value = self.value(name)
        return self._defaults[name] if value is None else value

    def fader(self, name: str) -> Tensor | None:
        """A control's values; None where it is off, or is 0 as far as can be known without waiting for a device."""
        value = self.value(name)
        return None if value is None or (value.device.type == "cpu" and not value.numpy().any()) else value

    def scaled(self, name: str, factor: Tensor, scale: Tensor | None) -> Tensor:
        """factor * scale in a buffer; the factor itself where there is no scale."""
        if scale is None:
            return factor
        return torch.mul(factor, scale, out=self.buffers.take(name, broadcast(factor.shape, scale.shape)))

    def where(self, name: str, flags: Sequence[bool], value: Tensor, default: Tensor) -> Tensor:
        """Per row, `value` where the flag is set and `default` [1, 1, 1] elsewhere; `value` itself if all are."""
        if all(flags):
            return value
        chosen = [value[at if len(value) > 1 else 0][None] if flag else default for at, flag in enumerate(flags)]
        return self.collect(name, chosen)
