"""Files that hold no sound at all: they are told by what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.engine.sound.sound_file import read
from demon_patch.errors import SourceError


@pytest.mark.parametrize(
    ("name", "data", "what", "mend"),
    [
        (
            "x.safetensors",
            (16).to_bytes(8, "little") + b'{"a":{},"b":{}} ',
            "this is a LoRA",
            "a LoRA node plays a LoRA",
        ),
        (
            "x.wav",
            (2).to_bytes(8, "little") + b"{}",
            "this is a LoRA or another file of weights, not an audio file",
            "WAV",
        ),
        (
            "x.dpatch.json",
            b'\xef\xbb\xbf {"format": 2}',
            "this is a patch or another JSON file, not an audio file",
            "WAV",
        ),
        ("x.dpatch", b"\x83\xa4pack\x02", "this is a pack, not an audio file", "unpack takes the sounds out"),
        ("x.wav", b"a poem", "this cannot be read as audio: it is in no known format of sound", "WAV"),
    ],
)
def test_a_file_that_is_no_sound_is_told_by_what_it_is(
    name: str, data: bytes, what: str, mend: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        read(path, 60.0)
    assert caught.value.what.startswith(what)
    assert mend in caught.value.mend
