"""What the executors of a GPU share: one lane, and prompts and times that are computed on the model's device."""

from __future__ import annotations

import torch
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, Denoiser
from demon_patch.engine.device import device_of
from demon_patch.engine.executors.torch_ import Prepared, TorchExecutor
from demon_patch.engine.row_buckets import bucket_for


class OnDeviceExecutor(TorchExecutor):
    """A `TorchExecutor` with one lane, since forwards of one GPU run one after the other, and a `FollowsDepth`. Prompts
    and times may lie on another device.

    device: where the denoiser's weights lie.
    """

    runs_blocks = False

    def __init__(self, denoiser: Denoiser, bucket: int, capacity: int) -> None:
        super().__init__(denoiser, bucket, capacity, 1)
        self.device = device_of(denoiser)

    def follow_depth(self, slots: int) -> None:
        """Between ticks. Makes the bucket fit a ring with so many slots."""
        self.bucket = bucket_for(slots)

    @torch.inference_mode()
    def prepare(self, conditioning: Conditioning) -> Prepared:
        """Computes the denoiser's condition tensors of a prompt on its device and returns them as a handle."""
        moved = Conditioning(conditioning.tokens.to(self.device), conditioning.text, conditioning.unknown)
        return super().prepare(moved)

    @torch.inference_mode()
    def prepare_schedule(self, t: Tensor) -> Tensor:
        """Returns the time embeddings [S+1, E] of timesteps [S+1], on the device of `t`."""
        return super().prepare_schedule(t.to(self.device)).to(t.device)
