"""Tempi kept beside clips: found once, edited, and trusted only as far as they go."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from demon_patch.engine import clips
from demon_patch.engine.clips import edit, sidecar, tempo_of
from demon_patch.errors import SourceError
from tests.engine.test_tempo import band


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "my loop.wav"
    soundfile.write(path, band(120.0, 16.0, 0.5, 22050), 22050)
    return path


def test_a_tempo_is_detected_once_and_kept(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tempo_of(clip)
    assert first is not None
    assert first.bpm == pytest.approx(120.0, rel=0.001)
    assert first.downbeat == pytest.approx(0.5, abs=0.03)
    assert not first.edited
    kept = json.loads(sidecar(clip).read_text(encoding="utf-8"))
    assert sidecar(clip).name == "my loop.wav.tempo.json"
    assert set(kept) == {"bpm", "content", "downbeat", "edited"}
    monkeypatch.setattr(clips, "detect", lambda *_: pytest.fail("it is kept already"))
    assert tempo_of(clip) == first


def test_other_content_is_heard_again(clip: Path) -> None:
    edit(clip, bpm=77.0)
    soundfile.write(clip, band(120.0, 20.0, 0.5, 22050), 22050)
    found = tempo_of(clip)
    assert found is not None
    assert found.bpm == pytest.approx(120.0, rel=0.001)


def test_edits_are_kept_and_only_change_what_is_given(clip: Path) -> None:
    detected = tempo_of(clip)
    assert detected is not None
    moved = edit(clip, downbeat=1.25)
    assert (moved.bpm, moved.downbeat, moved.edited) == (detected.bpm, 1.25, True)
    faster = edit(clip, bpm=240.0)
    assert (faster.bpm, faster.downbeat) == (240.0, 0.25)
    assert tempo_of(clip) == faster


def test_a_clip_without_rhythm_can_be_given_one(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(22050 * 9) / 20), 22050)
    assert tempo_of(path) is None
    assert not sidecar(path).exists()
    with pytest.raises(SourceError, match="no rhythm"):
        edit(path, downbeat=0.5)
    assert edit(path, bpm=100.0, downbeat=0.5) == tempo_of(path)


@pytest.mark.parametrize(
    "change",
    [
        {"bpm": 401.0},
        {"bpm": 19.0},
        {"bpm": float("nan")},
        {"bpm": float("inf")},
        {"bpm": "120"},
        {"bpm": True},
        {"bpm": None},
        {"bpm": 10**400},
        {"downbeat": -0.1},
        {"downbeat": [0.0]},
        {"downbeat": 1e9},
        {"edited": 1},
        {"content": "x"},
        {"more": "x" * 5000},
    ],
)
def test_a_hostile_file_beside_a_clip_counts_for_nothing(clip: Path, change: dict[str, Any]) -> None:
    detected = tempo_of(clip)
    kept = json.loads(sidecar(clip).read_text(encoding="utf-8"))
    sidecar(clip).write_text(json.dumps({**kept, "bpm": 77.0, **change}), encoding="utf-8")
    assert tempo_of(clip) == detected
    assert json.loads(sidecar(clip).read_text(encoding="utf-8")) == kept


@pytest.mark.parametrize("text", [b"", b"[", b"[]", b"\xff\xfe", b"[" * 4000, b"null", b'{"bpm": 1e999}'])
def test_what_is_no_json_counts_for_nothing(clip: Path, text: bytes) -> None:
    sidecar(clip).write_bytes(text)
    found = tempo_of(clip)
    assert found is not None
    assert found.bpm == pytest.approx(120.0, rel=0.001)


def test_where_nothing_can_be_kept_it_is_detected_every_time(clip: Path) -> None:
    sidecar(clip).mkdir()
    (sidecar(clip) / "in the way").touch()
    found = tempo_of(clip)
    assert found is not None
    assert tempo_of(clip) == found
    assert sorted(os.listdir(clip.parent)) == ["my loop.wav", "my loop.wav.tempo.json"]
    with pytest.raises(SourceError, match=r"cannot be stored.*writable"):
        edit(clip, bpm=100.0)


@pytest.mark.parametrize("given", [{"bpm": 5.0}, {"bpm": float("nan")}, {"downbeat": -1.0}, {"downbeat": float("inf")}])
def test_edits_out_of_range_are_refused(clip: Path, given: dict[str, float]) -> None:
    with pytest.raises(SourceError, match=r"stay within"):
        edit(clip, **given)


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.wav").write_text("a poem")
    for name, message in (("words.wav", "cannot be read as audio"), ("gone.wav", "no such file"), (".", "folder")):
        with pytest.raises(SourceError, match=message):
            tempo_of(tmp_path / name)
