"""Working memory of a step: tensors allocated once, found again by name and shape."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def broadcast(*shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape that shapes of as many dimensions have together, each of its sizes theirs or 1 (and none 0)."""
    return tuple(map(max, *shapes))


class Buffers:
    """Scratch tensors on one device; each is valid until the next one of its name and shape is asked for."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self._kept: dict[tuple[str, tuple[int, ...], torch.dtype], Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
        """A tensor of this name, shape and type; what it holds is left from its last use (zeros at first)."""
        key = (name, tuple(shape), dtype)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = torch.zeros(shape, dtype=dtype, device=self.device)
        return kept

    def like(self, name: str, tensor: Tensor) -> Tensor:
        """A tensor of this name with the shape and type of another."""
        return self.take(name, tuple(tensor.shape), tensor.dtype)

    def release(self) -> None:
        """Lets all of them go; they are allocated again when needed."""
        self._kept.clear()
