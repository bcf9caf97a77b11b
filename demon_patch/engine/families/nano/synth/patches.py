"""The instruments of the synthesizer and how one of their notes sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.synth.waves import RATE, read_wave, turns_of, wavetable

KINDS = (
    "saw", "square", "triangle", "sine", "organ", "electric piano", "piano", "bell", "pluck", "guitar", "strings",
    "voice", "brass", "reed", "flute", "drum machine",
)  # fmt: skip
"""Kinds of instrument, with the names that tags use."""

_LONGEST = 9.0  # seconds of a note


@dataclass(frozen=True, slots=True)
class SynthPatch:
    """An instrument. Times are in seconds.

    cutoff: in Hz at middle C; track: octaves by which it moves with each octave of pitch.
    sweep: octaves by which the cutoff falls within `decay` after the start.
    fade: time in which the level falls to 37 % (0: it stays).
    detune: distance of two voices, as a share of the pitch; width: how far they stand left and right.
    fm: ratio and index of a sine that modulates the phase; its index falls within `decay`.
    noise: level of breath; sub: level of a sine added to the wave.
    glide: time of a slide; vibrato: depth as a share of the pitch.
    drive: gain into a soft clipper, for the part as a whole; chorus: its level.
    """

    kind: str
    wave: str
    cutoff: float = 2000.0
    resonance: float = 0.0
    track: float = 0.5
    sweep: float = 0.0
    decay: float = 0.2
    attack: float = 0.003
    fade: float = 0.0
    release: float = 0.08
    detune: float = 0.0
    width: float = 0.0
    fm: tuple[float, float] = (1.0, 0.0)
    noise: float = 0.0
    sub: float = 0.0
    glide: float = 0.0
    vibrato: float = 0.0
    drive: float = 0.0
    chorus: float = 0.0
    level: float = 1.0

    def varied(self, draws: Draws, share: float) -> SynthPatch:
        """Returns the same instrument with slightly different settings: times, cutoff and detuning within `share`
        either way."""

        def near(value: float, times: float = 1.0) -> float:
            reach = (1 + share) ** times
            return value * draws.ratio(1 / reach, reach)

        return replace(
            self, cutoff=near(self.cutoff, 1.6), sweep=near(self.sweep), decay=near(self.decay),
            attack=near(self.attack), fade=near(self.fade), release=near(self.release), detune=near(self.detune, 1.5),
            width=min(near(self.width), 1.0), fm=(self.fm[0], near(self.fm[1])), noise=near(self.noise),
            sub=near(self.sub), vibrato=near(self.vibrato), drive=near(self.drive), level=near(self.level, 0.7),
        )  # fmt: skip


def note_sound(patch: SynthPatch, pitch: float, before: float | None, strength: float, seconds: float) -> Samples:
    """Returns the sound of a note held for `seconds`, without its release: float32 [1, n], or [2, n] where the patch is
    wide.

    pitch, before: MIDI keys of the note and of the note that it glides from.
    strength: 0 to 1; with more, the note is brighter and louder.
    """
    samples = max(int(min(seconds, _LONGEST) * RATE), 64)
    time = np.arange(samples, dtype=np.float32) / np.float32(RATE)
    hertz = 440 * 2 ** ((pitch - 69) / 12)
    frequency = _frequency(patch, hertz, before, time)
    octaves = np.log2(min(patch.cutoff, 0.45 * RATE) / hertz) + patch.track * (pitch - 60) / 12 + 0.8 * (strength - 0.7)
    cutoff = octaves + patch.sweep * (0.5 + 0.7 * strength) * np.exp(-time / patch.decay)
    cutoff = np.minimum(cutoff, np.float32(np.log2(0.45 * RATE / hertz)))
    table = wavetable(patch.wave, round(patch.resonance, 1))
    turns = turns_of(frequency)
    bent = _modulated(patch, turns, time) if patch.fm[1] else turns
    phase = (pitch * 0.317) % 1.0
    if patch.detune:
        flat = read_wave(table, bent * (1 - patch.detune / 2) + phase, cutoff)
        sharp = read_wave(table, bent * (1 + patch.detune / 2) + phase * 1.7 + 0.31, cutoff)
        channels = _spread(flat, sharp, patch.width)
    else:
        channels = [read_wave(table, bent + phase, cutoff)]
    if patch.sub:
        low = (patch.sub * np.sin(2 * np.pi * (turns % 1.0))).astype(np.float32)
        channels = [channel + low for channel in channels]
    if patch.noise:
        breath = np.random.Generator(np.random.PCG64(int(pitch) + 7)).standard_normal(samples).astype(np.float32)
        channels = [channel + patch.noise * (breath - np.roll(breath, 1)) * 0.5 for channel in channels]
    envelope = np.minimum(time / max(patch.attack, 1e-4), 1.0) * (0.35 + 0.65 * strength)
    if patch.fade:
        fade = patch.fade * 2 ** ((60 - pitch) / 36)
        envelope = envelope * np.exp(-time / fade)
    return (np.stack(channels) * (envelope * patch.level)).astype(np.float32)


def _frequency(patch: SynthPatch, hertz: float, before: float | None, time: Samples) -> np.ndarray:
    frequency = np.full(len(time), hertz)
    if patch.glide and before is not None:
        start = 440 * 2 ** ((before - 69) / 12)
        frequency = hertz * (start / hertz) ** np.exp(-time / patch.glide)
    if patch.vibrato:
        deepens = np.minimum(time / 0.35, 1)
        frequency = frequency * (1 + patch.vibrato * deepens * np.sin(2 * np.pi * 5.4 * time))
    return frequency


def _modulated(patch: SynthPatch, turns: np.ndarray, time: Samples) -> np.ndarray:
    """Returns phases in turns, moved by a sine of `ratio` times the pitch whose index falls."""
    ratio, index = patch.fm
    swing = np.sin((2 * np.pi * ((turns * ratio) % 1.0)).astype(np.float32))
    return turns + swing * (index * (0.15 + 0.85 * np.exp(-time / patch.decay)))


def _spread(first: Samples, second: Samples, width: float) -> list[Samples]:
    if not width:
        sides = [0.6 * (first + second)]
    else:
        near, far = 0.6 + 0.4 * width, 0.6 - 0.55 * width
        sides = [near * first + far * second, far * first + near * second]
    return [side.astype(np.float32, copy=False) for side in sides]
