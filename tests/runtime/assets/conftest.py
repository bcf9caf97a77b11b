"""An asset store of its own for each test, and a folder with a patch and its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.patch.files.format import save
from demon_patch.patch.model.document import Meta, Node, Patch
from demon_patch.runtime.assets.asset_store import FOLDER
from tests.support.packing import clip, sound


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An asset store of its own for each test."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "store"))
    return (tmp_path / "store").resolve()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of a patch with two clips, one twice, a LoRA of the model's own and one that is a file."""
    folder = tmp_path / "home"
    sound(folder / "samples" / "break.wav")
    sound(folder / "float.wav", "FLOAT", 2)
    (folder / "mine.safetensors").write_bytes(bytes(range(200)))
    (folder / "private.txt").write_text("not named in the patch")
    nodes = {
        "a": clip("samples/break.wav"),
        "b": clip("./samples/../float.wav"),
        "c": clip("samples/break.wav"),
        "d": Node("lora", values={"file": "tape"}),
        "e": Node("lora", values={"file": "mine.safetensors"}),
        "f": Node("recorder", values={"file": "take.wav"}),
        "g": Node("future.sampler", values={"file": "float.wav"}),
        "h": clip(""),
        "i": Node("prompt", values={"text": "float.wav"}),
    }
    save(Patch(meta=Meta(title="Home"), nodes=nodes), folder / "song.dpatch.json")
    return folder
