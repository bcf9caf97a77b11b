"""Detects strokes of kicks, snares and hats in a sound with a small recurrent network, one number each per frame.

Every stroke has some energy in all bands: a kick clicks, a snare has a body and a hiss, a hat rings low too. How much
belongs to the stroke depends on the drum kit, so fixed thresholds fail with another kit. The network hears the energy
of thirteen bands four times a frame and remembers it. So it compares a stroke with earlier ones, and knows the rhythm
where one drum hides another. A stroke is reported in its frame or the next, when it was heard for at least 34 ms, since
the click of a kick alone is like a snare. `tools.train_nano.strokes` trains it on synthetic and recorded drums in
random patterns, over bass lines, chords and noise, and on loops of the nano family's composer.

Nothing looks ahead, and the result does not depend on how the frames are cut into blocks: `Strokes` keeps what it
needs. No torch.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.engine.tensor_file import TensorFile

PARTS: Final = ("low", "middle", "high")
"""Kicks; snares; hats."""

LOOKS: Final = 4
"""How often a frame the bands are measured; each measurement is a *look*."""

PAST: Final = 2
"""How many earlier frames the network sees beside the newest one."""
RHYTHM: Final = 64
"""Of how many frames, the newest among them, the network sees six numbers each."""

_LOW: Final = ((25, 62), (62, 100), (100, 150), (150, 250), (250, 350))  # Hz, in a window of a frame
_REST: Final = ((350, 700), (700, 1200), (1200, 2000), (2000, 3200), (3200, 5000), (5000, 8000), (8000, 12_000),
                (12_000, 16_000))  # Hz, in a window of half a frame  # fmt: skip
BANDS: Final = len(_LOW) + len(_REST)
_OF_PART: Final = (slice(0, 5), slice(5, 8), slice(8, 13))  # the bands of each part
_QUIETEST = 1e-6  # mean square that counts as the loudest at least: -60 dBFS
_FADES = 0.998  # of the loudest look, a frame: 8 dB in 40 s at 25 frames a second
_RANGE_DB = 70.0  # of a band below the loudest look

_DOUBT = 0.05  # times its probability: what is no stroke, but may be one
_LEAST, _MOST = 0.03, 0.5  # a stroke 60 dB below the loudest look, and one as loud


class Strokes:
    """Detects strokes in a sound that is given frame by frame. Owned by one thread.

    rate: samples a second; a frame has `samples_per_frame`.
    """

    def __init__(self, rate: float, samples_per_frame: int) -> None:
        self._heard = Heard(rate, samples_per_frame)
        self._net = _network()
        self._shown = np.full((1 + PAST) * LOOKS * BANDS, -1.0)  # the newest frame first
        self._level = np.zeros((1, len(PARTS)))
        self._memory = self._net.begun()

    def push(self, frames: Array) -> Array:
        """Takes the next frames [n, samples_per_frame] of mono sound and returns the strokes in them [n, PARTS].

        0.5 is a stroke as loud as the loudest recent look, 0.03 one almost 60 dB below it. Below 0.025 a stroke is
        unlikely. A part has 0 while it is 60 dB below the loudest look or more.
        """
        shapes, levels = self._heard.push(frames)
        found = np.empty((len(frames), len(PARTS)))
        for n, shape in enumerate(shapes):
            self._shown = np.concatenate([shape, self._shown[: -len(shape)]])
            found[n], self._memory = self._net.step(self._shown, self._memory)
        before = np.concatenate([self._level, levels])
        levels, self._level = np.maximum(levels, before[:-1]), before[-1:]
        reported = np.where(found >= 0.5, np.clip(_MOST * levels, _LEAST, _MOST), _DOUBT * found)
        return np.where(levels > 0, reported, 0.0)


class Heard:
    """Measures the energy in bands, relative to the loudest recent look. Owned by one thread."""

    def __init__(self, rate: float, samples_per_frame: int) -> None:
        self._per = per = samples_per_frame
        self._ends = [round(per * (n + 1) / LOOKS) for n in range(LOOKS)]
        self._views = _views(rate, per)
        self._before = np.zeros(per)
        self._loudest = 0.0

    def push(self, frames: Array) -> tuple[Array, Array]:
        """Takes the next frames [n, samples_per_frame] and returns two arrays.

        First the bands of their looks [n, LOOKS * BANDS], from -1 (70 dB below the loudest recent look) to 1 (as loud).
        Then the level of each part [n, PARTS], from 0 (60 dB below that look) to 1.
        """
        sound = np.concatenate([self._before, frames.ravel()])
        self._before = sound[len(sound) - self._per :]
        ends = (np.arange(len(frames))[:, None] * self._per + self._ends).ravel() + self._per
        power = np.concatenate([view.powers(sound, ends) for view in self._views], axis=1)
        power = power.reshape(len(frames), LOOKS, BANDS)
        shapes, share, self._loudest = _shapes(power, self._loudest)
        parts = np.stack([share[:, :, bands].sum(axis=2).max(axis=1, initial=0.0) for bands in _OF_PART], axis=1)
        return shapes, np.clip(1.0 + _decibels(parts) / 60.0, 0.0, 1.0)


def powers(sound: Array, ends: NDArray[np.intp]) -> Array:
    """Returns the energy [ends, BANDS] of a sound at 32 kHz in the looks that end at the sample numbers `ends`."""
    return np.concatenate([view.powers(sound, ends) for view in _views(32_000, 1280)], axis=1)


def shapes_of(power: Array) -> tuple[Array, Array]:
    """Returns two arrays for energies [n, LOOKS, BANDS]: the input of the network [n, LOOKS * BANDS], and the energies
    divided by the loudest, in the same shape."""
    return _shapes(power, 0.0)[:2]


def _shapes(power: Array, latest: float) -> tuple[Array, Array, float]:
    loudest = np.empty((len(power), 1, 1))
    for n, total in enumerate(power.sum(axis=2).max(axis=1, initial=0.0)):
        latest = max(latest * _FADES, float(total), _QUIETEST)
        loudest[n] = latest
    share = power / loudest
    shapes = np.maximum(_decibels(share), -_RANGE_DB) / (_RANGE_DB / 2) + 1.0
    return shapes.reshape(len(power), LOOKS * BANDS), share, latest


@functools.cache
def _views(rate: float, per: int) -> tuple[_View, _View]:
    return _View(rate, per, _LOW), _View(rate, max(per // 2, 2), _REST)


class _View:
    """Computes energies of bands in a window that ends at a look."""

    def __init__(self, rate: float, size: int, bands: tuple[tuple[int, int], ...]) -> None:
        self._size, self._window = size, np.hanning(size + 1)[:-1]
        self._scale = 2.0 / (size * float(self._window @ self._window))
        hz = np.fft.rfftfreq(size, 1.0 / rate)
        self._bands = [slice(*np.searchsorted(hz, band).tolist()) for band in bands]

    def powers(self, sound: Array, ends: NDArray[np.intp]) -> Array:
        """Returns the mean square [ends, bands] in the windows of a sound that end at the sample numbers `ends`."""
        pieces = np.lib.stride_tricks.sliding_window_view(sound, self._size)[ends - self._size]
        power = np.abs(np.fft.rfft(pieces * self._window, axis=1)) ** 2 * self._scale
        return np.stack([power[:, bins].sum(axis=1) for bins in self._bands], axis=1)


class _Network:
    """A small recurrent network: a dense layer, six numbers a frame from the latest frames, a gated recurrent unit over
    both, and a probability of each part from all three. Owned by nobody: a `_Memory` holds its state."""

    def __init__(self, path: Path) -> None:
        file = TensorFile(path)
        read = {name: file.read(name).astype(np.float64) for name in file.tensors}
        self._in, self._in_bias = read["i.weight"], read["i.bias"]
        self._code, self._code_bias = read["c.weight"], read["c.bias"]
        history = read["h.weight"]  # [out, codes, frames, the oldest first]
        self._past, self._past_bias = history.transpose(0, 2, 1).reshape(len(history), -1), read["h.bias"]
        self._fed, self._fed_bias = read["g.weight_ih_l0"], read["g.bias_ih_l0"]
        self._kept, self._kept_bias = read["g.weight_hh_l0"], read["g.bias_hh_l0"]
        self._out, self._out_bias = read["o.weight"], read["o.bias"]

    def begun(self) -> _Memory:
        """Returns the memory before the first frame."""
        return _Memory(np.zeros(self._kept.shape[1]), np.zeros(self._past.shape[1]))

    def step(self, heard: Array, memory: _Memory) -> tuple[Array, _Memory]:
        """Returns the probability of a stroke of each part [PARTS], and the memory after this frame.

        heard: the looks of the newest frames.
        """
        state, at = memory.state, len(memory.state)
        first = np.maximum(self._in @ heard + self._in_bias, 0.0)
        code = np.tanh(self._code @ first + self._code_bias)
        codes = np.concatenate([memory.codes[len(code) :], code])
        both = np.concatenate([first, np.maximum(self._past @ codes + self._past_bias, 0.0)])
        fed = self._fed @ both + self._fed_bias
        kept = self._kept @ state + self._kept_bias
        gates = _sigmoid(fed[: 2 * at] + kept[: 2 * at])
        new = np.tanh(fed[2 * at :] + gates[:at] * kept[2 * at :])
        state = new + gates[at:] * (state - new)
        return _sigmoid(self._out @ np.concatenate([state, both]) + self._out_bias), _Memory(state, codes)


@dataclass(frozen=True, slots=True)
class _Memory:
    """What the network remembers between frames.

    state: of the recurrent unit. codes: six numbers for each of the latest frames, the oldest first.
    """

    state: Array
    codes: Array


@functools.cache
def _network() -> _Network:
    return _Network(Path(str(files("demon_patch.engine.sound") / "strokes.safetensors")))


def _sigmoid(x: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _decibels(share: Array) -> Array:
    return 10.0 * np.log10(np.maximum(share, 1e-12))
