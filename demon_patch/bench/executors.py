"""Measures the executors against PyTorch in one run, turn by turn, on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import Any

import torch
from torch import Tensor

from demon_patch.bench.machine import MODEL
from demon_patch.engine.contracts import Executor, Family
from demon_patch.engine.executors import DEFAULT, executor_named
from demon_patch.engine.executors.gate import Verdict, judge
from demon_patch.engine.families import load_family
from demon_patch.engine.networks import TakesCodec
from demon_patch.engine.session import Session

LENGTHS = (200, 500, 600, 1500)
"""Latent frames: the stretches of 8 and 20 seconds in focus, and songs of 24 and 60."""


def measure(name: str, model: str = MODEL, lengths: tuple[int, ...] = LENGTHS, turns: int = 15) -> list[dict[str, Any]]:
    """Returns a row for each length of a forward of one row, and one for the decode of a window: the time in ms, by
    PyTorch and by the executor `name`, how many times faster that one is, and the largest difference of what they
    return, as a share of the peak.

    Times are medians of processor time on one thread, of turns taken one after the other, so that both meet the same
    machine. Raises DemonError for an executor that cannot run here.
    """
    torch.set_num_threads(1)
    family = load_family(model)
    executors = {each: executor_named(each)(family.denoiser, lanes=1) for each in (DEFAULT, name)}
    return [
        *(_row(family, executors, name, frames, turns) for frames in lengths),
        _decode(family, executors, name, turns),
    ]


def _decode(family: Family, executors: dict[str, Executor], name: str, turns: int) -> dict[str, Any]:
    """Returns the row of a window of 0.32 s with its margins."""
    frames = round(0.32 * family.spec.frame_rate) + 2 * family.spec.playing_margin
    latent = torch.randn(frames, family.spec.latent_channels, generator=torch.Generator().manual_seed(1))
    at = torch.arange(frames)
    codecs = {
        each: e.codec(family.codec) if isinstance(e, TakesCodec) else family.codec for each, e in executors.items()
    }
    sound = {each: codec.decode(latent, at) for each, codec in codecs.items()}
    plain, other = _turns({each: partial(codec.decode, latent, at) for each, codec in codecs.items()}, name, turns)
    return _figures(f"decode of {frames}", name, plain, other, sound[name], sound[DEFAULT])


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
    work = {each: partial(executor.forward, *inputs[each]) for each, executor in executors.items()}
    plain, other = _turns(work, name, turns)
    return _figures(f"forward of {frames}", name, plain, other, velocity[name], velocity[DEFAULT])


def _turns(work: Mapping[str, Callable[[], object]], name: str, turns: int) -> tuple[float, float]:
    """Returns the median times of two kinds of work in ms: PyTorch's, and that of `name`."""
    times: dict[str, list[float]] = {each: [] for each in work}
    for _ in range(turns):
        for each, call in work.items():
            began = time.process_time()
            call()
            times[each].append(time.process_time() - began)
    return 1e3 * median(times[DEFAULT]), 1e3 * median(times[name])


def _figures(what: str, name: str, plain: float, other: float, got: Tensor, expected: Tensor) -> dict[str, Any]:
    return {
        "executor": name,
        "latent_frames": what,
        "torch_ms": plain,
        "executor_ms": other,
        "times_faster": plain / other,
        "difference": float((got - expected).abs().max() / expected.abs().max()),
    }


def judged(name: str) -> Verdict:
    """Returns how far nano's sound by the executor `name` is from that in float32."""
    reference, candidate = (Session.load("nano", executor=each, threads=1, live=True) for each in (DEFAULT, name))
    return judge(reference, candidate)
