"""The networks of ACE-Step 1.5 on its tiny checkpoint: those of PyTorch at four shapes, and built as engines."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from demon_patch.engine.contracts import Conditioning
from demon_patch.engine.executors import builds, engines
from demon_patch.engine.executors.engines import Machine, Profile
from demon_patch.engine.executors.onnx_ import OnnxExecutor, OnnxNetwork, network_of
from demon_patch.engine.networks import FRAMES, LENGTH, RANK, ROWS, SIDE_INPUTS, STEERING, Network
from demon_patch.engine.steering.vector import BlockHooks, shape_of
from tests.support import tiny_acestep
from tests.support.exported import needs_onnx

pytestmark = needs_onnx
STRETCH, BOUND = 50, 1e-4


def network(name: str) -> Network:
    family: Any = tiny_acestep.loaded()
    found = next(each for each in (*family.denoiser.networks(), *family.codec.networks()) if each.name == name)
    return found.at({FRAMES: STRETCH})


@cache
def built(name: str) -> builds.Build:
    return builds.build(network(name))


def apart(got: np.ndarray, expected: torch.Tensor) -> float:
    return float((torch.from_numpy(got) - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize(("rows", "length"), [(1, 20), (1, 64), (3, 40), (4, 7)])
@torch.inference_mode()
def test_the_denoiser_is_pytorchs(rows: int, length: int) -> None:
    denoiser, draw = tiny_acestep.loaded().denoiser, torch.Generator().manual_seed(length)
    wanted = network("denoiser")
    sizes = {ROWS: rows, FRAMES: STRETCH, LENGTH: length}
    given = {part.name: torch.rand(part.sizes(sizes), generator=draw) for part in wanted.inputs}
    given["x"] = torch.randn(given["x"].shape, generator=draw)
    given["weights"][:, length // 2 :] *= torch.rand(rows, length - length // 2, generator=draw) > 0.5
    expected = wanted.run(*given.values())
    layers = built("denoiser").layers
    inputs, outputs = sum(each.inputs for each in layers), sum(each.outputs for each in layers)
    arrays = {name: each.numpy() for name, each in given.items()}
    empty = [np.zeros(shape, np.float32) for shape in ((0, inputs), (outputs, 0), (rows, 0))]
    arrays |= zip(SIDE_INPUTS, empty, strict=True)
    steering = 0.3 * torch.randn(rows, *shape_of(denoiser), generator=draw)
    with BlockHooks(denoiser).at(steering):
        steered = wanted.run(*given.values())
    for added, velocity in ((torch.zeros_like(steering), expected), (steering, steered)):
        got = OnnxNetwork(built("denoiser").onnx).run({**arrays, STEERING: added.numpy()})
        assert apart(got, velocity) <= BOUND
    assert apart(steered.numpy(), expected) > 0.1
    assert denoiser is wanted.module


@pytest.mark.parametrize("frames", [3, 10, 31, 64])
@torch.inference_mode()
def test_the_codecs_networks_are_pytorchs(frames: int) -> None:
    draw = torch.Generator().manual_seed(frames)
    for name in ("decode", "encode"):
        wanted = network(name)
        (part,) = wanted.inputs
        given = 0.3 * torch.randn(part.sizes({FRAMES: frames}), generator=draw)
        assert apart(OnnxNetwork(built(name).onnx).run({part.name: given.numpy()}), wanted.run(given)) <= BOUND


@torch.inference_mode()
def test_the_executor_runs_it_with_prompts_of_its_family() -> None:
    family = tiny_acestep.loaded()
    built("denoiser")
    executor = OnnxExecutor(family.denoiser)
    prompt: Conditioning = family.conditioner.prompt("house, warm")
    executor.place(0, executor.prepare(prompt))
    draw = torch.Generator().manual_seed(1)
    x, context = torch.randn(1, STRETCH, 64, generator=draw), torch.rand(1, STRETCH, 128, generator=draw)
    got = executor.forward(x, executor.prepare_schedule(torch.tensor([0.6])), context, torch.tensor([0]))
    condition = tuple(part[None] for part in family.denoiser.condition(prompt.tokens))
    expected = family.denoiser.velocity(x, family.denoiser.embed_time(torch.tensor([0.6])), context, condition)
    assert float((got - expected).abs().max() / expected.abs().max()) <= BOUND


needs_rtx = pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None,
    reason="tensorrt_rtx is not installed: pip install 'demon-patch[rtx]' (95 MB)",
)


@needs_rtx
@pytest.mark.parametrize("capability", ["sm86", "sm89", "sm120"])
def test_its_engine_is_built_for_a_gpu_that_is_not_here(capability: str) -> None:
    lengths = {FRAMES: STRETCH, LENGTH: engines.PROMPT_LENGTH}
    profiles = tuple(Profile({**lengths, ROWS: rows, RANK: rank}) for rows, rank in ((1, 0), (4, 64)))
    path = engines.build_engine(network("denoiser"), built("denoiser"), Machine(capability), profiles)
    tensors = json.loads(path.with_suffix(".json").read_text())["tensors"]
    assert tensors["x"] == {"type": "FLOAT", "shape": [-1, STRETCH, 64], "profiles": [[1, 50, 64], [4, 50, 64]]}
    assert tensors["weights"]["profiles"] == [[1, 512], [4, 512]]
    assert tensors["lora_share"]["profiles"] == [[1, 0], [4, 64]]
    assert engines.found(path) is not None


@needs_rtx
@pytest.mark.parametrize("capability", ["sm86", "sm89", "sm120"])
def test_the_engine_of_its_windows_is_built_too(capability: str) -> None:
    decode = network("decode")
    profiles = engines.profiles_of(decode, engines.WINDOW)
    path = engines.build_engine(decode, built("decode"), Machine(capability), profiles)
    tensors = json.loads(path.with_suffix(".json").read_text())["tensors"]
    assert tensors["latent"] == {"type": "FLOAT", "shape": [1, 64, -1], "profiles": [[1, 64, engines.WINDOW]]}
    assert (tensors["sound"]["type"], tensors["sound"]["shape"][:2]) == ("FLOAT", [1, 2])
    assert engines.found(path) is not None


def test_the_network_is_that_of_the_checkpoint() -> None:
    assert network_of(tiny_acestep.loaded().denoiser).model == tiny_acestep.NAME
