"""Drawing latents with a solver, and gate D."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.weights import save
from demon_patch.engine.families.nano2.denoiser import SHAPE
from tools.train_nano2.codec.training import fit
from tools.train_nano2.crops import Crops
from tools.train_nano2.data.clips import Recipe, make_clip
from tools.train_nano2.data.sounds import Studio
from tools.train_nano2.data.store import ClipFolder
from tools.train_nano2.denoiser.describe import main as describe
from tools.train_nano2.denoiser.gate import main as gate
from tools.train_nano2.denoiser.solve import Way, drawn


class Gaussian(NanoDenoiser):
    """A denoiser of latents that are normally distributed round `mean` with deviation `deviation`, exactly."""

    mean, deviation = 0.7, 0.4

    def embed_time(self, t: Tensor) -> Tensor:
        return t

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        t = time[:, None, None]
        spread = t**2 + (1 - t) ** 2 * self.deviation**2
        offset = (x - (1 - t) * self.mean) / spread
        return t * offset - (self.mean + (1 - t) * self.deviation**2 * offset)


def _error(way: Way) -> float:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn((4, 8, 64), generator=generator)
    context, tokens = torch.zeros(4, 8, SHAPE.context), torch.zeros(4, SHAPE.tokens, dtype=torch.int64)
    found = drawn(Gaussian(SHAPE), way, tokens, context, noise, None)
    true = Gaussian.mean + Gaussian.deviation * noise  # where the flow of a normal distribution ends
    return (found - true).square().mean().sqrt().item()


def test_the_second_order_ends_nearer_and_closes_in_faster() -> None:
    euler = [_error(Way(steps, 1.0)) for steps in (16, 32)]
    second = [_error(Way(steps, 1.0, second_order=True)) for steps in (16, 32)]
    assert second[0] < 0.5 * euler[0]
    assert euler[0] / euler[1] == pytest.approx(2, rel=0.15)
    assert second[0] / second[1] > 3


def test_guidance_goes_beyond_what_the_score_changes() -> None:
    torch.manual_seed(0)
    net = NanoDenoiser(SHAPE)
    torch.nn.init.normal_(net.tokens_out.weight, std=0.02)
    tokens, noise = torch.zeros(2, SHAPE.tokens, dtype=torch.int64), torch.randn(2, 8, 64)
    context = torch.rand(2, 8, SHAPE.context)
    without = context.clone()
    without[..., -145:] = 0
    one_step = [drawn(net, Way(1, guidance=guidance), tokens, context, noise, None) for guidance in (1.0, 1.5)]
    bare = drawn(net, Way(1), tokens, without, noise, None)
    assert (one_step[1] - (one_step[0] + 0.5 * (one_step[0] - bare))).abs().max() < 1e-4
    assert (one_step[0] - bare).abs().max() > 1e-3


def test_the_gate_measures_clips_without_drums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = Recipe(seed=6, shortest=5.2, longest=5.4, only=("bass", "chords", "arp", "lead"))
    store = ClipFolder(tmp_path / "clips")
    for number in range(2):
        store.write(make_clip(recipe, number, Studio({}, None)))
    torch.manual_seed(0)
    codec = StereoCodec()
    fit(codec, Crops([tmp_path / "clips"]), 0.002)
    save(codec, tmp_path / "codec.safetensors", StereoCodec.NAME, {})
    save(NanoDenoiser(SHAPE), tmp_path / "denoiser.safetensors", "nano-stereo-denoiser", {})
    files = ("--clips", str(tmp_path / "clips"), "--codec", str(tmp_path / "codec.safetensors"))
    describe(files)
    table = gate((
        *files, "--weights", str(tmp_path / "denoiser.safetensors"), "--save", str(tmp_path / "gate.json"),
        "--case", "4 steps", "--case", "strength .5, ab2 shift 1",
    ))  # fmt: skip
    assert json.loads((tmp_path / "gate.json").read_text()) == table
    assert list(table) == ["true", "codec", "4 steps", "strength .5, ab2 shift 1"]
    assert table["true"]["mel"] == 0
    assert table["true"]["chroma"] == pytest.approx(1)
    assert table["codec"]["spread"] == pytest.approx(1)
    assert table["true"]["mel"] < table["codec"]["mel"] < table["4 steps"]["mel"]
    assert table["strength .5, ab2 shift 1"]["mel to start"] < table["4 steps"]["mel to start"]
    assert "strength .5" in capsys.readouterr().out
