"""Measures what a tick costs outside the forward: its time and its newly allocated tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from demon_patch.bench.stub import SPEC, StubExecutor, StubHandle
from demon_patch.engine.ring.noise import NoiseBank
from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.request_controls import RequestControls
from demon_patch.engine.ring.ring import Ring
from demon_patch.engine.ring.step_values import step_values

FRAMES, STEPS = 1500, 8
TARGETS_MS = {
    "plain": {1: 0.5, 4: 2.0, 8: 4.0},
    "curves": {1: 1.0, 4: 4.0, 8: 8.0},
    "guidance": {1: 1.0, 4: 4.0, 8: 8.0},
    "dcw": {},
    "ab2": {},
}
"""The most milliseconds that a tick should take outside the forward, by features and ring depth."""


class Allocations(TorchDispatchMode):
    """Counts, within its context, the tensors that operations return in newly allocated memory."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = tree_leaves((args, kwargs or {}))
        known = {_memory(part) for part in given if isinstance(part, Tensor)}
        result = func(*args, **(kwargs or {}))
        for part in tree_leaves(result):
            if isinstance(part, Tensor) and _memory(part) not in known:
                self.count += 1
                self.names.append(str(func))
        return result


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


class Workload:
    """A full ring on a stub denoiser: 1500 latent frames, 64 channels, covers of 8 steps, one request for every
    admission.

    features: "plain"; "curves": all per-frame controls as curves, with a mask, a target and a second prompt;
    "guidance": in mode `initialize`, as a curve; "dcw": both bands as curves; "ab2": that solver.
    values: the step controls of every tick.
    """

    def __init__(self, depth: int, features: str = "plain", bucket: int = 1) -> None:
        self.executor = StubExecutor(FRAMES, bucket)
        self.ring = Ring(self.executor, SPEC, NoiseBank(SPEC.latent_channels, FRAMES, limit=256 << 20), depth)
        source = torch.linspace(-1, 1, FRAMES * SPEC.latent_channels).view(FRAMES, -1)
        context = torch.zeros(FRAMES, SPEC.context_channels)
        ramp = torch.linspace(0, 1, FRAMES)
        controls = RequestControls({"seed": 1, "strength": 0.7, "steps": STEPS, "shift": 3.0}, SPEC)
        request = Request(StubHandle(), context, source, controls)
        told: dict[str, Any] = {}
        if features == "curves":
            controls = controls.changed(mask=ramp, mask_growth=0.5)
            request = replace(request, controls=controls, target=source, second=StubHandle())
            told = dict.fromkeys(
                ("source_blend", "velocity_scale", "ode_noise", "target_curve", "condition_weight"), ramp
            )
            told["channel_gain"] = (0.5 + ramp)[:, None].expand(-1, SPEC.latent_channels)
        elif features == "guidance":
            controls = controls.changed(guidance_mode="initialize")
            request = replace(request, controls=controls, negative=StubHandle())
            told = {"guidance": 1 + ramp}
        elif features == "dcw":
            told = {"dcw": "double", "dcw_low": ramp / 2, "dcw_high": ramp / 2}
        elif features == "ab2":
            told = {"solver": "ab2"}
        self._request = request
        self.values = step_values(told, FRAMES, SPEC.latent_channels)
        for _ in range(3 * STEPS):
            self.tick()

    def tick(self) -> int:
        """Runs one tick; returns the number of completions."""
        if self.ring.admits():
            self.ring.submit(self._request)
        return len(self.ring.tick(self.values))


def measure(depths: Sequence[int] = (1, 4, 8), ticks: int = 100) -> list[dict[str, Any]]:
    """Returns one row for each set of features and ring depth: the median and slowest time of a tick outside the
    forward, in milliseconds on one thread, the target, and the tensors allocated in `ticks` ticks after the warm-up."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_row(depth, features, ticks) for features in TARGETS_MS for depth in depths]
    finally:
        torch.set_num_threads(threads)


def _row(depth: int, features: str, ticks: int) -> dict[str, Any]:
    workload = Workload(depth, features)
    times = []
    for _ in range(ticks):
        inside, start = workload.executor.seconds, perf_counter()
        workload.tick()
        times.append(1e3 * (perf_counter() - start - (workload.executor.seconds - inside)))
    with Allocations() as allocations:
        for _ in range(ticks):
            workload.tick()
    return {
        "depth": depth,
        "features": features,
        "frames": FRAMES,
        "outside_ms": median(times),
        "slowest_ms": max(times),
        "target_ms": TARGETS_MS[features].get(depth),
        "allocated": allocations.count,
    }
