"""Measures what steering costs where no vector is in use: a forward of a network with the places for it against one
without them.

Method. Forwards of one row on one thread. Both ways take turns, so that other programs on the machine slow them alike;
the figure is the median over the turns of the ratio of processor times.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from statistics import median
from time import process_time
from typing import Any

import torch

from demon_patch.engine.contracts import Denoiser, Family
from demon_patch.engine.executors import builds
from demon_patch.engine.executors.export import check_libraries
from demon_patch.engine.executors.onnx_ import OnnxNetwork, array_of, network_of
from demon_patch.engine.executors.side_inputs import packed
from demon_patch.engine.networks import SIDE_INPUTS, STEERING
from demon_patch.engine.steering.vector import BlockHooks, shape_of

LENGTHS = (200, 600)
"""Latent frames: 8 s in focus, and a song of 24 s."""


def measure(family: Family, turns: int = 40, lengths: tuple[int, ...] = LENGTHS) -> list[dict[str, Any]]:
    """Returns a row for PyTorch and for ONNX Runtime and each length: the time of a forward in ms with the places for
    steering and without, and the ratio. Raises DemonError where ONNX Runtime or its exporter is missing."""
    check_libraries(("onnxruntime",))
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = []
    for name, pair in (("torch", _by_torch), ("onnx", _by_onnx)):
        make = pair(family)
        found += [_row(name, frames, *make(frames), turns) for frames in lengths]
    return found


Forward = Callable[[], object]


def _inputs(family: Family, frames: int) -> tuple[torch.Tensor, ...]:
    """Returns x, time, context and the condition tensors of one row."""
    denoiser, spec, draw = family.denoiser, family.spec, torch.Generator().manual_seed(1)
    condition = denoiser.condition(family.conditioner.prompt("acid").tokens)
    x = torch.randn(1, frames, spec.latent_channels, generator=draw)
    context = torch.rand(1, frames, spec.context_channels, generator=draw)
    return (x, denoiser.embed_time(torch.tensor([0.6])), context, *(part[None] for part in condition))


def _by_torch(family: Family) -> Callable[[int], tuple[Forward, Forward]]:
    plain: Denoiser = deepcopy(family.denoiser)
    hooked: Denoiser = deepcopy(family.denoiser)
    hooks = BlockHooks(hooked)

    def make(frames: int) -> tuple[Forward, Forward]:
        x, time, context, *condition = (each.clone() for each in _inputs(family, frames))
        given = x, time, context, tuple(condition)

        @torch.inference_mode()
        def idle() -> object:
            with hooks.at(None):
                return hooked.velocity(*given)

        return idle, torch.inference_mode()(lambda: plain.velocity(*given))

    return make


def _by_onnx(family: Family) -> Callable[[int], tuple[Forward, Forward]]:
    network = network_of(family.denoiser)
    blocks, hidden = shape_of(family.denoiser)
    made = [builds.build(each) for each in (network, replace(network, steered=None))]
    runs = [OnnxNetwork(build.onnx) for build in made]
    none = packed(made[0].layers, ())

    def make(frames: int) -> tuple[Forward, Forward]:
        names = (part.name for part in network.inputs)
        plain = dict(zip(names, map(array_of, _inputs(family, frames)), strict=True))
        if made[0].layers:
            shares = none.by_row(array_of(torch.zeros(1, 0)))
            plain |= dict(zip(SIDE_INPUTS, (none.down, none.up, shares), strict=True))
        idle = {**plain, STEERING: array_of(torch.zeros(1, blocks, hidden))}
        return lambda: runs[0].run(idle), lambda: runs[1].run(plain)

    return make


def _row(name: str, frames: int, idle: Forward, plain: Forward, turns: int) -> dict[str, Any]:
    times: list[tuple[float, float]] = []
    for turn in range(turns + 2):
        order = (idle, plain) if turn % 2 else (plain, idle)
        took = {work: _once(work) for work in order}
        times.append((took[idle], took[plain]))
    counted = times[2:]  # the first ones warm up
    return {
        "executor": name,
        "latent_frames": frames,
        "idle_ms": 1e3 * median(each[0] for each in counted),
        "without_ms": 1e3 * median(each[1] for each in counted),
        "ratio": median(one / other for one, other in counted),
    }


def _once(work: Forward) -> float:
    began = process_time()
    work()
    return process_time() - began
