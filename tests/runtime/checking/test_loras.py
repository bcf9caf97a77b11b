"""What `check` finds in the LoRAs that a patch names, and that `render` says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.patch.files.format import loads
from demon_patch.runtime.assets.assets import pack, unpack
from demon_patch.runtime.checking import REMARK, findings
from demon_patch.runtime.performance.prepare import perform
from tests.support.checked_folder import mistakes, patch_of

LORAS: dict[str, tuple[str, str]] = {
    "nope.safetensors": ("there is no such file: nope.safetensors", "check its name"),
    "tap": ("there is no such file: tap", "choose tape, or name a .safetensors file"),
    "Mine.safetensors": ("Mine.safetensors is called mine.safetensors here", "write mine.safetensors"),
    "peft\\adapter_model.safetensors": ("has a backslash", "write peft/adapter_model.safetensors"),
    "wide.safetensors": ("wide.safetensors: layer blocks.0.query_key_value has halves [8, 128]", "use a LoRA that was"),
    "other.safetensors": ("it looks like a LoRA of ACE-Step", "use a LoRA that was trained on this model"),
    "words.wav": ("words.wav: no tensors can be read from it", "get the file again"),
    "old.bin": ("old.bin: it is a pickle", "save the LoRA as a .safetensors file"),
    "sub": ("sub: the folder holds no LoRA", "use a folder with adapter_model.safetensors"),
}


@pytest.mark.parametrize("name", LORAS)
def test_every_lora_is_looked_at(name: str, home: Path, session: Session) -> None:
    path = patch_of(home, lora=name)
    (found,) = mistakes(path)
    what, mend = LORAS[name]
    assert what in found.what
    assert mend in found.mend
    assert (found.node, found.port) == ("lora", "file")
    with pytest.raises(DemonError) as caught:
        perform(loads(path.read_bytes()), session, folder=home)
    assert (caught.value.what, caught.value.mend) == (found.what, found.mend)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mine.safetensors", ["mine.safetensors acts at scale 2"]),
        ("peft", ["peft acts at scale 2"]),
        ("peft/adapter_model.safetensors", ["peft/adapter_model.safetensors acts at scale 2"]),
        ("kohya.safetensors", ["kohya.safetensors acts at scale 1", "kohya.safetensors: no alpha is stated"]),
        ("tape", []),
    ],
)
def test_a_lora_that_fits_tells_its_scale(name: str, told: list[str], home: Path) -> None:
    found = findings(patch_of(home, lora=name))
    assert [f.severity for f in found] == [REMARK] * len(told)
    assert all(finding.what.startswith(line) for finding, line in zip(found, told, strict=True))


@pytest.mark.parametrize("name", ["peft", "peft/adapter_model.safetensors"])
@pytest.mark.parametrize("to_store", [False, True])
def test_a_packed_lora_keeps_its_scale(name: str, to_store: bool, home: Path, tmp_path: Path) -> None:
    path = patch_of(home, lora=name)
    assert pack(path, tmp_path / "x.dpatch") == ["peft/adapter_model.safetensors"]
    assert findings(tmp_path / "x.dpatch")[0].what == "peft/adapter_model.safetensors acts at scale 2"
    there = unpack(tmp_path / "x.dpatch", tmp_path / "there", to_store=to_store)
    (found,) = findings(there)
    assert found.what.endswith("acts at scale 2")
    assert pack(there, tmp_path / "again.dpatch") == [found.what.removesuffix(" acts at scale 2")]
    assert findings(tmp_path / "again.dpatch")[0].what == found.what
