"""A sound file carries its patch: it comes back equal, players hear the same samples, and nothing breaks the sound."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.edit.commands import SetMeta, apply
from demon_patch.patch.files import embed, wav_chunks
from demon_patch.patch.files.embed import extract, is_open, is_render
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.recorder import Recorder
from tests.support.damage import FUZZ

RATE = 32_000
SOUND = np.random.default_rng(4).uniform(-0.9, 0.9, (RATE // 4 + 1, 1)).astype(np.float32)


def recorded(path: Path, patch: str, sound: np.ndarray = SOUND) -> Path:
    path.unlink(missing_ok=True)
    with Recorder(path, RATE, sound.shape[1], RATE, patch=patch) as recorder:
        recorder.write(sound)
    return path


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_patch_comes_back_and_the_sound_is_the_same(tmp_path: Path, patch: Patch, name: str, channels: int) -> None:
    sound = np.tile(SOUND, channels)
    with_patch = recorded(tmp_path / name, dumps(patch), sound)
    without = recorded(tmp_path / f"plain.{name}", "", sound)
    assert extract(with_patch) == patch
    (heard, rate), (plain, _) = (soundfile.read(file, dtype="int32", always_2d=True) for file in (with_patch, without))
    assert rate == RATE
    np.testing.assert_array_equal(heard, plain)
    assert np.abs(heard / 2**31 - sound).max() < 1e-6
    assert not soundfile.info(with_patch).extra_info.count("Error")


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
@pytest.mark.parametrize("size", [0, 1, 2, 70_000, 1_000_000])
def test_long_texts_and_all_of_unicode_come_back(tmp_path: Path, name: str, size: int) -> None:
    texts = {f"n{at}": "♪é\n\x01\U0001f3b9"[: size % 5 + 1] * min(size, 20_000) for at in range(size // 20_000 + 1)}
    patch = Patch(extra=texts)
    assert extract(recorded(tmp_path / name, dumps(patch))) == patch


def test_the_header_of_a_wav_file_counts_the_chunk(tmp_path: Path, patch: Patch) -> None:
    content = recorded(tmp_path / "a.wav", dumps(patch)).read_bytes()
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    with (tmp_path / "a.wav").open("rb") as stream:
        found = list(wav_chunks.chunks(stream))
    assert [chunk.name for chunk in found] == [b"JUNK", b"fmt ", b"LIST", embed.CHUNK, b"data"]
    assert all(chunk.start % 2 == 0 for chunk in found)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_file_says_whether_it_is_a_render_or_a_recording(tmp_path: Path, patch: Patch, name: str) -> None:
    for kind, made_again in (("render", True), ("recording", False)):
        with Recorder(tmp_path / kind / name, RATE, 1, RATE, patch=dumps(patch), kind=kind) as recorder:
            recorder.write(SOUND)
        assert embed.is_render(tmp_path / kind / name) is made_again
        with soundfile.SoundFile(tmp_path / kind / name) as file:
            assert file.software.startswith(f"demon-patch {kind}")
    assert not embed.is_render(recorded(tmp_path / name, ""))
    assert not embed.is_render(tmp_path)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_recording_that_was_killed_still_plays(tmp_path: Path, patch: Patch, name: str) -> None:
    code = (
        "import os, sys, numpy as np; from demon_patch.runtime.assets.recorder import Recorder\n"
        f"r = Recorder({str(tmp_path / name)!r}, 32000, 1, 32000, patch=sys.argv[1])\n"
        "for _ in range(64): r.write(np.full((16000, 1), 0.25, np.float32))\n"
        "os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, dumps(patch)], check=False).returncode == 9
    with soundfile.SoundFile(tmp_path / name) as file:
        heard = file.read(32_000 * 20, dtype="float32")
    assert len(heard) == 32_000 * 20
    np.testing.assert_allclose(heard[1000:], 0.25, atol=1e-3)
    assert extract(tmp_path / name) == patch  # from the first sample on


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_patch_that_is_too_large_costs_the_patch_and_not_the_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, patch: Patch
) -> None:
    monkeypatch.setattr(embed, "LARGEST", 100)
    with pytest.raises(DemonError, match="the sound is whole, but carries no patch: it takes more than"):
        recorded(tmp_path / name, dumps(patch))
    assert len(soundfile.read(tmp_path / name)[0]) == len(SOUND)


def test_a_long_file_is_walked_by_its_64_bit_sizes(tmp_path: Path, patch: Patch) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, SOUND, RATE, "PCM_24", format="RF64")
    path.write_bytes(path.read_bytes() + wav_chunks.chunk_bytes(embed.CHUNK, dumps(patch).encode()))
    assert path.read_bytes()[:4] == b"RF64"
    assert extract(path) == patch


def with_chunk(path: Path, content: bytes) -> Path:
    """A WAV file that carries anything as its patch."""
    head = wav_chunks.WavHead(RATE, 1, ((embed.CHUNK, content),))
    path.write_bytes(head.bytes_for(4) + bytes(12))
    assert len(soundfile.read(path)[0]) == 4
    return path


def test_what_carries_no_patch_says_so(tmp_path: Path) -> None:
    plain, other = recorded(tmp_path / "plain.wav", ""), tmp_path / "other.flac"
    with soundfile.SoundFile(other, "w", RATE, 1, format="FLAC") as file:
        file.comment = "made in the kitchen"
        file.write(SOUND)
    empty, text, gone = tmp_path / "empty.wav", tmp_path / "text.wav", tmp_path / "gone.wav"
    empty.touch()
    text.write_text("RIFF, they said")
    lines = {
        plain: f"{plain}: it carries no patch (name a file that demon-patch has written)",
        other: f"{other}: it carries no patch (name a file that demon-patch has written)",
        empty: f"{empty}: this is no WAV or FLAC file (name one that demon-patch has written)",
        text: f"{text}: this is no WAV or FLAC file (name one that demon-patch has written)",
        gone: f"{gone}: cannot be read: No such file or directory (check the path)",
        tmp_path: f"{tmp_path}: cannot be read: Is a directory (check the path)",
    }
    for path, line in lines.items():
        with pytest.raises(PatchError) as caught:
            extract(path)
        assert str(caught.value) == line


def test_what_it_carries_is_read_like_any_file(tmp_path: Path) -> None:
    for content, says in (
        (b"[" * 10**5, "nested too deeply"),
        (b'{"format": 9}', "the file has format 9"),
        (b"\xff", "line 1 is not UTF-8"),
    ):
        with pytest.raises(PatchError, match=says) as caught:
            extract(with_chunk(tmp_path / "a.wav", content))
        assert str(caught.value).startswith(str(tmp_path / "a.wav"))


def outcome(path: Path) -> str | None:
    """What the refusal says; None for a patch."""
    try:
        assert isinstance(extract(path), Patch)
    except PatchError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_any_damage_is_a_patch_or_one_line(tmp_path: Path, patch: Patch, name: str) -> None:
    whole, rng = recorded(tmp_path / name, dumps(patch), SOUND[:400]).read_bytes(), random.Random(11)
    refused = 0
    for _ in range(600 * FUZZ):
        torn = bytearray(whole[: rng.randrange(len(whole)) + 1] if rng.random() < 0.2 else whole)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(min(len(torn), 300) if rng.random() < 0.5 else len(torn))
            torn[at : at + rng.choice((0, 1, 1, 4))] = rng.choice((b"", rng.randbytes(1), b"\xff\xff\xff\xff"))
        (tmp_path / name).write_bytes(torn)
        told = outcome(tmp_path / name)
        if told is not None:
            refused += 1
            assert told.startswith(str(tmp_path / name))
            assert told.isprintable()
    assert 50 * FUZZ < refused < 600 * FUZZ


def test_a_file_of_chunks_without_end_is_left_after_a_while(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + b"junk\x00\x00\x00\x00" * 300_000)
    with path.open("rb") as stream:
        assert sum(1 for _ in wav_chunks.chunks(stream)) == wav_chunks.MOST
    with pytest.raises(PatchError, match="it carries no patch"):
        extract(path)


def test_an_edited_patch_is_the_one_that_is_carried(tmp_path: Path, patch: Patch) -> None:
    edited, _ = apply(SetMeta(title="Second light"), patch)
    recorded(tmp_path / "a.wav", dumps(patch))
    assert extract(recorded(tmp_path / "a.wav", dumps(edited))) == edited


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")
@pytest.mark.parametrize("name", ["take.wav", "take.flac"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(PatchError, match="it is no ordinary file"):
        extract(tmp_path / name)
    assert not is_render(tmp_path / name)
    with pytest.raises(OSError, match="no ordinary file"):
        is_open(tmp_path / name)
