"""Tempi kept beside clips: found once, edited, and trusted only as far as they go."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from demon_patch.engine.sound import clips
from demon_patch.engine.sound.clips import ClipTempo, forget_tempo, set_tempo, sidecar, tempo_of, tempo_with_notes
from demon_patch.errors import SourceError
from tests.support.sounds import band


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
    first = tempo_of(clip)
    soundfile.write(clip, band(90.0, 20.0, 0.5, 22050), 22050)
    found = tempo_of(clip)
    assert first is not None
    assert found is not None
    assert (first.bpm, found.bpm) == (pytest.approx(120.0, rel=0.001), pytest.approx(90.0, rel=0.001))
    assert json.loads(sidecar(clip).read_text(encoding="utf-8"))["bpm"] == found.bpm


def tagged(path: Path, words: bytes) -> None:
    """Writes a title into a WAV file."""
    size = struct.pack("<I", len(words) + 12)
    path.write_bytes(path.read_bytes() + b"LIST" + size + b"INFOINAM" + struct.pack("<I", len(words)) + words)


def test_a_title_does_not_change_what_was_edited(clip: Path) -> None:
    edited = set_tempo(clip, bpm=62.0, downbeat=0.25)
    before = sidecar(clip).read_bytes()
    tagged(clip, b"My tune ")
    assert tempo_with_notes(clip) == (edited, (), ())
    assert sidecar(clip).read_bytes() == before


@pytest.mark.parametrize(("format", "suffix"), [("FLAC", "flac"), ("OGG", "ogg"), ("MP3", "mp3"), ("AIFF", "aiff")])
def test_tags_of_other_formats_do_not_either(tmp_path: Path, format: str, suffix: str) -> None:
    path, sound = tmp_path / f"x.{suffix}", band(120.0, 9.0, 0.5, 22050)
    edited = ClipTempo(62.0, 0.25, True)
    for title in ("", "one", "a longer title " * 400):
        with soundfile.SoundFile(path, "w", 22050, sound.shape[1], format=format) as file:
            if title:
                file.title = title
            file.write(sound)
        assert title or set_tempo(path, bpm=62.0, downbeat=0.25) == edited
        assert tempo_with_notes(path) == (edited, (), ())
    if suffix == "mp3":
        path.write_bytes(b"ID3\x03\0\0\0\0\x10\0" + bytes(2048) + path.read_bytes())
        assert tempo_with_notes(path) == (edited, (), ())


def test_an_edit_is_kept_for_another_sound_too_and_that_is_told(clip: Path) -> None:
    edited = set_tempo(clip, bpm=77.0)
    before = sidecar(clip).read_bytes()
    soundfile.write(clip, band(120.0, 20.0, 0.5, 22050), 22050)
    tempo, (note,), _ = tempo_with_notes(clip)
    assert tempo == edited
    assert "edited for another sound than it holds now; the edit is kept: 77 bpm, first bar line at" in note
    assert "demon-patch clip 'my loop.wav' --forget" in note.replace('"', "'")
    assert sidecar(clip).read_bytes() == before
    assert forget_tempo(clip)
    assert not forget_tempo(clip)
    found = tempo_of(clip)
    assert found is not None
    assert found.bpm == pytest.approx(120.0, rel=0.001)
    assert not found.edited


def old(path: Path, bpm: float, *, edited: bool) -> None:
    """A file as it was written until now: with the size of the clip and a hash of its bytes."""
    data = path.read_bytes()
    content = f"{len(data)}-{hashlib.blake2b(data[: 32 * 2**20], digest_size=16).hexdigest()}"
    entries = {"bpm": bpm, "content": content, "downbeat": 0.25, "edited": edited}
    sidecar(path).write_text(json.dumps(entries), encoding="utf-8")


@pytest.mark.parametrize("edited", [True, False])
def test_files_that_were_written_until_now_are_read(clip: Path, edited: bool) -> None:
    old(clip, 61.0, edited=edited)
    kept = ClipTempo(61.0, 0.25, edited)
    assert tempo_with_notes(clip) == (kept, (), ())
    assert "-" not in json.loads(sidecar(clip).read_text(encoding="utf-8"))["content"]
    tagged(clip, b"My tune ")
    assert tempo_with_notes(clip) == (kept, (), ())


def test_an_old_edit_whose_file_got_a_title_since_is_the_persons(clip: Path) -> None:
    old(clip, 61.0, edited=True)
    tagged(clip, b"My tune ")
    tempo, notes, _ = tempo_with_notes(clip)
    assert tempo == ClipTempo(61.0, 0.25, True)
    assert len(notes) == 1
    old(clip, 61.0, edited=False)
    tagged(clip, b"My tune ")
    found = tempo_of(clip)
    assert found is not None
    assert found.bpm == pytest.approx(120.0, rel=0.001)


def test_edits_are_kept_and_only_change_what_is_given(clip: Path) -> None:
    detected = tempo_of(clip)
    assert detected is not None
    moved = set_tempo(clip, downbeat=1.25)
    assert (moved.bpm, moved.downbeat, moved.edited) == (detected.bpm, 1.25, True)
    faster = set_tempo(clip, bpm=240.0)
    assert (faster.bpm, faster.downbeat) == (240.0, 0.25)
    assert tempo_of(clip) == faster


def test_a_clip_without_rhythm_can_be_given_one(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.3 * np.sin(np.arange(22050 * 9) / 20), 22050)
    assert tempo_of(path) is None
    assert not sidecar(path).exists()
    with pytest.raises(SourceError, match="no rhythm"):
        set_tempo(path, downbeat=0.5)
    assert set_tempo(path, bpm=100.0, downbeat=0.5) == tempo_of(path)


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


@pytest.mark.parametrize("text", [b"", b"[", b"[]", b"\xff\xfe", b"[" * 4000, b" " * 10**6, b"null", b'{"bpm": 1e999}'])
def test_what_is_no_json_counts_for_nothing(clip: Path, text: bytes) -> None:
    sidecar(clip).write_bytes(text)
    found, (note,), _ = tempo_with_notes(clip)
    assert found is not None
    assert found.bpm == pytest.approx(120.0, rel=0.001)
    assert "my loop.wav.tempo.json does not hold a tempo that can be read: it is left as it is" in note
    assert sidecar(clip).read_bytes() == text  # a person may have written it
    edited = set_tempo(clip, bpm=77.0)
    assert tempo_with_notes(clip) == (edited, (), ())


def test_where_nothing_can_be_kept_it_is_detected_every_time(clip: Path) -> None:
    sidecar(clip).mkdir()
    (sidecar(clip) / "in the way").touch()
    found, (note,), _ = tempo_with_notes(clip)
    assert found is not None
    assert note.startswith("my loop.wav.tempo.json does not hold a tempo")
    assert tempo_of(clip) == found
    assert sorted(os.listdir(clip.parent)) == ["my loop.wav", "my loop.wav.tempo.json"]
    with pytest.raises(SourceError, match=r"cannot be stored.*writable"):
        set_tempo(clip, bpm=100.0)


def test_a_folder_that_cannot_be_written_is_told(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refused)
    tempo, notes, _ = tempo_with_notes(clip)
    assert tempo is not None
    assert notes == ("my loop.wav.tempo.json cannot be written: Permission denied",)
    assert os.listdir(clip.parent) == ["my loop.wav"]


@pytest.mark.parametrize("given", [{"bpm": 5.0}, {"bpm": float("nan")}, {"downbeat": -1.0}, {"downbeat": float("inf")}])
def test_edits_out_of_range_are_refused(clip: Path, given: dict[str, float]) -> None:
    with pytest.raises(SourceError, match=r"stay within"):
        set_tempo(clip, **given)


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.wav").write_text("a poem")
    for name, message in (("words.wav", "cannot be read as audio"), ("gone.wav", "no such file"), (".", "folder")):
        with pytest.raises(SourceError, match=message):
            tempo_of(tmp_path / name)
