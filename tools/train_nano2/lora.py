"""Trains the LoRA that ships with nano2: clips as a worn tape plays them.

    python -m tools.train_nano2.lora --clips FOLDER --codec FILE --from FILE --save FILE [--songs N] [--steps N]

FOLDER holds clips that were described (`tools.train_nano2.denoiser.describe`); `--from` names the denoiser's weights.
Tags, hints and scores are those of the clean sound; only latents are those of the worn one, so the adapter learns the
sound and not the music. 800 steps take some three minutes of one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.synth import RATE
from demon_patch.engine.families.nano.weights import load_into
from demon_patch.engine.families.nano2.denoiser import denoiser
from tools.train_nano.budget import Budget
from tools.train_nano.lora import Adapter, fit, tape
from tools.train_nano2.codec.loading import stereo_codec
from tools.train_nano2.data.store import ClipFolder
from tools.train_nano2.denoiser.batches import Chances, draw_batch, draw_times, velocity_loss
from tools.train_nano2.denoiser.corpus import Song, components_hash, song_of

_BATCH, _FRAMES = 6, 128
_HELD = 4  # songs that are not trained on, one in so many


def worn_songs(folder: Path, codec: StereoCodec, count: int) -> list[Song]:
    """Returns the first `count` described clips of a folder, with the latents of their sounds on a worn tape. Raises
    FileNotFoundError for a clip that is not described."""
    clips, described = ClipFolder(folder), components_hash(codec)
    songs = []
    for number in clips.numbers()[:count]:
        song = song_of(clips, number, described)
        sounds = (clips.audio(number, render) for render in range(len(song.latents)))
        latents = [codec.encode(np.stack([tape(side, RATE) for side in sound], 1)).numpy() for sound in sounds]
        songs.append(replace(song, latents=np.stack(latents).astype(np.float16)))
    return songs


def main(arguments: Sequence[str] | None = None) -> dict[str, float]:
    """Trains and saves; returns the held-out loss before and after."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano2.lora", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--clips", type=Path, required=True, help="a folder of described clips")
    parser.add_argument("--codec", type=Path, required=True, help="its weights")
    parser.add_argument("--from", type=Path, dest="begin", required=True, help="the denoiser's weights")
    parser.add_argument("--save", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--songs", type=int, default=48, help="of the clips, the first ones")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1, help="of the processor")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    songs = worn_songs(options.clips, stereo_codec(parser, options.codec), options.songs)
    if len(songs) < _HELD:
        parser.error(f"{options.clips} holds {len(songs)} clips; {_HELD} are the least")
    held, learnt = songs[::_HELD], [song for at, song in enumerate(songs) if at % _HELD]
    adapter, chances = Adapter(load_into(denoiser(), options.begin), options.rank), Chances(known=0.0)
    fixed = draw_batch(held, np.random.default_rng(5), 2 * _BATCH, _FRAMES, chances)
    times, noise = torch.linspace(0.1, 1.0, 2 * _BATCH), torch.randn_like(fixed.latent)

    @torch.no_grad()
    def held_loss() -> float:
        return velocity_loss(adapter, fixed, times, noise).item()

    def loss_of(rng: np.random.Generator) -> Tensor:
        batch = draw_batch(learnt, rng, _BATCH, _FRAMES, chances)
        return velocity_loss(adapter, batch, draw_times(rng, batch.starts), torch.randn_like(batch.latent))

    budget = Budget(0.0, options.steps)
    losses = fit(adapter, budget, loss_of, held_loss)
    figures = {"steps": budget.step, "minutes": round(budget.seconds / 60, 1), "clips": len(learnt)}
    adapter.save(options.save, {**figures, **losses, "sound": "tape"}, "nano2")
    return losses


if __name__ == "__main__":
    print(main())
