"""Sounds, nodes that play them, and packs that somebody edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
import soundfile

from demon_patch.errors import DemonError, first_hidden_character
from demon_patch.patch.files.pack import packed
from demon_patch.patch.model.document import Node, Patch

RATE = 16_000


def sound(path: Path, subtype: str = "PCM_24", seed: int = 1) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = 0.02 * np.random.default_rng(seed).standard_normal((RATE, 2))
    soundfile.write(path, 0.5 * np.sin(np.arange(RATE) * 0.05)[:, None] + noise, RATE, subtype)
    return path.read_bytes()


def clip(file: str) -> Node:
    return Node("audio_source", values={"file": file})


def line_of(call: Any) -> str:
    with pytest.raises(DemonError) as caught:
        call()
    assert caught.value.mend
    return str(caught.value)


def torn(files: Mapping[str, bytes], rename: Mapping[str, str], path: Path) -> Path:
    """A pack some of whose files were given other names by hand; its patch names those that it can."""
    named = [rename.get(name, name) for name in files]
    nodes = {f"n{number}": clip(name) for number, name in enumerate(named) if first_hidden_character(name) is None}
    whole = msgpack.unpackb(packed(Patch(nodes=nodes), files))
    for asset in whole["assets"]:
        asset["name"] = rename.get(asset["name"], asset["name"])
    path.write_bytes(msgpack.packb(whole))
    return path
