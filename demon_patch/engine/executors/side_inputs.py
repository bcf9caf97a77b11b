"""LoRAs as inputs of an exported network: y = W x + B (s A x), with s a factor for each row and rank.

The layers that the network calls stand side by side: `lora_down` [K, I] has the A of every layer beside one another, I
being the sum of their inputs, `lora_up` [O, K] the B of every layer below one another, and `lora_share` [R, K] the
factors s, strength times scale. K is the sum of the ranks. With K = 0 nothing is added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from demon_patch.engine.lora.merge import Layer, Lora, layers_of


@dataclass(frozen=True, slots=True)
class SideLayer:
    """A layer with a side path: its path in the module, the numbers of an input row, and those of an output row."""

    path: str
    inputs: int
    outputs: int


@dataclass(slots=True)
class _Present:
    """What the hooks add: down, up and share, while a forward runs; None adds nothing."""

    sides: tuple[Tensor, Tensor, Tensor] | None = None
    reached: dict[str, None] = field(default_factory=dict)


def reached_by(module: nn.Module, run: Callable[[], object]) -> tuple[SideLayer, ...]:
    """Returns the layers of a module that `run` calls and that a LoRA can change, in the order of the first call."""
    layers = layers_of(module)
    present = _Present()
    with _hooked(layers, present, {}):
        run()
    return tuple(SideLayer(path, layers[path].weight[0].numel(), len(layers[path].weight)) for path in present.reached)


@contextmanager
def beside(module: nn.Module, layers: Sequence[SideLayer]) -> Iterator[_Present]:
    """Lets the layers of a module add `sides` of the yielded object, as long as the block runs."""
    places: dict[str, tuple[slice, slice]] = {}
    inputs = outputs = 0
    for layer in layers:
        places[layer.path] = slice(inputs, inputs + layer.inputs), slice(outputs, outputs + layer.outputs)
        inputs, outputs = inputs + layer.inputs, outputs + layer.outputs
    present = _Present()
    with _hooked(layers_of(module), present, places):
        yield present


@contextmanager
def _hooked(layers: dict[str, Layer], present: _Present, places: dict[str, tuple[slice, slice]]) -> Iterator[None]:
    handles: list[Any] = [
        layer.register_forward_hook(_side_path(path, present, places.get(path))) for path, layer in layers.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _side_path(path: str, present: _Present, place: tuple[slice, slice] | None) -> Callable[..., Tensor | None]:
    def add(layer: Layer, given: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
        present.reached[path] = None
        if present.sides is None or place is None:
            return None
        (x,), (down, up, share) = given, present.sides
        down, up = down[:, place[0]], up[place[1]]
        if isinstance(layer, nn.Conv1d):
            return output + _convolved(layer, x, down, up, share)
        low = functional.linear(x, down)
        for _ in range(x.ndim - 2):
            share = share[:, None]
        return output + functional.linear(low * share, up)

    return add


def _convolved(layer: nn.Conv1d, x: Tensor, down: Tensor, up: Tensor, share: Tensor) -> Tensor:
    """Returns what a convolution's side path adds, by products alone: TensorRT takes no kernel of open size."""
    (size,), (stride,) = layer.kernel_size, layer.stride
    if stride == size and layer.padding == (0,) and layer.dilation == (1,):
        pieces = x.unflatten(2, (-1, size)).permute(0, 2, 1, 3).flatten(2)
        return functional.linear(functional.linear(pieces, down) * share[:, None], up).transpose(1, 2)
    kernel = down.unflatten(1, (-1, size))
    low = functional.conv1d(x, kernel, None, layer.stride, layer.padding, layer.dilation)
    return functional.conv1d(low * share[:, :, None], up[:, :, None])


@dataclass(frozen=True, slots=True)
class SideArrays:
    """The side inputs of some LoRAs, float32: down [K, I], up [O, K], share [K].

    owner: int [K], the number of each rank's LoRA; that of the padding is the number of LoRAs.
    """

    down: NDArray[np.float32]
    up: NDArray[np.float32]
    share: NDArray[np.float32]
    owner: NDArray[np.int64]

    def shares(self, rows: int) -> NDArray[np.float32]:
        """Returns the factors for a number of rows, [R, K]."""
        return np.broadcast_to(self.share, (rows, len(self.share))).copy()

    def by_row(self, strengths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the factors [R, K] for the strengths [R, n] of rows."""
        return np.pad(strengths, ((0, 0), (0, 1)))[:, self.owner]


def packed(layers: Sequence[SideLayer], loras: Sequence[tuple[Lora, float]], width: int | None = None) -> SideArrays:
    """Returns the side inputs of LoRAs with their strengths. What they change in other layers is left out.

    width: K, at least the sum of their ranks; by default that sum.
    """
    ranks = [max((len(change.down) for change in lora.changes.values()), default=0) for lora, _ in loras]
    total = sum(ranks) if width is None else width
    down = np.zeros((total, sum(layer.inputs for layer in layers)), np.float32)
    up = np.zeros((sum(layer.outputs for layer in layers), total), np.float32)
    share, owner = np.zeros(total, np.float32), np.full(total, len(loras))
    first = 0
    for at, ((lora, strength), rank) in enumerate(zip(loras, ranks, strict=True)):
        share[first : first + rank], owner[first : first + rank] = strength, at
        inputs = outputs = 0
        for layer in layers:
            change = lora.changes.get(layer.path)
            if change is not None:
                ends = first + len(change.down)
                down[first:ends, inputs : inputs + layer.inputs] = change.down.cpu().numpy()
                up[outputs : outputs + layer.outputs, first:ends] = change.scale * change.up.cpu().numpy()
            inputs, outputs = inputs + layer.inputs, outputs + layer.outputs
        first += rank
    return SideArrays(down, up, share, owner)
