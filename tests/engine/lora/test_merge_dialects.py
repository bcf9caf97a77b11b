"""Every trainer's spelling of one LoRA gives the same change, and what is no plain LoRA is refused by what it is."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from demon_patch.engine.families import layers_of as layers_of_family
from demon_patch.engine.lora.file import LoraFile, read
from demon_patch.engine.lora.merge import layers_of, read_lora
from demon_patch.engine.lora.names import Layers
from demon_patch.engine.session import Session
from demon_patch.errors import WeightsError

SHAPES = {
    "blocks.0.query_key_value": (12, 6),
    "blocks.0.cross.out": (6, 6),
    "blocks.1.mlp_in": (9, 6),
    "wave": (4, 5, 3),
}
RANK = 4


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


HALVES = {
    name: (drawn(RANK, *shape[1:], seed=n), drawn(shape[0], RANK, *[1] * (len(shape) - 2), seed=n + 50))
    for n, (name, shape) in enumerate(SHAPES.items())
}


def named(name: Callable[[str], str], down: str, up: str) -> dict[str, Tensor]:
    """The halves, each under the name that a trainer gives it."""
    return {
        f"{name(layer)}{end}": half.clone()
        for layer, pair in HALVES.items()
        for end, half in zip((down, up), pair, strict=True)
    }


def plain(prefix: str = "") -> dict[str, Tensor]:
    return named(lambda layer: prefix + layer, ".lora_A.weight", ".lora_B.weight")


def flat(layer: str) -> str:
    return "lora_unet_" + layer.replace(".", "_")


def alphas(name: Callable[[str], str], alpha: float = 8.0) -> dict[str, Tensor]:
    return {f"{name(layer)}.alpha": torch.tensor(alpha) for layer in SHAPES}


def written(folder: Path, tensors: dict[str, Tensor], metadata: Any = None, config: Any = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "adapter_model.safetensors"
    save_file(tensors, path, metadata)
    if config is not None:
        (folder / "adapter_config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def deltas(found: LoraFile) -> dict[str, np.ndarray]:
    """The effective change of each layer's weight."""
    return {
        name: (change.scale * change.up @ change.down).reshape(SHAPES[name]) for name, change in found.changes.items()
    }


def wanted(scale: float) -> dict[str, np.ndarray]:
    return {
        name: scale * (up.flatten(1) @ down.flatten(1)).reshape(SHAPES[name]).numpy()
        for name, (down, up) in HALVES.items()
    }


def same(found: LoraFile, scale: float, tolerance: float = 1e-5) -> None:
    got, expected = deltas(found), wanted(scale)
    assert got.keys() == expected.keys()
    for name, delta in got.items():
        np.testing.assert_allclose(delta, expected[name], atol=tolerance)


CONFIG = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none", "fan_in_fan_out": False, "rank_pattern": {}}
ADAPTER = {"lora_adapter_metadata": json.dumps({"transformer.r": 4, "transformer.lora_alpha": 8})}
DIALECTS: dict[str, tuple[dict[str, Tensor], Any, Any]] = {
    "peft folder": (plain("base_model.model."), {"format": "pt"}, CONFIG),
    "peft with a named adapter": (
        named(lambda x: f"base_model.model.{x}", ".lora_A.default.weight", ".lora_B.default.weight"), None, CONFIG,
    ),
    "peft, another adapter's name": (named(lambda x: x, ".lora_A.my-tape_2.weight", ".lora_B.my-tape_2.weight"), None,
                                     CONFIG),
    "diffusers": (plain("transformer."), ADAPTER, None),
    "diffusers, old": (named(lambda x: f"unet.{x}", ".lora.down.weight", ".lora.up.weight"),
                       {"networkalphas": json.dumps({f"unet.{x}.alpha": 8 for x in SHAPES})}, None),
    "diffusers, older": (named(lambda x: f"unet.{x}", "_lora.down.weight", "_lora.up.weight"), {"alpha": "8"}, None),
    "comfy": ({**named(lambda x: f"diffusion_model.{x}", ".lora_down.weight", ".lora_up.weight"),
               **alphas(lambda x: f"diffusion_model.{x}")}, None, None),
    "kohya": ({**named(flat, ".lora_down.weight", ".lora_up.weight"), **alphas(flat)},
              {"ss_network_dim": "4", "ss_network_alpha": "8"}, None),
    "kohya, metadata alone": (named(flat, ".lora_down.weight", ".lora_up.weight"),
                              {"ss_network_dim": "4", "ss_network_alpha": "8.0"}, None),
    "kohya, resized": ({**named(flat, ".lora_down.weight", ".lora_up.weight"), **alphas(flat)},
                       {"ss_network_dim": "Dynamic", "ss_network_alpha": "Dynamic"}, None),
    "loralib": (named(lambda x: x, ".lora_A", ".lora_B"), {"lora_alpha": "8", "r": "4"}, None),
    "rank-stabilised": (plain(), None, {"r": 4, "lora_alpha": 4, "use_rslora": True}),
    "patterns": (plain(), None, {"r": 9, "lora_alpha": 1, "rank_pattern": {r"blocks\.\d+\..*": 4, "wave": 4},
                                 "alpha_pattern": {"^blocks.0.*": 8, "mlp_in": 8, "wave": 8}}),
    "compiled and wrapped": (plain("_orig_mod.module."), {"alpha": "8"}, None),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_spelling_gives_the_same_change(dialect: str, tmp_path: Path) -> None:
    tensors, metadata, config = DIALECTS[dialect]
    found = read(written(tmp_path, tensors, metadata, config), SHAPES)
    same(found, 2.0)
    assert found.notes == ()
    assert found.scales == "2"


def test_a_folder_is_read_by_its_weights(tmp_path: Path) -> None:
    written(tmp_path / "tape", plain(), None, CONFIG)
    same(read(tmp_path / "tape", SHAPES), 2.0)
    (tmp_path / "tape" / "adapter_model.safetensors").rename(tmp_path / "tape" / "tape.safetensors")
    same(read(tmp_path / "tape", SHAPES), 2.0)
    same(read(tmp_path / "tape" / "tape.safetensors", SHAPES), 2.0)


def test_a_config_belongs_to_its_own_weights(tmp_path: Path) -> None:
    written(tmp_path, plain(), None, CONFIG)
    save_file(plain(), tmp_path / "other.safetensors")
    same(read(tmp_path / "other.safetensors", SHAPES), 1.0)
    same(read(tmp_path / "adapter_model.safetensors", SHAPES), 2.0)


def test_without_a_statement_the_scale_is_one_and_told(tmp_path: Path) -> None:
    found = read(written(tmp_path, plain()), SHAPES)
    same(found, 1.0)
    assert "no alpha is stated" in found.notes[0]


def test_some_layers_may_have_numbers_of_their_own(tmp_path: Path) -> None:
    own = {**alphas(flat), f"{flat('wave')}.alpha": torch.tensor(2.0)}
    tensors = {**named(flat, ".lora_down.weight", ".lora_up.weight"), **own}
    found = read(written(tmp_path, tensors, {"ss_network_alpha": "8", "ss_network_dim": "4"}), SHAPES)
    assert {name: change.scale for name, change in found.changes.items()} == {
        name: 0.5 if name == "wave" else 2.0 for name in SHAPES
    }
    assert found.scales == "0.5 to 2"


def test_an_alpha_of_0_in_the_metadata_of_kohya_means_the_rank(tmp_path: Path) -> None:
    tensors = {**named(flat, ".lora_down.weight", ".lora_up.weight"), **alphas(flat)}
    same(read(written(tmp_path, tensors, {"ss_network_alpha": "0", "ss_network_dim": "4"}), SHAPES), 2.0)
    bare = read(written(tmp_path, plain(), {"ss_network_alpha": "0.0"}), SHAPES)
    same(bare, 1.0)
    assert "no alpha is stated" in bare.notes[0]


def test_a_scalar_multiplies_and_an_alpha_may_be_a_whole_number(tmp_path: Path) -> None:
    more = {"wave.scalar": torch.tensor(0.5), "wave.alpha": torch.tensor(8)}
    found = read(written(tmp_path, {**plain(), **more}), SHAPES)
    assert found.changes["wave"].scale == 1.0


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2])
def test_every_kind_of_floating_point_is_read(kind: torch.dtype, tmp_path: Path) -> None:
    tensors = {name: half.to(kind) for name, half in plain().items()}
    found = read(written(tmp_path, tensors, {"alpha": "4"}), SHAPES)
    for name, change in found.changes.items():
        halves = (tensors[f"{name}.lora_A.weight"], tensors[f"{name}.lora_B.weight"])
        for got, half in zip((change.down, change.up), halves, strict=True):
            np.testing.assert_array_equal(got, half.float().flatten(1).numpy())


def test_every_number_of_eight_bits_is_torchs() -> None:
    from demon_patch.engine.tensor_file import _numbers

    codes = torch.arange(256, dtype=torch.uint8)
    for name, kind in (("F8_E4M3", torch.float8_e4m3fn), ("F8_E5M2", torch.float8_e5m2)):
        np.testing.assert_array_equal(_numbers(codes.numpy().tobytes(), name), codes.view(kind).float().numpy())


CONFLICTS: dict[str, tuple[Any, Any, dict[str, Tensor], tuple[str, str]]] = {
    "metadata and config": ({"lora_alpha": "4"}, CONFIG, {}, ("4 by the file's metadata: lora_alpha",
                                                            "8 by adapter_config.json: lora_alpha")),
    "two keys": ({"alpha": "4", "lora_alpha": "8"}, None, {}, ("metadata: lora_alpha", "metadata: alpha")),
    "two parts": ({"lora_alpha": "4", **ADAPTER}, None, {}, ("metadata: lora_alpha", "lora_adapter_metadata")),
    "tensors and metadata": ({"ss_network_alpha": "4"}, None, alphas(lambda x: x), ("ss_network_alpha", ".alpha'")),
    "a tensor and a pattern": (None, {"alpha_pattern": {"wave": 4}}, alphas(lambda x: x), ("8 by", "4 by")),
    "rank of the config": (None, {"r": 16, "lora_alpha": 32}, {}, ("adapter_config.json: r states rank 16", "rank 4")),
    "rank of the metadata": ({"ss_network_dim": "8"}, None, {}, ("ss_network_dim states rank 8", "rank 4")),
    "rank of a pattern": (None, {"r": 4, "rank_pattern": {"wave": 8}}, {}, ("'wave' states rank 8", "wave has rank 4")),
    "stabilised or not": ({"use_rslora": "true"}, {"use_rslora": False}, {}, ("metadata", "adapter_config.json")),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS)
def test_two_statements_that_differ_are_both_named(case: str, tmp_path: Path) -> None:
    metadata, config, more, parts = CONFLICTS[case]
    with pytest.raises(WeightsError) as caught:
        read(written(tmp_path, {**plain(), **more}, metadata, config), SHAPES)
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert caught.value.mend


ONE = {"wave.lora_A.weight": HALVES["wave"][0], "wave.lora_B.weight": HALVES["wave"][1]}
REFUSED: dict[str, tuple[dict[str, Tensor], Any, str]] = {
    "DoRA of PEFT": ({**ONE, "wave.lora_magnitude_vector.weight": drawn(4)}, None, "it is DoRA"),
    "DoRA of kohya": ({**ONE, "wave.dora_scale": drawn(4, 1, 1)}, None, "it is DoRA"),
    "DoRA by its config": (ONE, {"use_dora": True}, "it is DoRA by adapter_config.json"),
    "LoHa": ({"wave.hada_w1_a": drawn(4, 2), "wave.hada_w1_b": drawn(2, 15)}, None, "it is LoHa"),
    "LoKr": ({"lycoris_wave.lokr_w1": drawn(2, 2), "lycoris_wave.lokr_w2": drawn(2, 2)}, None, "it is LoKr"),
    "OFT": ({"wave.oft_blocks": drawn(2, 2, 2)}, None, "it is OFT"),
    "another kind of PEFT": (ONE, {"peft_type": "LOHA"}, "it is 'LOHA' by adapter_config.json"),
    "Tucker": ({**ONE, "wave.lora_mid.weight": drawn(4, 4, 3)}, None, "Tucker"),
    "MLX": ({"wave.lora_a": drawn(5, 4), "wave.lora_b": drawn(4, 4)}, None, "MLX"),
    "embeddings": ({"wave.lora_embedding_A": drawn(4, 4)}, None, "embeddings"),
    "a bias of the half": ({**ONE, "wave.lora_B.bias": drawn(4)}, None, "with biases"),
    "a bias of the layer": ({**ONE, "wave.bias": drawn(4)}, None, "it replaces a bias of layer wave"),
    "a whole layer": ({**ONE, "wave.weight": drawn(4, 5, 3)}, None, "it replaces the whole weights of layer wave"),
    "modules to save": ({**ONE, "wave.modules_to_save.default.weight": drawn(4)}, None, "modules_to_save"),
    "a difference": ({"wave.diff": drawn(4, 5, 3)}, None, "a difference of whole weights"),
    "a text encoder": ({"lora_te1_text_model_layers_0.lora_down.weight": drawn(4, 4)}, None, "text encoder"),
    "PiSSA": (ONE, {"init_lora_weights": "pissa_niter_4"}, "changes the model's own weights"),
    "two adapters": ({**ONE, "wave.lora_A.b.weight": drawn(4, 5, 3), "wave.lora_B.b.weight": drawn(4, 4, 1)}, None,
                     "several adapters"),
    "ACE-Step": ({"transformer_blocks.0.cross_attn.to_q.lora_A.weight": drawn(4, 4)}, None, "a LoRA of ACE-Step"),
    "ACE-Step 1.5": ({"base_model.model.layers.0.cross_attn.q_proj.lora_A.weight": drawn(4, 4)}, None, "ACE-Step 1.5"),
    "Flux": ({"lora_unet_double_blocks_0_img_attn.lora_down.weight": drawn(4, 4)}, None, "a LoRA of Flux"),
    "ControlNet": ({"controlnet_cond_embedding.conv_in.weight": drawn(4, 3, 3, 3)}, None, "it is a ControlNet"),
    "IP-Adapter": ({"ip_adapter.1.to_k_ip.weight": drawn(4, 4)}, None, "it is an IP-Adapter"),
    "textual inversion": ({"emb_params": drawn(4, 8)}, None, "it is an embedding of words"),
    "an alpha of nothing": ({**ONE, "blocks.1.mlp_in.alpha": torch.tensor(1.0)}, None, "an alpha and no change"),
    "an alpha without end": ({**ONE, "wave.alpha": torch.tensor(float("inf"))}, None, "is inf"),
    "an alpha of no number": ({**ONE, "wave.alpha": torch.tensor(float("nan"))}, None, "'wave.alpha' is nan"),
    "an alpha of 0": ({**ONE, "wave.alpha": torch.tensor(0.0)}, None, "is 0, and an alpha must be above 0"),
    "an alpha below 0": ({**ONE, "wave.alpha": torch.tensor(-4)}, None, "'wave.alpha' is -4"),
    "a stated alpha of 0": (ONE, {"lora_alpha": 0}, "its alpha is 0 by adapter_config.json: lora_alpha"),
    "kohya's alpha below 0": (ONE, {"ss_network_alpha": "-1"}, "is -1 by adapter_config.json: ss_network_alpha"),
    "a pattern's alpha of 0": (ONE, {"alpha_pattern": {"wave": 0}}, "0 by adapter_config.json: alpha_pattern 'wave'"),
    "diffusers' alpha of 0": (ONE, {"networkalphas": {"unet.wave.alpha": 0}}, "networkalphas 'unet.wave.alpha'"),
    "one alpha of 0": (ONE, {"networkalphas": 0}, "its alpha is 0 by adapter_config.json: networkalphas"),
    "one alpha below 0": (ONE, {"networkalphas": -2}, "its alpha is -2 by adapter_config.json: networkalphas"),
    "no JSON": (ONE, "{", "adapter_config.json is no JSON"),
    "no object": (ONE, "[1]", "no JSON object"),
    "an alpha in words": (ONE, {"lora_alpha": "loud"}, "its alpha is 'loud'"),
    "a pattern that takes for ever": (ONE, {"alpha_pattern": {"(a+)+$": 1}}, "is not understood"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_played_is_refused_by_what_it_is(case: str, tmp_path: Path) -> None:
    tensors, config, message = REFUSED[case]
    with pytest.raises(WeightsError) as caught:
        read(written(tmp_path, tensors, None, config), SHAPES)
    assert message in str(caught.value)
    assert caught.value.file == tmp_path / "adapter_model.safetensors"
    assert caught.value.mend


def test_another_width_names_the_layer_and_the_numbers(tmp_path: Path) -> None:
    tensors = {**ONE, "blocks.0.cross.out.lora_A.weight": drawn(4, 8), "blocks.0.cross.out.lora_B.weight": drawn(6, 4)}
    with pytest.raises(WeightsError, match=r"layer blocks\.0\.cross\.out has halves \[4, 8\].*wanted \[4, 6\]"):
        read(written(tmp_path, tensors), SHAPES)


def test_a_flattened_name_that_two_layers_share_is_not_guessed() -> None:
    layers = Layers({"a.b_c": (1, 1), "a_b.c": (1, 1)})
    with pytest.raises(WeightsError, match=r"may be a\.b_c or a_b\.c"):
        layers.find("lora_unet_a_b_c")
    assert layers.find("a_b.c") == "a_b.c"


def test_folders_and_files_that_hold_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "adapter_model.bin").write_bytes(b"x")
    (tmp_path / "two").mkdir()
    for name in ("a", "b"):
        save_file(ONE, tmp_path / "two" / f"{name}.safetensors")
    (tmp_path / "x.pt").write_bytes(b"x")
    cases = {"empty": "holds no LoRA", "old": "a pickle", "two": "holds 2 LoRAs", "x.pt": "a pickle", "no": "no such"}
    for name, message in cases.items():
        with pytest.raises(WeightsError, match=message):
            read(tmp_path / name, SHAPES)


# -- hostile files ----------------------------------------------------------------------------------------------
def raw(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(start: int, end: int, *shape: int, kind: Any = "F32") -> dict[str, Any]:
    return {"dtype": kind, "shape": list(shape), "data_offsets": [start, end]}


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no header": b"\x01",
    "a header without end": struct.pack("<Q", 2**63) + b"{}",
    "a header that is too long": struct.pack("<Q", 17 * 2**20) + b" " * (17 * 2**20),
    "deep brackets": raw(b"[" * 100_000),
    "a list": raw([]),
    "a number for a tensor": raw({"a": 1}),
    "no offsets": raw({"a": {"dtype": "F32", "shape": [1]}}),
    "overlapping": raw({"a": entry(0, 8, 2), "b": entry(4, 12, 2)}, bytes(12)),
    "a gap": raw({"a": entry(0, 4, 1), "b": entry(8, 12, 1)}, bytes(12)),
    "beyond the end": raw({"a": entry(0, 400, 100)}, bytes(4)),
    "more than it says": raw({"a": entry(0, 4, 1)}, bytes(40)),
    "another size": raw({"a": entry(0, 4, 3)}, bytes(4)),
    "a huge shape": raw({"a": entry(0, 4, 2**62, 2**62)}, bytes(4)),
    "below nothing": raw({"a": entry(0, 4, -1, -1)}, bytes(4)),
    "backwards": raw({"a": entry(4, 0, 1)}, bytes(4)),
    "nested metadata": raw({"__metadata__": {"a": {"b": 1}}}),
    "the same name twice": raw(b'{"a": 1, "a": 2}'),
    "many tensors": raw({f"t{n}": entry(0, 0, 0) for n in range(20_001)}),
    "no text": raw(b"\xff\xfe\xff\xfe"),
    "many dimensions": raw({"a": entry(0, 4, *[1] * 1000)}, bytes(4)),
    "no kind": raw({"a": entry(0, 4, 1, kind=7)}, bytes(4)),
    "a kind of tomorrow": raw({"wave.lora_A.weight": entry(0, 3, 4, 5, 3, kind="F4"),
                               "wave.lora_B.weight": entry(3, 6, 4, 4, 1, kind="F4")}, bytes(6)),
    "a long name": raw({"a" * 10_000 + ".lora_A.weight": entry(0, 4, 1)}, bytes(4)),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_ends_in_one_clear_error(case: str, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(HOSTILE[case])
    with pytest.raises(WeightsError) as caught:
        read(path, SHAPES)
    assert caught.value.file == path
    assert caught.value.mend
    assert len(str(caught.value)) < 400


# -- the embedded model -----------------------------------------------------------------------------------------
def test_the_layers_of_the_model_are_known_without_loading_it(tmp_path: Path) -> None:
    session = Session.load("nano", threads=1)
    layers = layers_of(session.family.denoiser)
    assert dict(layers_of_family("nano")) == {name: tuple(layer.weight.shape) for name, layer in layers.items()}
    halves = {
        f"lora_unet_blocks_0_query_key_value.{end}.weight": half
        for end, half in (("lora_down", drawn(8, 256)), ("lora_up", drawn(768, 8)))
    }
    own = {"lora_unet_blocks_0_query_key_value.alpha": torch.tensor(4.0)}
    save_file({**halves, **own}, tmp_path / "kohya.safetensors")
    found = read_lora(tmp_path / "kohya.safetensors", session.family.denoiser)
    assert {name: change.scale for name, change in found.changes.items()} == {"blocks.0.query_key_value": 0.5}
    assert found.notes == ("scale 0.5",)
    scale, effect = session.lora("tape").notes
    assert scale == "scale 1"
    assert effect.startswith("at strength 1 it moves the model by ")
