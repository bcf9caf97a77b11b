"""Measures a sound, one number a latent frame each: level, loudness, bands, brightness, strokes, likeness.

A sound may be given whole or frame by frame, with equal results: an `Analyser` keeps what a frame needs of earlier
ones. Nothing looks ahead. No torch.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.signal import sosfilt

from demon_patch.arrays import Array, Samples
from demon_patch.engine.sound.strokes import PARTS, Strokes

BANDS = 8
FINE = 24  # bands from which flux and likeness are computed; three to each of the BANDS
RANGE_HZ = (60.0, 12_000.0)  # of the bands
BRIGHT_HZ = (50.0, 12_800.0)  # brightness 0 and 1: eight octaves
MOMENT_SECONDS = 0.4  # span over which loudness and likeness are measured
SILENCE_LUFS = -70.0
FLOOR_DB = -80.0

NAMES = ("level", "peak", "loudness", "brightness", "flux", *(f"stroke_{part}" for part in PARTS),
         *(f"band_{n}" for n in range(1, BANDS + 1)))  # fmt: skip


def features(audio: Samples, rate: float, samples_per_frame: int) -> dict[str, Array]:
    """Returns the numbers of each of NAMES, [frames] a name, for a sound [samples, channels].

    rate: samples a second; a latent frame has `samples_per_frame`. An incomplete last frame is left out.

    The names:

        level: rms, 1 for a full sine.
        peak: the largest sample, at most 1.
        loudness: momentary, in LUFS (ITU-R BS.1770: K-weighted mean square of 0.4 s, summed over channels).
        brightness: the spectral centroid in octaves, 0 at 50 Hz and 1 at 12.8 kHz.
        flux: the mean rise of 24 bands since the frame before; 1 is 60 dB.
        stroke_low, stroke_middle, stroke_high: strokes of kicks, snares and hats. 0.03 is almost 60 dB below the
            loudest recent sound, 0.5 as loud as it; below 0.025 there is no stroke (`strokes`).
        band_n: rms, as `level`, of the n-th of eight bands with equal steps of pitch, from 60 Hz to 12 kHz or half the
            rate.

    Each spectrum is computed of two frames, the newest last.
    """
    return Analyser(rate, samples_per_frame).push(audio)[0]


def likeness(shape: Array, other: Array) -> Array:
    """Returns how alike two spectra in dB [frames, FINE] are: the correlation of their bands, 0..1, whatever their
    level."""
    a, b = (x - x.mean(axis=1, keepdims=True) for x in (shape, other))
    energy = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    found = np.divide((a * b).sum(axis=1), energy, out=np.zeros(len(a)), where=energy > 1e-9)
    return np.clip(found, 0.0, 1.0)


class Analyser:
    """Measures a sound that comes frame by frame. Owned by one thread.

    rate: samples a second; a frame has `samples_per_frame`.
    """

    def __init__(self, rate: float, samples_per_frame: int) -> None:
        self._per = per = samples_per_frame
        window = np.hanning(2 * per + 1)[:-1]
        self._window = window
        self._scale = 2.0 / (2 * per * float(window @ window))
        self._hz = np.fft.rfftfreq(2 * per, 1.0 / rate)
        top = max(min(RANGE_HZ[1], rate / 2), 2 * RANGE_HZ[0])
        edges = np.geomspace(RANGE_HZ[0], top, FINE + 1)
        which = np.searchsorted(edges, self._hz, side="right") - 1
        self._bands = (which[:, None] == np.arange(FINE)).astype(np.float64)
        self._sections = k_weighting(rate)
        self._moment = max(round(MOMENT_SECONDS * rate / per), 1)
        self._filter: Array | None = None
        self._before = np.zeros(per)
        self._strokes = Strokes(rate, per)
        self._rows = np.full(FINE, FLOOR_DB)
        self._power = np.zeros((self._moment - 1, 1 + FINE))  # loudness and bands of the latest frames

    def push(self, audio: Samples) -> tuple[dict[str, Array], Array]:
        """Takes the next frames [frames * samples_per_frame, channels] and measures them.

        Returns the numbers of each of NAMES, [frames] a name, and the shape of their spectra in dB [frames, FINE], for
        `likeness`.
        """
        frames = len(audio) // self._per
        sound = audio[: frames * self._per].astype(np.float64)
        if frames == 0:
            return {name: np.zeros(0) for name in NAMES}, np.zeros((0, FINE))
        by_frame = sound.reshape(frames, -1)
        mono = sound.mean(axis=1).reshape(frames, self._per)
        strokes = self._strokes.push(mono)
        spectrum = self._spectrum(mono)
        bands = spectrum @ self._bands
        weighted = self._weighted(sound).reshape(frames, self._per, -1)
        power = np.concatenate([self._power, np.column_stack([np.mean(weighted**2, axis=1).sum(axis=1), bands])])
        moments = np.lib.stride_tricks.sliding_window_view(power, self._moment, axis=0).mean(axis=-1)
        self._power = power[len(power) - (self._moment - 1) :]
        rows = np.concatenate([self._rows[None], _decibels(2.0 * bands)])
        self._rows = rows[-1]
        risen = np.maximum(np.diff(rows, axis=0), 0.0) / 60.0
        octaves = math.log2(BRIGHT_HZ[1] / BRIGHT_HZ[0])
        centre = (spectrum @ self._hz) / (spectrum.sum(axis=1) + 1e-10)
        amplitudes = np.sqrt(2.0 * bands.reshape(frames, BANDS, FINE // BANDS).sum(axis=2))
        found = {
            "level": np.minimum(np.sqrt(2.0 * np.mean(by_frame**2, axis=1)), 1.0),
            "peak": np.minimum(np.abs(by_frame).max(axis=1), 1.0),
            "loudness": np.clip(-0.691 + 10.0 * np.log10(moments[:, 0] + 1e-12), SILENCE_LUFS, 0.0),
            "brightness": np.clip(np.log2(np.maximum(centre, 1e-6) / BRIGHT_HZ[0]) / octaves, 0.0, 1.0),
            "flux": np.minimum(risen.mean(axis=1), 1.0),
            **{f"stroke_{part}": strokes[:, i] for i, part in enumerate(PARTS)},
            **{f"band_{n + 1}": np.minimum(amplitudes[:, n], 1.0) for n in range(BANDS)},
        }
        return found, _decibels(2.0 * moments[:, 1:])

    def _spectrum(self, frames: Array) -> Array:
        """Returns the power [frames, bins] of each frame [samples_per_frame] with the one before it.

        The bins of a frame sum to the mean square of the two.
        """
        before = np.concatenate([self._before[None], frames[:-1]])
        self._before = frames[-1]
        return np.abs(np.fft.rfft(np.concatenate([before, frames], axis=1) * self._window, axis=1)) ** 2 * self._scale

    def _weighted(self, sound: Array) -> Array:
        if self._filter is None:
            self._filter = np.zeros((len(self._sections), 2, sound.shape[1]))
        weighted, self._filter = sosfilt(self._sections, sound, axis=0, zi=self._filter)
        return weighted


def _decibels(power: Array) -> Array:
    return 10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DB / 10.0)))


def k_weighting(rate: float) -> Array:
    """Returns the two filter sections [2, 6] of the K-weighting at a sampling rate in Hz.

    ITU-R BS.1770 gives them for 48 kHz; the analogue prototypes behind those numbers are from De Man, "Evaluation of
    implementations of the EBU R128 loudness measurement" (2018). Below a rate of 4 kHz the shelf is left out.
    """
    high = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    first = 1.0 + high / q + high * high
    sections = [[1.0, -2.0, 1.0, 1.0, 2.0 * (high * high - 1.0) / first, (1.0 - high / q + high * high) / first]]
    if rate >= 4000:
        k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
        gain = 10.0 ** (3.999843853973347 / 20.0)
        middle = gain**0.4996667741545416
        first = 1.0 + k / q + k * k
        up = [(gain + middle * k / q + k * k), 2.0 * (k * k - gain), (gain - middle * k / q + k * k)]
        sections.insert(0, [*(x / first for x in up), 1.0, 2.0 * (k * k - 1.0) / first, (1.0 - k / q + k * k) / first])
    return np.array(sections)
