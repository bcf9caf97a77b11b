"""The LoRA that ships with nano2: a short training makes a file that the model takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from demon_patch.engine.families.nano2 import WEIGHTS, load
from demon_patch.engine.lora.merge import read_lora
from tools.train_nano2.data.store import ClipFolder
from tools.train_nano2.denoiser.corpus import components_hash, song_of
from tools.train_nano2.denoiser.describe import main as describe
from tools.train_nano2.lora import main, worn_songs

CODEC = WEIGHTS / "codec.safetensors"


@pytest.fixture(scope="module")
def described(clips: Path) -> Path:
    describe(("--clips", str(clips), "--codec", str(CODEC)))
    return clips


def test_only_the_latents_are_those_of_the_worn_sound(described: Path) -> None:
    codec = load().codec
    worn = worn_songs(described, codec, 2)
    plain = [song_of(ClipFolder(described), number, components_hash(codec)) for number in (0, 1)]
    for one, other in zip(worn, plain, strict=True):
        assert np.array_equal(one.hints, other.hints)
        assert np.array_equal(one.score, other.score)
        assert np.array_equal(one.tokens, other.tokens)
        assert one.latents.shape == other.latents.shape
        away = np.abs(one.latents.astype(np.float32) - other.latents.astype(np.float32)).mean()
        assert away > 0.3


@pytest.mark.slow
def test_a_short_training_writes_a_file_that_the_model_takes(described: Path, tmp_path: Path) -> None:
    path = tmp_path / "tape.safetensors"
    files = ("--codec", str(CODEC), "--from", str(WEIGHTS / "denoiser.safetensors"), "--save", str(path))
    losses = main(("--clips", str(described), *files, "--songs", "6", "--steps", "60"))
    assert losses["held_after"] < losses["held_before"]
    found = read_lora(path, load().denoiser)
    assert max(change.down.shape[0] for change in found.changes.values()) == 8
    assert all(change.scale == 1.0 and bool(change.up.any()) for change in found.changes.values())


def test_too_few_clips_are_refused(described: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ("--codec", str(CODEC), "--from", str(WEIGHTS / "denoiser.safetensors"), "--save", str(tmp_path / "x"))
    with pytest.raises(SystemExit):
        main(("--clips", str(described), *files, "--songs", "2"))
    assert "holds 2 clips; 4 are the least" in capsys.readouterr().err
