"""Memory of latents, which is used again once nothing refers to it."""

from __future__ import annotations

import weakref

import numpy as np
import torch
from torch import Tensor


class LatentPool:
    """Latents of equal shape whose memory is used again.

    On the CPU a latent's memory returns to the pool when the last tensor, view or array on it is gone. So whoever
    receives a latent may keep it, slice it and write to it for ever. On other devices their own allocator does the
    same.
    """

    def __init__(self, keep: int = 24) -> None:
        self._keep = keep
        self._free: list[np.ndarray] = []

    def take(self, frames: int, channels: int, device: torch.device) -> Tensor:
        """A float32 latent [frames, channels] with undefined contents."""
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
