"""Spectra and mel bands of mono sounds at 48 kHz, and how far two sounds are from each other in them."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.synth import RATE


def spectrum(sound: Samples, size: int, hop: int) -> Tensor:
    """Returns magnitudes [frames, bins]; a full-scale sine has about 0.5."""
    wave = torch.as_tensor(np.ascontiguousarray(sound, np.float32))
    found = torch.stft(wave, size, hop, window=torch.hann_window(size), center=True, return_complex=True)
    return found.abs().T * (2 / size)


@cache
def mel_bank(size: int, bands: int) -> Tensor:
    """Returns weights [bins, bands] of triangles of equal width on the mel scale, 30 Hz to 20 kHz."""
    hertz = np.linspace(0, RATE / 2, size // 2 + 1)[:, None]
    low, high = (2595 * np.log10(1 + edge / 700) for edge in (30.0, 20_000.0))
    edges = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    below, centre, above = edges[:-2], edges[1:-1], edges[2:]
    bank = np.clip(np.minimum((hertz - below) / (centre - below), (above - hertz) / (above - centre)), 0, 1)
    bank = bank[:, bank.sum(0) > 1e-3]
    return torch.from_numpy((bank / bank.sum(0)).astype(np.float32))


def mel_error(original: Samples, decoded: Samples) -> float:
    """Returns the mean difference of two mono sounds in dB of 96 mel bands, above a floor of -75 dB."""
    levels = [20 * torch.log10(spectrum(x, 2048, 512) @ mel_bank(2048, 96) + 1.8e-4) for x in (original, decoded)]
    return (levels[0] - levels[1]).abs().mean().item()
