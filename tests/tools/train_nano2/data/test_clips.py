"""Clips are the same in every run, whole on disk, and made by one command that goes on where it was stopped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from demon_patch.engine.families.nano.score import Score, compose_score, score_hints
from demon_patch.engine.families.nano.score.draws import Draws
from tools.train_nano2.data.__main__ import main
from tools.train_nano2.data.clips import Recipe, energy, make_clip
from tools.train_nano2.data.pacing import Pacing
from tools.train_nano2.data.sounds import Studio
from tools.train_nano2.data.store import ClipFolder

SHORT = Recipe(seed=3, shortest=1.0, longest=1.4)


def test_a_clip_is_the_same_in_every_run() -> None:
    first, again = make_clip(SHORT, 4, Studio({}, None)), make_clip(SHORT, 4, Studio({}, None))
    assert first.score == again.score
    assert len(first.renders) == SHORT.renders(4)
    for one, other in zip(first.renders, again.renders, strict=True):
        assert one.tags == other.tags
        assert np.array_equal(one.audio, other.audio)
        assert one.audio.shape == (2, first.score.frames * 1920)
    assert not np.allclose(first.renders[0].audio, first.renders[1].audio, atol=1e-3)


def test_lengths_vary_and_make_the_hours_asked_for() -> None:
    recipe = Recipe(seed=1)
    numbers = list(recipe.numbers(1.0))
    lengths = {recipe.frames(number) for number in numbers}
    assert 200 <= min(lengths) < 250
    assert 450 < max(lengths) <= 500
    assert all(length % 2 == 0 for length in lengths)
    assert 3600 <= sum(map(recipe.seconds, numbers)) < 3660
    assert Counter(map(recipe.renders, numbers)).keys() == {2, 3}


@pytest.mark.parametrize("kind", ["flac", "float16"])
def test_a_clip_comes_back_from_disk(tmp_path: Path, kind: str) -> None:
    clip = make_clip(SHORT, 0, Studio({}, None))
    folder = ClipFolder(tmp_path)
    folder.write(clip, kind)
    assert folder.numbers() == [0]
    assert folder.score(0) == clip.score
    assert np.allclose(folder.hints(0), clip.hints, atol=1e-3)
    assert np.allclose(folder.hints(0), score_hints(clip.score), atol=1e-3)
    assert np.allclose(folder.audio(0, 1), clip.renders[1].audio, atol=1e-3)
    assert folder.tags(0)[0]["families"] == clip.renders[0].tags.families


def test_the_command_goes_on_where_it_was_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["--out", str(tmp_path), "--hours", "0.002", "--seconds", "1", "1", "--synth-only"]
    half = tmp_path / "clips" / "000001.part"
    half.mkdir(parents=True)
    assert main([*command, "--part", "1/2"]) == 0
    first = ClipFolder(tmp_path).numbers()
    assert first == [0, 2]
    stamps = [(tmp_path / "clips" / f"{number:06d}").stat().st_mtime_ns for number in first]
    assert main(command) == 0
    assert ClipFolder(tmp_path).numbers() == [0, 1, 2, 3]
    assert not half.exists()
    assert [(tmp_path / "clips" / f"{number:06d}").stat().st_mtime_ns for number in first] == stamps
    assert "0 min left" in capsys.readouterr().out


def test_missing_soundfonts_are_named_with_how_to_get_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.train_nano2.data.fonts.SEARCHED", ())
    assert main(["--out", str(tmp_path), "--hours", "0.001", "--fonts", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "MuseScore_General_Full.sf2" in said
    assert "musescore-general-soundfont-lossless" in said


@pytest.mark.parametrize("wrong", [["--seconds", "9", "3"], ["--hours", "0"], ["--part", "3/2"]])
def test_arguments_without_sense_are_refused(tmp_path: Path, wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--hours", "1", "--synth-only", *wrong])


def test_a_pause_file_holds_the_run_and_does_not_count_as_work(tmp_path: Path) -> None:
    pause, said, now = tmp_path / "pause", list[str](), [0.0]
    pause.touch()

    def sleep(seconds: float) -> None:
        now[0] += 1000 * seconds
        pause.unlink()

    pacing = Pacing(7200, pause, said.append, lambda: now[0], sleep)
    pacing.skipped(3600)
    pacing.wait()
    assert now == [1000.0]
    assert "paused" in said[0]
    now[0] += 60
    pacing.made(1800)
    assert said[-1] == "1.50 of 2.00 h of sound, 30 times real time, 1 min left"


def test_energy_orders_calm_and_busy() -> None:
    silent = Score("ambient", 0, 100, 1, 60.0, 0, "minor", ())
    calm, busy = compose_score("ambient", 1, 12), compose_score("dnb", 1, 12)
    assert energy(silent) == 0 < energy(calm) < energy(busy) <= 1


def test_draws_are_even_and_stay_within_their_limits() -> None:
    draws = Draws(1, 2)
    numbers = [draws.whole(3, 6) for _ in range(400)]
    assert set(numbers) == {3, 4, 5, 6}
    assert abs(np.mean([draws.bell(1.0) for _ in range(2000)])) < 0.1
    assert np.std([draws.bell(2.0) for _ in range(2000)]) == pytest.approx(2, rel=0.1)
    assert Counter(draws.pick("ab", (3, 1)) for _ in range(2000))["a"] == pytest.approx(1500, rel=0.1)
    assert sorted(draws.some(range(4), 9)) == [0, 1, 2, 3]
