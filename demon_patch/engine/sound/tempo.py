"""Detects the tempo and the first downbeat of a recording.

One tempo is assumed for the whole clip, and four beats to a bar.

Tempo: the autocorrelation of the onset strength at the beat and its multiples, weighted by a log-normal preference, as
in D. Ellis, "Beat Tracking by Dynamic Programming", Journal of New Music Research 36(1), 2007. With one tempo for the
whole clip, his dynamic programme becomes a comb.

Bar line and octave of the tempo: the onsets of three bands and two measures of harmonic change are averaged over all
bars and compared, at every phase, with a template of a bar (`bar_template`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from demon_patch.engine.sound import bar_template as template
from demon_patch.engine.sound.bar_template import BEATS_PER_BAR

Numbers = NDArray[np.float32]

PHASES = 8 * template.STEPS
"""The number of places in a bar that are tried as its beginning."""

_RATE, _HOP, _FINE, _LONG = 16000, 160, 1024, 4096  # Hz and samples: what is analysed, in which windows
_FPS, _CHANGE_FPS = _RATE / _HOP, _RATE / (4 * _HOP)
_SEARCHED = (55.0, 200.0)
_PREFERRED, _SPREAD = 118.0, 0.8  # bpm, octaves
_COMB = ((0.25, 0.3), (0.5, 0.4), (1, 1.0), (2, 0.7), (4, 1.0), (8, 0.5))  # beats, weight
_RHYTHMIC = 0.3  # the weakest comb that counts as a rhythm (composed loops: 0.5 and more; noise: 0.2)
_CUT = 1.0  # log odds, beside other phases, that a loop is cut at a bar line
_FAINT = 0.05  # rms of onsets below which nothing begins
_WHOLE = 0.1  # beats by which a loop may miss whole bars
_EDGES = (30, 140, 600, 3000, 7500)  # Hz: kicks, bodies, snares, hats
_SHORTEST = 3.0  # seconds
_EARLY = 0.02  # a bar line this many seconds before the start is the start


@dataclass(frozen=True, slots=True)
class Tempo:
    """A detected tempo.

    bpm: beats a minute.
    downbeat: seconds to the first bar line, from 0 up to less than a bar.
    """

    bpm: float
    downbeat: float


def detect(audio: NDArray[np.floating], rate: int) -> Tempo | None:
    """Returns tempo and first downbeat of a clip [samples, channels] at `rate` Hz; None where no rhythm is heard.

    Tempi are 55 to 200 bpm and may be wrong by an octave. A clip that lasts almost whole bars (within a tenth of a
    beat) counts as a loop of exactly this many bars. Then its tempo is exact, its end is heard before its start, and
    among bar lines that are about as likely, one at its start is preferred.
    """
    sound = audio.mean(axis=1) if audio.ndim == 2 else audio
    if len(sound) < _SHORTEST * rate or not (level := float(np.sqrt(np.square(sound, dtype=np.float64).mean()))) > 1e-5:
        return None
    clip = ClipRhythm.from_sound(soxr.resample((sound / level).astype(np.float32), rate, _RATE), len(sound) / rate)
    beat = clip.beat()
    if beat is None:
        return None
    tempi = [clip.fitted(bpm) for bpm in octaves(beat)]
    scores = np.array([template.score(clip.profiles(*tempo), clip.periods(tempo[0])) for tempo in tempi])
    scores[:, 0] += [_CUT * cyclic for _, cyclic in tempi]
    octave, phase = divmod(int(scores.argmax()), PHASES)
    bpm = tempi[octave][0]
    bar = BEATS_PER_BAR * 60.0 / bpm
    downbeat = phase / PHASES * bar
    return Tempo(bpm, 0.0 if downbeat > bar - _EARLY else downbeat)


def octaves(bpm: float) -> list[float]:
    """Returns those of half, equal and double a tempo that are within 55 to 200 bpm."""
    return [bpm * factor for factor in (0.5, 1.0, 2.0) if 0.99 * _SEARCHED[0] <= bpm * factor <= 1.01 * _SEARCHED[1]]


@dataclass(frozen=True, slots=True)
class ClipRhythm:
    """The onsets and pitches of a clip that lasts `seconds`.

    onsets: rises of loudness by band [n, 4], 100 rows a second.
    pitch: loudness by semitone [m, 68], 25 rows a second.
    strength: autocorrelation of all onsets together at lags of 10 ms.
    """

    seconds: float
    onsets: Numbers
    pitch: Numbers
    strength: Numbers

    @classmethod
    def from_sound(cls, sound: Numbers, seconds: float) -> ClipRhythm:
        """Returns the rhythm of sound [samples] at 16 kHz with an rms of 1."""
        loudness = np.log1p(0.5 * (_spectra(sound, _FINE, _HOP) @ _bands()))
        rises = np.maximum(loudness - np.roll(loudness, 2, 0), 0)
        centre = _band_centres()
        bands = [(centre >= low) & (centre < high) for low, high in pairwise(_EDGES)]
        onsets = np.stack([rises[:, band].mean(1) for band in bands], 1)
        pitch = np.log1p(0.5 * (_spectra(sound, _LONG, 4 * _HOP) @ _semitones()))
        return cls(seconds, onsets, pitch, _autocorrelation(onsets[4:-4].sum(1)))

    def beat(self) -> float | None:
        """Returns the tempo in beats a minute, exact to about a part in a thousand; None where onsets do not repeat."""
        bpm = np.geomspace(*_SEARCHED, 600)
        comb, longest = np.zeros(len(bpm)), len(self.strength) * 0.75
        for beats, weight in _COMB:
            lag = beats * 60.0 / bpm * _FPS
            comb += weight * np.where(lag < longest, self._at(lag), 0.0)
        if comb.max() < _RHYTHMIC:
            return None
        preference = np.exp(-0.5 * (np.log2(bpm / _PREFERRED) / _SPREAD) ** 2)
        return self._refined(float(bpm[np.argmax((comb + 0.5) * preference)]))

    def _refined(self, bpm: float) -> float:
        """Returns the tempo in bpm, refined at peaks of the autocorrelation after 1, 2, 4 … beats.

        Each peak is looked for near the place that the last one predicts.
        """
        beats, reach = 1, 0.02
        while (lag := beats * 60.0 / bpm * _FPS) < len(self.strength) * 0.6:
            near = np.linspace(1 - reach, 1 + reach, 81)
            bpm = bpm / float(near[np.argmax(self._at(lag * near))])
            beats, reach = beats * 2, max(reach / 2, 0.002)
        return bpm

    def _at(self, lag: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.interp(lag, np.arange(len(self.strength)), self.strength)

    def fitted(self, bpm: float) -> tuple[float, bool]:
        """Returns the tempo in bpm and whether the clip counts as a loop of whole bars at `bpm`.

        For a loop it is the tempo at which the clip lasts exactly whole bars, and else `bpm`.
        """
        bars = round(self.seconds * bpm / 60.0 / BEATS_PER_BAR)
        cyclic = bars > 0 and abs(self.seconds * bpm / 60.0 - bars * BEATS_PER_BAR) < _WHOLE
        return (bars * BEATS_PER_BAR * 60.0 / self.seconds if cyclic else bpm), cyclic

    def periods(self, bpm: float) -> NDArray[np.float64]:
        """Returns the evidence for a tempo that does not depend on the bar line [8].

        First the autocorrelation after each lag of the comb, then the octaves from 118 bpm, and their square.
        """
        lag = np.array([beats for beats, _ in _COMB]) * 60.0 / bpm * _FPS
        octaves = np.log2(bpm / _PREFERRED)
        return np.concatenate([np.where(lag < len(self.strength) * 0.75, self._at(lag), 0.0), [octaves, octaves**2]])

    def profiles(self, bpm: float, cyclic: bool) -> NDArray[np.float64]:
        """Returns five profiles of a mean bar [5, PHASES]: onsets of kicks, snares and hats, then change of harmony
        over a beat and over a bar.

        cyclic: whether the clip is a loop of whole bars.
        """
        bar = BEATS_PER_BAR * 60.0 / bpm
        count = round(self.seconds / bar) if cyclic else int(np.ceil(self.seconds / bar))
        time = np.arange(max(count, 1) * PHASES) / PHASES * bar
        onsets = np.asarray(uniform_filter1d(self.onsets[:, (0, 2, 3)], 5, axis=0, mode="wrap"))
        onsets[: 0 if cyclic else 5] = 0.0
        place = (np.arange(len(onsets) + 1)) / _FPS
        found = [np.interp(time % self.seconds, place, np.append(o, o[0])) for o in onsets.T]
        found += [self._change(time, width, cyclic) ** 4 for width in (bar / BEATS_PER_BAR, bar)]
        heard = (time < self.seconds).reshape(-1, PHASES)
        means = [(f.reshape(-1, PHASES) * heard).sum(0) / np.maximum(heard.sum(0), 1) for f in found]
        return np.array([*means[:3], *(mean**0.25 for mean in means[3:])])

    def _change(self, time: NDArray[np.float64], width: float, cyclic: bool) -> NDArray[np.float64]:
        """Returns how far the mean spectra of the next and of the last `width` seconds differ, at each time in seconds.

        Without `cyclic` it is 0 less than `width` seconds from either end.
        """
        total = np.concatenate([np.zeros((1, self.pitch.shape[1])), np.cumsum(self.pitch, 0, dtype=np.float64)])
        size = len(self.pitch)

        def until(t: NDArray[np.float64]) -> NDArray[np.float64]:
            turns, rest = np.divmod(t * _CHANGE_FPS + 0.5, size)
            whole = rest.astype(int)
            part = total[whole] + (rest - whole)[:, None] * (total[np.minimum(whole + 1, size)] - total[whole])
            return turns[:, None] * total[-1] + part

        step = until(time + width) - 2 * until(time) + until(time - width)
        change = np.sqrt(np.square(step).sum(1)) / (width * _CHANGE_FPS)
        inside = (time >= width) & (time <= self.seconds - width)
        return change if cyclic else np.where(inside, change, 0.0)


def _spectra(sound: Numbers, window: int, hop: int) -> Numbers:
    """Returns magnitudes [len(sound) / hop, window / 2 + 1] of centred windows of a loop."""
    padded = np.pad(sound, (window // 2, window), mode="wrap")
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop][: len(sound) // hop]
    return np.abs(np.fft.rfft(frames * np.hanning(window).astype(np.float32), axis=1)).astype(np.float32)


@cache
def _band_edges() -> NDArray[np.float64]:
    return np.geomspace(_EDGES[0], _EDGES[-1], 25)


def _band_centres() -> NDArray[np.float64]:
    edges = _band_edges()
    return np.sqrt(edges[1:] * edges[:-1])


@cache
def _bands() -> Numbers:
    """Returns weights [bins, 24] of means over bands of equal width in octaves, at least one bin each."""
    frequency = np.fft.rfftfreq(_FINE, 1 / _RATE)
    weights = np.zeros((len(frequency), 24), np.float32)
    for band, (low, high) in enumerate(pairwise(_band_edges())):
        inside = (frequency >= low) & (frequency < high)
        inside[np.argmin(np.abs(frequency - np.sqrt(low * high)))] |= not inside.any()
        weights[inside, band] = 1 / inside.sum()
    return weights


@cache
def _semitones() -> Numbers:
    """Returns weights [bins, 68] of means around the notes E1 to B6."""
    frequency = np.fft.rfftfreq(_LONG, 1 / _RATE)
    pitch = 69 + 12 * np.log2(np.maximum(frequency, 1e-3) / 440)
    weights = np.exp(-0.5 * ((pitch[:, None] - np.arange(28, 96)) / 0.4) ** 2)
    return (weights / (weights.sum(0) + 1e-3)).astype(np.float32)


def _autocorrelation(onsets: Numbers) -> Numbers:
    """Returns the autocorrelation of onsets [n] at every lag, 1 at lag 0 (less where onsets are faint).

    Changes over seconds are removed first, and the shorter overlap at long lags is made up for.
    """
    size = len(onsets)
    varying = onsets - uniform_filter1d(onsets, 100, mode="nearest")
    power = np.abs(np.fft.rfft(varying, 2 * size)) ** 2
    found = np.fft.irfft(power)[:size] / (np.arange(size, 0, -1) / size)
    return (found / max(float(found[0]), size * _FAINT**2)).astype(np.float32)
