"""Sound files whose headers promise too much, too little or nothing, and files that are more than they seem."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.sound import sound_file
from demon_patch.engine.sound.mpeg import scan
from demon_patch.engine.sound.sound_file import read, survey
from demon_patch.errors import SourceError
from tests.support.made_sound import FRAMES, RATE, SECONDS, chunk, encoded, kept, noise, sized, with_chunk

LYING = [b"Fado\ndata: 20240301", b"Length : 3\ndata : 999999999\nSSND: 99999999\nData Size: 9999999",
         b"data\xff\xff\xff\x7f",
         "dados: 1\r\ndata: 4294967295\n".encode("utf-16"), bytes(range(256)) * 3, b"fLaC", b"x"]  # fmt: skip


@pytest.mark.parametrize("words", LYING)
@pytest.mark.parametrize("before", [True, False])
def test_comments_are_no_headers(tmp_path: Path, words: bytes, before: bool) -> None:
    plain = encoded(noise())
    expected = read(kept(tmp_path, plain), 60.0)
    info = chunk(b"LIST", b"INFO" + chunk(b"ICMT", words) + chunk(b"INAM", words))
    for extra in (info, chunk(b"bext", words.ljust(602, b"\0")), chunk(b"id3 ", words), chunk(b"junk", words)):
        found = read(kept(tmp_path, with_chunk(plain, extra, before=before)), 60.0)
        np.testing.assert_array_equal(found.audio, expected.audio)
        assert found.notes == ()
        assert found.seconds == SECONDS


@pytest.mark.parametrize("format", ["FLAC", "OGG", "MP3", "AIFF"])
def test_words_in_the_tags_of_other_formats_are_no_headers(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"x.{format.lower()}"
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        file.title = file.comment = "Fado\ndata: 20240301\nSSND: 99999999\nLength : 1"
        file.write(noise())
    found = read(path, 60.0)
    assert found.notes == ()
    assert found.seconds == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("more", [1, 16, 200, 4096, 10**6])
def test_a_wav_that_promises_too_much_is_played_with_the_numbers(tmp_path: Path, more: int) -> None:
    size = FRAMES * 2
    path = kept(tmp_path, sized(encoded(noise()), size + more))
    found = read(path, 60.0)
    assert len(found.audio) == FRAMES
    assert found.seconds == SECONDS
    assert found.notes == (f"x.wav: its header promises {size + more} bytes, {size} are there: what is there is used",)


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_from_a_pipe_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    audio = noise(2)
    found = read(kept(tmp_path, sized(encoded(audio, subtype="FLOAT"), size)), 60.0)
    np.testing.assert_array_equal(found.audio, audio.mean(axis=1))
    assert found.notes == ("x.wav: its header does not say how long it is; it holds 4.00 s",)


def test_an_empty_sound_followed_by_chunks_stays_empty(tmp_path: Path) -> None:
    empty = encoded(noise(frames=0)) + chunk(b"LIST", b"INFO" + chunk(b"ICMT", b"odd"))
    with pytest.raises(SourceError, match="no sound can be decoded"):
        read(kept(tmp_path, empty), 60.0)


@pytest.mark.parametrize("size", [2, 1000, FRAMES // 2])
def test_a_wav_that_promises_far_too_little_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    found = read(kept(tmp_path, sized(encoded(noise()), size)), 60.0)
    assert len(found.audio) == FRAMES
    assert found.notes == (f"x.wav: its header promises {size} bytes, {FRAMES * 2} are there: what is there is used",)


@pytest.mark.parametrize(
    "after", [chunk(b"LIST", b"INFO" * 9000), b"LIST\xff\xff\0\0INFO" + bytes(9000), b"TAG" + bytes(125)]
)
def test_what_follows_a_short_sound_is_not_played(tmp_path: Path, after: bytes) -> None:
    found = read(kept(tmp_path, encoded(noise(frames=1000)) + after), 60.0)
    assert len(found.audio) == 1000
    assert found.notes == ()


@pytest.mark.parametrize("format", ["WAV", "AIFF", "OGG", "AU", "CAF"])
def test_a_tag_before_a_file_is_passed_over(tmp_path: Path, format: str) -> None:
    tag = b"ID3\x03\0\0\0\0\1\x0a" + bytes(138)
    data = encoded(noise(), format)
    expected = read(kept(tmp_path, data), 60.0)
    found = read(kept(tmp_path, tag + data), 60.0)
    np.testing.assert_array_equal(found.audio, expected.audio)


@pytest.mark.parametrize("after", [b"TAG" + bytes(125), b"APETAGEX" + bytes(24), b"x" * 70_000])
def test_what_follows_a_flac_costs_no_sound(tmp_path: Path, after: bytes) -> None:
    expected = read(kept(tmp_path, flac()), 60.0)
    found = read(kept(tmp_path, flac() + after), 60.0)
    np.testing.assert_array_equal(found.audio, expected.audio)
    assert (found.seconds, found.notes) == (SECONDS, ())


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_odd_size_or_a_missing_pad_is_harmless(tmp_path: Path, cut: int) -> None:
    data = encoded((noise()[:3001] * 100).astype(np.float32), subtype="PCM_U8")
    found = read(kept(tmp_path, data.rstrip(b"\0") if cut == 3 else sized(data, 3001 - cut)), 60.0)
    assert len(found.audio) in (3001, 3001 - cut)
    assert not [note for note in found.notes if "promises" in note and "3001 are" in note]


@pytest.mark.parametrize("size", [0, FRAMES * 2 + 200, 2**62, 2**64 - 1])
def test_a_wav_of_64_bits_is_read_as_far_as_it_goes(tmp_path: Path, size: int) -> None:
    data = encoded(noise(), "RF64", subtype="PCM_16")
    at = data.find(b"ds64") + 16
    data[at : at + 8] = struct.pack("<Q", size)
    found = read(kept(tmp_path, data), 60.0)
    assert len(found.audio) == FRAMES
    assert len(found.notes) == 1


@pytest.mark.parametrize("format", ["WAV", "AIFF", "AU", "W64", "CAF", "RF64"])
@pytest.mark.parametrize("share", [0.97, 0.6, 0.3])
def test_a_truncated_file_is_played_as_far_as_it_goes(tmp_path: Path, format: str, share: float) -> None:
    data = encoded(noise(), format, subtype="PCM_16")
    whole = read(kept(tmp_path, data), 60.0)
    assert whole.notes == ()
    found = read(kept(tmp_path, data[: int(len(data) * share)]), 60.0)
    assert len(found.audio) == pytest.approx(FRAMES * share, abs=3000)
    np.testing.assert_array_equal(found.audio, whole.audio[: len(found.audio)])
    (note,) = found.notes
    promised, there = (int(word) for word in note.replace(",", "").split() if word.isdigit())
    assert promised == FRAMES * 2
    assert there in (len(found.audio) * 2, len(found.audio) * 2 + 1)


def flac(total: int | None = None, frames: int = FRAMES) -> bytearray:
    """A FLAC file whose header tells another number of samples."""
    data = encoded(noise(frames=frames), "FLAC")
    if total is not None:
        data[21] = data[21] & 0xF0 | total >> 32
        data[22:26] = (total & 0xFFFFFFFF).to_bytes(4, "big")
    return data


@pytest.mark.parametrize("total", [0, 1, 1000, FRAMES - 1, FRAMES + 1, 10**7, 2**36 - 1])
@pytest.mark.parametrize("tagged", [False, True])
def test_a_flac_that_lies_about_its_length_is_read_in_full(tmp_path: Path, total: int, tagged: bool) -> None:
    tag = b"ID3\x04\0\0\0\0\0\x20" + bytes(32) if tagged else b""
    expected = read(kept(tmp_path, flac()), 60.0)
    found = read(kept(tmp_path, tag + flac(total)), 60.0)
    np.testing.assert_array_equal(found.audio, expected.audio)
    assert expected.notes == ()
    said = {
        True: f"x.wav: its header promises {total} samples a channel, {FRAMES} are there: what is there is used",
        False: "x.wav: its header does not say how long it is; it holds 4.00 s",
    }
    assert found.notes == ((said[total > 0],) if total == 0 or total > FRAMES else ())


def test_a_flac_that_was_not_closed_is_read(tmp_path: Path) -> None:
    data = flac(0)
    found = read(kept(tmp_path, data[: int(len(data) * 0.7)]), 60.0)
    assert len(found.audio) == pytest.approx(0.7 * FRAMES, rel=0.1)
    np.testing.assert_array_equal(found.audio, read(kept(tmp_path, flac()), 60.0).audio[: len(found.audio)])


def test_a_hole_in_a_flac_is_told(tmp_path: Path) -> None:
    data = flac()
    data[len(data) // 3 : len(data) // 3 + 3000] = bytes(3000)
    found = read(kept(tmp_path, data), 60.0)
    assert 0.2 * FRAMES < len(found.audio) < 0.5 * FRAMES
    assert any("cannot be decoded beyond" in note for note in found.notes)


def test_the_length_in_a_header_is_told_only_where_it_is_true(tmp_path: Path) -> None:
    assert read(kept(tmp_path, flac()), 1.0).seconds == SECONDS
    for total in (0, 10**7, 1000):
        assert read(kept(tmp_path, flac(total)), 1.0).seconds is None


# -- chunks in another order ----------------------------------------------------------------------------------------
def half_silent(*, first: bool) -> np.ndarray:
    parts = [np.zeros((10 * RATE, 1), np.float32), noise(frames=10 * RATE, seed=3) * 2]
    return np.concatenate(parts if first else parts[::-1])


def mp3(*, first: bool = True, **how: object) -> bytes:
    settings = {"bitrate_mode": "VARIABLE", "compression_level": 0.3, **how}
    return bytes(encoded(half_silent(first=first), "MP3", **settings))


def headless(data: bytes) -> bytes:
    """Without its first frame, which tells the length."""
    frames = scan(io.BytesIO(data), 0)
    assert frames is not None
    assert frames.promised == frames.frames
    return data[frames.start :]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("tag", [b"", b"ID3\x03\0\0\0\0\x08\x00" + b"\xff\xfb" * 512])
def test_an_mp3_of_variable_rate_without_a_length_is_read_to_its_end(tmp_path: Path, first: bool, tag: bytes) -> None:
    data = mp3(first=first)
    expected = read(kept(tmp_path, data, "x.mp3"), 60.0)
    found = read(kept(tmp_path, tag + headless(data) + b"TAG".ljust(128, b"\xff"), "x.mp3"), 60.0)
    assert found.seconds == pytest.approx(20.0, abs=0.2)
    assert len(found.audio) / RATE == pytest.approx(20.0, abs=0.2)
    assert found.notes == expected.notes == ()
    loud = np.abs(found.audio) > 0.05
    assert np.mean(loud[11 * RATE :] if first else loud[: 9 * RATE]) > 0.3
    assert read(kept(tmp_path, headless(data), "x.mp3"), 1.0).seconds == pytest.approx(20.0, abs=0.2)


@pytest.mark.parametrize("told", [1, 100, 300, 5000, 2**32 - 1])
def test_the_number_of_frames_that_an_mp3_tells_is_not_trusted(tmp_path: Path, told: int) -> None:
    data = bytearray(mp3())
    at = data.find(b"Xing") + 8
    true = int.from_bytes(data[at : at + 4], "big")
    data[at : at + 4] = told.to_bytes(4, "big")
    found = read(kept(tmp_path, data, "x.mp3"), 60.0)
    assert len(found.audio) / RATE == pytest.approx(20.0, abs=0.2)
    promised = f"x.mp3: its header promises {told} MPEG frames, {true} are there: what is there is used"
    assert found.notes == ((promised,) if told > true else ())


def test_a_truncated_mp3_is_played_as_far_as_it_goes(tmp_path: Path) -> None:
    data = mp3(first=False)
    found = read(kept(tmp_path, data[: len(data) // 2], "x.mp3"), 60.0)
    assert 4.0 < len(found.audio) / RATE < 8.0
    assert found.seconds == len(found.audio) / RATE
    assert len(found.notes) == 1


@pytest.mark.parametrize("rate", [44_100, 48_000, 32_000, 24_000, 16_000, 8_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3s_of_every_version_are_walked(tmp_path: Path, rate: int, channels: int) -> None:
    loud = np.concatenate([noise(channels, 3 * rate) * 3, np.zeros((3 * rate, channels), np.float32)])
    data = bytes(encoded(loud, "MP3", rate, bitrate_mode="VARIABLE", compression_level=0.2))
    expected = read(kept(tmp_path, data, "x.mp3"), 60.0)
    assert expected.notes == ()
    assert len(expected.audio) == 6 * rate
    found = read(kept(tmp_path, headless(data), "x.mp3"), 60.0)
    assert len(found.audio) / rate == pytest.approx(6.0, abs=0.4)


# -- odd files ------------------------------------------------------------------------------------------------------
BOMB = """
import resource, sys
from pathlib import Path
from demon_patch.engine.sound.sound_file import read
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sound = read(Path(sys.argv[1]), 60.0, 32_000)
print(len(sound.audio), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024)
"""


def test_many_channels_at_a_very_high_rate_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.flac"
    silence = np.zeros((65_535, 8), np.int16)
    with soundfile.SoundFile(path, "w", 655_350, 8, "PCM_16") as file:
        for _ in range(160):
            file.write(silence)
    assert path.stat().st_size < 300_000
    done = subprocess.run([sys.executable, "-c", BOMB, str(path)], capture_output=True, text=True, check=True)
    samples, mebibytes = map(int, done.stdout.split())
    assert samples >= 15 * 32_000
    assert mebibytes < 120  # decoded whole it takes 320


def bare_wav(rate: int, channels: int, frames: int = 4000) -> bytes:
    align = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate, (rate * align) & 0xFFFFFFFF, align & 0xFFFF, 16)
    data = (np.arange(frames * max(channels, 1)) % 999).astype("<i2").tobytes()
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"data", data)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("rate", "channels", "message"),
    [
        (0, 1, "cannot be read as audio"),
        (1, 1, r"its sampling rate is 1 Hz \(stay within 100 to 1000000 Hz\)"),
        (0xFFFFFFFF, 1, "cannot be read as audio"),
        (2_000_000, 1, "its sampling rate is 2000000 Hz"),
        (44_100, 0, "cannot be read as audio"),
    ],
)
def test_impossible_rates_and_channels_are_refused(tmp_path: Path, rate: int, channels: int, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        read(kept(tmp_path, bare_wav(rate, channels)), 60.0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("rate", "channels"), [(100, 1), (655_350, 1), (1_000_000, 2), (44_100, 255), (44_100, 1000)])
def test_odd_rates_and_channels_are_read(tmp_path: Path, rate: int, channels: int) -> None:
    found = read(kept(tmp_path, bare_wav(rate, channels)), 60.0)
    assert found.rate == (rate if rate <= sound_file.FINEST else 48_000)
    assert len(found.audio) == pytest.approx(4000 * found.rate / rate, abs=1)
    assert np.isfinite(found.audio).all()


def test_what_is_no_number_is_silenced(tmp_path: Path) -> None:
    audio = noise(2)
    audio[100:110] = np.nan
    audio[200, 0], audio[201, 1], audio[202, 0] = np.inf, -np.inf, 3e38
    found = read(kept(tmp_path, encoded(audio, subtype="FLOAT")), 60.0)
    assert np.abs(found.audio).max() < 1
    assert found.notes == ("x.wav holds 23 samples that are no numbers: they are silenced",)


def test_the_content_is_the_sound_and_nothing_else(tmp_path: Path) -> None:
    plain = encoded(noise(2))
    content = survey(kept(tmp_path, plain), 60.0).content
    tagged = with_chunk(plain, chunk(b"LIST", b"INFO" + chunk(b"INAM", b"a title")))
    assert survey(kept(tmp_path, tagged), 60.0).content == content
    samples = soundfile.read(io.BytesIO(plain), dtype="int16")[0]
    assert survey(kept(tmp_path, encoded(samples, "FLAC"), "x.flac"), 60.0).content == content
    louder = samples.copy()
    louder[500, 1] += 1
    assert survey(kept(tmp_path, encoded(louder)), 60.0).content != content
    assert survey(kept(tmp_path, encoded(samples[:, ::-1])), 60.0).content != content
    assert survey(kept(tmp_path, encoded(samples, rate=RATE + 1)), 60.0).content != content


def test_a_file_that_may_not_be_opened_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept(tmp_path, encoded(noise()))

    def refused(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(SourceError, match="cannot be read as audio: Permission denied"):
        read(path, 60.0)


def test_links_that_lead_to_no_file_are_told_as_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "round.wav").symlink_to("round.wav")
    (tmp_path / "there.wav").symlink_to("back.wav")
    (tmp_path / "back.wav").symlink_to("there.wav")
    (tmp_path / "folder").symlink_to("folder")
    (tmp_path / "gone.wav").symlink_to("deleted.wav")
    for name in ("round.wav", "there.wav", "back.wav", "folder/x.wav"):
        with pytest.raises(SourceError, match="this is a link that leads back to itself \\(put the file itself"):
            read(tmp_path / name, 1.0)
    with pytest.raises(SourceError, match=r"this is a link to deleted\.wav, which does not exist"):
        read(tmp_path / "gone.wav", 1.0)
