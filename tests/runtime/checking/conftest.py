"""A folder with sounds, LoRAs and files that are neither; a store and a model."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.lora import known_effects
from demon_patch.engine.session import Session
from demon_patch.runtime.assets.asset_store import FOLDER
from tests.support.checked_folder import lora


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An asset store of its own for each test, and no figures of LoRAs that another test has measured."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "store"))
    monkeypatch.setenv(known_effects.FOLDER, str(tmp_path / "cache"))
    return tmp_path / "store"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with sounds, a LoRA of the model, one of another, and files that are none."""
    folder = tmp_path / "home"
    (folder / "sub").mkdir(parents=True)
    tone = 0.3 * np.sin(np.arange(16_000) * 0.1)
    for name in ("sub/kick.wav", "Break.WAV", "good.flac", f"sub/{unicodedata.normalize('NFC', 'Café')}.wav"):
        soundfile.write(folder / name, tone, 16_000)
    soundfile.write(folder.parent / "o.wav", tone, 16_000)
    whole = (folder / "good.flac").read_bytes()
    (folder / "cut.flac").write_bytes(whole[: len(whole) // 2])
    (folder / "words.wav").write_text("these are words")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "link.wav").symlink_to(folder.parent / "o.wav")
    (folder / "nowhere.wav").symlink_to(folder / "gone")
    os.mkfifo(folder / "pipe.wav")
    lora(folder / "mine.safetensors", {"alpha": "16"})
    lora(folder / "wide.safetensors", None, width=128)
    lora(folder / "kohya.safetensors", None, layer="lora_unet_blocks_0_query_key_value")
    lora(folder / "other.safetensors", None, layer="transformer_blocks.0.cross_attn.to_q")
    (folder / "peft").mkdir()
    lora(folder / "peft" / "adapter_model.safetensors", None)
    (folder / "peft" / "adapter_config.json").write_text(json.dumps({"r": 8, "lora_alpha": 16, "peft_type": "LORA"}))
    (folder / "old.bin").write_bytes(b"x")
    return folder


@pytest.fixture(scope="session")
def session() -> Session:
    """The embedded model."""
    return Session.load("nano2", threads=1)
