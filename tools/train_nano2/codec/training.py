"""Training of the stereo codec: its components are fitted once, its network learns to correct what they give back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from demon_patch.engine.families.nano import image
from demon_patch.engine.families.nano.grid import STEREO
from demon_patch.engine.families.nano.magnitudes import LATENT
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.stft import band_to_bin, stft, to_log
from demon_patch.engine.families.nano.weights import save
from tools.train_nano.codec_training import bin_weights, decoder_loss
from tools.train_nano2.codec.sounds import batch
from tools.train_nano2.crops import Crops
from tools.train_nano2.training import Habits, Trainer

CROP = 32
"""Frames of a crop."""

_FIT_BATCH, _FIT_FRAMES = 8, 75
_LATENT_NOISE = 0.1
_RATE = 1.5e-3
_IMAGE, _SHAPE = 0.15, 0.3
_SHAPED = 200  # bins whose differences to their neighbours count


def spectra(audio: Tensor) -> tuple[Tensor, Tensor]:
    """The transforms of mid and side [B, 4n, bins] of sound [B, 2, n * 1920]."""
    left, right = stft(audio.flatten(0, 1), STEREO).unflatten(0, (-1, 2)).unbind(1)
    return (left + right) / 2, (left - right) / 2


@torch.no_grad()
def fit(codec: StereoCodec, crops: Crops, hours: float, seed: int = 0) -> None:
    """Fits the principal components to so many hours of random crops."""
    rng = np.random.default_rng((seed, 2**31))
    total, count = torch.zeros(codec.numbers).double(), 0
    products = torch.zeros(codec.numbers, codec.numbers).double()
    for _ in range(max(round(hours * 3600 * 25 / (_FIT_BATCH * _FIT_FRAMES)), 1)):
        numbers = codec.described_sound(*spectra(batch(crops, rng, _FIT_BATCH, _FIT_FRAMES))).flatten(0, 1)
        total += numbers.sum(0).double()
        products += (numbers.T @ numbers).double()
        count += len(numbers)
    mean = total / count
    values, vectors = torch.linalg.eigh(products / count - mean[:, None] * mean)
    deviation = values.flip(0)[:LATENT].clamp_min(1e-9).sqrt()
    codec.set_components(mean.float(), deviation.float(), vectors.flip(1)[:, :LATENT].float())


def image_loss(found: Tensor, true: Tensor, mid: Tensor) -> Tensor:
    """How far coded images [B, n, 32] are from true ones, where the mid [B, 4n, bins] can be heard."""
    heard = image.audible(mid)
    return ((found - true).abs() * torch.cat([heard, heard], -1)).mean()


def shape_loss(coded: Tensor, target: Tensor) -> Tensor:
    """How far the steps from bin to bin are from true ones, up to 5 kHz: partials shall stand out as they did."""
    return (coded[..., :_SHAPED].diff(dim=-1) - target[..., :_SHAPED].diff(dim=-1)).abs().mean()


def train(crops: Crops, habits: Habits, fit_hours: float = 1.0, report: Callable[[str], None] = print) -> None:
    """Trains within the habits, from the last checkpoint on; writes `codec.safetensors` after every checkpoint."""
    torch.manual_seed(habits.seed)
    codec = StereoCodec()
    trainer = Trainer(codec, "codec", habits, _RATE, report)
    if not trainer.resume():
        fit(codec, crops, fit_hours, habits.seed)
        trainer = Trainer(codec, "codec", habits, _RATE, report)
        report(f"components fitted to {fit_hours} h of {crops.hours:.2f} h")
    network, weights, to_bin = habits.wrapped(codec.network), bin_weights(STEREO.bins), band_to_bin(STEREO)

    def loss_of(rng: Generator) -> Tensor:
        with torch.no_grad():
            mid, side = spectra(batch(crops, rng, habits.batch, CROP))
            magnitude = mid.abs()
            numbers = codec.described_sound(mid, side)
            latent = codec.components(numbers)
            latent = latent + torch.randn_like(latent) * (torch.rand(len(latent), 1, 1) * _LATENT_NOISE)
            bands, seen = codec.parts(latent)
            coded, true = bands @ to_bin, image.encoded(mid, side)
        bins, more = network(latent, bands)
        coded = coded + bins
        loss = decoder_loss(coded, magnitude, weights) + _IMAGE * image_loss(seen + more, true, magnitude)
        return loss + _SHAPE * shape_loss(coded, to_log(magnitude))

    def keep(run: Trainer[StereoCodec]) -> None:
        with run.averaged() as net:
            write(net, habits.out / "codec.safetensors", {**run.facts, "hours": round(crops.hours, 2)})

    trainer.run(loss_of, keep)


def write(codec: StereoCodec, path: Path, facts: dict[str, object]) -> None:
    """Writes the weights, whole or not at all."""
    partial = path.with_suffix(".partial")
    save(codec, partial, StereoCodec.NAME, facts)
    partial.replace(path)
