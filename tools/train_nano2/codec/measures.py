"""How far a decoded sound is from its original, 48 kHz. Attacks and partials are measured by `bench.texture`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from demon_patch.arrays import Samples
from demon_patch.bench.quality.spectra import mel_bank, spectrum

_SIZES = (512, 1024, 2048, 4096)
_LEAST_RISE, _DEEPEST = 9.0, 35.0  # dB of a low attack, and below the loudest moment


def resolutions_error(original: Samples, decoded: Samples) -> float:
    """Spectral convergence and mean difference of log magnitudes, summed, the mean of four window sizes."""
    total = 0.0
    for size in _SIZES:
        own, ours = spectrum(original, size, size // 4), spectrum(decoded, size, size // 4)
        total += ((own - ours).norm() / own.norm()).item()
        total += ((own + 1e-4).log() - (ours + 1e-4).log()).abs().mean().item()
    return total / len(_SIZES)


def kick_error(original: Samples, decoded: Samples) -> float:
    """Mean difference in dB of the level of 35 to 200 Hz in 60 ms round the original's low attacks; nan for none."""
    levels = []
    for sound in (original, decoded):
        power = spectrum(sound, 1024, 240)[:, 1:5].square().sum(1)
        levels.append(10 * torch.log10(power + 1e-9))
    floor = levels[0].max() - _DEEPEST
    own, ours = (level.clamp_min(floor) for level in levels)
    rise = own[4:] - own[:-4]
    peak = functional.max_pool1d(rise[None, None], 31, 1, 15)[0, 0]
    places = (torch.nonzero((rise == peak) & (rise > _LEAST_RISE))[:, 0] + 2).tolist()
    errors = [(own[max(at - 6, 0) : at + 7] - ours[max(at - 6, 0) : at + 7]).abs().mean().item() for at in places]
    return float(np.mean(errors)) if errors else float("nan")


def stereo_error(original: Samples, decoded: Samples) -> float:
    """Mean difference in dB of side / mid in 24 mel bands of sounds [2, samples], -30 to 10 dB each, where the original
    can be heard."""
    ratios, middles = [], []
    for left, right in (original, decoded):
        mid, side = (
            spectrum(x, 4096, 2048).square() @ mel_bank(4096, 24) for x in ((left + right) / 2, (left - right) / 2)
        )
        ratios.append((10 * torch.log10((side + 1e-9) / (mid + 1e-9))).clamp(-30, 10))
        middles.append(mid)
    heard = middles[0] > middles[0].max() * 1e-6
    return (ratios[0] - ratios[1]).abs()[heard].mean().item()
