"""Chooses the device and the type of numbers for a model's weights, by the executor that will run it.

The models of the package stay on the processor, whatever is there: their samples must not depend on a GPU. Unrun: no
GPU met this code yet.
"""

from __future__ import annotations

import importlib.util
import os

import torch

from demon_patch.engine.executors import AUTO, DEFAULT, check_name
from demon_patch.errors import DemonError

VARIABLE = "DEMON_PATCH_DEVICE"
"""The environment variable that names the device for models that can lie on a GPU: cpu, cuda, cuda:1, mps."""

_ON_GPU = (DEFAULT, "tensorrt", AUTO)


def device_for(executor: str | None) -> torch.device:
    """Returns the device for the weights of a model that can lie on a GPU: the first NVIDIA GPU that PyTorch reaches,
    for an executor that runs there; else the processor, also for None. `VARIABLE` takes precedence, for such an
    executor.

    Raises DemonError for an unknown executor, and for a device of `VARIABLE` that is not here.
    """
    if executor is not None:
        check_name(executor)
    if executor not in _ON_GPU:
        return torch.device("cpu")
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    try:
        device = torch.device(named)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DemonError(
            f"{VARIABLE} names {named!r}, which PyTorch cannot reach: {str(error).splitlines()[0]}",
            mend="name cpu, cuda, cuda:1 or mps, or leave it unset",
        ) from None
    return torch.device("cuda", torch.cuda.current_device()) if named == "cuda" else device


def in_words(executor: str) -> str:
    """Returns in words where an executor's large models lie, and by which PyTorch and driver."""
    device = device_for(executor)
    if device.type != "cuda":
        return f"PyTorch {torch.__version__} on {'the processor' if device.type == 'cpu' else device}"
    return f"PyTorch {torch.__version__} on {torch.cuda.get_device_name(device)}, driver {cuda_driver()}"


def cuda_driver() -> str:
    """Returns the version of CUDA that the driver of the NVIDIA GPU has, as it counts it (12040 is 12.4); "" where
    PyTorch cannot tell."""
    return str(getattr(torch._C, "_cuda_getDriverVersion", lambda: "")())


def dtype_for(executor: str | None, device: torch.device) -> torch.dtype:
    """Returns the type of a denoiser's weights: bfloat16 where PyTorch runs it on an NVIDIA GPU, else float32. TensorRT
    finds its engines by the weights in float32."""
    engines = any(importlib.util.find_spec(name) is not None for name in ("tensorrt", "tensorrt_rtx"))
    if device.type != "cuda" or executor == "tensorrt" or (executor == AUTO and engines):
        return torch.float32
    return torch.bfloat16
