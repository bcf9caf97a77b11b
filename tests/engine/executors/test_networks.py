"""Exported networks: the same numbers as PyTorch at several shapes, found again by all that they depend on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from demon_patch.bench.gaussian import GaussianDenoiser
from demon_patch.engine import Session
from demon_patch.engine.contracts import Conditioning, Family
from demon_patch.engine.executors import builds, why_not
from demon_patch.engine.executors.gate import distances
from demon_patch.engine.executors.onnx_ import OnnxExecutor, OnnxNetwork, network_of
from demon_patch.engine.executors.side_inputs import SideLayer, packed
from demon_patch.engine.families import load_family
from demon_patch.engine.families.nano.grid import STEREO
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.stft import magnitudes, stft, windows
from demon_patch.engine.lora.merge import LayerChange, Lora
from demon_patch.engine.networks import FRAMES, RANK, ROWS, SIDE_INPUTS, STEERING, Axis, Network, Part
from demon_patch.engine.steering.vector import BlockHooks, shape_of
from demon_patch.errors import DemonError
from tests.support.command import Run
from tests.support.exported import needs_onnx
from tests.support.toy_family import toy_family

pytestmark = needs_onnx
family: Callable[[str], Family] = cache(load_family)
MODELS = ("nano", "nano2")
SHAPES = [(1, 48), (2, 200), (4, 96), (1, 600)]
LATENTS = [24, 34, 96, 250]
BOUND = 1e-4


def network(name: str, model: str = "nano") -> Network:
    of = family(model)
    parts = (*of.denoiser.networks(), *of.codec.networks())  # type: ignore[attr-defined]
    return next(each for each in parts if each.name == name)


@cache
def runtime(name: str, model: str = "nano") -> OnnxNetwork:
    return OnnxNetwork(builds.build(network(name, model)).onnx)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("rows", "frames"), SHAPES)
@torch.inference_mode()
def test_the_denoiser_is_pytorchs(rows: int, frames: int, model: str) -> None:
    draw = torch.Generator().manual_seed(frames)
    spec, denoiser = family(model).spec, family(model).denoiser
    one = denoiser.condition(family(model).conditioner.prompt("acid techno").tokens)
    condition = tuple(part.expand(rows, *part.shape) for part in one)
    x = torch.randn(rows, frames, spec.latent_channels, generator=draw)
    context = torch.rand(rows, frames, spec.context_channels, generator=draw)
    time = denoiser.embed_time(torch.linspace(0.9, 0.2, rows))
    expected = denoiser.velocity(x, time, context, condition)
    own = zip((part.name for part in network("denoiser", model).inputs), (x, time, context, *condition), strict=True)
    inputs = {name: np.ascontiguousarray(tensor.numpy()) for name, tensor in own}
    layers = builds.build(network("denoiser", model)).layers
    sides = packed(layers, ())
    inputs |= zip(SIDE_INPUTS, (sides.down, sides.up, sides.shares(rows)), strict=True)
    steering = 3.0 * torch.randn(rows, *shape_of(denoiser), generator=draw)
    with BlockHooks(denoiser).at(steering):
        steered = denoiser.velocity(x, time, context, condition)
    for added, wanted in ((torch.zeros_like(steering), expected), (steering, steered)):
        got = torch.from_numpy(runtime("denoiser", model).run({**inputs, STEERING: added.numpy()}))
        assert float((got - wanted).abs().max()) <= BOUND * float(wanted.abs().max())
    assert float((steered - expected).abs().max()) > 0.1 * float(expected.abs().max())


@pytest.mark.parametrize("frames", LATENTS)
@torch.inference_mode()
def test_the_codecs_networks_are_pytorchs(frames: int) -> None:
    codec = family("nano").codec
    latent = torch.randn(frames, 64, generator=torch.Generator().manual_seed(frames))
    expected = codec.log_magnitude(latent[None])  # type: ignore[attr-defined]
    got = torch.from_numpy(runtime("decode").run({"latent": latent[None].numpy()}))
    assert float((got - expected).abs().max()) <= BOUND * float(expected.abs().max())
    audio = family("nano").conditioner.compose("house", 24, 3).audio[: frames * 1280]
    cut = windows(torch.from_numpy(audio[:, 0].copy()))
    encoded = torch.from_numpy(runtime("encode").run({"windows": cut.contiguous().numpy()}))
    original = codec.encode(audio)
    assert float((encoded - original).abs().max()) <= BOUND * float(original.abs().max())


@pytest.mark.parametrize("frames", LATENTS)
@torch.inference_mode()
def test_the_stereo_codecs_networks_are_pytorchs(frames: int) -> None:
    codec = cast(StereoCodec, family("nano2").codec)
    latent = torch.randn(frames, 64, generator=torch.Generator().manual_seed(frames))
    expected, image = codec(latent[None])
    got = torch.from_numpy(runtime("decode", "nano2").run({"latent": latent[None].numpy()}))
    assert float((got[..., : STEREO.bins] - expected).abs().max()) <= BOUND * float(expected.abs().max())
    seen = got[..., STEREO.bins :].reshape(image.shape)
    assert float((seen - image).abs().max()) <= BOUND * float(image.abs().max())
    audio = family("nano2").conditioner.compose("house", 24, 3).audio[: frames * 1920]
    left, right = torch.from_numpy(audio.T.copy())
    cut = torch.stack([windows(each, STEREO) for each in ((left + right) / 2, (left - right) / 2)])
    encoded = torch.from_numpy(runtime("encode", "nano2").run({"windows": cut.contiguous().numpy()}))
    original = codec.encode(audio)
    assert float((encoded - original).abs().max()) <= BOUND * float(original.abs().max())


def test_a_product_with_a_matrix_is_the_fourier_transform() -> None:
    audio = torch.randn(320 * 40, generator=torch.Generator().manual_seed(1))
    expected = stft(audio[None], cyclic=True)[0].abs()
    torch.testing.assert_close(magnitudes(windows(audio)), expected, rtol=0, atol=1e-6 * float(expected.max()))


@pytest.mark.parametrize("model", MODELS)
def test_a_session_on_onnx_makes_the_music_of_pytorch(model: str) -> None:
    for name in ("denoiser", "encode", "decode"):
        builds.build(network(name, model))
    latents, sounds = [], []
    for name in ("torch", "onnx"):
        session = Session.load(model, executor=name, threads=1)
        source = session.compose("house in a minor, 124 bpm", seconds=8, seed=3)
        latents.append(session.generate(session.prompt("acid"), source, strength=0.8, seed=7))
        sounds.append(session.decode(latents[0], start=20, frames=40))
    assert not torch.equal(*latents)
    assert float((latents[0] - latents[1]).abs().max()) <= BOUND * float(latents[0].abs().max())
    assert not np.array_equal(*sounds)
    assert distances(*sounds, family(model).spec.sample_rate)[0] < 0.01


@pytest.mark.usefixtures("built")
def test_what_is_not_built_of_the_codec_is_refused() -> None:
    executor = OnnxExecutor(GaussianDenoiser())
    with pytest.raises(DemonError, match="no network of nano is built"):
        executor.codec(family("nano").codec)
    other = toy_family().codec
    assert executor.codec(other) is other


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> builds.Build:
    """A copy of the toy's build, alone in a folder of its own."""
    original = builds.build(network_of(GaussianDenoiser())).onnx.parent
    shutil.copytree(original, tmp_path / "builds" / original.name)
    monkeypatch.setenv(builds.FOLDER, str(tmp_path / "builds"))
    found = builds.found(network_of(GaussianDenoiser()))
    assert found is not None
    return found


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(builds.FOLDER, str(tmp_path))
    return tmp_path


def test_what_is_not_built_is_refused_with_the_command_that_builds_it(empty: Path) -> None:
    reason = why_not("onnx", family("nano").denoiser)
    assert reason is not None
    assert str(reason) == (
        "no network of nano is built for these weights (demon-patch build --model nano --executor onnx)"
    )
    assert list(empty.iterdir()) == []


def test_a_build_is_found_again_by_all_that_it_depends_on(built: builds.Build, monkeypatch: pytest.MonkeyPatch) -> None:
    denoiser = GaussianDenoiser()
    again: list[str] = []
    assert builds.build(network_of(denoiser), again.append) == built
    assert len(again) == 1
    assert again[0].startswith("denoiser: there already")
    with monkeypatch.context() as patched:
        patched.setattr(builds, "version_of", lambda library: "another")
        assert builds.found(network_of(denoiser)) is None
    with torch.no_grad():
        denoiser.colour.weight[0, 0] = 0.5
    assert builds.found(network_of(denoiser)) is None
    assert builds.found(network_of(GaussianDenoiser())) == built


@pytest.mark.parametrize("damage", ["network", "about", "extra", "missing"])
def test_a_damaged_build_is_not_used(damage: str, built: builds.Build) -> None:
    about, onnx = built.onnx.parent / builds.ABOUT, built.onnx
    if damage == "network":
        onnx.write_bytes(onnx.read_bytes()[:-1] + b"x")
    elif damage == "about":
        about.write_text(json.dumps({**json.loads(about.read_text()), "files": "none"}))
    elif damage == "extra":
        (about.parent / "more.data").write_bytes(b"")
    else:
        onnx.unlink()
    denoiser = GaussianDenoiser()
    assert builds.found(network_of(denoiser)) is None
    assert why_not("onnx", denoiser) is not None


def test_a_damaged_build_is_built_again_in_its_place(built: builds.Build) -> None:
    built.onnx.write_bytes(b"x")
    denoiser = GaussianDenoiser()
    assert builds.build(network_of(denoiser)).layers == built.layers
    assert why_not("onnx", denoiser) is None
    assert [path.name for path in builds.folder().iterdir()] == [built.onnx.parent.name]


@pytest.mark.usefixtures("built")
def test_other_weights_are_exported_before_the_next_forward() -> None:
    denoiser = GaussianDenoiser()
    executor = OnnxExecutor(denoiser)
    draw = torch.Generator().manual_seed(1)
    tokens = torch.rand(2, 4, generator=draw)
    x, context = torch.randn(1, 16, 4, generator=draw), torch.rand(1, 16, 4, generator=draw)
    time = executor.prepare_schedule(torch.tensor([0.7, 0.0]))[:1]
    with torch.no_grad():
        denoiser.colour.weight[0, 0] = 0.5
    executor.weights_changed()
    executor.place(0, executor.prepare(Conditioning(tokens)))
    got = executor.forward(x, time, context, torch.tensor([0]))
    t = denoiser.embed_time(torch.tensor([0.7]))
    torch.testing.assert_close(got, denoiser.velocity(x, t, context, (tokens[None],)), rtol=0, atol=1e-5)


class Fixed(GaussianDenoiser):
    """A denoiser that is exported for one length at a time."""

    def networks(self) -> tuple[Network]:
        (network,) = super().networks()
        return (replace(network, model="fixed", axes={**network.axes, FRAMES: Axis(1, 8, 1500, fixed=True)}),)


def test_a_network_of_fixed_length_is_found_by_its_length(empty: Path) -> None:
    denoiser = Fixed()
    assert builds.lengths_found(network_of(denoiser)) == []
    assert why_not("onnx", denoiser) is not None
    builds.build(network_of(denoiser).at({FRAMES: 24}))
    assert builds.lengths_found(network_of(denoiser)) == [{FRAMES: 24}]
    executor = OnnxExecutor(denoiser)
    tokens = torch.rand(2, 4)
    executor.place(0, executor.prepare(Conditioning(tokens)))
    time = executor.prepare_schedule(torch.tensor([0.7, 0.0]))[:1]
    x, context = torch.randn(1, 24, 4), torch.rand(1, 24, 4)
    got = executor.forward(x, time, context, torch.tensor([0]))
    t = denoiser.embed_time(torch.tensor([0.7]))
    torch.testing.assert_close(got, denoiser.velocity(x, t, context, (tokens[None],)), rtol=0, atol=1e-5)
    with pytest.raises(DemonError, match=r"fixed is built for these weights and 30 latent frames .* --seconds"):
        executor.forward(torch.randn(1, 30, 4), time, torch.rand(1, 30, 4), torch.tensor([0]))
    assert len(list(empty.iterdir())) == 1


def test_loras_stand_side_by_side() -> None:
    one = Lora("one", {"a": LayerChange(torch.ones(2, 3), torch.ones(5, 2), 0.5)})
    two = Lora("two", {"b": LayerChange(2 * torch.ones(1, 4), 3 * torch.ones(2, 1), 1.0)})
    sides = packed([SideLayer("a", 3, 5), SideLayer("b", 4, 2)], [(one, 0.25), (two, 1.5)], width=4)
    np.testing.assert_array_equal(sides.share, np.float32([0.25, 0.25, 1.5, 0]))
    expected = np.zeros((4, 7))
    expected[:2, :3], expected[2, 3:] = 1, 2
    np.testing.assert_array_equal(sides.down, expected)
    expected = np.zeros((7, 4))
    expected[:5, :2], expected[5:, 2] = 0.5, 3
    np.testing.assert_array_equal(sides.up, expected)


def test_a_fixed_axis_has_one_length() -> None:
    fixed = Network("m", "n", torch.nn.Identity(), lambda x: x, (Part("x", (ROWS, (FRAMES, 4), 3)),), Part("y", (1,)),
                    {ROWS: Axis(1, 1, 8), FRAMES: Axis(2, 2, 100, fixed=True)})  # fmt: skip
    assert fixed.at({FRAMES: 60, RANK: 3}).axes == {ROWS: Axis(1, 1, 8), FRAMES: Axis(60, 60, 60, fixed=True)}
    assert fixed.inputs[0].sizes({ROWS: 2, FRAMES: 60}) == (2, 240, 3)


def test_the_command_builds_every_network(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("denoiser", "encode", "decode"):
        builds.build(network(name))
    run = Run(capsys, "build", "--model", "nano", "--executor", "onnx")
    assert run.code == 0
    assert "1 of 3" in run.err
    assert run.err.count("there already") == 3
    run = Run(capsys, "build", "--executor", "torch")
    assert run.code == 1
    assert "torch needs no build" in run.err
    run = Run(capsys, "build", "--executor", "tensorrt", "--gpu", "sm8")
    assert run.code == 1
    assert "TensorRT is not installed" in run.err or "no engine is built for a GPU named 'sm8'" in run.err
