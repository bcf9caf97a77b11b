"""Writes a network as an ONNX file: traced by `torch.export`, every length of an axis that is not fixed left open."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from demon_patch.engine.executors.side_inputs import SideLayer, beside, reached_by
from demon_patch.engine.networks import RANK, ROWS, SIDE_INPUTS, STEERING, Axis, Network, Part
from demon_patch.engine.steering.vector import BlockHooks
from demon_patch.errors import DemonError

OPSET = 20
"""The version of the ONNX operators. With 23, TensorRT-RTX 1.7 refuses attention in float32."""

LIBRARIES = ("onnx", "onnxscript")
LARGE = 1 << 30  # bytes of weights above which they lie in a file of their own
RANKS = Axis(1, 1, 4096)


def check_libraries(names: Sequence[str] = LIBRARIES, extra: str = "onnx") -> None:
    """Raises DemonError if a library is missing. extra: what brings it."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise DemonError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
            mend=f"pip install 'demon-patch[{extra}]'",
        )


def side_parts(network: Network, layers: Sequence[SideLayer]) -> tuple[Part, ...]:
    """Returns the side inputs of a network: those of LoRAs (`side_inputs`), of which there are none where no layer has
    a side path, then that of steering, where it can be steered."""
    steering = () if network.steered is None else (Part(STEERING, (ROWS, *network.steered)),)
    if not network.loras or not layers:
        return steering
    down, up, share = SIDE_INPUTS
    return (
        Part(down, (RANK, sum(layer.inputs for layer in layers))),
        Part(up, (sum(layer.outputs for layer in layers), RANK)),
        Part(share, (ROWS, RANK)),
        *steering,
    )


def axes_of(network: Network) -> dict[str, Axis]:
    """Returns the axes of a network by name, with that of the ranks where it has side paths."""
    return {**network.axes, **({RANK: RANKS} if network.loras else {})}


@torch.no_grad()
def layers_with_sides(network: Network) -> tuple[SideLayer, ...]:
    """Returns the layers of a network that have side paths, in the order in which side inputs hold them."""
    if not network.loras:
        return ()
    return reached_by(network.module, lambda: network.run(*_examples(network, network.inputs)))


def _examples(network: Network, parts: Sequence[Part]) -> list[Tensor]:
    """Returns inputs for tracing, two lengths of which are never equal by chance."""
    lengths: dict[str, int] = {}
    for at, (name, axis) in enumerate(axes_of(network).items()):
        wanted = max(axis.quantum * (2 + 5 * at), axis.least)
        lengths[name] = min(-(-wanted // axis.quantum) * axis.quantum, axis.most)
    draw = torch.Generator().manual_seed(1)
    device = next((weight.device for weight in network.module.parameters()), torch.device("cpu"))
    return [torch.rand(part.sizes(lengths), generator=draw).to(device) for part in parts]


class _Traced(nn.Module):
    """Calls a network with its own inputs, and lets its layers and blocks add the side inputs."""

    def __init__(self, network: Network, present: Any) -> None:
        super().__init__()
        self.module, self._run, self._own = network.module, network.run, len(network.inputs)
        self._present = present
        self._blocks = None if network.steered is None else BlockHooks(network.module)

    def forward(self, *given: Tensor) -> Tensor:
        """Returns the output. given: the network's inputs, then the side inputs."""
        sides = list(given[self._own :])
        steering = None if self._blocks is None else sides.pop()
        self._present.sides = tuple(sides) if sides else None
        try:
            with nullcontext() if self._blocks is None else self._blocks.at(steering):
                return self._run(*given[: self._own])
        finally:
            self._present.sides = None


@torch.no_grad()
def export(network: Network, layers: Sequence[SideLayer], path: Path) -> None:
    """Writes a network to `path`. Takes seconds for a small model, minutes for a large one.

    layers: those with side paths. Weights above 1 GiB lie beside `path`, in a file with the suffix `.data`.
    Raises DemonError if a library is missing, or the network cannot be traced.
    """
    check_libraries()
    network.run(*_examples(network, network.inputs))  # what it computes once and keeps must be numbers, not traces
    parts = (*network.inputs, *side_parts(network, layers))
    dims = _dims(network)
    with ExitStack() as stack:
        present = stack.enter_context(beside(network.module, layers))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # of the exporter, about names of axes that it merges
        for logger in map(logging.getLogger, ("torch.onnx", "onnxscript")):  # which tell of their own workings
            stack.callback(logger.setLevel, logger.level)
            logger.setLevel(logging.ERROR)
        traced = _Traced(network, present).eval()
        shapes = (tuple({at: dims[size] for at, size in enumerate(part.shape) if size in dims} for part in parts),)
        try:
            program = torch.export.export(traced, tuple(_examples(network, parts)), dynamic_shapes=shapes, strict=False)
        except Exception as error:  # the tracer has errors of many kinds
            raise DemonError(
                f"the {network.name} of {network.model} cannot be traced: {str(error).splitlines()[0]}",
                mend="play it with --executor torch, and report this",
            ) from error
        made = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            optimize=True,
            verbose=False,
            input_names=[part.name for part in parts],
            output_names=[network.output.name],
        )
    assert made is not None
    weights = sum(each.numel() * each.element_size() for each in network.module.state_dict().values())
    made.save(str(path), external_data=weights > LARGE)


def _dims(network: Network) -> dict[Any, Any]:
    """Returns the open lengths of shapes: for each name of an axis, and for each pair of name and factor."""
    dims: dict[Any, Any] = {}
    used = {size for part in network.inputs for size in part.shape if not isinstance(size, int)}
    for name, axis in axes_of(network).items():
        if axis.fixed:
            continue
        base = torch.export.Dim(name, min=-(-axis.least // axis.quantum), max=axis.most // axis.quantum)
        dims[name] = base * axis.quantum if axis.quantum > 1 else base
        for size in used:
            if isinstance(size, tuple) and size[0] == name:
                dims[size] = base * (axis.quantum * size[1])
    return dims
