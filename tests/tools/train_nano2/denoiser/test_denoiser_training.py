"""Training of the denoiser: what its batches hold, and that a run learns and goes on where it was stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from demon_patch.engine.families.nano.magnitudes import LATENT
from demon_patch.engine.families.nano.score.roll import SCORE_CHANNELS
from demon_patch.engine.families.nano.sound_tags import TOKENS
from demon_patch.engine.families.nano.spec import HINT_CHANNELS
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano.weights import metadata, save
from demon_patch.engine.families.nano2.denoiser import SHAPE
from tools.train_nano2.codec.training import fit
from tools.train_nano2.crops import Crops
from tools.train_nano2.denoiser.__main__ import main
from tools.train_nano2.denoiser.batches import Chances, draw_batch, draw_times, velocity_loss
from tools.train_nano2.denoiser.corpus import Song, components_hash, load, weights_hash
from tools.train_nano2.denoiser.describe import main as describe

PLAIN = Chances(*[0.0] * 10)
KNOWN, HINTS = slice(0, LATENT), slice(LATENT + 1, LATENT + 1 + HINT_CHANNELS)
SCORE = slice(HINTS.stop + 1, HINTS.stop + 1 + SCORE_CHANNELS)


@pytest.fixture(scope="module")
def described(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Song]]:
    """A codec file, and the clips described with it and with an untrained transcriber."""
    folder = tmp_path_factory.mktemp("codec")
    codec, transcriber = StereoCodec(), Transcriber()
    fit(codec, Crops([clips]), 0.005)
    save(codec, folder / "codec.safetensors", StereoCodec.NAME, {})
    save(transcriber, folder / "transcriber.safetensors", Transcriber.NAME, {})
    files = ("--codec", str(folder / "codec.safetensors"), "--transcriber", str(folder / "transcriber.safetensors"))
    describe(("--clips", str(clips), *files))
    codec.load_state_dict({key: value.half().float() for key, value in codec.state_dict().items()})
    transcriber.load_state_dict({key: value.half().float() for key, value in transcriber.state_dict().items()})
    return folder, load([clips], components_hash(codec), weights_hash(transcriber))


def test_a_plain_row_says_all_of_the_render_that_is_wanted(described: tuple[Path, list[Song]]) -> None:
    songs = described[1]
    batch = draw_batch(songs, np.random.default_rng(0), 16, 32, PLAIN)
    assert batch.context.shape == (16, 32, SHAPE.context)
    assert batch.tokens.shape == (16, TOKENS)
    assert not batch.context[..., KNOWN].any()
    assert (batch.context[..., HINTS.stop] == 1).all()
    assert (batch.context[..., -1] == 1).all()
    assert torch.equal(batch.base, batch.latent)
    for row in range(16):
        found = [
            (song, render, first)
            for song in songs
            for render in range(len(song.latents))
            for first in range(song.frames)
            if np.array_equal(song.latents[render, first], batch.latent[row, 0].numpy().astype(np.float16))
        ]
        song, render, first = found[0]
        at = (first + np.arange(32)) % song.frames
        assert np.array_equal(batch.context[row, :, SCORE].numpy().astype(np.float16), song.score[at])
        assert np.array_equal(batch.context[row, :, HINTS].numpy().astype(np.float16), song.hints[render, at])
        assert np.array_equal(batch.tokens[row].numpy(), song.tokens[render])


def test_a_row_that_starts_from_another_render_leads_to_the_wanted_one(described: tuple[Path, list[Song]]) -> None:
    rng = np.random.default_rng(0)
    batch = draw_batch(described[1], rng, 16, 32, replace(PLAIN, starts=1.0))
    assert batch.starts.all()
    assert (batch.base != batch.latent).flatten(1).any(1).all()
    t = draw_times(rng, batch.starts)
    assert ((t >= 0.3) & (t <= 0.97)).all()
    noise = torch.randn_like(batch.latent)
    x = t[:, None, None] * noise + (1 - t[:, None, None]) * batch.base
    right = (x - batch.latent) / t[:, None, None]
    assert velocity_loss(lambda *_: right, batch, t, noise) < 1e-9
    assert (x - t[:, None, None] * right - batch.latent).abs().max() < 1e-5


def test_chances_leave_out_what_they_name(described: tuple[Path, list[Song]]) -> None:
    def drawn(**chances: float) -> torch.Tensor:
        return draw_batch(described[1], np.random.default_rng(1), 12, 32, replace(PLAIN, **chances)).context

    assert not drawn(no_hints=1.0)[..., HINTS.start : HINTS.stop + 1].any()
    assert not drawn(no_score=1.0)[..., SCORE.start :].any()
    weights = drawn(weighed=1.0)[:, 0, [HINTS.stop, -1]]
    assert ((weights > 0) & (weights < 1)).all()
    known = draw_batch(described[1], np.random.default_rng(1), 12, 32, replace(PLAIN, known=1.0))
    assert torch.equal(known.context[..., KNOWN], known.latent * known.known)
    assert ((known.known.mean(1) > 0) & (known.known.mean(1) < 1)).all()
    assert not draw_batch(described[1], np.random.default_rng(1), 12, 32, replace(PLAIN, no_tags=1.0)).tokens.any()
    heard = drawn(heard=1.0)[..., SCORE]
    assert not torch.equal(heard, drawn()[..., SCORE])


def test_a_stopped_run_ends_like_an_unbroken_one_and_learns(
    described: tuple[Path, list[Song]], clips: Path, tmp_path: Path
) -> None:
    def run(out: Path, *more: str) -> dict[str, torch.Tensor]:
        main((
            "--clips", str(clips), "--held", str(clips), "--codec", str(described[0] / "codec.safetensors"),
            "--out", str(out), "--steps", "12", "--batch", "4", "--frames", "32", "--every", "3", *more,
        ))  # fmt: skip
        return load_file(out / "denoiser.safetensors")

    whole = run(tmp_path / "whole")
    run(tmp_path / "halves", "--stop", "6")
    halves = run(tmp_path / "halves")
    assert all(torch.equal(value, halves[name]) for name, value in whole.items())
    facts = json.loads(metadata(tmp_path / "whole" / "denoiser.safetensors")["training"])
    assert (facts["steps"], facts["frames"]) == (12, 32)
    losses = [json.loads(line)["loss"] for line in (tmp_path / "whole" / "denoiser.log.jsonl").read_text().splitlines()]
    assert losses[-1] < losses[0]
    begun = run(tmp_path / "begun", "--from", str(tmp_path / "whole" / "denoiser.safetensors"), "--stop", "3")
    assert (begun["tokens_out.weight"] - whole["tokens_out.weight"]).abs().max() < 0.02


def test_a_chance_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(("--clips", ".", "--codec", "c", "--out", "o", "--chance", "luck=1"))
    assert "no chance is called luck" in capsys.readouterr().err
