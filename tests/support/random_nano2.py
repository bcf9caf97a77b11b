"""Weights of nano2 for tests: its true sizes, a codec that is fitted to a composed song, a denoiser drawn at random."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from demon_patch.engine.contracts import Family
from demon_patch.engine.families import nano2
from demon_patch.engine.families.nano.stereo_codec import StereoCodec
from demon_patch.engine.families.nano.stft import stft
from demon_patch.engine.families.nano.synth import compose_song
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano.weights import save
from demon_patch.engine.families.nano2.denoiser import denoiser


@torch.no_grad()
def fitted_codec() -> StereoCodec:
    """A codec whose components are those of one song; its network corrects nothing."""
    codec = StereoCodec()
    left, right = torch.from_numpy(compose_song("house", 1, 8.0).audio)
    mid, side = stft(torch.stack([left + right, left - right]) * 0.5, codec.grid, cyclic=True)
    numbers = codec.described_sound(mid[None], side[None])[0]
    mean = numbers.mean(0)
    _, singular, directions = torch.linalg.svd(numbers - mean, full_matrices=False)
    codec.set_components(mean, singular[:64] / len(numbers) ** 0.5, directions[:64].T)
    return codec


def written(folder: Path, transcriber: bool = False) -> Path:
    """Writes random weights to a folder and returns it. transcriber: whether there is one, which hears at random."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(3)
    net = denoiser()
    for parameter in net.parameters():
        if not parameter.any():  # layers that start at 0, by which neither prompt nor context would matter
            torch.nn.init.normal_(parameter, std=0.03)
    save(fitted_codec(), folder / "codec.safetensors", StereoCodec.NAME, {})
    save(net, folder / "denoiser.safetensors", "nano-stereo-denoiser", {})
    if transcriber:
        save(Transcriber(), folder / "transcriber.safetensors", Transcriber.NAME, {})
    return folder


@cache
def loaded() -> Family:
    """The family with random weights and no transcriber; the same one each time."""
    with TemporaryDirectory() as folder:
        return nano2.load(written(Path(folder) / "weights"))
