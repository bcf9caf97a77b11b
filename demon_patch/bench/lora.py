"""Measures what LoRAs cost: the processor time of a forward beside that of a forward without LoRAs.

Method. Forwards of one row, on one thread, over a song of 24 s. The ways take turns, so that other programs on the
machine slow all of them alike, and each one's figure is the median of its rounds divided by that of the round's forward
without LoRAs. The LoRAs are random and change all layers of the blocks, as the ones that come with the model do.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.lora.merge import LayerChange, Lora, layers_of
from demon_patch.engine.lora.side_paths import bucket_of
from demon_patch.engine.session import Session
from demon_patch.engine.side_inputs import SideInputs

SECONDS = 24.0
ROUNDS = 12
WAYS: tuple[tuple[int, int, float], ...] = (
    (1, 8, 0.0), (1, 8, 1.0), (1, 16, 1.0), (1, 64, 1.0), (4, 16, 1.0), (1, 256, 1.0), (8, 32, 1.0),
)  # fmt: skip
"""The number of LoRAs, the rank of each, and their strength."""


def measure(session: Session, rounds: int = ROUNDS) -> Iterator[dict[str, Any]]:
    """Yields one row for each of `WAYS`: its bucket, the milliseconds of a forward, and its ratio to one without LoRAs.

    The executor of `session` is left alone; each way has one of its own on the same denoiser.
    """
    denoiser, spec = session.family.denoiser, session.spec
    source = session.compose("house, 120 bpm", seconds=SECONDS, seed=3)
    context = session.family.conditioner.context(source, 1.0)[None]
    x = torch.randn(1, source.frames, spec.latent_channels, generator=torch.Generator().manual_seed(1))
    prompt = session.prompt("acid, 120 bpm")
    tables: list[tuple[TorchExecutor, tuple[Tensor, ...], SideInputs | None]] = []
    for count, rank, strength in ((0, 0, 0.0), *WAYS):
        executor = TorchExecutor(denoiser)
        executor.set_loras([(drawn(denoiser, rank, seed), 0.0) for seed in range(count)])
        executor.place(0, executor.prepare(prompt))
        time = executor.prepare_schedule(torch.tensor([0.6]))
        sides = SideInputs(lora_strength=torch.full((1, count), strength)) if count else None
        tables.append((executor, (x, time, context, torch.tensor([0])), sides))
    taken = np.array([[_once(*table) for table in tables] for _ in range(rounds + 1)])[1:]  # the first one warms up
    times, ratios = np.median(taken, 0), np.median(taken / taken[:, :1], 0)
    yield {"loras": 0, "rank": 0, "bucket": 0, "strength": 0.0, "forward_ms": 1e3 * times[0], "ratio": 1.0}
    for at, (count, rank, strength) in enumerate(WAYS, 1):
        yield {
            "loras": count, "rank": rank, "bucket": bucket_of(count * rank), "strength": strength,
            "forward_ms": 1e3 * times[at], "ratio": ratios[at],
        }  # fmt: skip


def drawn(denoiser: object, rank: int, seed: int) -> Lora:
    """Returns a LoRA with small random changes of all layers of the blocks of a denoiser."""
    draw = torch.Generator().manual_seed(seed)
    changes: dict[str, LayerChange] = {}
    for name, layer in layers_of(denoiser).items():
        if name.startswith("blocks."):
            out, width = layer.weight.flatten(1).shape
            halves = torch.randn(rank, width, generator=draw), torch.randn(out, rank, generator=draw)
            changes[name] = LayerChange(*halves, 0.01 / rank)
    return Lora("drawn", changes)


def _once(executor: TorchExecutor, inputs: tuple[Tensor, ...], sides: SideInputs | None) -> float:
    x, time, context, places = inputs
    began = process_time()
    executor.forward(x, time, context, places, sides)
    return process_time() - began
