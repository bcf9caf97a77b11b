"""Tells on which device a model lies."""

from __future__ import annotations

import torch
from torch import nn


def device_of(denoiser: object) -> torch.device:
    """Returns the device of a denoiser's weights; the processor for one without weights."""
    first = next(iter(denoiser.parameters()), None) if isinstance(denoiser, nn.Module) else None
    return torch.device("cpu") if first is None else first.device
