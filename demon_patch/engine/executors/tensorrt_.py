"""The TensorRT executor: runs a denoiser's network as an engine on an NVIDIA GPU. Unrun: no engine met a GPU yet.

Prompts and times are computed by PyTorch on the same GPU, once each. LoRAs (`side_inputs`) and steering are inputs of
the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.contracts import Codec, Denoiser
from demon_patch.engine.executors import builds, engines
from demon_patch.engine.executors.engine_run import EngineRun
from demon_patch.engine.executors.on_device import OnDeviceExecutor
from demon_patch.engine.executors.onnx_ import network_of
from demon_patch.engine.executors.side_inputs import packed
from demon_patch.engine.lora.merge import Loras
from demon_patch.engine.lora.side_paths import bucket_of
from demon_patch.engine.networks import FRAMES, LENGTH, RANK, ROWS, SIDE_INPUTS, STEERING, Network, Part, RunsElsewhere
from demon_patch.engine.row_buckets import ROW_BUCKETS, bucket_for
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.errors import DemonError

OpenEngine = Callable[[int], Any]
"""Returns the engine for stretches of so many latent frames; raises DemonError if it is not built."""


class TensorRtExecutor(OnDeviceExecutor):
    """Runs a denoiser's engine in forwards of exactly `bucket` rows. Keeps the contract of `Executor`; it has one lane.

    bucket: one of `ROW_BUCKETS`, or any number up to the largest, which then runs in the next larger profile.
    open_engine, open_codec: give the engines, in place of those that are built for the GPU that is here.
    Raises DemonError for what `why_not` returns.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        bucket: int = 1,
        capacity: int = 48,
        lanes: int = 1,
        open_engine: OpenEngine | None = None,
        open_codec: Callable[[Network, int], Any] | None = None,
    ) -> None:
        del lanes
        super().__init__(denoiser, bucket, capacity)
        if open_engine is None and (reason := self.why_not(denoiser)) is not None:
            raise reason
        if bucket > ROW_BUCKETS[-1]:
            raise DemonError(f"a bucket of {bucket} rows", mend=f"use at most {ROW_BUCKETS[-1]}")
        self._network = network_of(denoiser)
        self._open = open_engine or partial(_opened, self._network)
        self._open_codec = open_codec or _opened
        self._runs: dict[tuple[int, int, int], EngineRun] = {}
        self._engines: dict[int, Any] = {}
        build = _any_build(self._network)
        assert build is not None
        self._build, self._key = build, builds.key_of(self._network)
        self._still = torch.zeros(ROW_BUCKETS[-1], *(self._network.steered or (0, 0)), device=self.device)
        self._side_inputs: tuple[Tensor, Tensor, Tensor] | None = None  # down, up, and each rank's LoRA

    @property
    def _rows(self) -> int:
        """The rows of the profile in which forwards run."""
        return bucket_for(self.bucket)

    @staticmethod
    def on_this_machine() -> str:
        """Returns library, GPU and driver. Raises DemonError for what is missing, or does not fit."""
        trt, machine = engines.library(), engines.this_machine()
        engines.check_target(trt, machine)
        return f"{trt.__name__} {trt.__version__} on {machine.gpu} ({machine.capability}), driver {machine.driver}"

    def lengths(self) -> tuple[int, ...]:
        """Returns the numbers of latent frames for which an engine is built for the GPU that is here."""
        return engines.lengths_found(self._network, engines.library(), engines.this_machine())

    @staticmethod
    def why_not(denoiser: Denoiser) -> DemonError | None:
        """Returns why TensorRT cannot run a denoiser here: no library, no GPU, a GPU that it does not build for, or no
        engine; None if it can."""
        try:
            trt, network = engines.library(), network_of(denoiser)
            machine = engines.this_machine()
            engines.check_target(trt, machine)
        except DemonError as error:
            return error
        mend = f"demon-patch build --model {network.model} --executor tensorrt"
        build = _any_build(network)
        if build is None:
            return DemonError(f"no network of {network.model} is built for these weights", mend=mend)
        engine = f"{network.model}-{network.name}-*-engines/{machine.capability}-*.engine"
        if not any(builds.folder().glob(engine)):
            return DemonError(f"no engine of {network.model} is built for {machine.gpu}", mend=mend)
        return None

    @torch.inference_mode()
    def forward(
        self, x: Tensor, time: Tensor, context: Tensor, places: Tensor, sides: SideInputs | None = None
    ) -> Tensor:
        """Returns the velocities of R = `bucket` rows, [R, T, C], which the next forward overwrites.

        x: [R, T, C]. time: [R, E + 1]. context: [R, T, X]. places: [R], the prompt place of each row.
        Raises DemonError for a T for which no engine is built.
        """
        self._check(x, time, context, places)
        taken, parts = self._taken(time, places, sides), self._network.inputs
        given = (x, taken.time, context, *taken.condition)
        own = (self._filled(each, part) for each, part in zip(given, parts, strict=True))
        inputs = dict(zip((part.name for part in parts), own, strict=True))
        beside: dict[str, Tensor] = {}
        if taken.strengths is not None and self._side_inputs is not None:
            down, up, owner = self._side_inputs
            strengths = functional.pad(taken.strengths.to(self.device), (0, 1, 0, self._rows - self.bucket))
            beside = dict(zip(SIDE_INPUTS, (down, up, strengths.index_select(1, owner)), strict=True))
        run = self._run(x.shape[1], len(self._side_inputs[2]) if beside and self._side_inputs else 0)
        if self._network.steered is not None:  # a buffer keeps what it had: it is filled each time
            steering = self._still[: self.bucket] if taken.steering is None else taken.steering
            beside[STEERING] = self._filled(steering, Part(STEERING, (ROWS, *self._network.steered)))
        return run.run(inputs | beside)[: self.bucket]

    def _filled(self, rows: Tensor, part: Part) -> Tensor:
        """Returns rows [R, ...] with copies of the last one, as many as the profile has more, and with the positions of
        a prompt that it has more, which are 0. Raises DemonError for a prompt that is too long."""
        if LENGTH in part.shape:
            more = engines.PROMPT_LENGTH - rows.shape[1]
            if more < 0:
                raise DemonError(
                    f"a prompt of {rows.shape[1]} positions", port="prompt", mend=f"use at most {engines.PROMPT_LENGTH}"
                )
            rows = torch.cat((rows, rows.new_zeros(len(rows), more, *rows.shape[2:])), 1)
        more = self._rows - len(rows)
        return rows if not more else torch.cat((rows, rows[-1:].expand(more, *rows.shape[1:])))

    def _run(self, frames: int, rank: int) -> EngineRun:
        run = self._runs.get((frames, rank, self._rows))
        if run is None:
            engine = self._engines.get(frames)
            if engine is None:
                engine = self._engines[frames] = self._open(frames)
            profiles = [dict(each.lengths) for each in engines.profiles_of(self._network, frames)]
            wanted = {FRAMES: frames, ROWS: self._rows, RANK: rank}
            wanted |= {LENGTH: engines.PROMPT_LENGTH} if LENGTH in self._network.axes else {}
            parts = (*self._network.inputs, *engines.side_parts(self._network, self._build.layers))
            run = self._runs[frames, rank, self._rows] = EngineRun(
                engine, profiles.index(wanted), wanted, parts, self._network.output, self.device
            )
        return run

    def codec(self, codec: Codec) -> Codec:
        """Returns a codec that decodes windows by an engine of fixed length, or the given one if its family declares no
        network. What is longer than a window is decoded by PyTorch."""
        if not isinstance(codec, RunsElsewhere):
            return codec
        network = next(each for each in codec.networks() if each.name == "decode")
        frames, (part,) = engines.WINDOW, network.inputs
        given, made = (_frames_axis(each) for each in (part, network.output))
        opened: list[EngineRun] = []

        def run(name: str, latent: Tensor) -> Tensor:
            count = latent.shape[given]
            more = frames - count
            if name != "decode" or more < 0:
                return network.run(latent)
            if not opened:
                engine, lengths = self._open_codec(network, frames), {FRAMES: frames}
                opened.append(EngineRun(engine, 0, lengths, (part,), network.output, self.device))
            last = latent.narrow(given, count - 1, 1)
            decoded = opened[0].run({part.name: torch.cat((latent, *[last] * more), given)})
            return decoded.narrow(made, 0, count * decoded.shape[made] // frames).to(latent.device)

        return codec.run_by(run)

    def set_loras(self, loras: Loras) -> bool:
        """Makes these the only LoRAs. Returns whether they are others than before.

        Raises DemonError for more ranks than an engine takes.
        """
        ranks = sum(max((len(each.down) for each in lora.changes.values()), default=0) for lora, _ in loras)
        if ranks > engines.RANKS[-1]:
            raise DemonError(
                f"LoRAs of {ranks} ranks together", port="lora_strength", mend=f"use at most {engines.RANKS[-1]}"
            )
        changed = super().set_loras(loras)
        if changed:
            self._side_inputs = None
            if self._build.layers and loras:
                sides = packed(self._build.layers, self.loras, bucket_of(ranks))
                arrays = (sides.down, sides.up, sides.owner)
                down, up, owner = (torch.from_numpy(each).to(self.device) for each in arrays)
                self._side_inputs = down, up, owner
        return changed

    def weights_changed(self) -> None:
        """Makes every handle void and empties every prompt place. Raises DemonError if the weights differ from those of
        the engine."""
        super().weights_changed()
        if builds.key_of(self._network) != self._key:
            raise DemonError(
                "the weights are not those of the engine",
                mend=f"demon-patch build --model {self._network.model} --executor tensorrt",
            )


def _frames_axis(part: Part) -> int:
    """Returns the number of the axis along which a part has latent frames."""
    return next(
        at for at, size in enumerate(part.shape) if size == FRAMES or (isinstance(size, tuple) and size[0] == FRAMES)
    )


def _opened(network: Network, frames: int) -> Any:
    """Returns the engine of a network for the GPU that is here. Raises DemonError if it is not built, or refused."""
    trt, machine = engines.library(), engines.this_machine()
    build = builds.found(network.at({FRAMES: frames}))
    path = None if build is None else engines.engine_path(build, trt, machine, engines.profiles_of(network, frames))
    content = None if path is None else engines.found(path)
    mend = f"demon-patch build --model {network.model} --executor tensorrt, with --seconds for that length"
    if content is None:
        raise DemonError(f"no engine of {network.model} is built for {frames} latent frames", mend=mend)
    engine = trt.Runtime(trt.Logger(trt.Logger.WARNING)).deserialize_cuda_engine(content)
    if engine is None:
        raise DemonError(
            f"{trt.__name__} refuses its engine on {machine.gpu}", file=path, mend=f"delete it, and {mend}"
        )
    return engine


def _any_build(network: Network) -> builds.Build | None:
    """Returns the build of a network for any of its lengths; all of them have the same layers."""
    lengths = builds.lengths_found(network)
    return builds.found(network.at(lengths[0])) if lengths else None
