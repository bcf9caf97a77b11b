"""The one call of the public face: quick to import, typed, and the same sound as the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import demon_patch
from demon_patch.patch.edit.commands import SetValue, apply
from demon_patch.patch.files.embed import extract
from demon_patch.patch.files.format import save
from tests.support.command import QUICK, Run


def test_import_loads_neither_torch_nor_numpy() -> None:
    code = "import sys, demon_patch; sys.exit(bool({'torch', 'numpy', 'msgspec'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(demon_patch.__all__) <= set(dir(demon_patch))
    for name in demon_patch.__all__:
        assert getattr(demon_patch, name)
    with pytest.raises(AttributeError, match="no attribute 'rendr'"):
        demon_patch.rendr  # type: ignore[attr-defined]  # noqa: B018


def test_it_gives_the_samples_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[float] = []
    song = demon_patch.render(QUICK, seconds=2, seed=3, progress=told.append)
    assert song.sound.dtype == np.float32
    assert song.sound.shape == (2 * song.rate, 2)
    assert song.seconds == told[-1] == 2.0
    assert told == sorted(told)
    mine, theirs = song.save(tmp_path / "mine.flac"), tmp_path / "theirs.flac"
    assert Run(capsys, "render", QUICK, "--seconds", 2, "--seed", 3, "--out", theirs).code == 0
    (a, rate), (b, _) = soundfile.read(mine), soundfile.read(theirs)
    assert rate == 48_000
    np.testing.assert_array_equal(a, b)
    assert extract(mine) == extract(theirs)
    # a Patch, the same model loaded once, a source of one's own
    soundfile.write(tmp_path / "tone.wav", 0.3 * np.sin(np.arange(9 * 22_050) * 0.06), 22_050)
    patch = demon_patch.load(QUICK)
    np.testing.assert_array_equal(demon_patch.render(patch, seconds=2, seed=3).sound, song.sound)
    covered = demon_patch.render(patch, seconds=2, seed=3, source=tmp_path / "tone.wav")
    assert not np.allclose(covered.sound, song.sound)
    # where the limiter works too, which comes after the change of rate
    loud = apply(SetValue("decoder", "gain", 12.0), patch)[0]
    save(loud, tmp_path / "loud.dpatch.json")
    assert Run(capsys, "render", tmp_path / "loud.dpatch.json", "--seconds", 1, "--out", theirs).code == 0
    mine = demon_patch.render(loud, seconds=1).save(mine)
    np.testing.assert_array_equal(soundfile.read(mine)[0], soundfile.read(theirs)[0])
    wav, rate = soundfile.read(song.save(tmp_path / "own.wav", rate=song.rate))
    assert rate == song.rate
    np.testing.assert_allclose(wav, song.sound, atol=2**-22)
    (tmp_path / "words.wav").write_text("mine")
    with pytest.raises(demon_patch.DemonError, match=r"\(save\(path, force=True\) writes over it\)"):
        song.save(tmp_path / "words.wav")
    assert soundfile.info(song.save(tmp_path / "words.wav", force=True)).frames == 2 * 48_000


def test_bad_input_is_one_clear_error(tmp_path: Path) -> None:
    for seconds in (0, -1, 1e9, float("nan")):
        with pytest.raises(demon_patch.DemonError, match="cannot render"):
            demon_patch.render(QUICK, seconds=seconds)
    with pytest.raises(demon_patch.DemonError, match=r"gone.dpatch.json: cannot be read"):
        demon_patch.render(tmp_path / "gone.dpatch.json")
    with pytest.raises(demon_patch.DemonError, match="the patch has no Scheduler"):
        demon_patch.render(demon_patch.Patch())
    with pytest.raises(demon_patch.DemonError, match="no such file"):
        demon_patch.render(QUICK, source=tmp_path / "gone.wav")
