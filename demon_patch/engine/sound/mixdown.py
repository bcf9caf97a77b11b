"""Mixes many channels to one: their mean, unless channels cancel each other in it.

Two channels of opposite polarity have a silent mean. Cancellation is detected by energy, in each third of the spectrum
that has enough of it: the mean has less than an eighth of the energy that independent channels would have in it (for
two channels: 12 dB below one channel). Then the channels get the polarity of the loudest one. If a third still cancels,
only the loudest channel is used. Every second (two stretches) that is not quiet is checked in the same way, since
channels may be opposite in a part of a file. The mix is the same for the whole file, so nothing jumps in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.ndimage import binary_opening

_WINDOW = 4096  # samples that are looked at together
_BORDERS = (350.0, 2000.0)  # Hz: the thirds of `features.PARTS`
_BUSY = 400_000  # samples a second, of all channels, above which only some of the windows are looked at
_CANCELS = 1 / 8
_COUNTS = 1e-3  # share of all energy from which a third counts
_LOUD = 1e-2  # share of a mean stretch's energy from which a third of a stretch counts
_MANY = 8  # channels up to which stretches are listened to one by one
STRETCH = 0.5
"""Seconds of a stretch, about."""
_RUN = 2  # stretches one after the other in which channels cancel, from which they do so to an ear

Audio = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mixdown:
    """How the channels of a file become one.

    weights: of the channels [channels]; None stands for the mean.
    note: for the player, empty for the mean.
    """

    weights: Audio | None = None
    note: str = ""

    def mixed(self, block: Audio) -> Audio:
        """Returns a block [samples, channels] as one channel [samples]."""
        return block.mean(axis=1) if self.weights is None else block @ self.weights


class Listener:
    """Collects, block by block, how the channels of a file are correlated.

    It does this for the whole file and for each stretch of half a second; with more than 8 channels for the whole file
    only.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._channels = channels
        self._stretches: list[Array] = []  # the products of channels in each, by thirds of the spectrum [3, c, c]
        self._length = max(round(STRETCH * rate / _WINDOW), 1) if channels <= _MANY else 2**62  # windows of a stretch
        self._seconds = self._length * _WINDOW / rate
        self._rest: Audio = np.zeros((0, channels), np.float32)
        self._stride = max(rate * channels // _BUSY, 1)
        self._windows = 0
        self._edges = np.searchsorted(np.fft.rfftfreq(_WINDOW, 1 / rate), _BORDERS).tolist()

    def hear(self, block: Audio) -> None:
        """Takes the next samples [samples, channels]."""
        if self._channels == 1:
            return
        block = np.concatenate([self._rest, block]) if len(self._rest) else block
        whole = len(block) // _WINDOW
        for n in range(whole):
            if (self._windows + n) % self._stride == 0:
                self._add(block[n * _WINDOW : (n + 1) * _WINDOW], (self._windows + n) // self._length)
        self._windows += whole
        self._rest = block[whole * _WINDOW :]

    def _add(self, window: Audio, stretch: int) -> None:
        while len(self._stretches) <= stretch:
            self._stretches.append(np.zeros((3, self._channels, self._channels)))
        spectrum = np.asarray(rfft(window, _WINDOW, axis=0))
        low, middle = self._edges
        for n, part in enumerate((spectrum[1:low], spectrum[max(low, 1) : middle], spectrum[max(middle, 1) :])):
            self._stretches[stretch][n] += np.real(part.T @ part.conj())

    def mix(self) -> Mixdown:
        """Returns the first of the possible mixes in which no stretch is lost, or the mix in which least is lost."""
        channels = self._channels
        if channels == 1:
            return Mixdown()
        if len(self._rest) and self._windows % self._stride == 0:
            self._add(self._rest, self._windows // self._length)
        if not self._stretches:
            return Mixdown()
        heard = _ChannelProducts(np.array(self._stretches))
        plain = np.full(channels, 1 / channels)
        lost = heard.lost(plain)
        if not lost.any():
            return Mixdown()
        turned = np.where(heard.beside_the_loudest(lost) < 0, -1.0, 1.0)
        alone = np.zeros(channels)
        alone[heard.loudest] = 1.0
        choices = [
            (plain * turned, f"the polarity of {_channels(np.flatnonzero(turned < 0) + 1)} is turned"),
            (alone, f"channel {heard.loudest + 1} alone is used"),
            (plain, "so they stay, since any other mix would lose more"),
        ]
        weights, what = min(choices[not (turned < 0).any() :], key=lambda choice: heard.loss(choice[0]))
        where = _cancellation_note(lost, heard.counts, self._seconds)
        return Mixdown(weights.astype(np.float32), f"its channels cancel each other{where} in a mono mix: {what}")


class _ChannelProducts:
    """Products of channels [stretches, 3, c, c] by stretch and third of the spectrum, with their sum as one more
    stretch before them."""

    def __init__(self, products: Array) -> None:
        self._products = np.concatenate([products.sum(axis=0, keepdims=True), products])
        self._each = np.trace(self._products, axis1=2, axis2=3) / products.shape[-1]  # energy of a channel [1 + s, 3]
        total = self._each.sum(axis=1)
        least = np.maximum(_COUNTS * total, _LOUD * total[0] / len(products))
        least[0] = _COUNTS * total[0]
        self.counts = self._each > np.maximum(least, 1e-20)[:, None]
        """Which thirds of which stretches count, bool [1 + s, 3]."""
        self.loudest = int(np.einsum("bcc->c", self._products[0]).argmax())

    def lost(self, weights: Array) -> NDArray[np.bool_]:
        """Returns in which thirds of which stretches channels cancel each other with these weights, bool [1 + s, 3]."""
        energy = np.einsum("c,sbcd,d->sb", weights, self._products, weights)
        found = self.counts & (energy < _CANCELS * self._each / len(weights))
        found[1:] = binary_opening(found[1:], np.ones((_RUN, 1)))
        return found

    def loss(self, weights: Array) -> float:
        """Returns the energy of what is lost with these weights; what is lost in the whole file counts once more."""
        return float(self._each[self.lost(weights)].sum())

    def beside_the_loudest(self, lost: NDArray[np.bool_]) -> Array:
        """Returns the summed product [channels] of each channel with the loudest one where something is lost.

        A number below 0 means opposite polarity.
        """
        return self._products[lost.any(axis=1)][:, :, self.loudest].sum(axis=(0, 1))


def _cancellation_note(lost: NDArray[np.bool_], counts: NDArray[np.bool_], seconds: float) -> str:
    """Returns text that says where channels cancel each other, in the spectrum and in time; empty where they do
    everywhere.

    seconds: of a stretch.
    """
    low, high = (f"{hz:g} Hz" for hz in _BORDERS)
    names = (f"below {low}", f"from {low} to {high}", f"above {high}")
    rows = lost.any(axis=1) if not lost[0].any() else np.arange(len(lost)) == 0  # the whole file, where that is lost
    thirds: NDArray[np.bool_] = np.logical_or.reduce(lost[rows], axis=0)
    everywhere = not (counts[rows] & ~lost[rows]).any()
    found = "" if everywhere else " " + " and ".join(name for name, bad in zip(names, thirds, strict=True) if bad)
    if lost[0].any():
        return found
    at = np.flatnonzero(lost[1:].any(axis=1))
    runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    times = [f"from {run[0] * seconds:.0f} to {(run[-1] + 1) * seconds:.0f} s" for run in runs[:3]]
    return f"{found} {', '.join(times)}{' and elsewhere' if len(runs) > 3 else ''}"


def _channels(numbers: NDArray[np.int64]) -> str:
    *others, last = [str(n) for n in numbers[:8]] or [""]
    return f"channels {', '.join(others)} and {last}" if others else f"channel {last}"
