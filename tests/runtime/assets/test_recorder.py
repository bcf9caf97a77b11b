"""A sound file can be read at every moment while it is written, whatever ends it, and takes no other file's place."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import unicodedata
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.sound import sound_file
from demon_patch.errors import DemonError
from demon_patch.patch.files import wav_chunks
from demon_patch.patch.files.embed import extract
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.growing_files import BLOCK, Flac, Wav
from demon_patch.runtime.assets.new_file import NewFile
from demon_patch.runtime.assets.recorder import Recorder
from tests.support.effort import tries

RATE = 48_000
NAMES = ["jam.wav", "jam.flac"]
TEXT = dumps(Patch())
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals, links and limits of POSIX")


def sound(n: int, channels: int = 1, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (n, channels)).astype(np.float32)


def begun(path: Path, channels: int = 1, patch: str = TEXT) -> Recorder:
    return Recorder(path, RATE, channels, RATE, patch=patch, kind="recording")


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="float32", always_2d=True)[0]


def strict_frames(path: Path, behind: int = 1) -> int:
    """The samples that the headers promise, read by hand as a strict reader does, which lie in the file whole. behind:
    bytes at the file's end that the header may not know of yet."""
    content = path.read_bytes()
    if path.suffix == ".flac":
        return int.from_bytes(content[21:26], "big") & 0xFFFFFFFFF
    assert len(content) - behind <= int.from_bytes(content[4:8], "little") + 8 <= len(content)
    with wave.open(str(path)) as file:
        assert len(file.readframes(file.getnframes())) == file.getnframes() * file.getnchannels() * 3
        return file.getnframes()


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_wav_and_flac_hold_the_same_samples(tmp_path: Path, channels: int) -> None:
    given = np.concatenate([sound(10_001, channels), np.array([[-1.5], [-1.0], [1.0], [1.5]]) * np.ones(channels)])
    for name in NAMES:
        with begun(tmp_path / name, channels) as recorder:
            recorder.write(given.astype(np.float32))
    wav, flac = (soundfile.read(tmp_path / name, dtype="int32", always_2d=True)[0] for name in NAMES)
    np.testing.assert_array_equal(wav, flac)
    assert np.abs(wav / 2**31 - np.clip(given, -1, 1)).max() <= 2**-23
    assert strict_frames(tmp_path / "jam.wav") == len(given)


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_whole_after_every_write(tmp_path: Path, name: str) -> None:
    recorder, given = begun(tmp_path / name), sound(7 * 4_999)
    for at in range(0, len(given), 4_999):
        recorder.write(given[at : at + 4_999])
        written = at + 4_999
        got = read(tmp_path / name) if written > BLOCK + 200 else np.zeros((0, 1), np.float32)
        assert written - len(got) <= 2 * BLOCK
        np.testing.assert_allclose(got, given[: len(got)], atol=2**-22)
        if len(got):
            assert strict_frames(tmp_path / name) == len(got) == len(sound_file.read(tmp_path / name, 60.0).audio)
            assert extract(tmp_path / name) == Patch()
    recorder.close()
    np.testing.assert_allclose(read(tmp_path / name), given, atol=2**-22)


KILLED = """
import sys, numpy as np
from demon_patch.runtime.assets.recorder import Recorder
random, written = np.random.default_rng(1), 0
with Recorder(sys.argv[1], 48000, 1, 48000, patch=sys.argv[2], kind="recording") as recorder:
    while True:
        block = random.uniform(-1.0, 1.0, (4800, 1)).astype(np.float32)
        recorder.write(block)
        written += len(block)
        print(written, flush=True)
"""


@POSIX
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("turn", range(tries(3)))
def test_a_program_that_is_killed_leaves_all_that_it_wrote(tmp_path: Path, name: str, turn: int) -> None:
    path = tmp_path / name
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path), TEXT], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(random.Random(turn).randint(10, 200)):  # as much as 2 to 40 half seconds
        line = child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read()  # with what it wrote until the signal came
    child.wait()
    child.stdout.close()
    written = int((rest.splitlines() or [line])[-1])
    got = read(path)
    assert strict_frames(path, 2 * BLOCK * 3) == len(got) >= written - 2 * BLOCK
    np.testing.assert_allclose(got, sound(len(got)), atol=2**-22)
    assert len(sound_file.read(path, 1.0).audio) >= 48_000
    assert extract(path) == Patch()


FULL = """
import sys, resource, numpy as np
from demon_patch.errors import DemonError
from demon_patch.runtime.assets.recorder import Recorder
if int(sys.argv[3]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
given = np.random.default_rng(1).uniform(-1.0, 1.0, (480_000, 1)).astype(np.float32)
recorder = None
try:
    recorder = Recorder(sys.argv[1], 48000, 1, 48000, patch=sys.argv[2], kind="recording")
    for at in range(0, len(given), 24_000):
        recorder.write(given[at : at + 24_000])
    recorder.close()
except DemonError as error:
    print(error, "|", recorder and recorder.abandon())
"""


def filled(path: Path, limit: int, text: str = TEXT) -> str:
    """What is told where a file finds no room; nothing else is said."""
    command = [sys.executable, "-c", FULL, str(path), text, str(limit)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not ended.stderr
    return ended.stdout.strip()


def assert_good_until_then(path: Path, told: str, least: float) -> None:
    got = read(path)
    assert told.endswith(f"its first {len(got) / RATE:.1f} s are good")
    assert len(got) / RATE > least
    assert strict_frames(path) == len(got)
    np.testing.assert_allclose(got, sound(480_000)[: len(got)], atol=2**-22)
    assert extract(path) == Patch()


@POSIX
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [200_000, 500_003, 1_400_000])
def test_where_no_more_fits_the_file_ends_with_its_last_whole_block(tmp_path: Path, name: str, limit: int) -> None:
    told = filled(tmp_path / name, limit)
    assert told.startswith(f"{tmp_path / name}: cannot be written: File too large (name a .wav or .flac file")
    assert_good_until_then(tmp_path / name, told, (limit - 20_000) / 3 / RATE)


@POSIX
@pytest.mark.parametrize("name", NAMES)
def test_room_that_ends_just_before_the_end_costs_the_last_block(tmp_path: Path, name: str) -> None:
    assert filled(tmp_path / "whole" / name, 0) == ""
    told = filled(tmp_path / name, (tmp_path / "whole" / name).stat().st_size - 1)
    assert "File too large" in told
    assert_good_until_then(tmp_path / name, told, 9.7)


@POSIX
@pytest.mark.parametrize("name", NAMES)
def test_where_not_even_the_patch_fits_nothing_is_left(tmp_path: Path, name: str) -> None:
    told = filled(tmp_path / name, 3_000, dumps(Patch(extra={"long": "x" * 5_000})))
    assert "File too large" in told
    assert told.endswith("| None" if name == "jam.wav" else "| no sound is in it, so that it is taken away")
    assert not list(tmp_path.iterdir())


@POSIX
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [1, 60, 9_000])
def test_a_disk_without_any_room_is_left_as_it_was(tmp_path: Path, name: str, limit: int) -> None:
    told = filled(tmp_path / name, limit)
    assert told.startswith(f"{tmp_path / name}: cannot be written: File too large (name a .wav or .flac file")
    assert told.endswith(("| None", "| no sound is in it, so that it is taken away"))
    assert not list(tmp_path.iterdir())


@POSIX
@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_is_full(tmp_path: Path, name: str) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=500k", "none", str(small)]
    if not hasattr(os, "geteuid") or os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be made here")
    try:
        told = filled(small / name, 0)
        assert "No space left on device" in told
        assert_good_until_then(small / name, told, 2.9)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_wav_file_of_more_than_4_gib_is_read_to_its_end(tmp_path: Path) -> None:
    path, given = tmp_path / "long.wav", sound(BLOCK)
    file = NewFile(path)
    wav = Wav(file, RATE, 1, TEXT, "recording")
    wav.put(given)
    skipped = 2**31 // BLOCK * BLOCK  # samples of silence that take no room on the disk
    file._raw.truncate(file.size + 3 * skipped)
    file.size += 3 * skipped
    wav.frames += skipped
    wav.put(given)
    wav.keep()
    for _ in range(2):  # while it grows, and at its end
        with soundfile.SoundFile(path) as read:
            assert (read.format, read.frames) == ("RF64", 2 * BLOCK + skipped)
            np.testing.assert_allclose(read.read(BLOCK, dtype="float32")[:, None], given, atol=2**-22)
            read.seek(BLOCK + skipped)
            np.testing.assert_allclose(read.read(dtype="float32")[:, None], given, atol=2**-22)
        assert extract(path) == Patch()
        assert len(sound_file.read(path, 0.01).audio)
        wav.end()
    file.close()


def test_a_wav_file_becomes_rf64_just_where_it_must() -> None:
    head = wav_chunks.WavHead(RATE, 2)
    for frames, form in ((0, b"RIFF"), ((2**32 - head.size) // 6, b"RIFF"), ((2**32 + 8) // 6, b"RF64")):
        made = head.bytes_for(frames)
        assert (len(made), made[:4]) == (head.size, form)
        if form == b"RF64":
            assert int.from_bytes(made[20:28], "little") == head.size + 6 * frames - 8


def test_a_flac_file_of_a_day_tells_its_length(tmp_path: Path) -> None:
    file = NewFile(tmp_path / "day.flac")
    flac = Flac(file, RATE, 2, TEXT, "recording")
    flac.put(sound(3 * BLOCK, 2))
    flac.frames = 86_400 * RATE + 2**33
    flac.keep()
    info = soundfile.info(tmp_path / "day.flac")
    assert (info.frames, info.channels, info.subtype) == (flac.frames, 2, "PCM_24")
    flac.end()
    assert len(read(tmp_path / "day.flac")) == 3 * BLOCK


def test_names_count_on_and_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "jam.flac").write_bytes(b"mine")
    (tmp_path / "jam-3.flac").write_bytes(b"mine too")
    paths = []
    for _ in range(3):
        with begun(tmp_path / "jam.flac") as recorder:
            recorder.write(sound(5_000))
        paths.append(recorder.path.name)
    assert paths == ["jam-2.flac", "jam-4.flac", "jam-5.flac"]
    assert (tmp_path / "jam.flac").read_bytes() == b"mine"
    assert (tmp_path / "jam-3.flac").read_bytes() == b"mine too"


def test_recordings_that_begin_at_once_never_share_a_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        files = list(pool.map(lambda _: NewFile(tmp_path / "jam.wav"), range(40)))
    assert len({file.path for file in files}) == 40
    for number, file in enumerate(files):
        file.append(b"%d" % number)
        file.close()
    assert {file.path.read_bytes() for file in files} == {b"%d" % number for number in range(40)}


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        ("JAM.WAV", "jam.wav"),
        ("jam.wav", "Jam.wav"),
        (unicodedata.normalize("NFD", "caf\u00e9.wav"), "caf\u00e9.wav"),
        ("caf\u00e9.wav", unicodedata.normalize("NFD", "caf\u00e9.wav")),
        ("STRASSE.wav", "stra\u00dfe.wav"),
    ],
)
def test_names_that_another_disk_holds_to_be_the_same_count_as_taken(tmp_path: Path, there: str, asked: str) -> None:
    (tmp_path / there).write_bytes(b"mine")
    file = NewFile(tmp_path / asked)
    file.append(b"new")
    file.close()
    assert file.path.stem == f"{Path(asked).stem}-2"
    assert (tmp_path / there).read_bytes() == b"mine"


@POSIX
def test_links_are_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious.wav").write_bytes(b"mine")
    (tmp_path / "jam.wav").symlink_to("precious.wav")
    (tmp_path / "jam-2.wav").symlink_to("nowhere.wav")
    (tmp_path / "jam-3.wav").hardlink_to(tmp_path / "precious.wav")
    with begun(tmp_path / "jam.wav") as recorder:
        recorder.write(sound(5_000))
    assert recorder.path == tmp_path / "jam-4.wav"
    assert (tmp_path / "precious.wav").read_bytes() == b"mine"
    assert not (tmp_path / "nowhere.wav").exists()


@POSIX
def test_what_is_no_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "device.wav").symlink_to("/dev/full")
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    (tmp_path / "file").write_bytes(b"mine")
    before = sorted(tmp_path.rglob("*"))
    for name, says in {
        "folder.wav": "this is a folder (name a file in it)",
        "pipe.wav": "this is a pipe, not a file (name another file)",
        "device.wav": "this is a device, not a file (name another file)",
        "loop.wav": "cannot be written: Too many levels of symbolic links",
        "file/jam.wav": "cannot be written: ",
        "jam.ogg": "cannot be written as sound (name a .wav or .flac file in a folder with room for it)",
        f"{'x' * 300}.wav": "cannot be written: File name too long",
    }.items():
        with pytest.raises(DemonError) as caught:
            begun(tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name}: {says}")
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(DemonError, match=r"a\\x00b\.wav: cannot be written: embedded null byte"):
        begun(tmp_path / "a\0b.wav")


@pytest.mark.parametrize("name", NAMES)
def test_samples_that_are_no_numbers_hold_the_last_good_one_and_are_counted(tmp_path: Path, name: str) -> None:
    given = sound(10_000, 2)
    broken = given.copy()
    broken[4_000:4_010, 0] = np.nan
    broken[4_005, 1] = np.inf
    with begun(tmp_path / name, 2) as recorder:
        recorder.write(broken)
    assert recorder.holes == 10
    expected = given.copy()
    expected[4_000:4_010, 0] = given[3_999, 0]
    expected[4_005, 1] = given[4_004, 1]
    np.testing.assert_allclose(read(tmp_path / name), expected, atol=2**-22)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_any_sound_is_not_left_lying(tmp_path: Path, name: str) -> None:
    with pytest.raises(DemonError, match="no sound came"):
        begun(tmp_path / name).close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_does_not_read_back_is_not_called_good(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = begun(tmp_path / name)
    recorder.write(sound(50_000))
    monkeypatch.setattr(NewFile, "sync", lambda file: os.truncate(file.path, 20_000))  # a disk that loses what it took
    monkeypatch.setattr(NewFile, "spoilt", lambda file: False)
    with pytest.raises(DemonError) as caught:
        recorder.close()
    assert str(caught.value).startswith(f"{tmp_path / name}: it was written, but ")
    assert recorder.abandon() == "nothing of it can be read"
