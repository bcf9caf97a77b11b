"""The noise of `noise.gaussian`, computed by PyTorch on the device that keeps it, so that nothing is copied to it.

The hash has the same bits on every device: its 32-bit words are held in int64, whose products wrap round like those of
64-bit words without a sign. The normals are within one unit in the last place of float32 of those of the processor.
Unrun on a GPU; tested on the processor.
"""

from __future__ import annotations

from math import tau

import torch
from torch import Tensor

from demon_patch.engine.ring.philox import philox_on


def gaussian_on(
    device: torch.device, seed: int, stream: int, step: int, first: int, frames: int, channels: int
) -> Tensor:
    """Returns standard normal noise of the song frames `first` to `first + frames - 1`, float32 [frames, channels], on
    a device. Waits for nothing."""
    blocks = -(-channels // 4)
    zero = torch.zeros(frames, blocks, dtype=torch.int64, device=device)
    block = zero + torch.arange(blocks, device=device)
    frame = zero + torch.arange(first, first + frames, device=device)[:, None]
    words = philox_on((block, frame, zero + step, zero), (seed, stream))
    fine = torch.float32 if device.type == "mps" else torch.float64
    uniform = [(word.to(fine) + 0.5) * 2.0**-32 for word in words]
    pairs: list[Tensor] = []
    for pair in (0, 2):
        radius, angle = torch.sqrt(-2.0 * torch.log(uniform[pair])), tau * uniform[pair + 1]
        pairs += [radius * torch.cos(angle), radius * torch.sin(angle)]
    return torch.stack(pairs, -1).float().flatten(1)[:, :channels].contiguous()
