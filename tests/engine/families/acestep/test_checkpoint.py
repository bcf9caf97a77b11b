"""A checkpoint is read in every layout, and what is wrong with one is named with its mend."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from demon_patch.engine.families.acestep import build, checkpoint, library
from demon_patch.engine.families.acestep.models import MODELS
from demon_patch.engine.families.acestep.names import PARTS, official, renamed
from demon_patch.errors import DemonError, WeightsError
from tests.support import tiny_acestep as tiny


def read(models: Path, name: str = tiny.NAME) -> build.Parts:
    return build.read_parts(checkpoint.find(name, models))


def numbers(parts: build.Parts) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}": tensor for part in PARTS for name, tensor in getattr(parts, part).state_dict().items()
    } | {"silence": parts.silence}  # fmt: skip


@pytest.fixture(scope="module")
def expected(models: Path) -> dict[str, torch.Tensor]:
    return numbers(read(models))


@pytest.mark.parametrize("layout", tiny.LAYOUTS[1:])
def test_every_layout_gives_the_same_numbers(layout: str, tmp_path: Path, expected: dict[str, torch.Tensor]) -> None:
    tiny.write(tmp_path, layout)
    found = numbers(read(tmp_path))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize(("dtype", "near"), [(torch.bfloat16, 8e-3), (torch.float16, 1e-3), (torch.float64, 1e-6)])
def test_every_kind_of_float_is_read(
    dtype: torch.dtype, near: float, tmp_path: Path, expected: dict[str, torch.Tensor]
) -> None:
    tiny.write(tmp_path, dtype=dtype)
    for name, tensor in numbers(read(tmp_path)).items():
        assert tensor.dtype == expected[name].dtype
        torch.testing.assert_close(tensor, expected[name], rtol=2 * near, atol=near)


def test_folded_weight_norm_is_weight_norm(models: Path) -> None:
    layer = read(models).vae.decoder.conv1
    whole = load_file(models / "vae" / "diffusion_pytorch_model.safetensors")
    v, g = whole["decoder.conv1.weight_v"], whole["decoder.conv1.weight_g"]
    plain = nn.utils.parametrizations.weight_norm(nn.Conv1d(*v.shape[1::-1], v.shape[2]))
    plain.parametrizations.weight.original0.data, plain.parametrizations.weight.original1.data = g, v
    torch.testing.assert_close(layer.weight, plain.weight.detach())
    assert not hasattr(layer, "weight_g")


def test_a_wide_model_is_known_as_one(tmp_path: Path) -> None:
    for layout in ("official", "one file"):
        tiny.write(tmp_path / layout, layout, wide=True)
        parts = read(tmp_path / layout, tiny.XL)
        assert parts.wide
        assert parts.transformer.config.hidden_size == 24
        assert parts.condition_encoder.config.hidden_size == 16


def test_names_are_changed_and_changed_back() -> None:
    for part, tensors in tiny.drawn().items():
        for name in tensors if part in PARTS[:4] else ():
            assert renamed(official(part, name)) == (part, name)
    assert official("transformer", "layers.0.self_attn.to_out.0.weight") == "decoder.layers.0.self_attn.o_proj.weight"
    assert official("transformer", "proj_in_conv.bias") == "decoder.proj_in.1.bias"
    assert renamed("optimizer.state") is None


def edit(file: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = load_file(file)
    change(tensors)
    save_file(tensors, file)


def rename(tensors: dict[str, torch.Tensor]) -> None:
    tensors["decoder.layers.1.mlp.up_projection.weight"] = tensors.pop("decoder.layers.1.mlp.up_proj.weight")


def reshape(tensors: dict[str, torch.Tensor]) -> None:
    tensors["decoder.norm_out.weight"] = torch.ones(17)


def whole_numbers(tensors: dict[str, torch.Tensor]) -> None:
    tensors["decoder.norm_out.weight"] = torch.ones(16, dtype=torch.int32)


def no_number(tensors: dict[str, torch.Tensor]) -> None:
    tensors["decoder.norm_out.weight"][3] = torch.nan


def lacking(tensors: dict[str, torch.Tensor]) -> None:
    for name in list(tensors):
        if name.startswith("detokenizer."):
            del tensors[name]


MODEL = f"{tiny.NAME}/model.safetensors"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (rename, r"decoder\.layers\.1\.mlp\.up_proj\.weight is missing; one named .*up_projection\.weight' is there"),
        (reshape, r"'decoder\.norm_out\.weight' has the shape \[17\], wanted \[16\]"),
        (whole_numbers, r"'decoder\.norm_out\.weight' holds numbers of kind I32"),
        (no_number, r"'decoder\.norm_out\.weight' holds numbers that are not finite"),
        (lacking, r"audio_token_detokenizer: the tensor detokenizer\..* is missing, and \d+ more"),
    ],
)
def test_a_tensor_that_cannot_be_used_is_named(
    models: Path, tmp_path: Path, change: Callable[[dict[str, torch.Tensor]], None], says: str
) -> None:
    shutil.copytree(models, tmp_path, dirs_exist_ok=True)
    edit(tmp_path / MODEL, change)
    with pytest.raises(WeightsError, match=says) as caught:
        read(tmp_path)
    assert caught.value.file == tmp_path / MODEL
    assert caught.value.mend == "get its files again: demon-patch model pull acestep-v15-turbo"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def config(path: Path, **changed: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


SHARD = "model-00002-of-00002.safetensors"


@pytest.mark.parametrize(
    ("layout", "break_it", "says"),
    [
        ("official", lambda root: cut(root / MODEL), "no tensors can be read from it"),
        ("official", lambda root: (root / MODEL).unlink(), "the file of weights is missing"),
        ("official", lambda root: shutil.rmtree(root / "vae"), "the folder vae is missing"),
        ("official", lambda root: cut(root / tiny.NAME / "silence_latent.pt"), "cannot be read as a tensor"),
        ("official", lambda root: (root / tiny.NAME / "silence_latent.pt").unlink(), "latent of silence is missing"),
        ("official", lambda root: (root / "Qwen3-Embedding-0.6B/tokenizer.json").unlink(), "tokenizer is missing"),
        (
            "official",
            lambda root: (root / "Qwen3-Embedding-0.6B/tokenizer.json").write_text("{}"),
            "cannot be read as a tokenizer",
        ),
        ("official", lambda root: (root / tiny.NAME / "config.json").write_text("[1]"), "holds no JSON object"),
        ("official", lambda root: (root / tiny.NAME / "config.json").write_text('{"a'), "no JSON, or it was cut off"),
        (
            "official",
            lambda root: config(root / tiny.NAME / "config.json", num_attention_heads=2.5),
            "num_attention_heads is 2.5",
        ),
        ("official", lambda root: config(root / tiny.NAME / "config.json", hidden_size=10**9), "hidden_size is 10000"),
        (
            "official",
            lambda root: config(root / "vae/config.json", downsampling_ratios=[2, 4, 4, 8, 8]),
            r"downsampling_ratios is \[2, 4, 4, 8, 8\], where ACE-Step 1.5 has",
        ),
        ("sharded", lambda root: (root / tiny.NAME / SHARD).unlink(), "cannot be read: No such file"),
        (
            "sharded",
            lambda root: config(
                root / tiny.NAME / "model.safetensors.index.json", weight_map={"a": "../vae/x.safetensors"}
            ),
            "is no file beside it",
        ),
        (
            "diffusers",
            lambda root: shutil.rmtree(root / tiny.NAME / "audio_tokenizer"),
            "the folder audio_tokenizer is missing",
        ),
    ],
)
def test_a_broken_checkpoint_is_named(
    layout: str, break_it: Callable[[Path], object], says: str, tmp_path: Path
) -> None:
    tiny.write(tmp_path, layout)
    break_it(tmp_path)
    with pytest.raises(WeightsError, match=says) as caught:
        read(tmp_path)
    assert caught.value.file is not None
    assert "demon-patch model pull acestep-v15-turbo" in caught.value.mend


def test_a_model_that_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is not on this machine") as caught:
        checkpoint.find(tiny.NAME, tmp_path)
    assert "demon-patch model pull acestep-v15-turbo" in caught.value.mend


def test_a_file_that_runs_code_is_refused(tmp_path: Path, models: Path) -> None:
    shutil.copytree(models, tmp_path, dirs_exist_ok=True)
    torch.save({"silence": print}, tmp_path / tiny.NAME / "silence_latent.pt")
    with pytest.raises(WeightsError, match="cannot be read as a tensor"):
        read(tmp_path)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "diffusers", None)
    with pytest.raises(DemonError, match="library diffusers") as caught:
        library.library("diffusers")
    assert caught.value.mend == 'pip install "demon-patch[acestep]"'


def test_the_published_models_differ_in_what_they_were_trained_for() -> None:
    turbo, base = MODELS["acestep-v15-turbo"], MODELS["acestep-v15-base"]
    assert (turbo.defaults["shift"], turbo.defaults["dcw"], turbo.defaults["steps"]) == (3.0, "double", 8)
    assert (base.defaults["shift"], base.defaults["dcw"], base.defaults["guidance_mode"]) == (1.0, "off", "full")
    assert len(MODELS) == 9
    assert {name for name in MODELS if MODELS[name].xl} == {name for name in MODELS if "-xl-" in name}
