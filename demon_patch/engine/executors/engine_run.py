"""Runs a TensorRT engine: its inputs lie in buffers that are allocated once, on a stream of its own, in a CUDA graph.

The engine's interface is TensorRT's own, so that tests can put another runtime behind it. With it the run path is
tested on a processor; on a GPU it is unrun, CUDA graphs among it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from demon_patch.engine.networks import Part
from demon_patch.errors import DemonError


class EngineRun:
    """One profile of an engine, ready to run. Used by one thread at a time.

    engine: a TensorRT engine. profile: the number of the profile. lengths: of the axes in it.
    inputs, output: the network's parts. device: where the buffers lie.
    graph: whether the work is captured as a CUDA graph after its second run, and replayed from then on.
    cuda: PyTorch's CUDA module, or what a test puts in its place; without one, PyTorch's on a GPU alone.
    """

    def __init__(
        self,
        engine: Any,
        profile: int,
        lengths: Mapping[str, int],
        inputs: Sequence[Part],
        output: Part,
        device: torch.device,
        graph: bool = True,
        cuda: Any = None,
    ) -> None:
        if cuda is None and device.type == "cuda":
            cuda = torch.cuda
        self._cuda: Any = cuda
        self._stream = None if cuda is None else cuda.Stream(device)
        self._number = self._stream.cuda_stream if self._stream is not None else 0
        self._context = engine.create_execution_context()
        if self._context is None or not self._context.set_optimization_profile_async(profile, self._number):
            raise DemonError(f"the engine has no profile {profile}", mend="build it again")
        self._buffers = {part.name: torch.zeros(part.sizes(lengths), device=device) for part in inputs}
        self.output = torch.zeros(output.sizes(lengths), device=device)
        for name, buffer in self._buffers.items():
            if not self._context.set_input_shape(name, tuple(buffer.shape)):
                raise DemonError(f"the engine refuses the shape {list(buffer.shape)} of {name}", mend="build it again")
            self._context.set_tensor_address(name, buffer.data_ptr())
        self._context.set_tensor_address(output.name, self.output.data_ptr())
        self._wanted = graph and cuda is not None
        self._graph: Any = None
        self._runs = 0

    def run(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Copies the inputs into the buffers and returns the output, which the next run overwrites.

        inputs: by name, tensors of the buffers' shapes; one that is left out keeps its buffer's contents. Waits for
        nothing on a GPU: what the calling thread enqueues next waits for the output.
        """
        if self._stream is None:
            self._fill(inputs)
            self._enqueue()
            return self.output
        before = self._cuda.current_stream(self.output.device)
        self._stream.wait_stream(before)
        with self._cuda.stream(self._stream):
            self._fill(inputs)
            if self._graph is not None:
                self._graph.replay()
            else:
                self._enqueue()
        before.wait_stream(self._stream)
        self._runs += 1
        if self._wanted and self._graph is None and self._runs == 2:
            self._capture()
        return self.output

    def _fill(self, inputs: Mapping[str, Tensor]) -> None:
        for name, tensor in inputs.items():
            self._buffers[name].copy_(tensor, non_blocking=True)

    def _enqueue(self) -> None:
        if not self._context.execute_async_v3(self._number):
            raise DemonError("the engine failed", mend="play it with --executor torch, and report this")

    def _capture(self) -> None:
        """Captures what `_enqueue` does. A first run has allocated what it needs, so nothing is allocated in it."""
        assert self._stream is not None
        self._stream.synchronize()
        graph = self._cuda.CUDAGraph()
        with self._cuda.graph(graph, stream=self._stream):
            self._enqueue()
        self._graph = graph
