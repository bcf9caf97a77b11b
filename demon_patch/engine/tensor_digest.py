"""A digest of a tensor, for keys of caches."""

from __future__ import annotations

from collections.abc import Hashable
from hashlib import blake2b

import torch
from torch import Tensor


def tensor_digest(tensor: Tensor) -> Hashable:
    """Returns a part of a cache key. It is equal for two tensors only if they have the same kind of numbers, the same
    shape and the same bits."""
    numbers = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return tensor.dtype, *tensor.shape, blake2b(numbers.tobytes(), digest_size=16).digest()
