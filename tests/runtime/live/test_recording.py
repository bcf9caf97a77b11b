"""What was heard is in a file, whatever happens to the file while it is recorded, and every end is told truly."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.patch.files import embed
from demon_patch.patch.files.embed import extract, is_open, is_render
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets import new_file
from demon_patch.runtime.live import recording
from demon_patch.runtime.live.recording import Recordings
from tests.support.hearing import SOUNDING, TEXT, Heard, until
from tests.support.paths import ROOT

NAMES = ["jam.wav", "jam.flac"]
POSIX = pytest.mark.skipif(os.name == "nt", reason="open files cannot be moved there")


def frames(path: Path) -> int:
    """The samples that can be read in a file; 0 where there is none yet, or its header does not tell."""
    try:
        told = soundfile.info(path).frames
    except RuntimeError:
        return 0
    return told if told < 2**62 else 0


class Stage:
    """Recordings of what is heard, and what is told of them."""

    def __init__(self, heard: Heard, home: Path) -> None:
        self.heard, self.told = heard, list[str]()
        self.tapes = Recordings(heard, home, self.told.append)

    def grows(self, path: Path, seconds: float = 1.0) -> np.ndarray:
        """Lets sound be heard until a file counts it in its header."""
        before = frames(path)
        sound = self.heard.hear(seconds)
        until(lambda: frames(path) > before + len(sound) // 2, (path, self.told))
        return sound

    def tells(self, words: str) -> str:
        """Waits until something with those words is told."""
        until(lambda: any(words in message for message in self.told), (words, self.told))
        return next(message for message in self.told if words in message)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(recording, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(new_file, "_PIECE", 20_000)  # so that a rescue takes many
    monkeypatch.setattr(threading, "excepthook", lambda args: pytest.fail(f"a thread died: {args.exc_value!r}"))
    (tmp_path / "home").mkdir()
    with Heard(SOUNDING) as heard:
        made = Stage(heard, tmp_path / "home")
        yield made
        made.tapes.stop()


def assert_holds(path: Path, sound: np.ndarray) -> None:
    assert_read, rate = soundfile.read(path, dtype="float32", always_2d=True)
    assert rate == 48_000
    np.testing.assert_allclose(assert_read, sound, atol=2**-22)
    assert extract(path) == Patch()
    assert not is_render(path)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_heard_is_recorded(stage: Stage, tmp_path: Path, name: str) -> None:
    stage.heard.hear(3.0)  # before
    stage.tapes.record(tmp_path / name, TEXT)
    sound = [stage.grows(tmp_path / name), stage.grows(tmp_path / name)]
    assert stage.tapes.names == str(tmp_path / name)
    sound.append(stage.heard.hear(0.3))
    stage.tapes.stop()
    assert stage.tapes.names == ""
    assert stage.told == [f"recording {tmp_path / name}", f"recorded {tmp_path / name}"]
    assert_holds(tmp_path / name, np.concatenate(sound))


def test_two_recordings_of_one_name_are_two_files(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "jam.flac").write_bytes(b"of yesterday")
    for _ in range(2):
        stage.tapes.record(tmp_path / "jam.flac", TEXT)
    sound = stage.grows(tmp_path / "jam-3.flac")
    stage.tapes.save(tmp_path / "jam.flac", TEXT)
    stage.tapes.stop()
    assert (tmp_path / "jam.flac").read_bytes() == b"of yesterday"
    assert stage.told[0] == f"recording {tmp_path / 'jam-2.flac'} (jam.flac is there already)"
    assert stage.told[2] == f"saved {tmp_path / 'jam-4.flac'} (jam.flac is there already)"
    assert set(stage.told[3:]) == {f"recorded {tmp_path / f'jam-{number}.flac'}" for number in (2, 3)}
    for number in (2, 3, 4):
        assert_holds(tmp_path / f"jam-{number}.flac", sound)


@pytest.mark.parametrize("name", NAMES)
def test_a_recording_that_has_not_ended_is_recognised(stage: Stage, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    stage.tapes.record(path, TEXT)
    stage.grows(path)
    assert is_open(path)
    stage.tapes.record(path, TEXT)
    assert re.fullmatch(
        r".* \(jam\.\w+ is there already: [01]\.\d s of a recording that has not ended\)", stage.told[1]
    )
    stage.tapes.stop()
    assert not is_open(path)
    with soundfile.SoundFile(path) as file:
        assert file.software.startswith("demon-patch recording")
        assert embed.OPEN not in file.software


def removed(path: Path) -> None:
    shutil.rmtree(path.parent)


def replaced(path: Path) -> None:
    path.with_name("other").write_bytes(b"another file")
    path.with_name("other").replace(path)


@POSIX
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("harm", "what", "rescued"),
    [
        (removed, "deleted", "home/{0}{1}"),
        (Path.unlink, "deleted", "takes/{0}{1}"),
        (replaced, "replaced by another file", "takes/{0}-2{1}"),
    ],
)
def test_a_file_that_is_taken_away_is_written_anew(
    stage: Stage, tmp_path: Path, name: str, harm: Callable[[Path], None], what: str, rescued: str
) -> None:
    path = tmp_path / "takes" / name
    stage.tapes.record(path, TEXT)
    sound = [stage.grows(path), stage.grows(path)]
    harm(path)
    there = tmp_path / rescued.format(path.stem, path.suffix)
    assert stage.tells("while it was written") == (
        f"{path} was {what} while it was written; all of its sound is in {there}"
    )
    assert stage.tapes.names == str(there)
    sound.append(stage.grows(there))
    stage.tapes.stop()
    assert stage.told[-1] == f"recorded {there}"
    assert_holds(there, np.concatenate(sound))
    if harm is replaced:
        assert path.read_bytes() == b"another file"


@POSIX
@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_taken_away_at_the_end_is_written_anew(
    stage: Stage, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "LOOK_SECONDS", 3600.0)
    path = tmp_path / "takes" / name
    stage.tapes.record(path, TEXT)
    sound = stage.heard.hear(2.0)
    removed(path)
    stage.tapes.stop()
    assert stage.told[-1] == f"recorded {tmp_path / 'home' / name}"
    assert_holds(tmp_path / "home" / name, sound)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the system does not tell where open files lie")
@pytest.mark.parametrize("name", NAMES)
def test_a_file_or_folder_that_is_moved_is_recorded_on(stage: Stage, tmp_path: Path, name: str) -> None:
    path = tmp_path / "takes" / name
    stage.tapes.record(path, TEXT)
    sound = [stage.grows(path)]
    (tmp_path / "takes").rename(tmp_path / "moved")
    there = tmp_path / "moved" / name
    assert stage.tells("was moved") == f"{path} was moved while it was written; it goes on as {there}"
    sound.append(stage.grows(there))
    stage.tapes.stop()
    assert stage.told[-1] == f"recorded {there}"
    assert_holds(there, np.concatenate(sound))


def copied_over(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.truncate(0)
        stream.write(b"another sound" * 200_000)


def cut_short(path: Path) -> None:
    os.truncate(path, 10_000)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", [copied_over, cut_short])
def test_a_file_that_is_written_over_is_left_alone_and_the_last_minutes_are_saved(
    stage: Stage, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    path = tmp_path / name
    there = tmp_path / f"jam-2{path.suffix}"
    stage.tapes.record(path, TEXT)
    sound = [stage.grows(path)]
    harm(path)
    content = path.read_bytes()
    assert stage.tells("another program") == (
        f"{path}: another program has written over it; what was heard in the last two minutes, and what comes, is in "
        f"{there}"
    )
    sound.append(stage.grows(there))
    stage.tapes.stop()
    assert stage.told[-1] == f"recorded {there}"
    assert_holds(there, np.concatenate(sound))
    assert path.read_bytes() == content


@POSIX
def test_where_nothing_can_be_saved_it_is_told_and_never_called_recorded(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "takes" / "jam.flac"
    stage.tapes.record(path, TEXT)
    stage.grows(path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new_file, "opened", full)
    removed(path)
    told = stage.tells("recording ended")
    assert re.fullmatch(
        rf"recording ended: {path}: it was deleted while it was written, and cannot be written: "
        r"No space left on device; nothing of it can be read",
        told,
    )
    stage.tapes.stop()
    assert not any(message.startswith("recorded") for message in stage.told)


def test_what_came_too_late_is_silent_in_the_file_and_told(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "LOOK_SECONDS", 3600.0)
    stage.tapes.record(tmp_path / "jam.flac", TEXT)
    stage.heard.hear(2.5)
    sound = stage.heard.hear(120.0)
    stage.tapes.stop()
    assert stage.told[1] == f"{tmp_path / 'jam.flac'}: 2.5 s came too late to be recorded; they are silent in the file"
    assert_holds(tmp_path / "jam.flac", np.concatenate([np.zeros((120_000, 2)), sound]))


def test_a_recording_of_nothing_leaves_no_file(stage: Stage, tmp_path: Path) -> None:
    stage.tapes.record(tmp_path / "jam.flac", TEXT)
    stage.tapes.stop()
    stage.tapes.save(tmp_path / "take.wav", TEXT)
    assert stage.told[1].startswith(f"recording ended: {tmp_path / 'jam.flac'}: no sound came")
    assert stage.told[2].startswith(f"{tmp_path / 'take.wav'}: no sound came")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_an_error_of_any_kind_ends_the_recording_in_words(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.tapes.record(tmp_path / "jam.flac", TEXT)
    sound = stage.grows(tmp_path / "jam.flac")

    def fails(*_: object) -> None:
        raise AssertionError

    with monkeypatch.context() as broken:
        broken.setattr(soundfile.SoundFile, "write", fails)
        stage.heard.hear(1.0)
        told = stage.tells("recording ended")
    assert "cannot be written: AssertionError" in told
    assert told.endswith("its first 1.0 s are good")
    assert_holds(tmp_path / "jam.flac", sound[: frames(tmp_path / "jam.flac")])
    assert len(sound) - frames(tmp_path / "jam.flac") <= 0.006 * 48_000  # what the limiter still looked at
    assert stage.tapes.names == ""


FULL = """
import resource, sys, threading
from pathlib import Path
from dataclasses import replace
from demon_patch.runtime.live import recording
from tests.support.hearing import Heard, size, until
from tests.support.hearing import SOUNDING, TEXT
recording.LOOK_SECONDS = 0.02
with Heard(SOUNDING) as heard:
    told = []
    tapes = recording.Recordings(heard, Path(sys.argv[1]).parent, told.append)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))
    tapes.record(sys.argv[1], TEXT)
    if len(sys.argv) > 2:
        recording.LONG_SECONDS = 2.0
    before = 0
    for _ in range(20):
        heard.hear(0.2)
        until(lambda: size(Path(sys.argv[1])) > before or not tapes.names or "-2" in tapes.names)
        before = size(Path(sys.argv[1]))
    if len(sys.argv) == 2:
        until(lambda: not tapes.names)
    tapes.stop()
    print("\\n".join(told))
"""


def told_of(path: Path, *more: str) -> list[str]:
    """What is told of four seconds that are recorded where files may have 900 kB."""
    command = [sys.executable, "-c", FULL, str(path), *more]
    root = ROOT
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert not ended.stderr
    return ended.stdout.splitlines()


@POSIX
@pytest.mark.parametrize("name", [NAMES[0], pytest.param(NAMES[1], marks=pytest.mark.slow)])
def test_a_long_recording_that_may_not_grow_goes_on_in_another_file(tmp_path: Path, name: str) -> None:
    path, following = tmp_path / name, tmp_path / f"jam-2{Path(name).suffix}"
    begun, told, ended = told_of(path, "long")
    assert begun == f"recording {path}"
    sounds = [soundfile.read(file, dtype="float32", always_2d=True)[0] for file in (path, following)]
    assert told == (
        f"{path} is as large as a file can be there, its first {len(sounds[0]) / 48_000:.1f} s are good; the recording "
        f"goes on in {following}"
    )
    assert ended == f"recorded {following}"
    with Heard(SOUNDING) as heard:
        sound = np.concatenate([heard.hear(0.2) for _ in range(20)])
    np.testing.assert_allclose(sounds[0], sound[: len(sounds[0])], atol=2**-22)
    np.testing.assert_allclose(sounds[1], sound[-len(sounds[1]) :], atol=2**-22)
    assert len(sounds[0]) + len(sounds[1]) == pytest.approx(len(sound), abs=1)


@POSIX
@pytest.mark.parametrize("name", [pytest.param(NAMES[0], marks=pytest.mark.slow), NAMES[1]])
def test_where_the_disk_is_full_the_recording_ends_with_one_message(tmp_path: Path, name: str) -> None:
    begun, told = told_of(tmp_path / name)
    assert begun == f"recording {tmp_path / name}"
    sound, rate = soundfile.read(tmp_path / name)
    assert told == (
        f"recording ended: {tmp_path / name}: cannot be written: File too large (name a .wav or .flac file in a folder "
        f"with room for it); its first {len(sound) / rate:.1f} s are good"
    )
    assert len(sound) > 2.9 * rate
    assert extract(tmp_path / name) == Patch()
