"""A tick waits for no device: it reads no number from it, and gives it numbers without waiting.

PyTorch's device `meta` has no numbers, so that reading one raises an error there; copies to it are looked at singly.
So the ring's own code runs here as on a GPU, without one. Where there is a GPU, CUDA's sync debug mode looks on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from demon_patch.engine.contracts import Source
from demon_patch.engine.executors.torch_gpu import GpuTorchExecutor
from demon_patch.engine.families import load_family
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.ring.ring import Completion
from demon_patch.engine.session import PLACES, Session
from demon_patch.engine.steering.vector import Steering, shape_of

FRAMES = 400

EVERY_STEP = {
    "source_blend": 0.3, "velocity_scale": 1.1, "ode_noise": 0.2, "guidance": 2.0, "guidance_momentum": 0.3,
    "guidance_rescale": 0.2, "dcw": "double", "dcw_low": 0.1, "target_strength": 0.4, "condition_weight": 0.5,
    "channel_gain": 1.2, "lora_strength": 0.7, "steer_depth": 0.5,
}  # fmt: skip


class Waits(TorchDispatchMode):
    """Notes every copy between devices that the host waits for.

    device: whose copies are looked at. found: their operations.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self.device, self.found = device, list[str]()
        self.copies = 0

    def __torch_dispatch__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        named = named or {}
        result = function(*given, **named)
        name = str(function)
        if name.startswith(("aten._to_copy", "aten.copy_")):
            ends = {given[1].device.type if "copy_" in name[5:10] else given[0].device.type, result.device.type}
            waits = not (named.get("non_blocking") or (name.startswith("aten.copy_") and len(given) > 2 and given[2]))
            if len(ends) > 1:
                self.copies += 1
                self.found += [f"{name} of {[*result.shape]}"] if waits else []
        return result


def played(device: str) -> tuple[Session, Source]:
    """A session of nano, with random weights, whose denoiser and ring are on a device; and a clip."""
    family = load_family("nano")
    denoiser = NanoDenoiser().to(device)
    executor = GpuTorchExecutor(denoiser, 4, PLACES, low=False)
    session = Session(replace(family, denoiser=denoiser), executor)
    draw = torch.Generator().manual_seed(1)
    latent = torch.randn(FRAMES, session.spec.latent_channels, generator=draw)
    hints = torch.rand(FRAMES, 37, generator=draw)
    clip = Source(latent, hints, torch.zeros(FRAMES * session.spec.samples_per_frame, 1).numpy())
    return session, clip


def run(session: Session, clip: Source, ticks: int, watching: Any) -> list[Completion]:
    """Runs a ring of four with all that a request and a step can have, each tick under `watching`; returns what was
    finished."""
    ring = session.ring(clip, depth=4)
    ring.watch = True
    blocks, hidden = shape_of(session.family.denoiser)
    ring.steering = (Steering("edge", torch.full((blocks, hidden), 0.1)),)
    words, other = session.prompt("acid"), session.prompt("ambient")
    modes, finished = ("off", "self", "full", "initialize"), []
    curve = torch.linspace(0, 1, FRAMES)
    for tick in range(ticks):
        ring.submit(
            session.request(
                words, clip, seed=tick, strength=0.7, structure=0.5, prompt_b=other, target=clip,
                guidance_mode=modes[tick % 4], mask=curve if tick % 2 else None,
                noise_position=0.3 * tick, stretch=(300, 200) if tick % 3 == 2 else None,
            )
        )  # fmt: skip
        ring.admit()
        slots = len(ring.slots)
        values: dict[str, Any] = dict(EVERY_STEP, solver=("ode", "ab2", "sde")[tick // 4 % 3])
        values = session.step_values(clip, **values)
        values["ode_noise"] = torch.rand(slots, FRAMES, 1)
        with watching():
            finished += ring.advance(values)
            for slot in ring.slots:
                ring.move_strength(slot, 0.6 if tick % 2 else 0.8)
    return finished


def test_a_tick_reads_nothing_from_its_device_and_gives_without_waiting() -> None:
    session, clip = played("meta")
    waits = Waits(session.device)

    @contextmanager
    def watching() -> Iterator[None]:
        with waits:
            yield

    finished = run(session, clip, 24, watching)
    assert len(finished) > 8
    assert all(done.latent.device == session.device for done in finished)
    assert waits.copies > 24
    assert waits.found == []


def test_the_watch_sees_a_copy_that_waits() -> None:
    with Waits(torch.device("meta")) as waits:
        torch.zeros(3).to("meta")
        torch.zeros(3, device="meta").copy_(torch.zeros(3))
        torch.zeros(3).to("meta", non_blocking=True)
        torch.zeros(3, device="meta").copy_(torch.zeros(3), non_blocking=True)
    assert (waits.copies, len(waits.found)) == (4, 2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here: ticks under CUDA's sync debug mode")
def test_on_a_gpu_a_tick_synchronises_nothing() -> None:
    session, clip = played("cuda")

    @contextmanager
    def watching() -> Iterator[None]:
        torch.cuda.set_sync_debug_mode("error" if warm[0] else "default")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")

    warm = [False]  # captures of graphs wait, once for each shape
    run(session, clip, 24, watching)
    warm = [True]
    assert len(run(session, clip, 24, watching)) > 8
