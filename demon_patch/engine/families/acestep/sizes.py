"""The sizes of a model's parts: from its configuration, or, for one file without any, from the shapes of its tensors.

Each part's sizes are the arguments of its model class. Numbers from files are checked before anything is made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demon_patch.engine.families.acestep.checkpoint import Checkpoint, Where
from demon_patch.engine.families.acestep.names import PARTS
from demon_patch.engine.families.acestep.spec import GROUP, LATENT, PATCH
from demon_patch.errors import WeightsError

Sizes = dict[str, dict[str, Any]]
"""By part, the arguments of its model class."""

_MOST = 2**20
_COMMON = {"rope_theta": 1e6, "rms_norm_eps": 1e-6, "sliding_window": 128, "attention_bias": False}
_WIDTHS = ("hidden_size", "intermediate_size", "num_attention_heads", "num_key_value_heads", "head_dim")
_ENCODER = {
    "encoder_hidden_size": "hidden_size", "encoder_intermediate_size": "intermediate_size",
    "encoder_num_attention_heads": "num_attention_heads", "encoder_num_key_value_heads": "num_key_value_heads",
}  # fmt: skip
_VAE = {
    "encoder_hidden_size": 128, "downsampling_ratios": [2, 4, 4, 6, 10], "channel_multiples": [1, 2, 4, 8, 16],
    "decoder_channels": 128, "decoder_input_channels": LATENT, "audio_channels": 2, "sampling_rate": 48000,
}  # fmt: skip
_NEEDED = (*_WIDTHS, "num_hidden_layers", "vocab_size")
_TEXT = (
    *_NEEDED, "max_position_embeddings", "rms_norm_eps", "rope_theta", "attention_bias", "tie_word_embeddings",
    "hidden_act",
)  # fmt: skip
_OPTIONAL = {
    *_COMMON, "layer_types", "encoder_hidden_size", "fsq_dim", "fsq_input_levels", "fsq_input_num_quantizers",
}  # fmt: skip
_GEOMETRY: tuple[tuple[str, str, Any], ...] = (
    ("transformer", "in_channels", 3 * LATENT), ("transformer", "audio_acoustic_hidden_dim", LATENT),
    ("transformer", "patch_size", PATCH), ("audio_tokenizer", "pool_window_size", GROUP),
    ("vae", "decoder_input_channels", LATENT), ("vae", "audio_channels", 2), ("vae", "sampling_rate", 48000),
    ("vae", "downsampling_ratios", _VAE["downsampling_ratios"]),
)  # fmt: skip


def sizes_of(checkpoint: Checkpoint) -> Sizes:
    """Returns the sizes of all parts. Raises WeightsError for sizes that are missing, impossible, or those of another
    kind of model."""
    config, given = checkpoint.settings.get("", {}), checkpoint.settings
    if checkpoint.layout == "diffusers":
        own: Mapping[str, Mapping[str, Any]] = given
    else:
        own = _from_official(config) if config else _from_shapes(checkpoint)
    sizes = {part: arguments(part, given[part] if part in ("vae", "text_encoder") else own[part]) for part in PARTS}
    _check(checkpoint, sizes)
    return sizes


def arguments(part: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of the model class of a part that its configuration states, unchecked."""
    if part == "vae":
        return {key: config.get(key, usual) for key, usual in _VAE.items()}
    rope = config.get("rope_parameters")  # where transformers 5 writes what it wrote beside it before
    config = {**(rope if isinstance(rope, dict) else {}), **config}
    wanted = _TEXT if part == "text_encoder" else _ARGUMENTS[part]
    return {key: config[key] for key in wanted if config.get(key) is not None}


_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "transformer": (
        *_WIDTHS, *_COMMON, "num_hidden_layers", "in_channels", "audio_acoustic_hidden_dim", "patch_size",
        "encoder_hidden_size", "layer_types",
    ),
    "condition_encoder": (
        *_WIDTHS, *_COMMON, "text_hidden_dim", "timbre_hidden_dim", "num_lyric_encoder_hidden_layers",
        "num_timbre_encoder_hidden_layers",
    ),
    "audio_tokenizer": (
        *_WIDTHS, *_COMMON, "audio_acoustic_hidden_dim", "pool_window_size", "fsq_dim", "fsq_input_levels",
        "fsq_input_num_quantizers", "num_attention_pooler_hidden_layers",
    ),
    "audio_token_detokenizer": (
        *_WIDTHS, *_COMMON, "audio_acoustic_hidden_dim", "pool_window_size", "num_attention_pooler_hidden_layers",
    ),
}  # fmt: skip


def _from_official(config: Mapping[str, Any]) -> Sizes:
    """Returns the sizes that an official configuration states: `encoder_` sizes are those of all parts but one."""
    inner = {**config, **{plain: config[key] for key, plain in _ENCODER.items() if config.get(key) is not None}}
    inner.setdefault("fsq_dim", inner.get("hidden_size"))
    outer = {**config, "encoder_hidden_size": inner.get("hidden_size")}
    return {part: outer if part == "transformer" else inner for part in _ARGUMENTS}


def _from_shapes(checkpoint: Checkpoint) -> Sizes:
    """Returns the sizes that the shapes of a few tensors tell; the rest are the published ones."""
    shape = _Shapes(checkpoint)
    widths: dict[str, dict[str, Any]] = {}
    layers = {
        "transformer": "layers.0", "condition_encoder": "lyric_encoder.layers.0",
        "audio_tokenizer": "attention_pooler.layers.0", "audio_token_detokenizer": "layers.0",
    }  # fmt: skip
    for part, layer in layers.items():
        head = shape(part, f"{layer}.self_attn.norm_q.weight")[0]
        intermediate, hidden = shape(part, f"{layer}.mlp.gate_proj.weight")
        widths[part] = {
            **_COMMON, "hidden_size": hidden, "intermediate_size": intermediate, "head_dim": head,
            "num_attention_heads": shape(part, f"{layer}.self_attn.to_q.weight")[0] // max(head, 1),
            "num_key_value_heads": shape(part, f"{layer}.self_attn.to_k.weight")[0] // max(head, 1),
            "audio_acoustic_hidden_dim": LATENT, "pool_window_size": GROUP,
        }  # fmt: skip
    _, inside, patch = shape("transformer", "proj_in_conv.weight")
    widths["transformer"] |= {
        "num_hidden_layers": shape.count("transformer", "layers."), "in_channels": inside, "patch_size": patch,
        "encoder_hidden_size": shape("transformer", "condition_embedder.weight")[1],
    }  # fmt: skip
    widths["condition_encoder"] |= {
        "text_hidden_dim": shape("condition_encoder", "text_projector.weight")[1], "timbre_hidden_dim": LATENT,
        "num_lyric_encoder_hidden_layers": shape.count("condition_encoder", "lyric_encoder.layers."),
        "num_timbre_encoder_hidden_layers": shape.count("condition_encoder", "timbre_encoder.layers."),
    }  # fmt: skip
    pooled = shape.count("audio_tokenizer", "attention_pooler.layers.")
    widths["audio_tokenizer"] |= {
        "fsq_dim": widths["audio_tokenizer"]["hidden_size"], "num_attention_pooler_hidden_layers": pooled,
    }  # fmt: skip
    detailed = shape.count("audio_token_detokenizer", "layers.")
    widths["audio_token_detokenizer"]["num_attention_pooler_hidden_layers"] = detailed
    return widths


class _Shapes:
    """The shapes of a checkpoint's tensors by part and name."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def __call__(self, part: str, name: str) -> tuple[int, ...]:
        """Returns a tensor's shape; raises WeightsError where the tensor is missing or has fewer than 1 dimension."""
        where: Where | None = self._checkpoint.tensors[part].get(name)
        wanted = 3 if "conv" in name else 1 if "norm" in name else 2
        if where is None or len(where.stored.shape) != wanted:
            raise WeightsError(
                f"{part}: the tensor {name} is missing or has no shape of {wanted} lengths",
                file=self._checkpoint.folder, mend=self._checkpoint.mend,
            )  # fmt: skip
        return where.stored.shape

    def count(self, part: str, prefix: str) -> int:
        """Returns the number of layers whose tensors' names begin with a prefix and a number."""
        names = [name.removeprefix(prefix) for name in self._checkpoint.tensors[part] if name.startswith(prefix)]
        return len({name.split(".", maxsplit=1)[0] for name in names})


def _check(checkpoint: Checkpoint, sizes: Sizes) -> None:
    """Raises WeightsError for a size that no model can have, and for another geometry than the family's."""

    def refuse(part: str, what: str) -> WeightsError:
        return WeightsError(f"{part}: {what}", file=checkpoint.folder, mend=checkpoint.mend)

    for part, given in sizes.items():
        for key in sorted({*_ARGUMENTS.get(part, ()), *given, *(_NEEDED if part == "text_encoder" else ())}):
            if (value := given.get(key)) is None and key in _OPTIONAL:
                continue
            if not _possible(key, value):
                raise refuse(part, f"its {key} is {str(value)[:40]}")
    for part, key, number in _GEOMETRY:
        if (value := sizes[part].get(key)) != number:
            raise refuse(part, f"its {key} is {str(value)[:40]}, where ACE-Step 1.5 has {number}")


def _possible(key: str, value: object) -> bool:
    if key in ("rope_theta", "rms_norm_eps"):
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12
    if key in ("attention_bias", "tie_word_embeddings"):
        return isinstance(value, bool)
    if key == "hidden_act":
        return value == "silu"
    if key == "layer_types":
        return isinstance(value, list) and all(each in ("sliding_attention", "full_attention") for each in value)
    if isinstance(value, list):
        return 0 < len(value) <= 16 and all(not isinstance(each, list) and _possible("", each) for each in value)
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MOST
