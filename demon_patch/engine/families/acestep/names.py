"""The names of tensors: the official ones, and those of the model classes that the family builds on.

The two differ in a prefix for each part and in the names of some layers; no number is changed.
"""

from __future__ import annotations

PARTS = ("transformer", "condition_encoder", "audio_tokenizer", "audio_token_detokenizer", "vae", "text_encoder")
"""The parts of a model, which are also the names of the folders in the diffusers layout."""

_PREFIXES = {
    "decoder.": "transformer",
    "encoder.": "condition_encoder",
    "tokenizer.": "audio_tokenizer",
    "detokenizer.": "audio_token_detokenizer",
}
_WRAPPERS = ("model.diffusion_model.", "diffusion_model.")  # which some single files put before every name
_LAYERS = {
    "q_proj": "to_q", "k_proj": "to_k", "v_proj": "to_v", "o_proj": "to_out.0", "q_norm": "norm_q", "k_norm": "norm_k",
}  # fmt: skip
_CONVOLUTIONS = {"proj_in.1": "proj_in_conv", "proj_out.1": "proj_out_conv"}


def renamed(official: str) -> tuple[str, str] | None:
    """Returns the part of an official tensor name and the name in it; None for a tensor of no part."""
    for wrapper in _WRAPPERS:
        official = official.removeprefix(wrapper)
    if official == "null_condition_emb":
        return "condition_encoder", official
    for prefix, part in _PREFIXES.items():
        if official.startswith(prefix):
            rest = official.removeprefix(prefix)
            for before, after in _CONVOLUTIONS.items() if part == "transformer" else ():
                if rest.startswith(f"{before}."):
                    return part, after + rest.removeprefix(before)
            return part, ".".join(_LAYERS.get(word, word) for word in rest.split("."))
    return None


def official(part: str, name: str) -> str:
    """Returns the official name of a tensor of a part; for the codec and the text encoder the name itself."""
    prefix = next((prefix for prefix, each in _PREFIXES.items() if each == part), "")
    if name == "null_condition_emb" or not prefix:
        return name
    for before, after in _CONVOLUTIONS.items() if part == "transformer" else ():
        if name.startswith(f"{after}."):
            return prefix + before + name.removeprefix(after)
    backward = {after.split(".", maxsplit=1)[0]: before for before, after in _LAYERS.items()}
    words = name.replace("to_out.0", "to_out").split(".")
    return prefix + ".".join(backward.get(word, word) for word in words)
