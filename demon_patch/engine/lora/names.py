"""Finds the layer and the half of each tensor of a LoRA file from its name, in the spelling of every common trainer.

blocks.0.mlp_in.lora_A.weight, .lora_B.weight                  PEFT; also .lora_A.ADAPTER.weight
diffusion_model.blocks.0.mlp_in.lora_down.weight, .lora_up     ComfyUI and others; also .lora.down, _lora.down
lora_unet_blocks_0_mlp_in.lora_down.weight                     kohya: the layer's dots are underscores
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from demon_patch.engine.tensor_file import AGAIN, shown
from demon_patch.errors import WeightsError

LONGEST = 400  # characters of a tensor's name
OTHER = "use a LoRA that was trained on this model"

_HALF = re.compile(
    r"(?P<layer>.+?)[._](?:(?P<down>lora_A|lora_down|lora\.down|lora_linear_layer\.down)"
    r"|lora_B|lora_up|lora\.up|lora_linear_layer\.up)(?:\.(?P<adapter>[^.]+))??(?:\.weight)?"
)
_NUMBER = re.compile(r"(?P<layer>.+)\.(?P<what>alpha|lora_alpha|scalar)")
_KINDS: tuple[tuple[str, str], ...] = (
    (r"dora_scale|lora_magnitude_vector|magnitude_vector", "DoRA (it also changes the norms of the weights)"),
    (r"\.hada_", "LoHa (products of Hadamard)"),
    (r"\.lokr_", "LoKr (products of Kronecker)"),
    (r"\.(oft_|boft_|oft\.)", "OFT (rotations of the weights)"),
    (r"lora_mid", "LoCon with a Tucker core"),
    (r"lora_embedding_", "a LoRA of embeddings"),
    (r"\.(ia3_l|on_input)", "IA3 (scales of activations)"),
    (r"vera_lambda|\.randlora_", "VeRA (shared random matrices)"),
    (r"\.(a1|a2|b1|b2)\.weight", "GLoRA"),
    (r"\.lora_[ab]$", "an MLX adapter (its matrices lie the other way round)"),
    (r"\.lora_[ABab]\.(?:[^.]+\.)?bias|\.lora_(up|down)\.bias", "a LoRA with biases"),
    (r"modules_to_save", "an adapter that replaces whole layers (modules_to_save)"),
    (r"\.(diff|diff_b|set_weight|w_norm|b_norm)$", "a difference of whole weights"),
    (r"lora_controlnet|controlnet|control_model\.|zero_conv|input_hint_block", "a ControlNet, or a part of one"),
    (r"ip_adapter|image_proj\.", "an IP-Adapter"),
    (r"^(emb_params|string_to_param|clip_[lg])$", "an embedding of words (textual inversion)"),
    (r"lora_te\d?_|text_encoder|text_model|(^|[._])te\d?\.", "a LoRA of a text encoder"),
)  # fmt: skip
_MODELS: tuple[tuple[str, str], ...] = (
    (r"lyric|speaker_embedder|genre_embedder|timbre_encoder|transformer_blocks.*cross_attn", "ACE-Step"),
    (r"layers[._]\d+[._](self|cross)_attn[._]to_(qkv|kv)", "Stable Audio"),
    (r"layers[._]\d+[._]cross_attn", "ACE-Step 1.5"),
    (r"layers[._]\d+[._]self_attn[._](q|k|v|o)_proj", "ACE-Step 1.5, or of a language model"),
    (r"double_blocks|single_blocks|single_transformer_blocks", "Flux"),
    (r"encoder_attn", "MusicGen"),
    (r"blocks[._]\d+[._]((self|cross)_attn[._][qkvo]$|ffn)", "Wan"),
    (r"(down|up|mid|input|output|middle)_blocks?[._]", "Stable Diffusion"),
    (r"transformer_blocks", "a diffusion transformer of diffusers"),
)  # fmt: skip
PARTS = ("base_model", "model", "diffusion_model", "transformer", "denoiser", "unet", "dit", "module", "_orig_mod")
FLAT = ("lora_unet_", "lora_transformer_", "lora_dit_", "lycoris_", "lora_", *(f"{part}_" for part in PARTS))


@dataclass(slots=True)
class Keys:
    """The names of the tensors of one layer. An empty name means that the file has none.

    down, up: the two halves of the change.
    numbers: tensors of one number, under the keys `alpha` and `scalar`.
    """

    down: str = ""
    up: str = ""
    numbers: dict[str, str] = field(default_factory=dict)


class Layers:
    """The layers of a model that a LoRA can change, by path, with the shapes of their weights."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = shapes
        self._flat: dict[str, list[str]] = {}
        for name in shapes:
            self._flat.setdefault(name.replace(".", "_"), []).append(name)

    def find(self, given: str) -> str | None:
        """Returns the path of the layer that a file calls `given`; None if the model has no such layer.

        given: may begin with a program's prefix, and may have underscores in place of dots (a flattened name).
        Raises WeightsError for a flattened name that two layers share.
        """
        name = given
        while name:
            if name in self.shapes:
                return name
            first, _, rest = name.partition(".")
            if first not in PARTS:
                break
            name = rest
        flat = given.replace(".", "_")
        while flat not in self._flat:
            prefix = next((p for p in FLAT if flat.startswith(p)), None)
            if prefix is None:
                return None
            flat = flat.removeprefix(prefix)
        if len(self._flat[flat]) > 1:
            raise WeightsError(
                f"{shown(given)} may be {' or '.join(self._flat[flat])}", mend="save it with dots in its names"
            )
        return self._flat[flat][0]


def by_layer(names: Iterable[str], layers: Layers, metadata: Mapping[str, str]) -> dict[str, Keys]:
    """Returns the tensors of a LoRA file by path of the layer, sorted by path.

    names: the names of its tensors. metadata: of the file; it is used in messages only.
    Raises WeightsError that says what cannot be played, and why.
    """
    names = sorted(names)
    for name in names:
        _refuse_kinds(name, layers)
    found: dict[str, Keys] = {}
    adapters: set[str] = set()
    for name in names:
        half, number = _HALF.fullmatch(name), _NUMBER.fullmatch(name)
        match = number or half
        if match is None:
            raise _not_a_lora(name, layers)
        keys = found.setdefault(_layer(match["layer"], layers, names, metadata), Keys())
        if number is not None:
            _add_number(keys, number)
            continue
        adapters.add(match["adapter"] or "")
        if len(adapters) > 1:
            adapter_names = " and ".join(shown(adapter) for adapter in sorted(adapters))
            raise WeightsError(f"it holds several adapters: {adapter_names}", mend="save one adapter in a file")
        _add_half(keys, match)
    if not any(keys.down or keys.up for keys in found.values()):
        raise WeightsError("it holds no LoRA weights", mend="use a file with lora_A and lora_B weights")
    for layer, keys in found.items():
        if not (keys.down and keys.up):
            what = "only one half of its change" if keys.down or keys.up else "an alpha and no change"
            raise WeightsError(f"layer {layer} has {what}", mend=AGAIN)
    return dict(sorted(found.items()))


def _refuse_kinds(name: str, layers: Layers) -> None:
    """Raises WeightsError that names the kind of adapter, if the tensor belongs to another kind than LoRA."""
    if len(name) > LONGEST:
        raise WeightsError(f"{shown(name)} is too long a name", mend=AGAIN)
    for pattern, kind in _KINDS:
        if re.search(pattern, name) and layers.find(name.removesuffix(".weight")) is None:
            raise WeightsError(f"it is {kind}, which is not played: {shown(name)}", mend="use a plain LoRA")


def _add_half(keys: Keys, half: re.Match[str]) -> None:
    side = "down" if half["down"] else "up"
    if other := getattr(keys, side):
        raise WeightsError(f"{shown(half[0])} and {shown(other)} are the same half", mend=AGAIN)
    setattr(keys, side, half[0])


def _add_number(keys: Keys, number: re.Match[str]) -> None:
    what = "scalar" if number["what"] == "scalar" else "alpha"
    if other := keys.numbers.get(what):
        raise WeightsError(f"{shown(number[0])} and {shown(other)} are the same number", mend=AGAIN)
    keys.numbers[what] = number[0]


def _layer(given: str, layers: Layers, names: list[str], metadata: Mapping[str, str]) -> str:
    name = layers.find(given)
    if name is not None:
        return name
    whole = [half["layer"] for other in names if (half := _HALF.fullmatch(other))]
    like = next((model for pattern, model in _MODELS for other in whole if re.search(pattern, other)), "")
    said = next((metadata[key] for key in _SAID if metadata.get(key)), "")
    looks = f"; it looks like a LoRA of {like}" if like else ""
    looks += f"; it says that it was trained on {shown(said)}" if said else ""
    raise WeightsError(f"the model has no layer {shown(given)}{looks}", mend=OTHER)


_SAID = ("modelspec.architecture", "base_model_name_or_path", "ss_base_model_version", "base_model", "ss_sd_model_name")


def _not_a_lora(name: str, layers: Layers) -> WeightsError:
    """Returns the error for a tensor that is no part of a LoRA."""
    given, _, last = name.rpartition(".")
    layer = layers.find(given) if last in ("weight", "bias") else None
    if layer is not None:
        whole = "the whole weights" if last == "weight" else "a bias"
        return WeightsError(
            f"{shown(name)} is no LoRA weight: it replaces {whole} of layer {layer}",
            mend="save the adapter alone, without bias and modules_to_save",
        )
    return WeightsError(f"{shown(name)} is no LoRA weight", mend="use a file with lora_A and lora_B weights")
