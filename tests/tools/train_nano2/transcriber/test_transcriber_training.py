"""Training of the transcriber: labels are exact, a stopped run ends like an unbroken one, its gate counts right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from demon_patch.bench.notes import Note
from demon_patch.engine.families.nano.score import SCORE_CHANNELS, score_hints
from demon_patch.engine.families.nano.score.roll import DRUMS, ROLL, SUSTAIN
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from tools.train_nano2.crops import Crops
from tools.train_nano2.transcriber.__main__ import main
from tools.train_nano2.transcriber.gate import events, scores, tuned
from tools.train_nano2.transcriber.gate import main as gate
from tools.train_nano2.transcriber.training import Labels, batch, loss_of_columns


def _run(clips: Path, out: Path, *more: str) -> dict[str, torch.Tensor]:
    main(("--clips", str(clips), "--out", str(out), "--batch", "1", "--every", "2", *more))
    return load_file(out / "transcriber.safetensors")


def test_labels_are_those_of_the_score(clips: Path) -> None:
    crops = Crops([clips])
    labels, store = Labels(crops), crops.folders[0]
    starting, sounding = labels.clip(0, 3)
    assert np.allclose(np.maximum(SUSTAIN * sounding, starting), score_hints(store.score(3)), atol=1e-6)
    sound, start, going = batch(crops, labels, np.random.default_rng(0), 2, 96)
    assert sound.shape == (2, 96 * 1920)
    assert start.shape == going.shape == (2, 96, SCORE_CHANNELS)


def test_a_stopped_run_ends_like_an_unbroken_one(clips: Path, tmp_path: Path) -> None:
    whole = _run(clips, tmp_path / "whole", "--steps", "4")
    _run(clips, tmp_path / "halves", "--steps", "4", "--stop", "2")
    halves = _run(clips, tmp_path / "halves", "--steps", "4")
    assert all(torch.equal(value, halves[name]) for name, value in whole.items())


def test_losses_fall_and_the_gate_reads_the_weights(clips: Path, tmp_path: Path) -> None:
    _run(clips, tmp_path, "--steps", "12")
    losses = [json.loads(line)["loss"] for line in (tmp_path / "transcriber.log.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0]
    path = tmp_path / "transcriber.safetensors"
    said: list[str] = []
    gate(("--weights", str(path), "--clips", str(clips), "--most", "2", "--tune", str(path)), said.append)
    assert said[0].startswith("all")
    assert "thresholds" in said[-1]


def test_events_have_their_time_and_key() -> None:
    starts = np.zeros((50, SCORE_CHANNELS), np.float32)
    starts[10, ROLL.start + 5] = 0.5
    starts[20, DRUMS.start + 2 * 6 + 1] = 1.0  # the third quarter of the frame
    assert events(starts, "notes") == [Note(0.4, 5)]
    (stroke,) = events(starts, "drums")
    assert (stroke.start, stroke.key) == (pytest.approx(0.82), 1)


def test_thresholds_are_tuned_to_what_was_played() -> None:
    net = Transcriber()
    true = np.zeros((60, SCORE_CHANNELS), np.float32)
    log_odds = torch.full((1, 60, SCORE_CHANNELS), -6.0)
    for frame in range(2, 60, 6):
        true[frame, 7] = 0.8
        log_odds[0, frame, 7] = 0.3  # a chance of .57
        log_odds[0, frame + 3, 9] = -0.5  # .38: not played
    heard = [(log_odds, true)]
    net.thresholds[0] = 0.2
    assert scores(net, heard)[0]["notes"] == pytest.approx(2 / 3)
    tuned(net, heard)
    assert scores(net, heard)[0]["notes"] == 1.0


def test_the_loss_is_least_for_the_truth() -> None:
    true = torch.zeros(1, 4, SCORE_CHANNELS)
    true[0, 1, 3] = true[0, 2, DRUMS.start] = 0.7
    right = (40 * (true > 0).float() - 20, 40 * (true > 0).float() - 20, true)
    assert loss_of_columns(right, true, true).item() == pytest.approx(0, abs=1e-4)
    silent = (torch.full_like(true, -20.0), torch.full_like(true, -20.0), true)
    assert loss_of_columns(silent, true, true).item() > 1
