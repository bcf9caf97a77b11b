"""The memory of the GPU by part, and whether it stays the same over many ticks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from benchmarks.gpu.clock import Row, wait
from benchmarks.gpu.subject import Subject
from benchmarks.gpu.ticks import Ticking


def _weights(module: Any) -> float:
    """Returns the megabytes of a module's weights."""
    tensors = (*module.parameters(), *module.buffers()) if isinstance(module, nn.Module) else ()
    return sum(each.numel() * each.element_size() for each in tensors) / 1e6


def rows(subject: Subject, depth: int, ticks: int) -> Iterator[Row]:
    """Yields megabytes by part: weights of the denoiser and the codec, prompts in place, the ring with the executor's
    buffers; then how much memory there was after the first round of ticks and after all of them."""
    session, device = subject.session, subject.device
    family: Any = session.family
    yield {"what": "weights of the denoiser", "mb": _weights(family.denoiser)}
    yield {"what": "weights of the codec", "mb": _weights(family.codec._vae)}
    before = _in_use(device)
    ticking = Ticking(subject, depth, subject.source.frames)
    ticking.warm()
    executor: Any = session.executor
    prompts = sum(buffer.nbytes for buffer in executor._buffers) / 1e6
    yield {"what": "prompts in place", "mb": prompts}
    first = _in_use(device)
    ring = None if first is None or before is None else first - before
    yield {"what": f"ring, D = {depth}, with the executor's buffers", "mb": ring}
    for _ in range(ticks):
        ticking.feed()
        ticking.ring.tick()
    last = _in_use(device)
    grown = None if last is None or first is None else last - first
    yield {"what": f"memory after {ticks} ticks", "mb": last, "grown_mb": grown, "peak_mb": _peak(device)}


def _in_use(device: torch.device) -> float | None:
    wait(device)
    return torch.cuda.memory_allocated(device) / 1e6 if device.type == "cuda" else None


def _peak(device: torch.device) -> float | None:
    return torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else None
