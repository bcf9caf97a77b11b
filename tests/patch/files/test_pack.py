"""Packs: what goes in comes out, byte for byte, and nothing else ever does."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.errors import PatchError
from demon_patch.patch.files import asset_names, pack
from demon_patch.patch.files.format import dumps
from demon_patch.patch.files.pack import packed, unpacked
from demon_patch.patch.files.wav_flac import FlacParts, as_flac, wav_blocks
from demon_patch.patch.model.document import Patch
from tests.support.damage import FUZZ
from tests.support.effort import examples
from tests.support.patch_strategies import patches
from tests.support.sounds import hash_name, wav


# -- sound ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
@pytest.mark.parametrize("form", ["WAV", "WAVEX"])
def test_whole_numbers_become_flac_and_come_back_bit_for_bit(subtype: str, channels: int, form: str) -> None:
    whole = wav(subtype, channels, form=form)
    parts = as_flac(whole)
    assert parts is not None
    assert parts.flac[:4] == b"fLaC"
    assert sum(map(len, parts)) < 0.9 * len(whole)
    assert b"".join(wav_blocks(parts, len(whole))) == whole
    decoded, _ = soundfile.read(BytesIO(parts.flac), dtype="int32")
    np.testing.assert_array_equal(decoded, soundfile.read(BytesIO(whole), dtype="int32")[0])


def test_what_stands_round_the_samples_comes_back_too() -> None:
    whole = bytearray(wav("PCM_16", seconds=0.3) + b"bext" + (6).to_bytes(4, "little") + b"a note")
    whole[4:8] = (len(whole) - 8).to_bytes(4, "little")
    parts = as_flac(bytes(whole))
    assert parts is not None
    assert parts.tail.endswith(b"a note")
    assert b"".join(wav_blocks(parts, len(whole))) == bytes(whole)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE", "PCM_32", "PCM_U8", "ULAW"])
def test_what_flac_cannot_hold_exactly_is_left_alone(subtype: str) -> None:
    assert as_flac(wav(subtype)) is None


def test_what_is_no_whole_wav_file_is_left_alone() -> None:
    whole = wav("PCM_16")
    noise = np.random.default_rng(1).integers(0, 256, 4000, np.uint8).tobytes()
    for other in (b"", b"RIFF", noise, whole[:1000], whole[:36], whole.replace(b"fmt ", b"fxt ")):
        assert as_flac(other) is None
    assert as_flac(whole[:44] + noise) is None  # FLAC would be larger


def test_a_flac_that_is_not_as_it_says_is_refused() -> None:
    parts = as_flac(wav("PCM_16"))
    assert parts is not None
    for bad in (parts._replace(flac=b"fLaC"), parts._replace(flac=wav("PCM_16")), parts._replace(head=bytes(10**5))):
        with pytest.raises(PatchError):
            b"".join(wav_blocks(bad, 16_044))


# -- packs ------------------------------------------------------------------------------------------------------
FILES = {
    "samples/break.wav": wav("PCM_24", 2),
    "samples/float.wav": wav("FLOAT"),
    "tape.safetensors": bytes(range(256)) * 8,
    "empty": b"",
    "Größe ♪.wav": wav("PCM_16"),
}


def test_everything_comes_back(patch: Patch) -> None:
    content = packed(patch, FILES)
    assert unpacked(content) == (patch, FILES)
    assert packed(patch, dict(reversed(FILES.items()))) == content
    told = msgpack.unpackb(content)
    assert told["patch"] == dumps(patch)
    assert {asset["name"]: asset["sha256"] for asset in told["assets"]} == {
        name: sha256(held).hexdigest() for name, held in FILES.items()
    }
    assert {asset["name"] for asset in told["assets"] if asset.get("coding") == "flac"} == {
        "samples/break.wav",
        "Größe ♪.wav",
    }


@settings(max_examples=examples(50), deadline=None)
@given(patches(), st.dictionaries(st.sampled_from(["a", "b/c", "b/d.wav", "e f.x"]), st.binary(max_size=50)))
def test_any_patch_and_any_bytes_come_back(patch: Patch, files: dict[str, bytes]) -> None:
    assert unpacked(packed(patch, files)) == (patch, files)


GOOD = ("a", "a.wav", "b/c/d.wav", "Größe ♪.wav", "a b.c", "a..b", "x" * 240, "console.wav", "com.wav",
    "x" * 236 + ".wav.tempo.json")  # fmt: skip
BAD = (
    "", ".", "..", "/a", "a/", "a//b", "../a", "a/../b", "a/..", "./a", "a/.", "C:/a", "C:a", "a\\b", "..\\a", "a\0",
    "a\nb", "~:a", "a ", "a.", " a", "a/ b", "nul", "CON.wav", "a/aux", "com1.txt", "x" * 241, "é" * 200, "a|b", "a?",
    "\ud800", "sha256:", "sha256:abc", f"sha256:{'a' * 64}/..", f"sha256:{'A' * 64}", f"sha256:{'a' * 64}.a/b", "//a",
    "..a", ".hidden", "a/.b/c", ".git/hooks/x.wav", "CONIN$", "conout$.wav", "com¹.txt", "LPT³", "con .wav", "a/aux .x",
    "a\u202egnp.wav", "a\u200b.wav", "a\u200d.wav", "\ufeffa.wav", "a\x7f", "a\x9b31m.wav", "a\u2028b", "a/" * 20 + "b",
    "x" * 241 + ".tempo.json", f"sha256:{'a' * 64}.wav.tempo.json",
)  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_names_that_work_everywhere(name: str) -> None:
    assert asset_names.safe_name(name) == name


@pytest.mark.parametrize("name", BAD)
def test_names_that_lead_out_or_do_not_work_everywhere_are_refused(name: str) -> None:
    with pytest.raises(PatchError) as caught:
        asset_names.safe_name(name)
    assert caught.value.mend
    with pytest.raises(PatchError):
        packed(Patch(), {name: b""})


def test_a_hash_names_what_it_is_of() -> None:
    name = hash_name(b"abc", ".wav")
    assert name == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.wav"
    assert asset_names.hash_in(name) == name[7:71]
    assert asset_names.hash_in("a/b") is None
    assert hash_name(b"abc", ".an odd suffix") == name[:71]
    assert unpacked(packed(Patch(), {name: b"abc"}))[1] == {name: b"abc"}


def changed(**fields: Any) -> bytes:
    """A pack of one file, some of its fields as given; those of the file by `asset_…`."""
    whole = msgpack.unpackb(packed(Patch(), {"a.wav": wav("PCM_16")}))
    for key, value in fields.items():
        if key.startswith("asset_"):
            whole["assets"][0][key.removeprefix("asset_")] = value
        else:
            whole[key] = value
    return msgpack.packb(whole)


ABC = {"name": "a", "sha256": sha256(b"abc").hexdigest(), "size": 3, "data": b"abc"}
TORN: Mapping[str, tuple[bytes, str]] = {
    "nothing": (b"", "this is no pack: input data was truncated (get the file anew)"),
    "no msgpack": (b"RIFF1234WAVE", "this is no pack: expected `object`, got `int` (get the file anew)"),
    "no version": (msgpack.packb({"patch": "{}"}), "this is no pack: object missing required field `pack`"),
    "a newer pack": (changed(pack=2), "the pack has version 2, this program knows 1 (update demon-patch)"),
    "a number for a text": (changed(patch=7), "this is no pack: expected `str`, got `int` - at `$.patch`"),
    "no patch": (changed(patch="[]"), "the file holds no JSON object"),
    "a newer patch": (changed(patch='{"format": 9}'), "the file has format 9"),
    "another hash": (changed(asset_sha256="0" * 64), 'asset "a.wav": it is not what was packed (get the file anew)'),
    "another sound": (changed(asset_data=wav("PCM_16")), 'asset "a.wav": a sound in it is not as it says'),
    "another coding": (changed(asset_coding="zip"), "this is no pack: invalid enum value 'zip'"),
    "the wrong length": (changed(asset_size=100), 'asset "a.wav": '),
    "less than nothing": (changed(asset_size=-5), "a file in it has less than no bytes"),
    "a terabyte": (changed(asset_size=2**40), "the files take 1099511627776 bytes (keep a pack within 512 MiB)"),
    "a way out": (changed(asset_name="../../.profile"), 'the name "../../.profile" does not work on every system'),
    "a place of its own": (changed(asset_name="/etc/passwd"), 'the name "/etc/passwd" does not work'),
    "two of one name": (changed(assets=[ABC, {**ABC, "name": "A"}]), 'two files are called "a" where case does not'),
    "a file as a folder": (changed(assets=[ABC, {**ABC, "name": "a/b"}]), 'two files are called "a"'),
    "another hash in the name": (
        changed(assets=[{**ABC, "name": f"sha256:{'0' * 64}"}]),
        "it holds another file than its name says",
    ),
    "too many files": (changed(assets=[ABC] * 1001), "this is no pack: expected `array` of length <= 1000"),
    "a list without end": (b"\x83\xa4pack\x01\xa5patch\xa2{}\xa6assets\xdd\xff\xff\xff\xff", "this is no pack"),
    "a map without end": (b"\x82\xa4pack\x01\xa1x\xdf\xff\xff\xff\xff", "this is no pack"),
    "bytes without end": (b"\x82\xa4pack\x01\xa1x\xc6\xff\xff\xff\xff", "this is no pack"),
    "deep as the sea": (b"\x82\xa4pack\x01\xa1x" + b"\x91" * 10**6, "this is no pack"),
}  # fmt: skip


@pytest.mark.parametrize("name", TORN)
def test_a_pack_that_is_none_is_refused_in_one_line(name: str) -> None:
    content, says = TORN[name]
    with pytest.raises(PatchError) as caught:
        unpacked(content)
    assert says in str(caught.value)
    assert caught.value.mend
    assert "\n" not in str(caught.value)


def test_a_pack_has_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    content = packed(Patch(), {"a": bytes(2000)})
    monkeypatch.setattr(pack, "SIZE", 1000)
    with pytest.raises(PatchError, match="larger than"):
        unpacked(content)
    with pytest.raises(PatchError, match="the files take 2000 bytes"):
        packed(Patch(), {"a": bytes(2000)})
    with pytest.raises(PatchError, match=r"the pack takes \d+ bytes"):
        packed(Patch(), {"a": bytes(990)})


def test_a_sound_takes_no_more_memory_than_the_size_that_it_names() -> None:
    parts = as_flac(wav("PCM_16", seconds=120.0))
    assert parts is not None
    silence = BytesIO()
    soundfile.write(silence, np.zeros(50_000_000, np.int16), 8000, "PCM_16", format="FLAC")
    assert len(silence.getvalue()) < 1_000_000
    sound = b"".join(wav_blocks(FlacParts(b"", silence.getvalue(), b""), 1000))
    assert sound == bytes(1000)


UNFOLDS = """
import resource, sys
from demon_patch.errors import PatchError
from demon_patch.patch.files.pack import unpacked
from demon_patch.patch.files.wav_flac import as_flac
content = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    unpacked(content)
except PatchError as error:
    print(error, file=sys.stderr)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("bits", [16, 24])
def test_a_small_pack_takes_little_memory_whatever_it_unfolds_to(tmp_path: Path, bits: int) -> None:
    """kB of a process of its own, of which the sound would take 65,536 in one piece."""
    stream, frames = BytesIO(), 64 * 2**20 // (8 * bits // 8)
    with soundfile.SoundFile(stream, "w", 48_000, 8, f"PCM_{bits}", format="FLAC") as file:
        for at in range(0, frames, 2**16):
            file.write(np.zeros((min(2**16, frames - at), 8), np.int32))
    asset = {"name": "a.wav", "sha256": "0" * 64, "size": 64 * 2**20, "data": stream.getvalue(), "coding": "flac"}
    (tmp_path / "x.dpatch").write_bytes(changed(assets=[asset]))
    assert (tmp_path / "x.dpatch").stat().st_size < 100_000
    run = subprocess.run(
        [sys.executable, "-c", UNFOLDS, tmp_path / "x.dpatch"], capture_output=True, text=True, check=True
    )
    assert "it is not what was packed" in run.stderr
    assert int(run.stdout) < 30_000


def test_damage_is_always_noticed(patch: Patch) -> None:
    content, rng = packed(patch, FILES), random.Random(8)
    harmless = 0
    for _ in range(400 * FUZZ):
        torn = bytearray(content)
        torn[rng.randrange(len(torn))] ^= 1 << rng.randrange(8)
        try:
            _, files = unpacked(bytes(torn))
        except PatchError:
            continue
        harmless += 1
        assert set(map(bytes, files.values())) == set(FILES.values())  # at most a name or the patch's text differs
    assert harmless < 40 * FUZZ
