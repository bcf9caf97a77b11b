"""Writes a tiny checkpoint of ACE-Step 1.5: the true layouts, names and geometry, a few units wide, random weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from torch import Tensor

from demon_patch.engine.contracts import Family
from demon_patch.engine.families.acestep import build
from demon_patch.engine.families.acestep.load import load
from demon_patch.engine.families.acestep.names import PARTS, official
from demon_patch.engine.families.acestep.sizes import arguments

NAME, XL = "acestep-v15-turbo", "acestep-v15-xl-turbo"
LAYOUTS = ("official", "sharded", "diffusers", "one file")
END = "<|endoftext|>"
_TEXT = """house techno acid warm dark slow fast bpm minor major a c e g N A en unknown Instrumental # - : [ ] / _ . ,
Caption Instruction Metas Lyric Languages duration seconds keyscale the of verse chorus love 70 98 120 124 8 30"""
_WORDS = [END, *_TEXT.split()]
_QUIET = {"encoder.conv2.weight": 0.003, "decoder.conv2.weight": 0.01}  # so that latents and sound are of usual size
_WIDTHS = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "rms_norm_eps": 1e-6}
_SHARED = {**_WIDTHS, "rope_theta": 1e6, "sliding_window": 6, "attention_bias": False}


def official_config(wide: bool = False) -> dict[str, Any]:
    """The `config.json` of the official layout, of a model `wide` as XL or not."""
    config: dict[str, Any] = {
        **_SHARED, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3, "in_channels": 192,
        "audio_acoustic_hidden_dim": 64, "patch_size": 2, "text_hidden_dim": 16, "timbre_hidden_dim": 64,
        "timbre_fix_frame": 750, "num_lyric_encoder_hidden_layers": 2, "num_timbre_encoder_hidden_layers": 2,
        "num_attention_pooler_hidden_layers": 1, "pool_window_size": 5, "fsq_dim": 16,
        "fsq_input_levels": [8, 8, 8, 5, 5, 5], "fsq_input_num_quantizers": 1, "model_version": "turbo",
        "model_type": "acestep", "is_turbo": True, "dtype": "bfloat16",
    }  # fmt: skip
    if wide:
        config |= {"hidden_size": 24, "intermediate_size": 40, "num_attention_heads": 3}
        config |= {"encoder_hidden_size": 16, "encoder_intermediate_size": 24, "encoder_num_attention_heads": 2}
    return config


def part_configs(wide: bool = False) -> dict[str, dict[str, Any]]:
    """The configuration of each part in the diffusers layout."""
    whole = official_config(wide)
    inner = {**whole, "hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2}
    vae = {
        "encoder_hidden_size": 128, "downsampling_ratios": [2, 4, 4, 6, 10], "channel_multiples": [1, 1, 1, 1, 1],
        "decoder_channels": 2, "decoder_input_channels": 64, "audio_channels": 2, "sampling_rate": 48000,
    }  # fmt: skip
    text = {
        **_WIDTHS, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "vocab_size": len(_WORDS) + 1,
        "max_position_embeddings": 4096, "rope_theta": 1e6, "hidden_act": "silu", "tie_word_embeddings": True,
    }  # fmt: skip
    return {
        "transformer": {**whole, "encoder_hidden_size": 16}, "condition_encoder": inner, "audio_tokenizer": inner,
        "audio_token_detokenizer": inner, "vae": vae, "text_encoder": text,
    }  # fmt: skip


@cache
def drawn(wide: bool = False, seed: int = 1) -> dict[str, dict[str, Tensor]]:
    """Random tensors of every part under the names of its model class, the codec's by weight norm."""
    keys = {part: arguments(part, config) for part, config in part_configs(wide).items()}
    draw = torch.Generator().manual_seed(seed)
    found: dict[str, dict[str, Tensor]] = {}
    with torch.device("meta"):
        shapes = {part: build.make(part, keys[part]).state_dict() for part in PARTS}
    for part, state in shapes.items():
        tensors = found[part] = {}
        for name, empty in state.items():
            tensor = torch.randn(empty.shape, generator=draw)
            if "norm" in name:
                tensor = 1 + 0.1 * tensor
            elif name.endswith(("alpha", "beta")):
                tensor = 0.1 * tensor
            elif empty.ndim > 1:
                tensor = tensor / max(empty[0].numel(), 1) ** 0.5
            if name in _QUIET:
                tensor = _QUIET[name] * tensor
            if part == "vae" and name.endswith("weight"):
                tensors[f"{name}_v"] = tensor
                tensors[f"{name}_g"] = tensor.flatten(1).norm(dim=1).reshape(-1, *(1 for _ in tensor.shape[1:]))
            else:
                tensors[name] = tensor
    return found


def silence(seed: int = 2) -> Tensor:
    """A latent of silence [1, 64, 800]."""
    return 0.3 * torch.randn(1, 64, 800, generator=torch.Generator().manual_seed(seed))


def tokenizer() -> Tokenizer:
    """A tokenizer of a few words, which ends each text with its end token as the real one does."""
    made = Tokenizer(WordLevel({word: at for at, word in enumerate([*_WORDS, "?"])}, unk_token="?"))
    made.pre_tokenizer = Whitespace()
    made.add_special_tokens([END])
    made.post_processor = TemplateProcessing(single=f"$A {END}", special_tokens=[(END, 0)])
    return made


def write(
    models: Path, layout: str = "official", *, wide: bool = False, dtype: torch.dtype = torch.float32,
    tensors: Mapping[str, Mapping[str, Tensor]] | None = None,
) -> Path:  # fmt: skip
    """Writes a checkpoint in one of LAYOUTS into the folder of all models; returns the model's folder or file."""
    parts = {part: {k: v.to(dtype) for k, v in each.items()} for part, each in (tensors or drawn(wide)).items()}
    folder, name = models / (XL if wide else NAME), XL if wide else NAME
    home = folder if layout == "diffusers" else models
    configs = part_configs(wide)
    _part(home / "vae", configs["vae"], parts["vae"], "diffusion_pytorch_model")
    text = home / ("text_encoder" if layout == "diffusers" else "Qwen3-Embedding-0.6B")
    _part(text, configs["text_encoder"], parts["text_encoder"], "model")
    words = home / "tokenizer" if layout == "diffusers" else text
    words.mkdir(exist_ok=True)
    tokenizer().save(str(words / "tokenizer.json"))
    if layout == "diffusers":
        for part in PARTS[:4]:
            held = dict(parts[part])
            if part == "condition_encoder":
                held["silence_latent"] = silence().transpose(1, 2).contiguous()
            _part(folder / part, configs[part], held, "diffusion_pytorch_model")
        return folder
    whole = {official(part, key): value for part in PARTS[:4] for key, value in parts[part].items()}
    if layout == "one file":
        save_file(whole, models / f"{name}.safetensors")
        torch.save(silence(), models / "silence_latent.pt")
        return models / f"{name}.safetensors"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(official_config(wide)))
    torch.save(silence(), folder / "silence_latent.pt")
    if layout == "official":
        save_file(whole, folder / "model.safetensors")
        return folder
    names = sorted(whole)
    shards = {f"model-0000{at + 1}-of-00002.safetensors": names[at::2] for at in range(2)}
    for file, held in shards.items():
        save_file({key: whole[key] for key in held}, folder / file)
    index = {"weight_map": {key: file for file, held in shards.items() for key in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def _part(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor], stem: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / f"{stem}.safetensors")


@cache
def loaded() -> Family:
    """The tiny turbo model, loaded once."""
    with TemporaryDirectory() as folder:
        write(Path(folder))
        return load(NAME, Path(folder))
