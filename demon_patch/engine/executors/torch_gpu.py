"""PyTorch on a GPU: forwards on fixed buffers, captured as CUDA graphs, with bfloat16 products and float32 elsewhere.

Unrun: no GPU met this code yet. All of it but capture, streams and bfloat16 runs on the processor too, where tests hold
it to the contract of executors.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from demon_patch.engine.contracts import Denoiser, Executor
from demon_patch.engine.device import device_of
from demon_patch.engine.executors.on_device import OnDeviceExecutor
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.side_inputs import SideInputs

Velocity = Callable[[Tensor, Tensor, Tensor, tuple[Tensor, ...]], Tensor]

GPU_BUCKET = 4
"""Rows of a forward on a GPU: those of a ring of four slots."""


def torch_executor(denoiser: Denoiser, *, lanes: int = 1) -> Executor:
    """Returns the PyTorch executor for the device on which a denoiser's weights are."""
    device = device_of(denoiser)
    if device.type == "cpu":
        return TorchExecutor(denoiser, lanes=lanes)
    return GpuTorchExecutor(denoiser, GPU_BUCKET, compile_by="inductor" if device.type == "cuda" else None)


@dataclass(slots=True)
class _Fixed:
    """The buffers of forwards of one shape, and what was captured on them.

    inputs: those of the velocity, then strengths of LoRAs and steering, where there are some.
    velocity: the eager one, then the compiled one. compiling: the compiled one on its way.
    runs: forwards by the present velocity. One comes before the capture, so that what is allocated once is there.
    """

    inputs: tuple[Tensor, ...]
    output: Tensor
    velocity: Velocity
    sides: tuple[bool, ...] = (False, False)
    compiling: Future[Velocity] | None = None
    graph: Any = None
    runs: int = 0


class GpuTorchExecutor(OnDeviceExecutor):
    """Runs a denoiser on its own device in forwards of exactly `bucket` rows. Keeps the contract of `Executor`; it has
    one lane.

    Arguments of forwards may lie on another device; the result lies where x does. Where all of them lie on the GPU, a
    forward waits for nothing.

    low: whether products are computed in bfloat16 (by `torch.autocast`; norms and softmax stay float32, and sums where
        the weights are float32). By default on CUDA.
    compile_by: the backend of `torch.compile`, or None. Forwards run eagerly until the compiled code is ready, which is
        made on a thread of its own. If that fails, they stay eager, and `notes` says so. Forwards with LoRAs or
        steering stay eager; they are captured as the others.
    notes: sentences for the player.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        bucket: int = 1,
        capacity: int = 48,
        lanes: int = 1,
        *,
        low: bool | None = None,
        compile_by: Any = None,
    ) -> None:
        del lanes
        super().__init__(denoiser, bucket, capacity)
        self.notes: tuple[str, ...] = ()
        self._low = self.device.type == "cuda" if low is None else low
        self._captures = self.device.type == "cuda"
        self._stream = torch.cuda.Stream(self.device) if self._captures else None
        self._fixed: dict[tuple[tuple[torch.Size, ...], tuple[bool, ...]], _Fixed] = {}
        self._compile_by = compile_by
        self._eager: Velocity = denoiser.velocity

    @torch.inference_mode()
    def forward(
        self, x: Tensor, time: Tensor, context: Tensor, places: Tensor, sides: SideInputs | None = None
    ) -> Tensor:
        """Returns the velocities of R = `bucket` rows, [R, T, C], which the next forward overwrites.

        x: [R, T, C]. time: [R, E + 1]. context: [R, T, X]. places: [R], the prompt place of each row.
        """
        self._check(x, time, context, places)
        places = places.to(self.device, non_blocking=True)
        taken = self._taken(time.to(self.device, non_blocking=True), places, sides)
        extras = (taken.strengths, taken.steering)
        given = (x, taken.time, context, *taken.condition, *(each for each in extras if each is not None))
        fixed = self._fixed_for(given, tuple(each is not None for each in extras))
        self._take_compiled(fixed)
        for buffer, tensor in zip(fixed.inputs, given, strict=True):
            buffer.copy_(tensor, non_blocking=True)
        if fixed.graph is not None:
            fixed.graph.replay()
        else:
            fixed.output.copy_(self._run(fixed.velocity, fixed.inputs, fixed.sides))
            self._capture(fixed)
        self._begin_compiling(fixed)
        return fixed.output if x.device == self.device else fixed.output.to(x.device)

    def weights_changed(self) -> None:
        """Makes every handle void, and drops prompt places, captured graphs and compiled code."""
        super().weights_changed()
        self._fixed.clear()

    def wait(self) -> None:
        """Waits until compiled code is ready, or has failed, for every shape so far. The next forwards take it."""
        for fixed in self._fixed.values():
            if fixed.compiling is not None:
                fixed.compiling.exception()

    def _fixed_for(self, given: tuple[Tensor, ...], sides: tuple[bool, ...]) -> _Fixed:
        shapes = tuple(part.shape for part in given)  # a longer prompt makes those of all places longer
        fixed = self._fixed.get((shapes, sides))
        if fixed is None:
            inputs = tuple(torch.zeros(part.shape, dtype=part.dtype, device=self.device) for part in given)
            output = torch.zeros(shapes[0], device=self.device)
            fixed = self._fixed[shapes, sides] = _Fixed(inputs, output, self._eager, sides)
        return fixed

    def _run(self, velocity: Velocity, inputs: tuple[Tensor, ...], sides: tuple[bool, ...] = (False, False)) -> Tensor:
        """sides: whether the inputs end with strengths of LoRAs, and with steering."""
        x, time, context, *condition = inputs
        steering = condition.pop() if sides[1] else None
        strengths = condition.pop() if sides[0] else None
        low = torch.autocast(self.device.type, torch.bfloat16) if self._low else nullcontext()
        with low, self._blocks.at(steering), self._sides.at(strengths):
            return velocity(x, time, context, tuple(condition))

    def _capture(self, fixed: _Fixed) -> None:
        """Captures the forward on its buffers, after an eager one."""
        fixed.runs += 1
        if not self._captures or fixed.runs < 2 or self._stream is None:
            return
        torch.cuda.synchronize(self.device)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            fixed.output.copy_(self._run(fixed.velocity, fixed.inputs, fixed.sides))
        fixed.graph = graph

    def _begin_compiling(self, fixed: _Fixed) -> None:
        if self._compile_by is None or fixed.compiling is not None or any(fixed.sides):
            return
        copies = tuple(part.clone() for part in fixed.inputs)
        pool = ThreadPoolExecutor(1, "compile")
        fixed.compiling = pool.submit(self._compiled, copies, self._compile_by)
        pool.shutdown(wait=False)

    @torch.inference_mode()
    def _compiled(self, inputs: tuple[Tensor, ...], backend: Any) -> Velocity:
        """On the compiling thread. Returns the compiled velocity, which has run once."""
        made = torch.compile(self._eager, backend=backend, dynamic=False)
        self._run(made, inputs)
        return made

    def _take_compiled(self, fixed: _Fixed) -> None:
        """Takes the compiled velocity once it is ready, in place of the eager one and of its captured graph."""
        ready = fixed.compiling
        if ready is None or not ready.done() or fixed.velocity is not self._eager:
            return
        error = ready.exception()
        if error is None:
            fixed.velocity, fixed.graph, fixed.runs = ready.result(), None, 0
        elif not self.notes:
            why = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.notes = (f"the model runs uncompiled: {why}",)
