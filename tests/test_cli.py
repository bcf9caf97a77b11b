"""The command line as a person uses it: what it writes, and one clear line for every mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.command import FIRST_LIGHT, PATCHES, QUICK, Run
from tests.support.sounds import band


def patch_with(tmp_path: Path, change: dict[str, object], name: str = "changed") -> Path:
    """A patch with values changed: {"node.port": value}."""
    patch = json.loads(QUICK.read_text(encoding="utf-8"))
    for key, value in change.items():
        node, port = key.split(".")
        patch["nodes"][node].setdefault("values", {})[port] = value
    path = tmp_path / f"{name}.dpatch.json"
    path.write_text(json.dumps(patch), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(PATCHES.glob("*.dpatch.json")), ids=lambda path: path.name)
def test_every_example_patch_is_good_and_described(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Run(capsys, "check", path).code == 0
    meta = json.loads(path.read_text(encoding="utf-8"))["meta"]
    assert meta["title"]
    assert meta["description"]
    assert meta["tags"]


def test_render_writes_the_same_samples_every_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for file in files:
        assert Run(capsys, "render", QUICK, "--seconds", 2, "--out", file).code == 0
    (first, rate), (second, _) = (soundfile.read(file) for file in files)
    assert rate == 48_000
    assert len(first) == 96_000
    assert np.sqrt(np.mean(first**2)) > 0.01
    np.testing.assert_array_equal(first, second)


def test_render_takes_a_seed_a_source_and_a_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tone = tmp_path / "tone.wav"
    soundfile.write(tone, 0.3 * np.sin(np.arange(9 * 22_050) * 0.06), 22_050)
    plain, seeded, covered = (tmp_path / f"{name}.wav" for name in ("plain", "seeded", "covered"))
    args = ("render", QUICK, "--seconds", 1, "--rate", 44_100, "--out")
    assert Run(capsys, *args, plain).code == 0
    assert Run(capsys, *args, seeded, "--seed", 9).code == 0
    assert Run(capsys, *args, covered, "--source", tone).code == 0
    sounds = [soundfile.read(file)[0] for file in (plain, seeded, covered)]
    assert {len(sound) for sound in sounds} == {44_100}
    assert not np.allclose(sounds[0], sounds[1])
    assert not np.allclose(sounds[0], sounds[2])


def test_a_picture_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "x.png"
    args = ("render", QUICK, "--seconds", 2, "--out", tmp_path / "x.wav", "--picture", picture)
    assert Run(capsys, *args).code == 0
    assert picture.read_bytes()[:4] == b"\x89PNG"


NO_CARD = ("play", QUICK, "--device", "no such card")


def test_play_without_a_sound_card_says_so_and_writes_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):  # the second time over what it wrote itself
        run = Run(capsys, *NO_CARD, "--seconds", 1, "--out", tmp_path)
        assert run.code == 0
        assert run.err.startswith("loading quick.dpatch.json")
        assert "no sound" in run.err
        assert soundfile.info(tmp_path / "quick.wav").frames == 48_000
        assert (tmp_path / "quick.png").exists()
    (tmp_path / "quick.png").write_bytes(b"mine")
    run = Run(capsys, *NO_CARD, "--seconds", 1, "--out", tmp_path)
    assert run.code == 1
    assert "no picture of ours (name another folder with --out)" in run.err


def test_an_unknown_sound_device_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, *NO_CARD)
    assert run.code == 1
    assert "no sound device is called 'no such card' (" in run.err


@pytest.mark.parametrize(("option", "value"), [("--outputs", "0"), ("--outputs", "1;2"), ("--buffer", "3")])
def test_what_no_sound_device_has_is_refused(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "play", QUICK, option, value)
    assert run.code == 1
    assert value in run.err


@pytest.mark.slow
def test_a_performance_without_a_sound_device_runs_and_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(capsys, "play", QUICK, "--device", "none", "--seconds", 1, "--record", tmp_path / "jam.wav")
    assert run.code == 0, run.err
    assert "playing on a clock of its own, without sound" in run.out + run.err
    assert soundfile.info(tmp_path / "jam.wav").frames > 16_000


def test_nodes_are_listed_for_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    table = Run(capsys, "nodes").out
    assert "lfo" in table
    assert "level1-4" in table
    assert "level2" not in table
    listed = {entry["id"]: entry for entry in json.loads(Run(capsys, "nodes", "--json").out)}
    assert {"scheduler", "source_blend", "step_state", "decoder", "lfo", "adsr", "speaker"} <= set(listed)
    strength = next(port for port in listed["scheduler"]["ports"] if port["name"] == "strength")
    assert (strength["lo"], strength["hi"], strength["taper"]) == (0.0, 1.0, "family")


def test_a_clip_shows_its_tempo_and_takes_another(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "loop.wav"
    soundfile.write(clip, band(120.0, 16.0, 0.5, 22_050), 22_050)
    assert "120.00 bpm" in Run(capsys, "clip", clip).out
    run = Run(capsys, "clip", clip, "--bpm", 60, "--downbeat", 0.75, "--json")
    assert json.loads(run.out) == {"bpm": 60.0, "downbeat": 0.75, "edited": True}
    assert "(edited)" in Run(capsys, "clip", clip).out
    soundfile.write(clip, band(120.0, 17.0, 0.5, 22_050), 22_050)
    assert "the edit is kept: 60 bpm" in (run := Run(capsys, "clip", clip)).err.replace("\n", " ")
    assert "60.00 bpm, first bar line at 0.750 s (edited)" in run.out
    assert "120.00 bpm" in (run := Run(capsys, "clip", clip, "--forget")).out
    assert "(detected)" in run.out
    assert not run.err
    assert (run := Run(capsys, "clip", clip, "--bpm", 600)).code == 1
    assert "stay within 20 to 400" in run.err
    assert (run := Run(capsys, "clip", tmp_path / "gone.wav", "--bpm", 60)).code == 1
    assert "no such file" in run.err


def test_the_model_shows_its_card(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "model", "info")
    assert "48000 Hz" in run.out
    assert "32000 Hz" in Run(capsys, "model", "info", "nano").out
    assert "| style **acid** | acid, acid house," in Run(capsys, "model", "info", "nano", "--words").out
    assert Run(capsys, "model", "info", "gigantic").code == 1


MISTAKES: dict[str, tuple[dict[str, object], str]] = {
    "strength out of range": ({"scheduler.strength": 1.5}, r"scheduler.*strength.*1\.5"),
    "depth out of range": ({"scheduler.depth": 99}, r"scheduler.*depth.*99"),
    "steps out of range": ({"scheduler.steps": 0}, r"scheduler.*steps.*0"),
    "an unknown port": ({"scheduler.strenght": 0.5}, r"strenght.*strength"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_patch_is_told_in_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, message = MISTAKES[name]
    path = patch_with(tmp_path, change)
    for command in (("check", path), ("render", path, "--out", tmp_path / "x.wav")):
        run = Run(capsys, *command)
        said = run.out if command[0] == "check" else run.err
        assert run.code == 1
        assert re.search(message, said), said
        assert path.name in said.replace(" ", "")
    assert not (tmp_path / "x.wav").exists()


def test_remarks_are_told_and_stop_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = patch_with(tmp_path, {"scheduler.mask_growth": 0.5})
    run = Run(capsys, "check", path)
    assert run.code == 0
    assert "good" in run.out
    assert re.search(r"scheduler: port mask_growth: it has no effect without mask", run.out)
    assert Run(capsys, "check", FIRST_LIGHT).out == f"{FIRST_LIGHT}: good\n"
    run = Run(capsys, "render", path, "--seconds", 1, "--out", tmp_path / "x.wav")
    assert run.code == 0
    assert "no effect without mask" in run.err


def test_broken_and_missing_files_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.dpatch.json"
    broken.write_text(FIRST_LIGHT.read_text(encoding="utf-8")[:200], encoding="utf-8")
    nan = tmp_path / "nan.dpatch.json"
    nan.write_text(FIRST_LIGHT.read_text(encoding="utf-8").replace('"format": 2', '"format": NaN'), encoding="utf-8")
    assert "NaN" in nan.read_text(encoding="utf-8")
    for path in (broken, nan, tmp_path / "missing.dpatch.json"):
        run = Run(capsys, "render", path, "--out", tmp_path / "x.wav")
        assert run.code == 1
        assert path.name in run.err.replace(" ", "")


@pytest.mark.parametrize("content", [b"", b"RIFF\x00\x00", b"just words"], ids=["empty", "truncated", "not audio"])
def test_a_source_that_is_no_audio_is_told(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = tmp_path / "clip.wav"
    clip.write_bytes(content)
    for path in (clip, tmp_path / "missing.wav"):
        run = Run(capsys, "render", FIRST_LIGHT, "--source", path, "--out", tmp_path / "x.wav")
        assert run.code == 1
        assert path.name in run.err.replace(" ", "")


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys, "render", FIRST_LIGHT, "--seconds", 1, "--out", tmp_path / "song.doc")
    assert run.code == 1
    assert "song.doc" in run.err.replace(" ", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that a program works in")
def test_a_deleted_working_folder_is_told_before_anything_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for call in (("render", QUICK, "--out", tmp_path / "a.wav"), ("check", QUICK), ("new",)):
        run = Run(capsys, *call)
        assert run.code == 1
        assert run.err == "the working folder was deleted (change into another one)"


OUTPUTS = (("schema",), ("nodes",), ("model", "info", "--words"), ("check", str(QUICK), "--json"), ("--version",))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("call", OUTPUTS)
def test_an_output_that_takes_no_more_is_told_in_one_line(call: tuple[str, ...]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "demon_patch", *call]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert done.stderr == "the output cannot be written: No space left on device (send it elsewhere)\n"
    assert done.returncode == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells a closed pipe in another way")
@pytest.mark.parametrize("call", OUTPUTS)
def test_a_reader_that_has_ended_gets_nothing_more_and_nothing_is_told(call: tuple[str, ...]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    command = [sys.executable, "-m", "demon_patch", *call]
    done = subprocess.run(command, stdout=writes, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    os.close(writes)
    assert (done.stderr, done.returncode) == ("", 1)
