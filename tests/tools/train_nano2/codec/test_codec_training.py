"""Training of the stereo codec: losses fall, a stopped run ends like an unbroken one, its gate measures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from demon_patch.bench.quality.spectra import mel_error
from demon_patch.engine.families.nano.codecs import load_codec
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.weights import metadata
from tools.train_nano2.codec.__main__ import main
from tools.train_nano2.codec.gate import main as gate
from tools.train_nano2.codec.gate import window_error
from tools.train_nano2.codec.measures import kick_error, resolutions_error, stereo_error
from tools.train_nano2.codec.sounds import odd, one
from tools.train_nano2.crops import Crops

SMALL = ("--fit-hours", "0.02", "--batch", "2", "--every", "3")


def _run(clips: Path, out: Path, *more: str) -> dict[str, torch.Tensor]:
    main(("--clips", str(clips), "--out", str(out), *SMALL, *more))
    return load_file(out / "codec.safetensors")


def test_a_stopped_run_ends_like_an_unbroken_one(clips: Path, tmp_path: Path) -> None:
    whole = _run(clips, tmp_path / "whole", "--steps", "6")
    _run(clips, tmp_path / "halves", "--steps", "6", "--stop", "3")
    halves = _run(clips, tmp_path / "halves", "--steps", "6")
    assert whole.keys() == halves.keys()
    assert all(torch.equal(value, halves[name]) for name, value in whole.items())
    assert json.loads(metadata(tmp_path / "halves" / "codec.safetensors")["training"])["steps"] == 6


def test_a_short_run_learns_and_its_codec_passes_through_the_gate(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(clips, tmp_path, "--steps", "50", "--fit-hours", "0.001")
    losses = [json.loads(line)["loss"] for line in (tmp_path / "codec.log.jsonl").read_text().splitlines()]
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    path = tmp_path / "codec.safetensors"
    table = gate(("--codec", str(path), "--clips", str(clips), "--most", "2", "--save", str(tmp_path / "gate.json")))
    assert json.loads((tmp_path / "gate.json").read_text()) == table
    assert 0 < table["all"]["mel"] < 6
    assert table["synth"]["renders"] == 2
    assert table["codec"]["window error"] < 2e-6
    assert "stereo" in capsys.readouterr().out


def test_a_pause_file_holds_the_run(clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pause = tmp_path / "pause"
    pause.touch()
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        pause.unlink()

    monkeypatch.setattr("tools.train_nano2.training.hold.__defaults__", (print, sleep), raising=True)
    _run(clips, tmp_path / "run", "--steps", "1", "--pause", str(pause))
    assert slept == [1.0]


def test_no_clips_are_named_with_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"tools\.train_nano2\.data"):
        main(("--clips", str(tmp_path), "--out", str(tmp_path / "out")))


def test_crops_and_test_sounds(clips: Path) -> None:
    crops, rng = Crops([clips]), np.random.default_rng(0)
    assert len(crops.clips) == 6
    assert crops.hours == pytest.approx(sum(n * f for _, _, n, f in crops.clips) / 90_000)
    stretch = crops.draw(rng, 20)
    whole = crops.stretch(0, stretch.clip, stretch.render, 0, 100).audio
    assert np.array_equal(stretch.audio, whole[:, stretch.first * 1920 : (stretch.first + 20) * 1920])
    for _ in range(20):
        assert one(crops, rng, 8).shape == (2, 8 * 1920)
        sound = odd(rng, 9600)
        assert np.isfinite(sound).all()
        assert 0.01 < np.abs(sound).max() <= 1.5


def test_measures_are_nothing_for_equal_sounds_and_grow() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(96_000) / 48_000
    kicks = np.exp(-(time % 0.5) * 12) * np.sin(2 * np.pi * 60 * (time % 0.5))
    sound = np.stack([kicks + 0.1 * rng.standard_normal(96_000) for _ in range(2)]).astype(np.float32)
    mid = sound.mean(0)
    assert mel_error(mid, mid) == resolutions_error(mid, mid) == kick_error(mid, mid) == stereo_error(sound, sound) == 0
    assert mel_error(mid, mid * 2) == pytest.approx(6.02, abs=0.6)  # less than 6.02 near the floor
    assert resolutions_error(mid, mid * 1.1) > 0.1
    assert kick_error(mid, np.roll(mid, 1440)) > 2
    assert stereo_error(sound, np.stack([mid, mid])) > 5


def test_the_window_error_sees_what_is_not_exact() -> None:
    codec = StereoCodec().eval()
    torch.nn.init.normal_(codec.bins_out.weight, std=0.3)
    for block in codec.blocks:
        torch.nn.init.normal_(block.get_submodule("contract").weight, std=0.3)  # type: ignore[arg-type]
    latent = torch.randn(100, 64, generator=torch.Generator().manual_seed(0))
    assert window_error(codec, latent, 13) < 2e-6 < window_error(codec, latent, 5)


def test_the_codec_of_a_run_plays(clips: Path, tmp_path: Path) -> None:
    _run(clips, tmp_path, "--steps", "1")
    codec = load_codec(tmp_path / "codec.safetensors")
    assert codec.decode(torch.zeros(4, 64), torch.arange(4)).shape == (4 * 1920, 2)
