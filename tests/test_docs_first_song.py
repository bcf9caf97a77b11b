"""docs/first-song.md works: its commands are run in order, its JSON is put into the patch, its messages are true."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from demon_patch.patch.files.format import load
from tests.support.command import FIRST_LIGHT, Run
from tests.support.paths import DOCS
from tests.support.sounds import band

PAGE = (DOCS / "first-song.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(sh|json)\n(.*?)```", PAGE, re.DOTALL)
SILENT = ["--device", "no such card", "--seconds", "1", "--out", "played"]  # plays into a file, on any machine


@pytest.mark.slow
def test_the_page_can_be_followed_from_top_to_bottom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("my-recording.wav", band(100.0, 9.6, 0.2, 22_050), 22_050)
    song, ran = tmp_path / "my-song.dpatch.json", []
    for kind, block in BLOCKS:
        if kind == "json":
            piece, patch = json.loads(block), json.loads(song.read_text(encoding="utf-8"))
            assert piece.keys() <= {"nodes", "cables"}
            patch["nodes"] |= piece.get("nodes", {})
            patch["cables"] += piece.get("cables", [])
            song.write_text(json.dumps(patch), encoding="utf-8")
            continue
        for line in block.splitlines():
            program, command, *arguments = shlex.split(line)
            assert program == "demon-patch"
            if command == "render":
                arguments[arguments.index("--seconds") + 1] = "2"
            run = Run(capsys, command, *arguments, *(SILENT if command == "play" else []))
            assert run.code == 0, (line, run.err)
            assert "does not know" not in run.out + run.err, line
            ran.append(command)
    assert {"new", "play", "clip", "check", "nodes", "render", "pack", "extract", "unpack"} == set(ran)
    assert np.sqrt(np.mean(soundfile.read("my-song.flac")[0] ** 2)) > 0.01
    nodes = load(song).nodes
    assert nodes["source"].values["file"] == "my-recording.wav"
    assert "sway" in nodes
    assert load("from-the-sound.dpatch.json").nodes == load("unpacked/my-song.dpatch.json").nodes == nodes
    assert Path("my-recording.wav.tempo.json").exists()
    assert Path("unpacked/my-recording.wav.tempo.json").exists()


def _without(src: str, dst: str) -> Callable[[dict[str, Any]], None]:
    def change(patch: dict[str, Any]) -> None:
        patch["cables"] = [c for c in patch["cables"] if (c["src"], c["dst"]) != (src, dst)]

    return change


def _lost_file(patch: dict[str, Any]) -> None:
    patch["nodes"]["source"] = {"type": "audio_source", "values": {"file": "gone.wav"}}


def _misspelled(patch: dict[str, Any]) -> None:
    patch["nodes"]["lfo"]["type"] = "lfoo"


CAUSES: dict[str, Callable[[dict[str, Any]], None]] = {
    "nothing is heard: no sound is wired anywhere": _without("decoder", "speaker"),
    "no chain leads from the Scheduler to it": _without("scheduler", "decoder"),
    "the Scheduler has no source": _without("source", "scheduler"),
    "there is no such file": _lost_file,
    "did you mean": _misspelled,
}


@pytest.mark.parametrize("message", CAUSES)
def test_each_cause_of_silence_is_told_as_the_page_says(
    message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"| `{message}` |" in PAGE
    patch = json.loads(FIRST_LIGHT.read_text(encoding="utf-8"))
    CAUSES[message](patch)
    path = tmp_path / "silent.dpatch.json"
    path.write_text(json.dumps(patch), encoding="utf-8")
    run = Run(capsys, "render", path, "--seconds", "1", "--out", tmp_path / "x.wav")
    assert run.code == 1
    assert message in run.err
