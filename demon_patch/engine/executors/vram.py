"""A limit for the memory that this process takes of a GPU. Unrun: no GPU met this code yet."""

from __future__ import annotations

import torch

from demon_patch.errors import DemonError

WORKING = 1_000_000_000
"""Bytes beside the weights that a model needs on a GPU: prompts, buffers of forwards, windows. Estimated."""


def limit_vram(gigabytes: float, model: str, weights: int) -> None:
    """Lets this process take at most so many gigabytes (10^9 bytes) of the GPU's memory, before a model is loaded.

    weights: bytes of the model's weights.
    Raises DemonError, with the numbers, where there is no such GPU, it has less, or the model needs more.
    """
    if not torch.cuda.is_available():
        raise DemonError("there is no NVIDIA GPU that PyTorch can reach", mend="leave out --vram-limit")
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(share_of(gigabytes, total, weights + WORKING, model))


def needed(numbers: int, dtype: torch.dtype) -> int:
    """Returns the bytes of a GPU's memory that a model of so many numbers takes, about: its weights in a type of
    numbers, and `WORKING`."""
    return numbers * dtype.itemsize + WORKING


def check_free(model: str, numbers: int, dtype: torch.dtype, device: torch.device) -> None:
    """Raises DemonError, with the numbers, where a GPU has less memory free than a model of so many numbers needs, so
    that it is refused before it is loaded."""
    free, _ = torch.cuda.mem_get_info(device)
    wanted = needed(numbers, dtype)
    if wanted > free:
        raise DemonError(
            f"{model} needs about {wanted / 1e9:.1f} GB on the GPU, and {free / 1e9:.1f} GB are free",
            mend="close what else uses the GPU, or play a smaller model: demon-patch model list",
        )


def lacks(model: str, size: int) -> str:
    """Returns a sentence without its full stop where the GPU that is here has less memory than a model needs whose
    weights have so many bytes in 16 bits; "" where it has enough, or there is none."""
    if not torch.cuda.is_available():
        return ""
    total = torch.cuda.get_device_properties(0).total_memory
    if size + WORKING <= total:
        return ""
    return f"{model} takes about {(size + WORKING) / 1e9:.1f} GB of GPU memory, and this one has {total / 1e9:.1f} GB"


def share_of(gigabytes: float, total: int, needed: int, model: str) -> float:
    """Returns the share of a GPU's memory that a limit is, above 0 to 1.

    total: bytes of the GPU. needed: bytes of the model. Raises DemonError as `limit_vram`.
    """
    limit = gigabytes * 1e9
    if not 0 < limit <= total:
        raise DemonError(
            f"a limit of {gigabytes:g} GB on a GPU with {total / 1e9:.1f} GB",
            mend="give more than 0, and no more than it has",
        )
    if needed > limit:
        raise DemonError(
            f"{model} needs about {needed / 1e9:.1f} GB on the GPU, and the limit is {gigabytes:g} GB",
            mend="raise --vram-limit, or play a smaller model: demon-patch model list",
        )
    return limit / total
