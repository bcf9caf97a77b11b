"""Times work on a device: the host waits before and after, and the median of several runs counts.

On a processor, where one thread does all of it, the time of the processor counts, so that other programs do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import torch

Row = dict[str, Any]
"""A row of the table: `what`, and figures by name."""

TFLOP_60_S = {"2b": 2.218, "xl": 6.125}
"""What a forward of one row of 60 s takes with all cached that can be, by published sizes, in TFLOP."""


def wait(device: torch.device) -> None:
    """Waits for all work of a device."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def timed(device: torch.device, into: list[float]) -> Iterator[None]:
    """Adds the milliseconds of what is done inside to a list."""
    wait(device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    began = clock()
    yield
    wait(device)
    into.append(1e3 * (clock() - began))


def milliseconds(device: torch.device, work: Callable[[], object], runs: int, warm: int = 2) -> float:
    """Returns the median time of a call, after some to warm up."""
    for _ in range(warm):
        work()
    found: list[float] = []
    for _ in range(runs):
        with timed(device, found):
            work()
    return median(found)


def matmul_rate(device: torch.device, dtype: torch.dtype, size: int) -> float:
    """Returns the FLOP a second of a square product."""
    one, other = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / (1e-3 * milliseconds(device, lambda: one @ other, 10))


def limit_ms(tflop: float, rate: float) -> float:
    """Returns the milliseconds that so many TFLOP take at a rate in FLOP a second."""
    return 1e15 * tflop / rate
