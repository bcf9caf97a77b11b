"""TensorRT's engine and context with ONNX Runtime behind them: what the run path calls, on the processor.

It checks what TensorRT checks: a profile that exists, shapes that are the profile's, an address for every tensor. It
reads and writes the memory at the addresses that it was given, when it is executed and not before.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demon_patch.engine.executors.onnx_ import OnnxNetwork
from demon_patch.engine.networks import Part


class ShimEngine:
    """An engine. profiles: the lengths of axes in each of them."""

    def __init__(self, onnx: Path, inputs: Sequence[Part], output: Part, profiles: Sequence[Mapping[str, int]]) -> None:
        self.network = OnnxNetwork(onnx)
        self.inputs, self.output, self.profiles = {part.name: part for part in inputs}, output, profiles
        self.contexts: list[ShimContext] = []

    def create_execution_context(self) -> ShimContext:
        self.contexts.append(ShimContext(self))
        return self.contexts[-1]


class ShimContext:
    """A context. executed: how often; addresses: of the tensors by name."""

    def __init__(self, engine: ShimEngine) -> None:
        self._engine = engine
        self._lengths: Mapping[str, int] | None = None
        self._shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.executed = 0

    def set_optimization_profile_async(self, profile: int, stream: int) -> bool:
        del stream
        if not 0 <= profile < len(self._engine.profiles):
            return False
        self._lengths, self._shapes = self._engine.profiles[profile], {}
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        part = self._engine.inputs.get(name)
        if part is None or self._lengths is None or part.sizes(self._lengths) != tuple(shape):
            return False
        self._shapes[name] = tuple(shape)
        return True

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.addresses[name] = address
        return name in self._engine.inputs or name == self._engine.output.name

    def execute_async_v3(self, stream: int) -> bool:
        del stream
        wanted = {*self._engine.inputs, self._engine.output.name}
        if (
            self._lengths is None
            or self._shapes.keys() != self._engine.inputs.keys()
            or wanted != self.addresses.keys()
        ):
            return False
        given = {name: _memory(self.addresses[name], shape).copy() for name, shape in self._shapes.items()}
        result = self._engine.network.run(given)
        sizes = self._engine.output.sizes(self._lengths)
        assert result.shape == sizes
        _memory(self.addresses[self._engine.output.name], sizes)[...] = result
        self.executed += 1
        return True


def _memory(address: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    count = int(np.prod(shape))
    if count == 0:  # an empty tensor has no memory
        return np.zeros(shape, np.float32)
    return np.ctypeslib.as_array((ctypes.c_float * count).from_address(address)).reshape(shape)
