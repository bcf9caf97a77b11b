"""What LoRAs and steering cost: a tick with them against one without."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import torch

from benchmarks.gpu.clock import Row, timed
from benchmarks.gpu.subject import Subject
from benchmarks.gpu.ticks import Ticking
from demon_patch.engine.lora.merge import LayerChange, Lora, layers_of
from demon_patch.engine.steering.vector import Steering, shape_of

RANKS = (16, 64, 256)


def drawn(denoiser: object, rank: int) -> Lora:
    """Returns a LoRA of random changes of all queries and values of the blocks."""
    draw = torch.Generator().manual_seed(rank)
    changes: dict[str, LayerChange] = {}
    for name, layer in layers_of(denoiser).items():
        if name.endswith(("to_q", "to_v")):
            out, width = layer.weight.flatten(1).shape
            halves = torch.randn(rank, width, generator=draw), torch.randn(out, rank, generator=draw)
            changes[name] = LayerChange(*halves, 0.01 / rank)
    return Lora("drawn", changes)


def rows(subject: Subject, depth: int, ticks: int) -> Iterator[Row]:
    """Yields ticks without, with LoRAs of several ranks, at strength 0, and with steering."""
    session, source = subject.session, subject.source
    blocks, hidden = shape_of(session.family.denoiser)
    ways: list[tuple[str, int, float, bool]] = [
        ("without LoRA and steering", 0, 0.0, False),
        *((f"LoRA of rank {rank}", rank, 1.0, False) for rank in RANKS),
        (f"LoRA of rank {RANKS[-1]} at strength 0", RANKS[-1], 0.0, False),
        ("steering", 0, 0.0, True),
    ]
    first = 0.0
    for what, rank, strength, steers in ways:
        session.set_loras([(drawn(session.family.denoiser, rank), 1.0)] if rank else [])
        ticking = Ticking(subject, depth, source.frames)
        if steers:
            ticking.ring.steering = (Steering("drawn", torch.full((blocks, hidden), 0.01)),)
        controls = ({"lora_strength": strength} if rank else {}) | ({"steer_depth": 1.0} if steers else {})
        values, times = session.step_values(source, **controls), list[float]()
        for at in range(2 * session.spec.steps + ticks):
            ticking.feed()
            with timed(subject.device, into := list[float]()):
                ticking.ring.tick(values)
            times += into if at >= 2 * session.spec.steps else []
        took = median(times)
        first = first or took
        yield {"what": f"tick, D = {depth}, {what}", "ms": took, "times_without": took / first}
    session.set_loras([])
