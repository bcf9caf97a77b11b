"""Synthesises drums: every General MIDI drum key that scores use, in the manner of a style's kit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.score.notes import drum_class
from demon_patch.engine.families.nano.synth.waves import RATE

_TOMS = {41: 82, 43: 98, 45: 115, 47: 140, 48: 165, 50: 195}
_SKINS = {63: 300, 64: 205, 62: 330, 60: 420, 61: 300}
_PANS = {
    42: 0.4, 44: 0.4, 46: 0.4, 51: -0.45, 53: -0.45, 49: 0.5, 57: -0.5, 55: 0.4, 54: -0.5, 70: -0.6, 56: 0.4, 63: -0.4,
    64: -0.4, 50: 0.4, 48: 0.25, 47: 0.05, 45: -0.2, 43: -0.35, 41: -0.45, 37: 0.15, 39: 0.08,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kit:
    """The sound of a style's drums.

    kick: pitch in Hz, sweep in Hz, sweep in s, decay in s, drive, click.
    snare: tone in Hz, decay of the tone in s, decay of the noise in s, share of noise, low and high edge of the noise
    in Hz.
    hats: edge in Hz, decay closed in s, decay open in s, share of metallic tones.
    room: gain of its send to the reverb.
    chip: whether noise has few steps. gated: whether the snare's noise is cut off.
    """

    kick: tuple[float, float, float, float, float, float]
    snare: tuple[float, float, float, float, float, float]
    hats: tuple[float, float, float, float]
    room: float = 0.1
    chip: bool = False
    gated: bool = False


KITS = {
    "machine": Kit((55, 200, 0.03, 0.2, 1.3, 0.2), (190, 0.06, 0.12, 0.7, 800, 9000), (7500, 0.025, 0.14, 0.5), 0.06),
    "hard": Kit((50, 280, 0.03, 0.24, 2.4, 0.3), (210, 0.05, 0.1, 0.8, 900, 8000), (8000, 0.022, 0.12, 0.4), 0.06),
    "soft": Kit((46, 110, 0.03, 0.22, 0.8, 0.05), (200, 0.06, 0.07, 0.6, 1500, 6000), (9000, 0.03, 0.2, 0.3), 0.25),
    "tight": Kit((62, 240, 0.02, 0.12, 1.6, 0.35), (225, 0.05, 0.08, 0.7, 1200, 14000), (8500, 0.02, 0.1, 0.4), 0.1),
    "dusty": Kit((52, 150, 0.035, 0.26, 1.5, 0.2), (180, 0.07, 0.1, 0.6, 500, 6000), (5500, 0.03, 0.12, 0.3), 0.1),
    "gated": Kit((56, 190, 0.03, 0.17, 1.3, 0.25), (175, 0.09, 0.3, 0.7, 400, 11000), (7000, 0.03, 0.15, 0.5), 0.3,
                 gated=True),
    "chip": Kit((60, 420, 0.05, 0.09, 3.0, 0.0), (240, 0.02, 0.08, 0.95, 300, 16000), (6000, 0.02, 0.09, 0.0), 0.0,
                chip=True),
    "crisp": Kit((48, 170, 0.03, 0.28, 1.6, 0.35), (230, 0.04, 0.09, 0.75, 1000, 15000), (9000, 0.016, 0.13, 0.5),
                 0.05),
    "studio": Kit((62, 90, 0.02, 0.13, 1.0, 0.45), (195, 0.09, 0.13, 0.6, 600, 12000), (6500, 0.035, 0.25, 0.7), 0.15),
    "brushed": Kit((66, 60, 0.02, 0.16, 0.7, 0.2), (185, 0.06, 0.2, 0.75, 900, 9000), (6000, 0.05, 0.3, 0.8), 0.2),
    "rock": Kit((58, 110, 0.02, 0.16, 1.4, 0.6), (185, 0.12, 0.18, 0.6, 400, 12000), (6000, 0.04, 0.35, 0.7), 0.3),
    "hall": Kit((48, 50, 0.03, 0.4, 0.7, 0.08), (190, 0.08, 0.2, 0.7, 700, 10000), (6500, 0.05, 0.4, 0.8), 0.4),
}  # fmt: skip


class Drums:
    """A kit with its numbers drawn within `share` of the style's own; a sound is computed when it is first asked
    for."""

    def __init__(self, name: str, draws: Draws, share: float) -> None:
        def near(values: tuple[float, ...]) -> list[float]:
            return [value * draws.ratio(1 / (1 + share), 1 + share) for value in values]

        self._kit = KITS[name]
        self.room = self._kit.room
        self._kick, self._snare, self._hats = near(self._kit.kick), near(self._kit.snare), near(self._kit.hats)
        self._kick[0] = self._kit.kick[0] * draws.between(0.9, 1.1)
        self._tuned = draws.between(0.85, 1.2)
        self._width = draws.between(0.3, 1.2)
        self._rng = np.random.Generator(np.random.PCG64(draws.seed()))
        self._made: dict[int, Samples] = {}

    def sound(self, key: int) -> Samples:
        """Returns a full stroke of a General MIDI drum key, float32 [2, n]."""
        if key not in self._made:
            mono = self._mono(key)
            pan = max(-0.9, min(0.9, _PANS.get(key, 0.0) * self._width))
            angle = (pan + 1) * np.pi / 4
            sides = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]])
            self._made[key] = (mono * sides).astype(np.float32)
        return self._made[key]

    def _mono(self, key: int) -> np.ndarray:
        if key in (35, 36):
            sound = self._bass_drum()
        elif key == 39:
            sound = self._clap()
        elif key == 37:
            sound = self._tone(840 * self._tuned, 0.012, 0.2, 0.0) * 0.7 + self._noise(0.2, 0.006, 1500, 9000) * 0.3
        elif key in _TOMS:
            sound = self._tone(_TOMS[key] * self._tuned, 0.16, 0.7, 0.25) * 0.8
        elif key in _SKINS:
            sound = self._tone(_SKINS[key] * self._tuned, 0.09, 0.4, 0.1) * 0.6
        elif key == 56:
            sound = (self._tone(562, 0.1, 0.4, 0) + self._tone(845, 0.08, 0.4, 0)) * 0.3
        elif drum_class(key) == 1:
            sound = self._snare_drum()
        else:
            sound = self._cymbal(key)
        sound[-480:] *= np.linspace(1, 0, 480)
        return sound

    def _noise(self, seconds: float, fade: float, low: float, high: float) -> np.ndarray:
        samples = int(seconds * RATE)
        if self._kit.chip:
            white = np.repeat(self._rng.choice((-1.0, 1.0), samples // 4 + 1), 4)[:samples]
        else:
            white = self._rng.standard_normal(samples)
        from scipy.signal import butter, sosfilt  # noqa: PLC0415 (slow to load, and names of kits do without)

        sections = np.asarray(butter(2, np.array((low, min(high, 22000))) / (RATE / 2), "band", output="sos"))
        return np.asarray(sosfilt(sections, white)) * np.exp(-np.arange(samples) / (fade * RATE))

    @staticmethod
    def _tone(hertz: float, fade: float, seconds: float, bend: float) -> np.ndarray:
        time = np.arange(int(seconds * RATE)) / RATE
        turns = hertz * (time + bend * 0.03 * (1 - np.exp(-time / 0.03)))
        return np.sin(2 * np.pi * turns) * np.exp(-time / fade) * np.minimum(time / 0.001, 1)

    def _bass_drum(self) -> np.ndarray:
        pitch, sweep, sweep_time, fade, drive, click = self._kick
        time = np.arange(int(min(6 * fade, 1.2) * RATE)) / RATE
        turns = pitch * time + sweep * sweep_time * (1 - np.exp(-time / sweep_time))
        body = np.tanh(drive * np.sin(2 * np.pi * turns) * np.exp(-time / fade)) / np.tanh(max(drive, 1.0))
        hit = self._noise(0.03, 0.003, 800, 9000)
        body[: len(hit)] += click * hit
        return body

    def _snare_drum(self) -> np.ndarray:
        hertz, ring, fade, share, low, high = self._snare
        share, high = min(share, 0.95), max(high, 2.5 * low)
        seconds = min(6 * fade, 0.6)
        rattle = self._noise(seconds, fade, low, high)
        if self._kit.gated:
            rattle[int(0.2 * RATE) :] = 0
        body = self._tone(hertz, ring, seconds, 0.5)[: len(rattle)]
        rattle /= max(np.abs(rattle).max(), 1e-9)
        return 0.9 * (1 - share) * 1.4 * body + 0.9 * share * rattle

    def _clap(self) -> np.ndarray:
        _, _, fade, _, low, high = self._snare
        burst = self._noise(min(5 * fade, 0.5) + 0.05, 10.0, max(low, 700), max(min(high, 6000), 2500))
        at = np.arange(len(burst))
        hands = [np.where(at >= start, np.exp(-np.maximum(at - start, 0) / 280.0), 0.0) for start in (0, 480, 960)]
        shaped = burst * (np.sum(hands, axis=0) * 0.6 + np.exp(-at / (fade * RATE)) * 0.5)
        return 0.8 * shaped / max(np.abs(shaped).max(), 1e-9)

    def _cymbal(self, key: int) -> np.ndarray:
        edge, closed, opened, metal = self._hats
        fade = {42: closed, 44: closed * 0.8, 46: opened, 51: 0.45, 53: 0.35, 49: 0.75, 57: 0.7, 55: 0.3}.get(key, 0.04)
        level = {51: 0.3, 53: 0.35, 49: 0.65, 57: 0.65, 54: 0.4, 70: 0.25}.get(key, 0.42)
        low = edge if key in (42, 44, 46) else edge * 0.55
        seconds = min(6 * fade, 2.2)
        hiss = self._noise(seconds, fade, min(low, 14000), 21000)
        time = np.arange(len(hiss)) / RATE
        if metal and not self._kit.chip:
            partials = low * (0.6 + np.array([0.0, 0.23, 0.41, 0.77, 1.09, 1.36]) * (1 + 0.1 * self._rng.random(6)))
            ring = sum(np.sign(np.sin(2 * np.pi * min(hz, 17000) * time)) for hz in partials) / 6
            ring = ring * np.exp(-time / fade)
            hiss = hiss / max(np.abs(hiss).max(), 1e-9) + min(metal, 1.0) * 0.4 * ring
        attack = 0.012 if key in (54, 70) else 0.0008
        shaped = hiss * np.minimum(time / attack, 1)
        return level * shaped / max(np.abs(shaped).max(), 1e-9)
