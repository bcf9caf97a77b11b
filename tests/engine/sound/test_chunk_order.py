"""WAV and AIFF files whose chunks stand in another order, lack their pad byte, or are missing."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from demon_patch.engine.sound.sound_file import read
from demon_patch.errors import SourceError
from tests.support.made_sound import FRAMES, RATE, SECONDS, chunk, encoded, kept, noise, sized

FORM = struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)


def wav(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def samples(frames: int = FRAMES, seed: int = 1) -> bytes:
    return (noise(frames=frames, seed=seed) * 2**15).astype("<i2").tobytes()


def unpadded(name: bytes, length: int = 5) -> bytes:
    return chunk(name, b"x" * length)[:-1]


DATA, FMT = chunk(b"data", samples()), chunk(b"fmt ", FORM)
ORDERS = {
    "sound first": (DATA, FMT),
    "sound first, then much": (
        chunk(b"LIST", bytes(64)),
        DATA,
        chunk(b"JUNK", bytes(40)),
        FMT,
        chunk(b"LIST", bytes(8)),
    ),
    "no pad before the sound": (FMT, unpadded(b"LIST"), DATA),
    "no pad before the description": (unpadded(b"bext", 603), FMT, DATA),
    "two pads missing": (unpadded(b"JUNK"), FMT, unpadded(b"LIST", 7), DATA),
    "no pad, sound first": (unpadded(b"LIST"), DATA, FMT),
    "no pad behind the sound": (FMT, DATA, unpadded(b"LIST"), chunk(b"LIST", bytes(8))),
    "an empty sound first": (FMT, chunk(b"data", b""), DATA),
    "two descriptions": (FMT, DATA, chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 8000, 32000, 4, 16))),
}


@pytest.mark.parametrize("order", ORDERS)
def test_a_wav_is_read_in_whatever_order_its_chunks_stand(tmp_path: Path, order: str) -> None:
    expected = read(kept(tmp_path, wav(FMT, DATA), "plain.wav"), 60.0)
    path = kept(tmp_path, wav(*ORDERS[order]))
    found = read(path, 60.0)
    np.testing.assert_array_equal(found.audio, expected.audio)
    assert (found.seconds, found.notes, found.rate) == (SECONDS, (), RATE)
    assert read(path, 1.0).seconds == SECONDS


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ((chunk(b"data", samples(9000, 2)),), "a second stretch of sound"),
        ((chunk(b"LIST", bytes(9)), chunk(b"data", samples(9000, 2)), chunk(b"data", samples(9000, 3))),
         "a second stretch of sound"),
        ((chunk(b"data", b""),), ""),
        ((wav(FMT, chunk(b"data", samples(9000, 2))),), "another file"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [(FMT, DATA), (unpadded(b"LIST"), FMT, DATA)])
def test_sound_behind_the_sound_is_left_out_and_told(
    tmp_path: Path, first: tuple[bytes, ...], more: tuple[bytes, ...], what: str
) -> None:
    found = read(kept(tmp_path, wav(*first, *more)), 60.0)
    expected = read(kept(tmp_path, wav(FMT, DATA), "plain.wav"), 60.0)
    np.testing.assert_array_equal(found.audio, expected.audio)
    assert found.seconds == SECONDS
    assert found.notes == ((f"x.wav holds {what}: only what comes before it is used",) if what else ())


@pytest.mark.parametrize(
    ("chunks", "what"),
    [
        ((DATA,), "it has no chunk `fmt `, which would say what its samples are"),
        ((chunk(b"LIST", bytes(8)), DATA, chunk(b"LIST", bytes(8))), "it has no chunk `fmt `"),
        ((FMT, chunk(b"LIST", bytes(8))), "it has no chunk `data`, which would be its sound"),
        ((), "it has no chunk `data`"),
    ],
)
def test_a_wav_without_a_part_is_refused_by_what_it_lacks(tmp_path: Path, chunks: tuple[bytes, ...], what: str) -> None:
    with pytest.raises(SourceError, match=f"this cannot be read as audio: {what}"):
        read(kept(tmp_path, wav(*chunks)), 60.0)


@pytest.mark.parametrize("name", [b"COMM", b"SSND"])
def test_an_aiff_without_a_part_is_refused_by_what_it_lacks(tmp_path: Path, name: bytes) -> None:
    data = encoded(noise(), "AIFF", subtype="PCM_16")
    at = data.find(name)
    with pytest.raises(SourceError, match=f"it has no chunk `{name.decode()}`"):
        read(kept(tmp_path, data[:at] + b"APPL" + data[at + 4 :], "x.aiff"), 60.0)


@pytest.mark.parametrize("size", [FRAMES * 2 + 200, 0xFFFFFFFF, 1000])
def test_a_wav_without_a_pad_that_lies_about_its_length_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    found = read(kept(tmp_path, sized(bytearray(wav(FMT, unpadded(b"LIST"), DATA)), size)), 60.0)
    assert len(found.audio) == FRAMES
    assert len(found.notes) == 1


@pytest.mark.parametrize("name", [b"NAME", b"ANNO"])
def test_an_aiff_without_a_pad_is_read(tmp_path: Path, name: bytes) -> None:
    plain = encoded(noise(), "AIFF", subtype="PCM_16")
    expected = read(kept(tmp_path, plain, "plain.aiff"), 60.0)
    for place in (b"COMM", b"SSND"):
        at = plain.find(place)
        extra = chunk(name, b"odd", ">")[:-1]
        found = read(kept(tmp_path, plain[:at] + extra + plain[at:], "x.aiff"), 60.0)
        np.testing.assert_array_equal(found.audio, expected.audio)
        assert (found.seconds, found.notes) == (SECONDS, ())


# -- MP3 ----------------------------------------------------------------------------------------------------------
