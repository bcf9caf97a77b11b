"""The score of a composed song: whole bars, drawn from a seed within what the tags ask for.

The score says which notes are played; `render` turns it into sound. One composition rendered in two styles is a pair of
covers of the same music, frame by frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from demon_patch.engine.families.nano.compose import patterns
from demon_patch.engine.families.nano.spec import SPEC
from demon_patch.engine.families.nano.tags import INSTRUMENTS, MODES, STYLES, Tags

STEPS_PER_BAR = 16
_BARS_PER_SECTION = 2
SCALES = {
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "major": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}


@dataclass(frozen=True, slots=True)
class Composition:
    """The score of one song.

    A pattern has 16 steps a bar. A level is 0 (no note) to 1 (loudest).

    bpm: beats per minute; bars: length of the loop, in bars of 4 beats.
    mode: a key of `SCALES`; key: semitones of the tonic above C, 0 to 11.
    progression: the scale degree of each chord's root, one bar each, repeated over the loop.
    swing: steps of odd number begin 2 * swing steps late.
    drums: a pattern of levels for each drum by name; bass_rhythm, chord_rhythm, arp_rhythm: patterns of levels.
    bass_offset: a pattern of semitones above the chord's root; bass_accent, bass_slide: patterns of flags.
    arp: a pattern of chord tones, each an index 0 to 5.
    melody: 32 scale degrees, one for each step of two bars; None is a rest.
    arrangement: [sections of 2 bars, 5] whether drums, bass, chords, arp and lead play.
    fill: whether a snare roll ends every fourth bar.
    """

    style: str
    bpm: float
    bars: int
    mode: str
    key: int
    progression: tuple[int, ...]
    swing: float
    drums: dict[str, np.ndarray]
    bass_rhythm: np.ndarray
    bass_offset: np.ndarray
    bass_accent: np.ndarray
    bass_slide: np.ndarray
    chord_rhythm: np.ndarray
    arp: np.ndarray
    arp_rhythm: np.ndarray
    melody: tuple[int | None, ...]
    arrangement: np.ndarray
    fill: bool

    def note(self, degree: int | np.integer) -> int:
        """Returns the semitones above C of a scale degree, where degree 0 is the tonic and 7 its octave."""
        octave, step = divmod(int(degree), 7)
        return self.key + SCALES[self.mode][step] + 12 * octave

    def tags(self, style: str) -> Tags:
        """Returns the tags of a prompt that describes this composition, rendered in `style`, in full.

        An instrument counts as wanted where it plays in more than 30 % of the sections, and else as excluded.
        """
        share = self.arrangement.mean(0)
        played = {name: bool(share[i] > 0.3) for i, name in enumerate(INSTRUMENTS)}
        return Tags(style, self.mode, self.bpm, self.key, played)


def whole_bars(frames: int, bpm: float, fits: tuple[float, float]) -> tuple[int, float]:
    """Returns a number of bars and the tempo in bpm, near `bpm`, at which they fill `frames` latent frames exactly.

    Of the bar counts whose tempo lies within `fits` (lowest and highest bpm), a multiple of four bars is preferred,
    then of two. Where no bar count fits, the tempo nearest to `bpm` is taken.
    """
    minutes = frames / SPEC.frame_rate / 60

    def tempo(bars: int) -> float:
        return bars * 4 / minutes

    nearest = max(round(bpm * minutes / 4), 1)
    low, high = fits
    fitting = [bars for bars in range(1, 2 * nearest + 2) if low <= tempo(bars) <= high]
    if not fitting:
        return nearest, tempo(nearest)
    phrase = next(size for size in (4, 2, 1) if any(bars % size == 0 for bars in fitting))
    bars = min((b for b in fitting if b % phrase == 0), key=lambda b: abs(tempo(b) - bpm))
    return bars, tempo(bars)


def compose(rng: Generator, frames: int, tags: Tags | None = None) -> Composition:
    """Returns a composition that fills `frames` latent frames with whole bars.

    What `tags` name is used; the rest is drawn from `rng`.
    """
    tags = tags or Tags()
    style = tags.style or str(rng.choice(STYLES))
    habit = patterns.HABITS[style]
    drawn = float(rng.uniform(*habit.bpm))
    bpm, fits = (drawn, habit.bpm) if tags.bpm is None else (tags.bpm, (tags.bpm * 0.99, tags.bpm * 1.01))
    bars, bpm = whole_bars(frames, bpm, fits)
    mode = tags.mode or str(rng.choice(MODES, p=(0.5, 0.25, 0.15, 0.1)))
    key = int(rng.integers(12))
    return Composition(
        style=style,
        bpm=bpm,
        bars=bars,
        mode=mode,
        key=key if tags.key is None else tags.key,
        progression=tuple(patterns.PROGRESSIONS[rng.integers(len(patterns.PROGRESSIONS))]),
        swing=float(rng.uniform(0.08, 0.2)) if style in ("hiphop", "house") and rng.random() < 0.7 else 0.0,
        drums=patterns.draw_drums(rng, style),
        bass_rhythm=patterns.draw_bass(rng, style),
        bass_offset=rng.choice(patterns.bass_offsets(style), STEPS_PER_BAR),
        bass_accent=rng.random(STEPS_PER_BAR) < 0.35,
        bass_slide=rng.random(STEPS_PER_BAR) < (0.3 if style == "acid" else 0.05),
        chord_rhythm=patterns.CHORD_RHYTHMS[rng.integers(len(patterns.CHORD_RHYTHMS))],
        arp=rng.integers(0, 6, STEPS_PER_BAR),
        arp_rhythm=patterns.ARP_RHYTHMS[rng.integers(len(patterns.ARP_RHYTHMS))],
        melody=_melody(rng),
        arrangement=_arrangement(rng, bars, habit.layers, tags),
        fill=bool(rng.random() < 0.5),
    )


def _melody(rng: Generator) -> tuple[int | None, ...]:
    sounds = rng.random(32) < rng.uniform(0.15, 0.45)
    sounds[0] = True
    degree, melody = int(rng.integers(0, 7)), []
    for sound in sounds:
        if sound:
            degree = min(max(degree + int(rng.integers(-3, 4)), -2), 10)
        melody.append(degree if sound else None)
    return tuple(melody)


def _arrangement(rng: Generator, bars: int, chances: tuple[float, ...], tags: Tags) -> np.ndarray:
    """Returns which layers play, bool [sections of 2 bars, 5]: mostly one set of layers, varied a little.

    It holds no silence, and not drums alone, unless the tags ask for them.
    """
    odds = np.array(chances)
    asked = np.array([tags.instruments.get(name) for name in INSTRUMENTS], object)
    allowed = asked != False  # noqa: E712 (an array of True, False and None)
    sections = -(-bars // _BARS_PER_SECTION)
    base = rng.random(5) < odds
    varied = np.where(rng.random((sections, 5)) < 0.8, base, rng.random((sections, 5)) < odds)
    varied = (varied | (asked == True)) & allowed  # noqa: E712
    carriers = [i for i in (2, 1, 4, 3, 0) if allowed[i]]
    if carriers:
        varied[~varied.any(1), carriers[0]] = True
        if not varied[:, 1:].any():
            varied[:, carriers[0]] = True
    return varied
