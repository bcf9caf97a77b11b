"""Networks: the parts of a family that other runtimes can run. Torch-free at run time.

A family declares each network once, by its inputs, outputs and axes; export, build, engines and tests follow from that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from demon_patch.engine.contracts import Codec

ROWS, FRAMES, LENGTH, RANK = "rows", "frames", "length", "rank"
"""Names of axes: rows of a forward, latent frames, positions of a prompt, ranks of all LoRAs together."""

SIDE_INPUTS = ("lora_down", "lora_up", "lora_share")
"""The inputs that a network with LoRAs has beside its own (`executors.side_inputs`)."""

STEERING = "steering"
"""The input, after those, of a denoiser that can be steered: [rows, blocks, hidden], added to each block's output."""

FULL, INT8 = "float32", "int8"
PRECISIONS = (FULL, INT8)
"""What products are computed in: float32, or weights and inputs of eight bits. What is low is let in by its sound alone
(`executors.gate`)."""


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis of a network, whose length is `quantum` times a whole number, from `least` to `most` in all.

    fixed: whether a network is exported for one length of this axis, which is chosen when it is built.
    """

    quantum: int
    least: int
    most: int
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """An input or output of a network, float32. shape: numbers, and names of axes; a pair of name and factor is an axis
    whose length is the factor times that of the named one."""

    name: str
    shape: tuple[int | str | tuple[str, int], ...]

    def sizes(self, lengths: Mapping[str, int]) -> tuple[int, ...]:
        """Returns the shape in numbers, for lengths of axes."""
        return tuple(_size(each, lengths) for each in self.shape)


def _size(given: int | str | tuple[str, int], lengths: Mapping[str, int]) -> int:
    if isinstance(given, int):
        return given
    name, factor = (given, 1) if isinstance(given, str) else given
    return lengths[name] * factor


@dataclass(frozen=True)
class Network:
    """A part of a model that is exported whole.

    model: the family's name, or the checkpoint's. name: `denoiser`, or what the codec does with it.
    module: the weights. run: takes the inputs in order, returns the output; it calls layers of `module` as modules.
    axes: by name, all that shapes name, and `rows` first where a shape begins with it.
    loras: whether the layers that `run` calls can have side paths (`lora`), whose inputs follow the own ones.
    steered: blocks and width of the state that `STEERING` is added to; None for a network that cannot be steered.
    precision: of its products, a name of `PRECISIONS`.
    """

    model: str
    name: str
    module: nn.Module
    run: Callable[..., Tensor]
    inputs: tuple[Part, ...]
    output: Part
    axes: Mapping[str, Axis]
    loras: bool = False
    steered: tuple[int, int] | None = None
    precision: str = FULL

    def at(self, lengths: Mapping[str, int]) -> Network:
        """Returns the network with those of its fixed axes that `lengths` names at one length each."""
        fixed = {name: axis for name, axis in self.axes.items() if axis.fixed and name in lengths}
        only = {name: Axis(lengths[name], lengths[name], lengths[name], True) for name in fixed}
        return replace(self, axes={**self.axes, **only})


@runtime_checkable
class Exports(Protocol):
    """A denoiser or codec that other runtimes can run."""

    def networks(self) -> Sequence[Network]:
        """Returns its networks. That of a denoiser is one, named `denoiser`: its inputs are x, time, context and the
        condition tensors of `Denoiser.velocity`, in this order, and each begins with the axis `rows`. Where prompts
        have an axis `length`, it is the second one, and positions whose numbers are all 0 have no effect."""
        ...


@runtime_checkable
class RunsElsewhere(Exports, Protocol):
    """A codec whose networks another runtime can run in its place."""

    def run_by(self, run: Callable[[str, Tensor], Tensor]) -> Codec:
        """Returns a codec with the same weights whose networks are run by `run(name, input)`, which returns the output.
        A network that plays no part while a song plays may stay with PyTorch."""
        ...


@runtime_checkable
class BuiltForLengths(Protocol):
    """An executor whose networks may be built for some lengths alone."""

    def lengths(self) -> tuple[int, ...]:
        """Returns the numbers of latent frames for which they are built, the smallest first; none where any will do."""
        ...


@runtime_checkable
class TakesCodec(Protocol):
    """An executor that also runs networks of the codec."""

    def codec(self, codec: Codec) -> Codec:
        """Returns the codec that decodes in place of `codec` while this executor plays. Raises DemonError if a network
        of it is not built."""
        ...
