"""What is measured: a model of ACE-Step 1.5 with a clip and a prompt, and its plain forward by diffusers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from demon_patch.engine.contracts import Conditioning, Family, FamilySpec, Source
from demon_patch.engine.executors import choose, executor_named
from demon_patch.engine.executors.placement import device_for, dtype_for
from demon_patch.engine.families import load_family
from demon_patch.engine.families.acestep.build import make
from demon_patch.engine.families.acestep.codec import AceStepCodec
from demon_patch.engine.families.acestep.denoiser import AceStepDenoiser
from demon_patch.engine.families.acestep.sizes import arguments
from demon_patch.engine.families.acestep.spec import spec
from demon_patch.engine.session import Session
from demon_patch.errors import SourceError

POSITIONS = 256
"""Of the prompt: those of a caption of some 200 tokens, with its padding."""

_COMMON = {"in_channels": 192, "audio_acoustic_hidden_dim": 64, "patch_size": 2}
_2B = {
    "hidden_size": 2048, "intermediate_size": 6144, "num_attention_heads": 16, "num_key_value_heads": 8,
    "head_dim": 128, "num_hidden_layers": 24, "encoder_hidden_size": 2048,
}  # fmt: skip
_XL = {**_2B, "hidden_size": 2560, "intermediate_size": 9728, "num_attention_heads": 32, "num_hidden_layers": 32}
_TINY = {
    "hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
    "num_hidden_layers": 3, "encoder_hidden_size": 16, "sliding_window": 6,
}  # fmt: skip
_LAYER = {**_2B, "num_hidden_layers": 1}  # one layer of full size, for a processor
SIZES: Mapping[str, Mapping[str, Any]] = {"2b": _2B, "xl": _XL, "layer": _LAYER, "tiny": _TINY}
_TINY_CODEC = {"channel_multiples": [1, 1, 1, 1, 1], "decoder_channels": 2}


class Drawn:
    """A conditioner that reads no text: prompts are random positions, the context is the clip's own."""

    def __init__(self, spec: FamilySpec, width: int) -> None:
        self.spec, self.width = spec, width

    def prompt(self, text: str) -> Conditioning:
        """Returns random positions [L, E + 1], others for each text."""
        draw = torch.Generator().manual_seed(len(text))
        return Conditioning(
            torch.cat((torch.randn(POSITIONS, self.width, generator=draw), torch.ones(POSITIONS, 1)), 1)
        )

    def compose(self, prompt: str, seconds: float, seed: int, composer: str = "") -> Source:
        """Returns noise as a clip."""
        frames, draw = round(seconds * self.spec.frame_rate), torch.Generator().manual_seed(seed)
        latent = torch.randn(frames, 64, generator=draw)
        return Source(latent, latent, np.zeros((frames * self.spec.samples_per_frame, 2), np.float32), "noise", 120.0)

    def load(self, path: str | Path, seconds: Any = None, bpm: Any = None, downbeat: Any = None) -> Source:
        """Raises SourceError: nothing is read from files."""
        raise SourceError("random weights cover no files", file=path, mend="name a checkpoint with --model")

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """Returns the prompt as it is."""
        return prompt

    def context(self, source: Source, structure: float) -> Tensor:
        """Returns the context [T, 128] of a clip."""
        return torch.cat((structure * source.hints, torch.ones_like(source.hints)), 1)


@dataclass(frozen=True)
class Subject:
    """A session to measure. size: a name of `SIZES`, or that of the checkpoint. dtype: of the denoiser's weights."""

    session: Session
    source: Source
    prompt: Conditioning
    size: str
    dtype: torch.dtype

    @property
    def rate(self) -> float:
        """Returns the latent frames of a second."""
        return self.session.spec.frame_rate

    @property
    def device(self) -> torch.device:
        """Returns where the model lies."""
        return self.session.device

    @property
    def transformer(self) -> Any:
        """Returns the model class of diffusers."""
        denoiser: Any = self.session.family.denoiser
        return denoiser.transformer

    def plain(self, rows: int, frames: int) -> Callable[[], Tensor]:
        """Returns the plain forward of diffusers on the same weights."""
        model, device, kind = self.transformer, self.device, self.dtype

        def drawn(*shape: int) -> Tensor:
            return torch.randn(shape, device=device, dtype=kind)

        x, context, t = drawn(rows, frames, 64), drawn(rows, frames, 128), drawn(rows).sigmoid()
        states = self.prompt.tokens[:, :-1].to(device, kind).expand(rows, -1, -1).contiguous()
        return lambda: model(x, t, t, states, context, return_dict=False)[0]


def subject(size: str, executor: str, seconds: float, model: str = "") -> Subject:
    """Returns what is measured. model: a checkpoint in the folder of models, in place of random weights of a size."""
    torch.manual_seed(1)
    torch.set_num_threads(1)
    device = device_for(executor)
    dtype = dtype_for(executor, device)
    family = load_family(model, None, executor) if model else _drawn(size, device, dtype)
    choice = choose(executor, family.denoiser, live=True)
    session = Session(family, executor_named(choice.name)(family.denoiser, lanes=1), choice)
    source = session.compose("", seconds=seconds, seed=2)
    return Subject(session, source, session.prompt("acid"), model or size, dtype)


def _drawn(size: str, device: torch.device, dtype: torch.dtype) -> Family:
    """Returns a model of a size with random weights, made on its device."""
    sizes = arguments("transformer", {**_COMMON, "rope_theta": 1e6, "rms_norm_eps": 1e-6, "sliding_window": 128,
                                      "attention_bias": False, **SIZES[size]})  # fmt: skip
    with torch.device(device):
        transformer = nn.Module.to(make("transformer", sizes), dtype).eval().requires_grad_(False)
        vae = (
            make("vae", arguments("vae", _TINY_CODEC if size in ("tiny", "layer") else {})).eval().requires_grad_(False)
        )
    made: Any = AceStepDenoiser(transformer, "random")
    named = replace(spec("acestep-v15-xl-turbo" if size == "xl" else "acestep-v15-turbo"), name="random")
    return Family(named, made, AceStepCodec(vae, "random"), Drawn(named, int(sizes["encoder_hidden_size"])))
