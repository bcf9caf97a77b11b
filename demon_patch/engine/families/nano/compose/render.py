"""Turns a composition into the samples of a loop in a given style.

Tails of drums, echoes, reverberation and filters run over the end of the loop into its start.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from demon_patch.engine.families.nano.compose import instruments
from demon_patch.engine.families.nano.compose.composition import Composition
from demon_patch.engine.families.nano.compose.drums import decay, drum_kit, noise
from demon_patch.engine.families.nano.compose.filters import band_pass, cyclic, low_pass, smooth
from demon_patch.engine.families.nano.compose.styles import SOUNDS, Style
from demon_patch.engine.families.nano.compose.tables import SAMPLE_RATE
from demon_patch.engine.families.nano.spec import SPEC

_ECHOES = 3


def render(score: Composition, style_name: str, frames: int, seed: int) -> np.ndarray:
    """Returns the sound of a composition in a style: float32 samples [frames * 1280] at 32 kHz, within -1 to 1.

    frames: latent frames of the loop.
    seed: draws the small differences of drums, phases and noise.
    """
    rng = np.random.default_rng((seed, 1))
    style = SOUNDS[style_name]
    grid = instruments.StepGrid(score, frames * SPEC.samples_per_frame)
    drums, kicks = _drums(score, grid, drum_kit(style_name, rng))
    dry = np.zeros(grid.samples, np.float32)
    wet = drums * style.drum_room
    parts = (
        (instruments.bass_sound(score, style, grid, rng), 1, 1.0, 0.0),
        (instruments.chords_sound(score, style, grid, rng), 2, 1.0, 1.0),
        (instruments.arp_sound(score, style, grid), 3, 0.38, 0.3),
        (instruments.lead_sound(score, style, grid), 4, 0.3, 0.3),
    )
    for part, layer, level, send in parts:
        if part is not None:
            dry += part * (level * style.levels[layer])
            wet += part * (send * style.levels[layer])
    dry += _echo(wet, style, int(3 * grid.step_length)) + _reverb(wet, style, rng)
    if style.pump and len(kicks):
        dry *= _duck(kicks, grid.samples, style.pump)
    return _master(drums * (0.62 * style.levels[0]) + dry, style, rng)


def _drums(score: Composition, grid: instruments.StepGrid, kit: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the sound of the drums [samples], and the sample at which each kick begins [kicks]."""
    room = max(map(len, kit.values()))
    mix = np.zeros(grid.samples + room, np.float32)
    kicks = np.zeros(0, np.int64)
    for name, sound in kit.items():
        level = instruments.drum_levels(score, grid, name)
        hits = np.nonzero(level > instruments.SILENT)[0]
        for hit in hits:
            at = grid.position[hit]
            mix[at : at + len(sound)] += sound * (level[hit] * (0.8 if name == "hat" else 1.0))
        if name == "kick":
            kicks = grid.position[hits]
    mix[:room] += mix[grid.samples :]
    return mix[: grid.samples], kicks


def _echo(wet: np.ndarray, style: Style, delay: int) -> np.ndarray:
    total = np.zeros_like(wet)
    if style.delay:
        for echo in range(_ECHOES):
            total += np.roll(wet, delay * (echo + 1)) * (style.delay * 0.6**echo)
    return total


def _reverb(wet: np.ndarray, style: Style, rng: Generator) -> np.ndarray:
    """Returns the reverberation of `wet` [samples]: its circular convolution with decaying noise."""
    level, seconds = style.reverb
    if not level:
        return np.zeros_like(wet)
    samples = int(min(seconds, 2.0) * SAMPLE_RATE)
    tail = smooth(noise(rng, samples) * decay(samples, seconds / 5), 0.65).astype(np.float32)
    tail /= np.sqrt(np.square(tail).sum())
    room = np.fft.irfft(np.fft.rfft(wet) * np.fft.rfft(tail, len(wet)), len(wet))
    return (level * 1.3 * room).astype(np.float32)


def _duck(kicks: np.ndarray, samples: int, depth: float) -> np.ndarray:
    """Returns a gain [samples] that drops by the share `depth` at every kick and recovers with a time constant of 90
    ms.

    kicks: the sample at which each kick begins.
    """
    latest = np.full(samples, kicks[-1] - samples, np.int64)
    latest[kicks] = kicks
    since = (np.arange(samples) - np.maximum.accumulate(latest)) / SAMPLE_RATE
    return (1 - depth * np.exp(-since / 0.09)).astype(np.float32)


def _master(mix: np.ndarray, style: Style, rng: Generator) -> np.ndarray:
    mix = np.tanh(style.drive * mix) / np.tanh(style.drive)
    if style.low_pass < 15000:
        mix = cyclic(lambda x: low_pass(x, style.low_pass), mix)
    if style.crush:
        mix = np.round(mix * 24) / 24
    if style.dust:
        mix = mix + cyclic(lambda x: band_pass(x, 300, 5000), noise(rng, len(mix))) * style.dust
    rms = np.sqrt(np.mean(np.square(mix)) + 1e-9)
    gain = min(style.loudness / rms, 1.6 / (np.abs(mix).max() + 1e-6))
    return np.clip(mix * gain, -1, 1).astype(np.float32)
