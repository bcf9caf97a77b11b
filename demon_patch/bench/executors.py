"""Measures the executors of the embedded model against PyTorch in one run, turn by turn, on one thread."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import torch
from torch import Tensor

from demon_patch.engine.contracts import Executor, Family
from demon_patch.engine.executors import DEFAULT, executor_named
from demon_patch.engine.families import load_family

LENGTHS = (200, 500, 600, 1500)
"""Latent frames: the stretches of 8 and 20 seconds in focus, and songs of 24 and 60."""


def measure(name: str, lengths: tuple[int, ...] = LENGTHS, turns: int = 15) -> list[dict[str, Any]]:
    """Returns a row for each length: the time of a forward of one row in ms, by PyTorch and by the executor `name`, how
    many times faster that one is, and the largest difference of their velocities as a share of the peak.

    Times are medians of processor time on one thread, of turns taken one after the other, so that both meet the same
    machine. Raises DemonError for an executor that cannot run here.
    """
    torch.set_num_threads(1)
    family = load_family("nano")
    executors = {each: executor_named(each)(family.denoiser, lanes=1) for each in (DEFAULT, name)}
    return [_row(family, executors, name, frames, turns) for frames in lengths]


def _row(family: Family, executors: dict[str, Executor], name: str, frames: int, turns: int) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(frames)
    x = torch.randn(1, frames, family.spec.latent_channels, generator=draw)
    context = torch.rand(1, frames, family.spec.context_channels, generator=draw)
    places = torch.tensor([0])
    inputs: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]] = {}
    for each, executor in executors.items():
        executor.place(0, executor.prepare(family.conditioner.prompt("acid")))
        inputs[each] = x, executor.prepare_schedule(torch.tensor([0.7, 0.0]))[:1], context, places
    velocity = {each: executor.forward(*inputs[each]).clone() for each, executor in executors.items()}
    times: dict[str, list[float]] = {each: [] for each in executors}
    for _ in range(turns):
        for each, executor in executors.items():
            began = time.process_time()
            executor.forward(*inputs[each])
            times[each].append(time.process_time() - began)
    plain, other = (1e3 * median(times[each]) for each in (DEFAULT, name))
    apart = float((velocity[name] - velocity[DEFAULT]).abs().max() / velocity[DEFAULT].abs().max())
    return {
        "executor": name,
        "frames": frames,
        "torch_ms": plain,
        "executor_ms": other,
        "times_faster": plain / other,
        "difference": apart,
    }
