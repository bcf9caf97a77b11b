"""Builds the parts of a model and fills them from a checkpoint, one tensor at a time, straight on their device."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from demon_patch.engine.families.acestep.checkpoint import Checkpoint, Where
from demon_patch.engine.families.acestep.library import classes, library
from demon_patch.engine.families.acestep.names import official
from demon_patch.engine.families.acestep.sizes import Sizes, sizes_of
from demon_patch.engine.families.acestep.spec import LATENT
from demon_patch.engine.tensor_file import shown
from demon_patch.errors import WeightsError
from demon_patch.nearest import nearest

_SILENCE = "silence_latent"
_FLOATS = {"F64", "F32", "F16", "BF16"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The loaded parts of a model, in evaluation mode and without gradients.

    silence: the latent of silence [T, 64], float32.
    tokenizer: of prompts (`tokenizers.Tokenizer`).
    wide: whether it is an XL model, whose timbre encoder begins with a learned token.
    """

    transformer: Any
    condition_encoder: Any
    audio_tokenizer: Any
    audio_token_detokenizer: Any
    vae: Any
    text_encoder: Any
    silence: Tensor
    tokenizer: Any
    wide: bool


def read_parts(checkpoint: Checkpoint, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Parts:
    """Returns the parts of a checkpoint on a device. Raises WeightsError that names the tensor, its file and the mend
    for one that is missing, renamed, truncated, of a wrong shape, or no number.

    dtype: of the weights in memory, whatever the files have. The codec and the structure codes stay float32.
    """
    sizes = sizes_of(checkpoint)
    with torch.device("meta"):
        empty = {part: make(part, sizes[part]) for part in _MAKERS}
    filled = {}
    for part, module in empty.items():
        exact = part in ("vae", "audio_tokenizer")
        filled[part] = _fill(module, part, checkpoint, device, torch.float32 if exact else dtype)
    _mend_buffers(filled, sizes, device)
    return Parts(
        **filled, silence=_silence(checkpoint, device), tokenizer=_tokenizer(checkpoint),
        wide=sizes["transformer"]["hidden_size"] != sizes["condition_encoder"]["hidden_size"],
    )  # fmt: skip


def check(checkpoint: Checkpoint) -> None:
    """Raises WeightsError, as `read_parts` does, for a tensor that is missing or has a wrong shape; reads none."""
    sizes = sizes_of(checkpoint)
    with torch.device("meta"):
        for part in _MAKERS:
            _check_shapes(part, make(part, sizes[part]).state_dict(), checkpoint)


def _transformer(sizes: Mapping[str, Any]) -> nn.Module:
    return library("diffusers.models.transformers.ace_step_transformer").AceStepTransformer1DModel(**sizes)


def _condition_encoder(sizes: Mapping[str, Any]) -> nn.Module:
    module = classes().AceStepConditionEncoder(**sizes)
    del module._buffers[_SILENCE]  # kept beside it
    return module


def _vae(sizes: Mapping[str, Any]) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of weight norm, which is folded here
        module = library("diffusers").AutoencoderOobleck(**sizes)
    for layer in module.modules():
        if hasattr(layer, "weight_g"):
            nn.utils.remove_weight_norm(layer)
    return module


def _text_encoder(sizes: Mapping[str, Any]) -> nn.Module:
    transformers = library("transformers.models.qwen3")
    return transformers.Qwen3Model(_text_config(sizes))


def _text_config(sizes: Mapping[str, Any]) -> Any:
    rest = {key: value for key, value in sizes.items() if key != "rope_theta"}
    rope = {"rope_type": "default", "rope_theta": float(sizes.get("rope_theta", 1e6))}
    return library("transformers.models.qwen3").Qwen3Config(rope_parameters=rope, use_cache=False, **rest)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], nn.Module]] = {
    "transformer": _transformer,
    "condition_encoder": _condition_encoder,
    "audio_tokenizer": lambda sizes: classes().AceStepAudioTokenizer(**sizes),
    "audio_token_detokenizer": lambda sizes: classes().AceStepAudioTokenDetokenizer(**sizes),
    "vae": _vae,
    "text_encoder": _text_encoder,
}


def make(part: str, sizes: Mapping[str, Any]) -> nn.Module:
    """Returns a part of a model on torch's present device, its weight norm folded. sizes: of `sizes.sizes_of`."""
    return _MAKERS[part](sizes)


def _fill(module: nn.Module, part: str, checkpoint: Checkpoint, device: str, dtype: torch.dtype) -> nn.Module:
    """Gives a module without memory the tensors of its part, and returns it."""
    found, wanted = checkpoint.tensors[part], module.state_dict()
    _check_shapes(part, wanted, checkpoint)
    with ExitStack() as stack:
        files: dict[Path, Any] = {}

        def read(name: str) -> Tensor:
            where = found[name]
            try:
                if where.file not in files:
                    files[where.file] = stack.enter_context(safe_open(where.file, framework="pt", device=device))
                return files[where.file].get_tensor(where.name)
            except (SafetensorError, OSError, ValueError) as error:
                raise _damaged(where, f"cannot be read: {error}", checkpoint) from error

        for name in wanted:
            if name in found:
                tensor = read(name).to(dtype)
            else:  # weight norm, folded
                v, g = (read(each).float() for each in _halves(name, found))
                tensor = (v * (g / v.flatten(1).norm(dim=1).view_as(g))).to(dtype)
            if not bool(torch.isfinite(tensor).all()):
                where = found[name] if name in found else found[_halves(name, found)[0]]
                raise _damaged(where, "holds numbers that are not finite", checkpoint)
            owner, _, last = name.rpartition(".")
            owner = module.get_submodule(owner)
            if last in owner._parameters:
                owner._parameters[last] = nn.Parameter(tensor, requires_grad=False)
            else:
                owner._buffers[last] = tensor
    return module.eval().requires_grad_(False)


def _halves(name: str, found: Mapping[str, Where]) -> tuple[str, str]:
    """Returns the names of direction and length of a weight that is stored by weight norm, whether they are there or
    not."""
    old = (f"{name}_v", f"{name}_g")
    owner, _, last = name.rpartition(".")
    new = (f"{owner}.parametrizations.{last}.original1", f"{owner}.parametrizations.{last}.original0")
    return new if new[0] in found else old


def _check_shapes(part: str, wanted: Mapping[str, Tensor], checkpoint: Checkpoint) -> None:
    """Raises WeightsError for the first tensor of a part that is missing or does not fit."""
    found = checkpoint.tensors[part]
    for name, tensor in wanted.items():
        shape, halves = tuple(tensor.shape), _halves(name, found)
        if name in found:
            _check_one(found[name], shape, checkpoint)
        elif part == "vae" and all(half in found for half in halves):
            _check_one(found[halves[0]], shape, checkpoint)
            _check_one(found[halves[1]], (shape[0], *(1 for _ in shape[1:])), checkpoint)
        else:
            missing = [each for each in wanted if each not in found and _halves(each, found)[0] not in found]
            more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
            spare = nearest(name, found.keys() - wanted.keys(), 1)
            instead = f"; one named {shown(_told(part, spare[0], checkpoint))} is there" if spare else ""
            what = f"{part}: the tensor {_told(part, name, checkpoint)} is missing{more}{instead}"
            files = sorted({where.file for where in (found or checkpoint.tensors["transformer"]).values()})
            raise WeightsError(what, file=files[0] if len(files) == 1 else checkpoint.folder, mend=checkpoint.mend)


def _told(part: str, name: str, checkpoint: Checkpoint) -> str:
    """Returns the name of a tensor as the checkpoint's files have it."""
    return name if checkpoint.layout == "diffusers" else official(part, name)


def _check_one(where: Where, shape: tuple[int, ...], checkpoint: Checkpoint) -> None:
    if where.stored.kind not in _FLOATS:
        raise _damaged(where, f"holds numbers of kind {where.stored.kind}, not of 16, 32 or 64 bits", checkpoint)
    if where.stored.shape != shape:
        what = f"has the shape {list(where.stored.shape)}, wanted {list(shape)}"
        raise _damaged(where, what, checkpoint)


def _damaged(where: Where, what: str, checkpoint: Checkpoint) -> WeightsError:
    return WeightsError(f"the tensor {shown(where.name)} {what}", file=where.file, mend=checkpoint.mend)


def _mend_buffers(filled: Mapping[str, nn.Module], sizes: Sizes, device: str) -> None:
    """Makes the tables that no file holds: those of the structure codes and of the text encoder's positions."""
    tokenizer: Any = filled["audio_tokenizer"]
    levels = tokenizer.quantizer.levels
    fresh = type(tokenizer.quantizer)(dim=1, levels=levels, num_quantizers=tokenizer.quantizer.num_quantizers)
    for name, table in fresh.named_buffers():
        setattr(tokenizer.quantizer, name, table.to(device))
    text: Any = filled["text_encoder"]
    text.rotary_emb = type(text.rotary_emb)(_text_config(sizes["text_encoder"])).to(device)
    for part, module in filled.items():
        left = [name for name, each in (*module.named_parameters(), *module.named_buffers()) if each.is_meta]
        assert not left, (part, left)


def _silence(checkpoint: Checkpoint, device: str) -> Tensor:
    """Returns the latent of silence, float32 [T, 64]. Nothing but tensors is read from the file."""
    if checkpoint.silence is None:
        where = checkpoint.tensors["condition_encoder"].get(_SILENCE)
        if where is None:
            raise WeightsError("the latent of silence is missing", file=checkpoint.folder, mend=checkpoint.mend)
        file = where.file
        with safe_open(file, framework="pt", device=device) as stream:
            found = stream.get_tensor(where.name)
    else:
        file = checkpoint.silence
        try:
            found = torch.load(file, map_location=device, weights_only=True)
        except Exception as error:  # torch raises errors of many kinds for a file that is none of its own
            what = f"it cannot be read as a tensor: {type(error).__name__}"
            raise WeightsError(what, file=file, mend=checkpoint.mend) from None
        if isinstance(found, Tensor) and found.ndim == 3:
            found = found.transpose(1, 2)
    fits = isinstance(found, Tensor) and found.ndim == 3 and found.shape[0] == 1 and found.shape[2] == LATENT
    if not fits or not found.shape[1] or not found.is_floating_point() or not bool(torch.isfinite(found).all()):
        raise WeightsError("it holds no latent of silence [1, 64, T]", file=file, mend=checkpoint.mend)
    return found[0].float().contiguous()


def _tokenizer(checkpoint: Checkpoint) -> Any:
    try:
        return library("tokenizers").Tokenizer.from_file(str(checkpoint.tokenizer))
    except Exception as error:  # the library raises bare exceptions
        what = f"it cannot be read as a tokenizer: {' '.join(str(error).split())[:120]}"
        raise WeightsError(what, file=checkpoint.tokenizer, mend=checkpoint.mend) from None
