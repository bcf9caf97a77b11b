"""The denoiser's network, exported for a length of song, gives PyTorch's numbers for any rows and prompts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from demon_patch.engine.contracts import Family
from demon_patch.engine.executors import builds
from demon_patch.engine.executors.onnx_ import OnnxNetwork
from demon_patch.engine.executors.side_inputs import packed
from demon_patch.engine.families.acestep.denoiser import AceStepDenoiser
from demon_patch.engine.networks import FRAMES, SIDE_INPUTS, STEERING, Exports
from demon_patch.engine.steering.vector import shape_of
from tests.support import tiny_acestep as tiny
from tests.support.exported import needs_onnx

SONG = 50
BOUND = 1e-4


@needs_onnx
@torch.inference_mode()
def test_onnx_runtime_has_pytorchs_numbers(family: Family, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMON_PATCH_BUILDS", str(tmp_path))
    denoiser = family.denoiser
    assert isinstance(denoiser, AceStepDenoiser)
    assert isinstance(denoiser, Exports)
    (network,) = denoiser.networks()
    assert network.model == tiny.NAME
    build = builds.build(network.at({FRAMES: SONG}))
    runtime = OnnxNetwork(build.onnx)
    draw = torch.Generator().manual_seed(4)
    prompts = [denoiser.condition(family.conditioner.prompt(text).tokens) for text in ("warm", "dark techno " * 60)]
    assert len(prompts[0][1]) < len(prompts[1][1])
    for rows, prompt in ((1, prompts[0]), (3, prompts[0]), (1, prompts[1]), (2, prompts[1])):
        x = torch.randn(rows, SONG, 64, generator=draw)
        context = torch.rand(rows, SONG, 128, generator=draw)
        time = denoiser.embed_time(torch.linspace(0.9, 0.2, rows))
        condition = tuple(part.expand(rows, *part.shape) for part in prompt)
        expected = denoiser.velocity(x, time, context, condition)
        own = zip((part.name for part in network.inputs), (x, time, context, *condition), strict=True)
        inputs = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in own}
        sides = packed(build.layers, ())
        inputs |= zip(SIDE_INPUTS, (sides.down, sides.up, sides.shares(rows)), strict=True)
        inputs[STEERING] = np.zeros((rows, *shape_of(denoiser)), np.float32)
        got = torch.from_numpy(runtime.run({name: inputs[name] for name in runtime.inputs}))
        assert float((got - expected).abs().max()) <= BOUND * float(expected.abs().max())
