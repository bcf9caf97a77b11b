"""`Buffers`: tensors for intermediate results of a step, allocated once and found again by name, shape and type."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def broadcast(*shapes: Sequence[int]) -> tuple[int, ...]:
    """Returns the shape to which `shapes` broadcast. They have equal numbers of dimensions, and no dimension is 0."""
    return tuple(map(max, *shapes))


class Buffers:
    """Scratch tensors on one device. The contents of one are valid until the same name, shape and type is taken
    again."""

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self._kept: dict[tuple[str, tuple[int, ...], torch.dtype], Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
        """Returns the tensor of this name, shape and type. It holds what its last use left; zeros at first."""
        key = (name, tuple(shape), dtype)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = torch.zeros(shape, dtype=dtype, device=self.device)
        return kept

    def like(self, name: str, tensor: Tensor) -> Tensor:
        """Returns the tensor of this name with the shape and type of `tensor`."""
        return self.take(name, tuple(tensor.shape), tensor.dtype)

    def release(self) -> None:
        """Frees all tensors. They are allocated again when they are taken."""
        self._kept.clear()
