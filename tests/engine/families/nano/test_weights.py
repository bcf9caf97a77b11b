"""Weights that are missing or damaged are refused with the mend."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from demon_patch.engine.families import nano
from demon_patch.engine.families.nano.weights import FORMAT, digest, load_into, metadata, save
from demon_patch.errors import WeightsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in nano.WEIGHTS.glob("*.safetensors"):
        shutil.copy(path, tmp_path)
    return tmp_path


def _refused(folder: Path, message: str) -> None:
    with pytest.raises(WeightsError, match=message) as caught:
        nano.load(folder)
    assert "reinstall the package" in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_shipped_weights_say_what_they_are() -> None:
    for name in ("codec", "denoiser"):
        about = metadata(nano.WEIGHTS / f"{name}.safetensors")
        assert (about["name"], about["format"], about["licence"]) == (f"nano-{name}", FORMAT, "MIT")
        assert json.loads(about["training"])["steps"] > 1000


def test_the_weights_of_a_network_are_one_block_of_memory() -> None:
    """So that all of it goes back to the system with the network; each tensor lies where processors read it fast."""
    stored = load_file(nano.WEIGHTS / "denoiser.safetensors")
    net = nano.load().denoiser
    assert len({each.untyped_storage().data_ptr() for each in net.state_dict().values()}) == 1
    assert all(each.data_ptr() % 64 == 0 and each.is_contiguous() for each in net.parameters())
    assert all(torch.equal(each, stored[name].float()) for name, each in net.state_dict().items())
    assert not any(each.requires_grad for each in net.parameters())


def test_missing(folder: Path) -> None:
    (folder / "denoiser.safetensors").unlink()
    _refused(folder, "missing")


@pytest.mark.parametrize("kept", [0, 7, 5000, 2_000_000])
def test_truncated(folder: Path, kept: int) -> None:
    path = folder / "codec.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    _refused(folder, "damaged")


def test_not_safetensors(folder: Path) -> None:
    (folder / "codec.safetensors").write_text("weights\n" * 1000)
    _refused(folder, "damaged")


def test_a_changed_byte(folder: Path) -> None:
    path = folder / "codec.safetensors"
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)
    _refused(folder, "checksum")


def test_wrong_shapes_formats_and_kinds(folder: Path) -> None:
    path = folder / "codec.safetensors"
    tensors, about = load_file(path), metadata(path)
    cases = (
        ({**tensors, "pca_mean": tensors["pca_mean"][:-1].clone()}, about, "tensor pca_mean has shape"),
        ({k: v for k, v in tensors.items() if k != "norm.bias"}, about, "tensor norm.bias has shape None"),
        (tensors, {**about, "format": "nano-99"}, "format 'nano-99'"),
        ({k: v.float() for k, v in tensors.items()}, about, "not float16"),
    )
    for changed, says, message in cases:
        save_file(changed, path, says)
        _refused(folder, message)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    net, other = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    save(net, tmp_path / "x.safetensors", "x", {"steps": 1})
    load_into(other, tmp_path / "x.safetensors")
    assert torch.equal(other.weight, net.weight.half().float())
    assert other.weight.dtype == torch.float32
    assert not other.training
    assert not other.weight.requires_grad
    assert digest(net.state_dict()) != digest(other.state_dict())
