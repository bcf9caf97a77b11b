"""Measurements that an embedded family's spec is written from: how far strength moves the sound, how far a decode
reaches, and how far from its ends a stretch differs from the whole song.

`python -m tools.train_nano.measure [--model NAME]` prints them for the weights in the package; `demon-patch model
measure` makes the taper of strength from distances and recordings.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, Family, Source
from demon_patch.engine.families import load_family
from demon_patch.engine.families.nano.tags import STYLES
from demon_patch.engine.session import Session

_WHOLE_MARGIN = 40


def warp(t: Tensor, shift: float) -> Tensor:
    """Returns timesteps t, 0 to 1, after the shift warp: s t / (1 + (s - 1) t), with s the shift."""
    return shift * t / (1 + (shift - 1) * t)


@torch.inference_mode()
def cover(
    family: Family,
    source: Source,
    prompts: Sequence[Conditioning],
    strengths: Sequence[float],
    seed: int,
    structure: float = 1.0,
) -> Tensor:
    """Returns latents [rows, T, C], one plain Euler cover of the source for each pair of prompt and strength, all from
    the same noise.

    Timesteps are warp(linspace(strength, 0, steps + 1)); x starts as t0 * noise + (1 - t0) * source.
    """
    spec, denoiser = family.spec, family.denoiser
    noise = torch.randn(source.latent.shape, generator=torch.Generator().manual_seed(seed))
    context = family.conditioner.context(source, structure)[None]
    covers = []
    for prompt, strength in zip(prompts, strengths, strict=True):
        t = warp(torch.linspace(strength, 0, spec.steps + 1), spec.shift)
        condition = tuple(part[None] for part in denoiser.condition(prompt.tokens))
        time = denoiser.embed_time(t)
        x = (t[0] * noise + (1 - t[0]) * source.latent)[None]
        for step in range(spec.steps):
            v = denoiser.velocity(x, time[step : step + 1], context, condition)
            x = x + (t[step + 1] - t[step]) * v
        covers.append(x[0])
    return torch.stack(covers)


@dataclass(frozen=True, slots=True)
class Distances:
    """The mean rms distance of covers to the source, in latent units.

    strengths: [n], 0 to 1.
    distance: [n], one for each strength.
    """

    strengths: np.ndarray
    distance: np.ndarray


def strength_distances(
    family: Family, strengths: Sequence[float], seeds: Iterable[int], seconds: float = 10.0
) -> Distances:
    """Returns the mean distances by strength. One source is composed for each seed and covered in its own and in
    another style."""
    rows = []
    for seed in seeds:
        style, other = STYLES[seed % len(STYLES)], STYLES[(seed * 3 + 5) % len(STYLES)]
        source = family.conditioner.compose(style, seconds, seed)
        for text in (style, other):
            prompt = family.conditioner.prompt(text)
            covers = cover(family, source, [prompt] * len(strengths), strengths, seed)
            rows.append((covers - source.latent).square().mean((1, 2)).sqrt().numpy())
    return Distances(np.array(strengths), np.mean(rows, axis=0))


@torch.inference_mode()
def window_difference(family: Family, latent: Tensor, start: int, length: int, margin: int) -> tuple[float, float]:
    """Returns how a window decoded with `margin` differs from one with ample margin: the largest difference of a sample
    as a share of the peak, and the rms difference in dB.

    The window covers `length` frames from frame `start` of a cyclic song, and may cross its seam.
    """

    def decode(beside: int) -> Tensor:
        frames = torch.arange(start - beside, start + length + beside) % len(latent)
        hop = family.spec.samples_per_frame
        return family.codec.decode(latent[frames], frames)[beside * hop : (beside + length) * hop]

    whole = decode(_WHOLE_MARGIN)
    error = decode(margin) - whole
    decibels = 20 * torch.log10(error.norm() / whole.norm() + 1e-12)
    return float(error.abs().max() / whole.abs().max()), float(decibels)


def border_differences(
    session: Session, length: int, styles: Sequence[str], seconds: float = 32.0, reach: int = 40
) -> np.ndarray:
    """Returns the rms difference [reach], in latent units, of a stretch of `length` latent frames from the same frames
    of the whole song, by the distance from its nearer end; the mean over styles, at full strength."""
    rows = []
    for seed, style in enumerate(styles):
        source, prompt = session.compose(style, seconds=seconds, seed=seed), session.prompt(style)
        whole = session.generate(prompt, source, seed=seed, strength=1.0)
        start = source.frames // 4
        part = session.generate(prompt, source, seed=seed, strength=1.0, stretch=(start, length))
        away = (part - whole[start : start + length]).square().mean(1).sqrt().numpy()
        rows.append((away[:reach] + away[::-1][:reach]) / 2)
    return np.mean(rows, axis=0)


def main() -> None:
    """Prints the distances by strength, the differences by margin, and those of stretches by place."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano.measure")
    parser.add_argument("--model", default="nano")
    options = parser.parse_args()
    torch.set_num_threads(1)
    family = load_family(options.model)
    strengths = [k / 32 for k in range(33)]
    found = strength_distances(family, strengths, range(16))
    for strength, distance in zip(found.strengths, found.distance, strict=True):
        print(f"strength {strength:.3f}  distance {distance:.4f}  {distance / found.distance[-1]:.3f} of its range")
    sources = [family.conditioner.compose(style, 8, 5).latent for style in STYLES]
    for margin in range(4, 19):
        pairs = [
            window_difference(family, latent, start, 8, margin)
            for latent in sources
            for start in (0, 61, 133, len(latent) - 4)
        ]
        peak, decibels = np.max(pairs, axis=0)
        print(f"margin {margin:2d}  largest difference {peak:.1e} of the peak  rms {decibels:.1f} dB")
    session = Session(family)
    for length in (200, 500):
        away = border_differences(session, length, STYLES[:4])
        print(f"a stretch of {length} frames, by the distance from its end: {' '.join(f'{each:.3f}' for each in away)}")


if __name__ == "__main__":
    main()
