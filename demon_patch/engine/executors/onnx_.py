"""The ONNX executor: runs a denoiser's exported network by ONNX Runtime on the processor.

Prompts and times are computed by PyTorch, once each; only the forward is the network's. LoRAs (`side_inputs`) and
steering are inputs of it. What a LoRA changes in what is computed once is added by PyTorch, as on `torch`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.contracts import Codec, Denoiser
from demon_patch.engine.device import device_of
from demon_patch.engine.executors import builds
from demon_patch.engine.executors.builds import Build, not_built
from demon_patch.engine.executors.export import check_libraries
from demon_patch.engine.executors.side_inputs import packed
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.lora.merge import Loras
from demon_patch.engine.networks import FRAMES, FULL, INT8, SIDE_INPUTS, STEERING, Exports, Network, RunsElsewhere
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


_ON_PROCESSOR = "play it with --executor torch, or name onnx when it is loaded"


class OnnxNetwork:
    """An ONNX file, run by ONNX Runtime on one thread of the processor: that of the caller. From any thread."""

    def __init__(self, path: Path) -> None:
        import onnxruntime  # noqa: PLC0415 (an extra)

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors: warnings are about how the file was optimised
        try:
            self._session: InferenceSession = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its errors have no common class
            raise DemonError(
                f"ONNX Runtime refuses it: {str(error).splitlines()[0]}", file=path, mend="delete it and build it again"
            ) from error
        self.inputs = tuple(each.name for each in self._session.get_inputs())

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Returns the output, a new array. inputs: arrays by name, all that the network has."""
        return cast("NDArray[np.float32]", self._session.run(None, dict(inputs))[0])


def network_of(denoiser: Denoiser) -> Network:
    """Returns the network of a denoiser. Raises DemonError if its family declares none."""
    if not isinstance(denoiser, Exports):
        raise DemonError("this model declares no network to export", mend="play it with --executor torch")
    return next(each for each in denoiser.networks() if each.name == "denoiser")


def array_of(tensor: Tensor) -> NDArray[np.float32]:
    """Returns a float tensor of the processor as an array, which shares its memory where it can."""
    return np.ascontiguousarray(tensor.detach().float().numpy())


class OnnxExecutor(TorchExecutor):
    """Runs a denoiser's exported network in forwards of exactly `bucket` rows. Keeps the contract of `Executor`.

    judged: a build to run, which is not kept yet. Raises DemonError for what `why_not` returns.
    """

    precision: ClassVar[str] = FULL

    runs_blocks = False

    def __init__(
        self, denoiser: Denoiser, bucket: int = 1, capacity: int = 48, lanes: int = 1, judged: Build | None = None
    ) -> None:
        super().__init__(denoiser, bucket, capacity, lanes)
        if judged is None and (reason := self.why_not(denoiser)) is not None:
            raise reason
        self._network, self._judged = self._of(denoiser), judged
        self._lengths = builds.lengths_found(self._network)
        self._still = np.zeros((bucket, *(self._network.steered or (0, 0))), np.float32)
        self._load()

    @classmethod
    def _of(cls, denoiser: Denoiser) -> Network:
        return replace(network_of(denoiser), precision=cls.precision)

    @staticmethod
    def on_this_machine() -> str:
        """Returns the version of ONNX Runtime. Raises DemonError where it is missing."""
        check_libraries(("onnxruntime",))
        return f"ONNX Runtime {builds.version_of('onnxruntime')} on the processor"

    @classmethod
    def why_not(cls, denoiser: Denoiser) -> DemonError | None:
        """Returns why ONNX Runtime cannot run a denoiser here: a library or a build that is missing; None if it can."""
        if device_of(denoiser).type != "cpu":
            return DemonError("ONNX Runtime runs on the processor, and the model lies on a GPU", mend=_ON_PROCESSOR)
        try:
            cls.on_this_machine()
            network = cls._of(denoiser)
        except DemonError as error:
            return error
        return None if builds.lengths_found(network) else not_built(network)

    def _load(self) -> None:
        """Reads the network of the present weights, for each length that is built; builds it first where it is not."""
        made = [(lengths, builds.build(self._network.at(lengths))) for lengths in self._lengths]
        if self._judged is not None:
            made = [({}, self._judged)]
        self._key = builds.key_of(self._network)
        self._layers = made[0][1].layers
        self._runtimes = {lengths.get(FRAMES): OnnxNetwork(build.onnx) for lengths, build in made}
        self._none, self._arrays = packed(self._layers, ()), packed(self._layers, self.loras)

    def _runtime(self, frames: int) -> OnnxNetwork:
        """Returns the network for so many latent frames. Raises DemonError if it is not built."""
        fixed = self._network.axes[FRAMES].fixed and self._judged is None
        runtime = self._runtimes.get(frames if fixed else None)
        if runtime is None:
            raise not_built(self._network, f" and {frames} latent frames", ", with --seconds for that length")
        return runtime

    def lengths(self) -> tuple[int, ...]:
        """Returns the numbers of latent frames for which the network is built; none where any will do."""
        return tuple(sorted(frames for frames in self._runtimes if frames is not None))

    def codec(self, codec: Codec) -> Codec:
        """Returns a codec that decodes by ONNX Runtime, or the given one if its family declares no network."""
        if not isinstance(codec, RunsElsewhere):
            return codec
        networks: dict[str, tuple[str, OnnxNetwork]] = {}
        for network in codec.networks():
            build = builds.found(network)
            if build is None:
                raise not_built(network)
            networks[network.name] = network.inputs[0].name, OnnxNetwork(build.onnx)

        def run(name: str, given: Tensor) -> Tensor:
            of, runtime = networks[name]
            return torch.from_numpy(runtime.run({of: array_of(given)}))

        return codec.run_by(run)

    @torch.inference_mode()
    def forward(
        self, x: Tensor, time: Tensor, context: Tensor, places: Tensor, sides: SideInputs | None = None
    ) -> Tensor:
        """Returns the velocities of R = `bucket` rows, a new tensor [R, T, C].

        x: [R, T, C]. time: [R, E + 1]. context: [R, T, X]. places: [R], the prompt place of each row.
        """
        self._check(x, time, context, places)
        taken = self._taken(time, places, sides)
        own = (array_of(each) for each in (x, taken.time, context, *taken.condition))
        inputs = dict(zip((part.name for part in self._network.inputs), own, strict=True))
        if self._layers:
            arrays = self._arrays if taken.strengths is not None else self._none
            strengths = np.zeros((self.bucket, 0), np.float32) if taken.strengths is None else array_of(taken.strengths)
            inputs |= zip(SIDE_INPUTS, (arrays.down, arrays.up, arrays.by_row(strengths)), strict=True)
        if self._network.steered is not None:
            inputs[STEERING] = self._still if taken.steering is None else array_of(taken.steering)
        return torch.from_numpy(self._runtime(x.shape[1]).run(inputs))

    def set_loras(self, loras: Loras) -> bool:
        """Makes these the only LoRAs. Returns whether they are others than before."""
        changed = super().set_loras(loras)
        if changed:
            self._arrays = packed(self._layers, self.loras)
        return changed

    def weights_changed(self) -> None:
        """Makes every handle void and empties every prompt place. Exports the network again if the weights differ."""
        super().weights_changed()
        if builds.key_of(self._network) != self._key:
            self._load()


class LowOnnxExecutor(OnnxExecutor):
    """The same with products of eight bits, once `demon-patch build` has let them in by their sound. It does not keep
    the contract's bounds on numbers."""

    precision = INT8
