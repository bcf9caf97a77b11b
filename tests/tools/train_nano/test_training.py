"""Training from nothing, in small: losses fall, a stopped run goes on, the files load as a family."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from demon_patch.engine.families.nano import load
from demon_patch.engine.families.nano.weights import metadata
from demon_patch.engine.lora.merge import read_lora
from tools.train_nano.__main__ import main
from tools.train_nano.budget import Budget
from tools.train_nano.codec_training import bin_weights, decoder_loss
from tools.train_nano.data import RENDERS, Corpus, make_audio, make_hints
from tools.train_nano.denoiser_training import draw_times
from tools.train_nano.lora import main as lora_main
from tools.train_nano.lora import tape

SMALL = ("--compositions", "4", "--batch", "4", "--frames", "64")


@pytest.mark.slow
def test_a_short_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    small = ("--out", str(out), *SMALL)
    assert main((*small, "--codec-steps", "25", "--denoiser-steps", "25", "--evaluate", "0")) == {}
    table = main((*small, "--codec-steps", "50", "--denoiser-steps", "75", "--evaluate", "1"))
    assert table["true pair"]["onset correlation"] > table["unrelated"]["onset correlation"]
    assert json.loads((out / "evaluation.json").read_text()) == table
    codec, denoiser = (
        [json.loads(line) for line in (out / f"{part}.log.jsonl").read_text("utf-8").splitlines()]
        for part in ("codec", "denoiser")
    )
    assert [row["step"] for row in codec] == [25, 50]
    assert [row["step"] for row in denoiser] == [25, 50, 75]
    assert codec[-1]["loss"] < codec[0]["loss"]
    assert denoiser[-1]["loss"] < denoiser[0]["loss"]
    assert denoiser[-1]["held"] < denoiser[0]["held"]
    family = load(out)
    source = family.conditioner.compose("techno", 8.0, 0)
    assert source.latent.std() == pytest.approx(1.0, abs=0.4)
    assert json.loads(metadata(out / "denoiser.safetensors")["training"])["steps"] == 75


@pytest.mark.slow
def test_a_stopped_data_run_goes_on_to_the_same_corpus(tmp_path: Path) -> None:
    make_audio(tmp_path / "whole", 2)
    make_audio(tmp_path / "halves", 1)
    index = tmp_path / "halves" / "clips.jsonl"
    lines = index.read_text().splitlines(keepends=True)
    index.write_text("".join(lines) + lines[0][:20])  # stopped while writing
    with open(tmp_path / "halves" / "audio.i16", "ab") as file:
        file.write(b"\0" * 999)
    make_audio(tmp_path / "halves", 2)
    for name in ("clips.jsonl", "audio.i16"):
        assert (tmp_path / "halves" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    make_hints(tmp_path / "whole")
    corpus = Corpus(tmp_path / "whole")
    clip = corpus.clips[-1]
    assert corpus.audio(clip).shape == (clip.frames * 1280,)
    assert corpus.hints(clip).shape == (clip.frames, 37)
    assert len({(c.composition, c.style) for c in corpus.clips}) == 2 * RENDERS
    assert not {corpus.clips[i].composition for i in corpus.training} & {
        corpus.clips[i].composition for i in corpus.held
    }


def test_decoder_loss_in_float64() -> None:
    rng = np.random.default_rng(0)
    coded, magnitude = rng.standard_normal((2, 5, 641)), rng.random((2, 5, 641))
    weights = bin_weights().double().numpy()
    target = (np.log(magnitude + 4e-4) + 6.0) / 1.8
    level = np.exp(np.minimum(coded, 4) * 1.8 - 6.0)
    plain = (
        np.mean(np.abs(coded - target) * weights)
        + 4 * np.mean(np.abs(level**0.4 - (magnitude + 4e-4) ** 0.4) * weights)
        + 0.3 * np.mean(np.abs(np.diff(coded, axis=1) - np.diff(target, axis=1)) * weights)
    )
    found = decoder_loss(torch.from_numpy(coded), torch.from_numpy(magnitude), torch.from_numpy(weights))
    assert found.item() == pytest.approx(plain, rel=1e-12)


def test_timesteps_are_drawn_over_the_whole_range() -> None:
    t = draw_times(np.random.default_rng(0), 20000)
    assert t.min() >= 1e-3
    assert t.max() <= 1
    assert t.mean().item() == pytest.approx(0.62, abs=0.02)  # the mean of 2u / (1 + u) over both distributions


def test_budgets_end_by_steps_or_minutes_and_rates_fall() -> None:
    by_steps = Budget(1e9, steps=10)
    by_steps.step = 5
    assert by_steps.progress == 0.5
    assert Budget(0.0).progress == 1.0
    assert Budget(1.0, spent=90.0).progress == 1.0
    early, late = Budget(1e9, steps=1000, step=200), Budget(1e9, steps=1000, step=900)
    assert early.rate(1.0, 100, 0.8) > late.rate(1.0, 100, 0.8) >= 0.03
    assert Budget(1e9, steps=1000, step=0).rate(1.0, 100, 0.8) == pytest.approx(0.01)


@pytest.mark.slow
def test_a_short_training_of_a_lora_writes_a_file_that_the_model_takes(tmp_path: Path) -> None:
    path = tmp_path / "tape.safetensors"
    losses = lora_main(("--out", str(tmp_path), "--save", str(path), "--compositions", "4", "--steps", "60"))
    assert losses["held_after"] < losses["held_before"]
    found = read_lora(path, load().denoiser)
    assert max(change.down.shape[0] for change in found.changes.values()) == 8
    assert all(change.scale == 1.0 and bool(change.up.any()) for change in found.changes.values())


def test_a_worn_tape_is_dull_and_as_loud_and_still_loops() -> None:
    at = np.arange(32000) / 32000
    low, high = (0.3 * np.sin(2 * np.pi * hertz * at).astype(np.float32) for hertz in (440, 6000))
    worn = tape(low + high)
    power = np.abs(np.fft.rfft(worn)) ** 2
    assert power[440] > 1e4 * power[6000]
    assert np.sqrt(np.mean(worn**2)) == pytest.approx(0.3, rel=1e-3)
    assert np.abs(np.diff(np.concatenate([worn[-200:], worn[:200]]))).max() < 1.2 * np.abs(np.diff(worn)).max()
