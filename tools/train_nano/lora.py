"""Trains a small LoRA of the denoiser: our own compositions, heard through a tape machine that has seen better days.

    python -m tools.train_nano.lora --out RUN --save FILE [--minutes M] [--rank R]

Only the two factors of each layer's change are trained; the network stays as it is. The corpus is the denoiser's own
in small: the words and hints of a clip are those of the clean sound, only its latents are those of the processed one,
so what the adapter learns is the sound and not the music. A stopped run keeps its corpus and trains anew.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.func import functional_call

from demon_patch.engine.families.nano import WEIGHTS
from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.compose.filters import cyclic, high_pass, low_pass
from demon_patch.engine.families.nano.compose.tables import SAMPLE_RATE
from demon_patch.engine.families.nano.denoiser import NanoDenoiser
from demon_patch.engine.families.nano.weights import digest, load_into
from demon_patch.engine.lora.merge import layers_of
from tools.train_nano.budget import Budget, descend
from tools.train_nano.data import Corpus, make_audio, make_hints, make_latents
from tools.train_nano.denoiser_training import (
    draw_batch,
    draw_times,
    fixed_batch,
    velocity_loss,
)

_PEAK_RATE = 2e-3
_LOG_EVERY = 100


def tape(audio: np.ndarray, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Returns a loop [samples] as a worn tape plays it: saturated, without bass below 90 Hz, dull above 1200 Hz."""
    driven = np.tanh(4.0 * audio) / np.tanh(4.0)
    worn = cyclic(lambda loop: low_pass(high_pass(loop, 90.0, rate), 1200.0, rate), driven)
    return (worn * (np.sqrt(np.mean(audio**2)) / (np.sqrt(np.mean(worn**2)) + 1e-9))).astype(np.float32)


class Adapter(nn.Module):
    """Trained factors down [rank, in] and up [out, rank] for every layer of a frozen denoiser's blocks."""

    def __init__(self, net: NanoDenoiser, rank: int) -> None:
        super().__init__()
        self._net = (net.requires_grad_(False),)  # in a tuple, so that it is no part of this module
        self.weights = {name: layer.weight for name, layer in layers_of(net).items() if name.startswith("blocks.")}
        shapes = [weight.shape for weight in self.weights.values()]
        self.down = nn.ParameterList(torch.randn(rank, shape[1]) / rank**0.5 for shape in shapes)
        self.up = nn.ParameterList(torch.zeros(shape[0], rank) for shape in shapes)

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, context: Tensor) -> Tensor:
        """Returns the velocity, as the denoiser's own `forward`, with the changed weights."""
        net = self._net[0]
        changed = {
            f"{name}.weight": torch.addmm(weight, up, down)
            for (name, weight), up, down in zip(self.weights.items(), self.up, self.down, strict=True)
        }
        return functional_call(net, changed, (x, t, tokens, context))

    def save(self, path: Path, training: Mapping[str, object], model: str = "nano") -> None:
        """Writes the factors as float16 under PEFT's names; `training` says in JSON how they came about."""
        tensors: dict[str, Tensor] = {}
        for name, up, down in zip(self.weights, self.up, self.down, strict=True):
            tensors[f"{name}.lora_A.weight"] = down.detach().half().contiguous()
            tensors[f"{name}.lora_B.weight"] = up.detach().half().contiguous()
        rank = str(self.down[0].shape[0])
        about = {"licence": "MIT", "model": model, "lora_alpha": rank, "rank": rank}
        save_file(tensors, path, {**about, "training": json.dumps(training, sort_keys=True), "sha256": digest(tensors)})


def fit(
    adapter: Adapter,
    budget: Budget,
    loss_of: Callable[[np.random.Generator], Tensor],
    held_loss: Callable[[], float],
    report: Callable[[str], None] = print,
) -> dict[str, float]:
    """Trains an adapter within the budget. loss_of: returns the loss of a batch that it draws with a generator.
    Returns the held-out loss before and after."""
    rng = np.random.default_rng(1)
    optimiser = torch.optim.AdamW(adapter.parameters(), _PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    before, losses = held_loss(), []
    while budget.progress < 1:
        losses.append(descend(loss_of(rng), optimiser, budget.rate(_PEAK_RATE, 50, 0.8)))
        budget.step += 1
        if budget.step % _LOG_EVERY == 0:
            report(f"lora step {budget.step}, {budget.progress:.0%}: {np.mean(losses):.4f}, held {held_loss():.4f}")
            losses.clear()
    return {"held_before": round(before, 4), "held_after": round(held_loss(), 4)}


def train_lora(
    corpus: Corpus,
    net: NanoDenoiser,
    budget: Budget,
    rank: int = 8,
    batch: int = 6,
    frames: int = 128,
    report: Callable[[str], None] = print,
) -> tuple[Adapter, dict[str, float]]:
    """Trains within the budget on batches of `batch` crops of `frames`; also the held-out loss before and after."""
    torch.manual_seed(1)
    adapter = Adapter(net, rank)
    held = fixed_batch(corpus, 2 * batch, frames)

    @torch.no_grad()
    def held_loss() -> float:
        return velocity_loss(adapter, *held, known_weight=0.0).item()

    def loss_of(rng: np.random.Generator) -> Tensor:
        drawn = draw_batch(corpus, corpus.training, rng, batch, frames)
        return velocity_loss(adapter, drawn, draw_times(rng, batch), torch.randn_like(drawn.latent), 0.2)

    return adapter, fit(adapter, budget, loss_of, held_loss, report)


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Makes what is missing of the corpus, trains, saves; returns the held-out loss before and after."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano.lora", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--out", type=Path, required=True, help="folder of the run's corpus")
    parser.add_argument("--save", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--minutes", type=float, default=8, help="of training")
    parser.add_argument("--steps", type=int, help="train for so many steps, whatever they take")
    parser.add_argument("--compositions", type=int, default=32, help="of the corpus, three renderings each")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    options = parser.parse_args(arguments)
    if options.compositions < 4:
        parser.error("--compositions must be at least 4: two are held out, and two are trained on")
    torch.set_num_threads(options.threads)
    codec = load_into(NanoCodec(), WEIGHTS / "codec.safetensors")
    net = load_into(NanoDenoiser(), WEIGHTS / "denoiser.safetensors")
    make_audio(options.out, options.compositions)
    make_hints(options.out)
    make_latents(options.out, codec, tape)
    corpus = Corpus(options.out)
    budget = Budget(options.minutes, options.steps)
    adapter, losses = train_lora(corpus, net, budget, options.rank)
    figures = {"steps": budget.step, "minutes": round(budget.seconds / 60, 1), "clips": len(corpus.training)}
    adapter.save(options.save, {**figures, **losses, "sound": "tape"})
    return losses


if __name__ == "__main__":
    print(main())
