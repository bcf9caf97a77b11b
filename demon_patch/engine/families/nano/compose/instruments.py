"""The tonal instruments bass, chords, arpeggio and lead, each a function of score, style and step grid.

Everything is cyclic: a note that sounds at the end of the loop sounds on at its start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from demon_patch.engine.families.nano.compose.composition import STEPS_PER_BAR, Composition
from demon_patch.engine.families.nano.compose.filters import cyclic, smooth
from demon_patch.engine.families.nano.compose.styles import Style
from demon_patch.engine.families.nano.compose.tables import SAMPLE_RATE, oscillator, phases, wavetable

SILENT = 0.05
"""The level of a drum up to which it is not struck."""

_GATE_SECONDS = 0.008
_ARP_DEGREES = (0, 2, 4, 7, 9, 11)


class StepGrid:
    """The steps of a loop, 16 a bar, and their places in samples.

    position: the sample at which each step begins, swing included [steps].
    step: the number of the step that each sample belongs to [samples].
    bar, beat_step: the bar of each step, and the step's number within that bar, 0 to 15 [steps].
    plays: whether each of the five layers plays at each step [steps, 5].
    root: the scale degree of the chord's root at each step [steps].
    time: seconds from the loop's start for each sample [samples].
    """

    def __init__(self, composition: Composition, samples: int) -> None:
        steps = composition.bars * STEPS_PER_BAR
        number = np.arange(steps)
        self.samples = samples
        self.step_length = samples / steps
        late = (number % 2) * composition.swing * 2
        self.position = ((number + late) * self.step_length).astype(np.int64)
        self.step = np.repeat(number, np.diff(np.append(self.position, samples)))
        self.bar, self.beat_step = np.divmod(number, STEPS_PER_BAR)
        self.number = number
        self.plays = composition.arrangement[self.bar // 2]
        self.root = np.array(composition.progression)[self.bar % len(composition.progression)]
        self.time = np.arange(samples) / SAMPLE_RATE

    def triggers(self, sounds: np.ndarray, layer: int) -> np.ndarray:
        """Returns the numbers of the steps at which a layer plays and `sounds` (bool [steps]) is True."""
        return np.nonzero(sounds & self.plays[:, layer])[0]

    def gate(self, layer: int) -> np.ndarray:
        """Returns a gain for each sample [samples]: 1 where a layer plays, else 0, with ramps of 8 ms."""
        ramp = np.ones(int(_GATE_SECONDS * SAMPLE_RATE), np.float32)
        open_ = self.plays[self.step, layer].astype(np.float32)
        wrapped = np.concatenate([open_[-len(ramp) :], open_])
        total = np.cumsum(wrapped, dtype=np.float64)
        return ((total[len(ramp) :] - total[: -len(ramp)]) / len(ramp)).astype(np.float32)


class Voice(NamedTuple):
    """The notes of one voice.

    triggers: the step of the grid (`StepGrid`) at which each note begins [notes].
    notes: the MIDI note number of each note.
    """

    triggers: np.ndarray
    notes: list[int]


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A monophonic line for every sample; each note holds until the next one. All arrays are [samples].

    note: which note sounds, as an index into its voice; -1, the last one, before the first note.
    pitch: in Hz. age: seconds since the note's start.
    """

    note: np.ndarray
    pitch: np.ndarray
    age: np.ndarray

    @classmethod
    def from_voice(cls, grid: StepGrid, voice: Voice) -> NoteLine:
        """Returns the line that a voice plays on a grid."""
        triggers, notes = voice
        last = np.full(len(grid.number), -1, np.int64)
        last[triggers] = np.arange(len(triggers))
        note = np.maximum.accumulate(last)[grid.step]  # -1 before the first: the last note sounds on
        age = np.arange(grid.samples) - grid.position[triggers][note]
        age = np.where(note < 0, age + grid.samples, age)
        pitch = 440.0 * 2 ** ((np.array(notes, float) - 69) / 12)
        return cls(note, pitch[note], (age / SAMPLE_RATE).astype(np.float32))

    def each(self, values: np.ndarray) -> np.ndarray:
        """Returns the value of the sounding note for every sample; `values` has one for each note [notes]."""
        return np.asarray(values, np.float32)[self.note]

    def attack(self, seconds: float) -> np.ndarray:
        """Returns a gain [samples] that rises linearly from 0 to 1 within `seconds` of each note's start."""
        return np.minimum(self.age / seconds, 1)


def drum_levels(score: Composition, grid: StepGrid, name: str) -> np.ndarray:
    """Returns the levels of a drum over the whole loop [steps]; it strikes where they are above SILENT."""
    plays = grid.plays[:, 0]
    level = score.drums[name][grid.beat_step] * plays
    if name == "snare":
        rolls = score.fill & (grid.bar % 4 == 3) & (grid.beat_step >= 12)
        level = np.where(rolls, np.maximum(level, 0.5 * plays), level)
    return level


def bass_voice(score: Composition, grid: StepGrid) -> Voice:
    """Returns the notes of the bass over the whole loop."""
    triggers = grid.triggers(score.bass_rhythm[grid.beat_step] > 0.1, 1)
    offsets = score.bass_offset[grid.beat_step[triggers]]
    notes = [score.note(d) % 12 + 36 + int(o) for d, o in zip(grid.root[triggers], offsets, strict=True)]
    return Voice(triggers, notes)


def bass_sound(score: Composition, style: Style, grid: StepGrid, rng: Generator) -> np.ndarray | None:
    """Returns the sound of the bass over the whole loop, one channel, float32 [samples]; None if the composition has no
    bass note."""
    voice = bass_voice(score, grid)
    if not voice.notes:
        return None
    patch, at = style.bass, grid.beat_step[voice.triggers]
    line = NoteLine.from_voice(grid, voice)
    level, accent = line.each(score.bass_rhythm[at]), line.each(score.bass_accent[at])
    pitch = _glide(line.pitch) if style.glides and score.bass_slide[at].any() else line.pitch
    sweep = np.zeros(1)
    if style.sweeps:
        cycles, start = int(rng.integers(1, 4)), rng.uniform(0, 6)
        sweep = 0.5 * np.sin(2 * np.pi * np.arange(grid.samples) / grid.samples * cycles + start)
    cutoff = patch.cutoff * 2.0 ** (patch.sweep * (0.6 + 0.6 * accent) * np.exp(-line.age / patch.decay) + sweep)
    table = wavetable(patch.wave, patch.resonance)
    x = oscillator(table, pitch, cutoff)
    if style.reese:
        x = 0.6 * x + 0.6 * oscillator(table, pitch * 1.012, cutoff)
    if style.sub:
        x = 0.7 * x + 0.5 * np.sin(2 * np.pi * phases(pitch))
    if style.glides:
        x = np.tanh(1.5 * x)
    fade = 0.8 if style.long_bass else patch.decay * 2.2
    envelope = line.attack(0.004) * np.exp(-line.age / fade) * (level > 0)
    return (x * envelope * (0.7 + 0.3 * accent) * 0.55).astype(np.float32)


def _glide(pitch: np.ndarray) -> np.ndarray:
    """Returns a pitch in Hz [samples] that slides to each note with a time constant of 21 ms, round the loop."""
    return np.exp(cyclic(lambda octave: smooth(octave, 0.9985), np.log(pitch)))


def chord_voices(score: Composition, style: Style, grid: StepGrid) -> list[Voice]:
    """Returns the notes of the chords over the whole loop, one voice for each of their three or four tones."""
    sounds = grid.beat_step == 0 if style.chords.held else score.chord_rhythm[grid.beat_step] > 0.1
    triggers = grid.triggers(sounds, 2)
    voices = []
    for voice, degree in enumerate((0, 2, 4, 6)[: style.voices]):
        above = 12 if voice == 3 else 0
        notes = [54 + (score.note(root + degree) - 54) % 12 + above for root in grid.root[triggers]]
        voices.append(Voice(triggers, notes))
    return voices


def chords_sound(score: Composition, style: Style, grid: StepGrid, rng: Generator) -> np.ndarray | None:
    """Returns the sound of the chords, held or struck, over the whole loop, one channel, float32 [samples]; None if the
    composition has no chord."""
    patch, voices = style.chords, chord_voices(score, style, grid)
    if not voices[0].notes:
        return None
    gate, table = grid.gate(2), wavetable(patch.wave, patch.resonance)
    seconds = grid.samples / SAMPLE_RATE
    sway = 2 * np.pi * max(round(0.13 * seconds), 1) / seconds * grid.time
    total = np.zeros(grid.samples, np.float32)
    for number, voice in enumerate(voices):
        line = NoteLine.from_voice(grid, voice)
        if patch.held:
            envelope = line.attack(patch.attack) * gate
            cutoff = patch.cutoff * (1 + 0.4 * np.sin(sway + number))
        else:
            envelope = line.attack(patch.attack) * np.exp(-line.age / patch.release)
            cutoff = patch.cutoff * 2.0 ** (1.2 * np.exp(-line.age / 0.08))
        x = oscillator(table, line.pitch, cutoff, rng.random())
        if patch.detune:
            x = 0.6 * x + 0.6 * oscillator(table, line.pitch * (1 + patch.detune), cutoff, rng.random())
        if style.broken_chords:
            x = x * ((line.age * 50).astype(int) % 3 == number) * 2.2
        total += (x * envelope * 0.16).astype(np.float32)
    return total


def arp_voice(score: Composition, grid: StepGrid) -> Voice:
    """Returns the notes of the arpeggio over the whole loop."""
    triggers = grid.triggers(score.arp_rhythm[grid.beat_step] > 0.1, 3)
    tones = score.arp[grid.beat_step[triggers]]
    degrees = [root + _ARP_DEGREES[tone] for root, tone in zip(grid.root[triggers], tones, strict=True)]
    return Voice(triggers, [60 + (score.note(degree) - 60) % 24 for degree in degrees])


def arp_sound(score: Composition, style: Style, grid: StepGrid) -> np.ndarray | None:
    """Returns the sound of the arpeggio over the whole loop, one channel, float32 [samples]; None if the composition
    has no arpeggio note."""
    voice = arp_voice(score, grid)
    if not voice.notes:
        return None
    patch, at = style.arp, grid.beat_step[voice.triggers]
    line = NoteLine.from_voice(grid, voice)
    cutoff = patch.cutoff * 2.0 ** (0.8 * np.exp(-line.age / patch.decay))
    x = oscillator(wavetable(patch.wave, patch.resonance), line.pitch, cutoff)
    x = x * line.attack(0.003) * np.exp(-line.age / patch.decay) * line.each(score.arp_rhythm[at])
    return x.astype(np.float32)


def lead_voice(score: Composition, grid: StepGrid) -> Voice:
    """Returns the notes of the melody over the whole loop."""
    place = grid.number % len(score.melody)
    sounds = np.array([degree is not None for degree in score.melody])[place]
    triggers = grid.triggers(sounds, 4)
    octave = 0 if score.key < 6 else -12
    return Voice(triggers, [72 + score.note(score.melody[i] or 0) + octave for i in place[triggers]])


def lead_sound(score: Composition, style: Style, grid: StepGrid) -> np.ndarray | None:
    """Returns the sound of the melody, with a little vibrato, over the whole loop, one channel, float32 [samples]; None
    if the composition has no melody note."""
    voice = lead_voice(score, grid)
    if not voice.notes:
        return None
    patch, line = style.lead, NoteLine.from_voice(grid, voice)
    seconds = grid.samples / SAMPLE_RATE
    wobble = np.sin(2 * np.pi * round(5.5 * seconds) / seconds * grid.time)
    pitch = line.pitch * (1 + 0.004 * wobble * np.minimum(line.age / 0.3, 1))
    x = oscillator(wavetable(patch.wave, patch.resonance), pitch, np.full(grid.samples, patch.cutoff))
    fade = 1.2 if style.long_lead else 0.6
    return (x * line.attack(0.008) * np.exp(-line.age / fade) * grid.gate(4)).astype(np.float32)
