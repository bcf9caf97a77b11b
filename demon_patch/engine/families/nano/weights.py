"""Weights on disk: safetensors in float16 with checked metadata, float32 in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from demon_patch.errors import WeightsError

FORMAT = "nano-1"
_ALIGNED = 16  # numbers
_MEND = "reinstall the package: pip install --force-reinstall demon-patch"

Net = TypeVar("Net", bound=nn.Module)


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Returns the SHA-256, in hexadecimal, of the tensors' names, types, shapes and bytes, in the order of their
    names."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        total.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        total.update(tensor.numpy().tobytes())
    return total.hexdigest()


def save(net: nn.Module, path: Path, name: str, training: Mapping[str, object]) -> None:
    """Writes a network's parameters and buffers to `path` in float16.

    training: how the weights were trained; it is stored as JSON.
    """
    tensors = {key: value.detach().cpu().half().contiguous() for key, value in net.state_dict().items()}
    about = {
        "format": FORMAT,
        "name": name,
        "licence": "MIT",
        "training": json.dumps(training, sort_keys=True),
        "sha256": digest(tensors),
    }
    save_file(tensors, path, about)


def load_into(net: Net, path: Path) -> Net:
    """Fills `net` with the weights in `path` and returns it ready to play: evaluation mode, float32, no gradients.

    Raises WeightsError for a file that is missing, truncated, of another format or shape, or changed.
    """
    tensors, about = _read(path)
    if about.get("format") != FORMAT:
        raise WeightsError(f"weights of format {about.get('format')!r}, wanted {FORMAT!r}", file=path, mend=_MEND)
    wanted = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            message = f"tensor {name} has shape {found.get(name)}, wanted {wanted.get(name)}"
            raise WeightsError(f"damaged weights: {message}", file=path, mend=_MEND)
    if about.get("sha256") != digest(tensors):
        raise WeightsError("damaged weights: their checksum does not fit", file=path, mend=_MEND)
    net.load_state_dict(_in_one_block(tensors), assign=True)
    return net.eval().requires_grad_(False)


def _in_one_block(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns tensors as float32 in one block of memory, each at a multiple of 64 bytes: all of it goes back to the
    system when the network goes, and no other objects come to lie between."""
    places = np.cumsum([0, *(-(-tensor.numel() // _ALIGNED) * _ALIGNED for tensor in tensors.values())]).tolist()
    block, found = torch.empty(places[-1]), dict[str, Tensor]()
    for place, (name, tensor) in zip(places, tensors.items(), strict=False):
        found[name] = block[place : place + tensor.numel()].view(tensor.shape)
        found[name].copy_(tensor)
    return found


def metadata(path: Path) -> dict[str, str]:
    """Returns the text entries in the header of a weights file; raises WeightsError where it cannot be read."""
    return _read(path)[1]


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise WeightsError("the model's weights are missing", file=path, mend=_MEND)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            about = dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(f"damaged weights: {error}", file=path, mend=_MEND) from error
    if any(tensor.dtype != torch.float16 for tensor in tensors.values()):
        raise WeightsError("damaged weights: tensors are not float16", file=path, mend=_MEND)
    return tensors, about
