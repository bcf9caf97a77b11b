"""`LatentPool`, which uses the memory of a latent again once nothing refers to it."""

from __future__ import annotations

import weakref

import numpy as np
import torch
from torch import Tensor


class LatentPool:
    """Allocates latents, and uses the memory of a freed latent of equal shape again.

    On the CPU a latent's memory returns to the pool when the last tensor, view or array on it is gone. Whoever receives
    a latent may therefore keep it, slice it and write to it without limit. On other devices the device's own allocator
    does the same.

    keep: the largest number of freed latents that stay allocated, checked when one is used again.
    """

    def __init__(self, keep: int = 24) -> None:
        self._keep = keep
        self._free: list[np.ndarray] = []

    def take(self, frames: int, channels: int, device: torch.device) -> Tensor:
        """Returns a float32 latent [frames, channels] with undefined contents."""
        if device.type != "cpu":
            return torch.empty(frames, channels, device=device)
        memory = self._reuse((frames, channels))
        if memory is None:
            memory = torch.empty(frames, channels).numpy()
        loan = memory.view()  # the tensor below keeps this object alive exactly as long as its storage lives
        weakref.finalize(loan, self._free.append, memory).atexit = False
        return torch.from_numpy(loan)

    def _reuse(self, shape: tuple[int, int]) -> np.ndarray | None:
        while self._free:
            memory = self._free.pop()
            if memory.shape == shape:
                del self._free[self._keep :]
                return memory
        return None
