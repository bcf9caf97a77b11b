"""A stub denoiser without cost, so that the remaining time of a tick is the ring's own."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor

from demon_patch.engine.contracts import PLAIN, Conditioning, FamilySpec, Handle
from demon_patch.engine.executors.row_threads import RowThreads
from demon_patch.engine.lora.merge import Lora, Loras
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.errors import DemonError

SPEC = FamilySpec(
    name="stub",
    title="Stub",
    sample_rate=48_000,
    channels=2,
    latent_channels=64,
    context_channels=128,
    frame_rate=25,
    quantum=1,
    min_frames=1,
    max_frames=1500,
    exact_margin=0,
    playing_margin=0,
    defaults={**PLAIN, "steps": 8, "shift": 3.0},
    tick_frames={depth: depth + 1 for depth in range(1, 9)},
    strength_taper=tuple(k / 10 for k in range(11)),
)


@dataclass(slots=True, eq=False)
class StubHandle:
    """A handle without a prompt."""

    epoch: int = 0
    nbytes: int = 0


class StubExecutor:
    """An executor that returns the same velocity from every forward.

    seconds: the time spent in forwards.
    """

    def __init__(self, frames: int, bucket: int = 1, spec: FamilySpec = SPEC) -> None:
        self.bucket, self.capacity = bucket, 48
        self.lanes = RowThreads(1)
        self.weights_epoch = 0
        self.seconds = 0.0
        self._velocity = torch.full((bucket, frames, spec.latent_channels), 0.01)

    def prepare(self, conditioning: Conditioning) -> Handle:
        """Returns an empty handle."""
        return StubHandle(self.weights_epoch)

    def blend(self, first: Handle, second: Handle, amount: float) -> Handle:
        """Returns an empty handle."""
        return StubHandle(self.weights_epoch)

    def renew(self, handle: Handle) -> None:
        """Does nothing: there are no weights that could change."""

    @property
    def loras(self) -> tuple[tuple[Lora, float], ...]:
        """Always empty."""
        return ()

    def set_loras(self, loras: Loras) -> bool:
        """Returns False for no LoRAs; raises DemonError for any."""
        if loras:
            raise DemonError("a stub has no weights", port="lora_strength", mend="use a family that has some")
        return False

    def weights_changed(self) -> None:
        """Does nothing: there are no weights."""

    def prepare_schedule(self, t: Tensor) -> Tensor:
        """Returns the timesteps [S+1] as [S+1, 1]."""
        return t[:, None]

    def place(self, place: int, handle: Handle) -> None:
        """Does nothing: a handle has no numbers to copy."""

    def forward(
        self, x: Tensor, time: Tensor, context: Tensor, places: Tensor, sides: SideInputs | None = None
    ) -> Tensor:
        """Returns the same velocity every time, [R, T, C]."""
        start = perf_counter()
        velocity = self._velocity
        self.seconds += perf_counter() - start
        return velocity
