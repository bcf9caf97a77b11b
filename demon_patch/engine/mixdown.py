"""Many channels to one: the plain mean, unless channels cancel each other in it.

Two channels of opposite polarity have a mean of silence. Such a file is told by energy: where the mean, in a third of
the spectrum that counts, has less than an eighth of the energy that independent channels would leave in it (for two
channels: 12 dB below them), the channels are turned to the polarity of the loudest one, and if a third still cancels,
the loudest channel is taken alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

_WINDOW = 4096  # samples that are looked at together
_BORDERS = (350.0, 2000.0)  # Hz: the thirds of `features.PARTS`
_BUSY = 400_000  # samples a second, of all channels, above which only some of the windows are looked at
_CANCELS = 1 / 8
_COUNTS = 1e-3  # share of all energy from which a third counts

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Mix:
    """How channels become one: weights [channels], None for the plain mean; and what a person should know of it."""

    weights: Audio | None = None
    note: str = ""

    def of(self, block: Audio) -> Audio:
        """A block [samples, channels] as [samples]."""
        return block.mean(axis=1) if self.weights is None else block @ self.weights


class Listener:
    """Gathers, block by block, how the channels of a file lie to each other."""

    def __init__(self, rate: int, channels: int) -> None:
        self._products = np.zeros((3, channels, channels))
        self._rest: Audio = np.zeros((0, channels), np.float32)
        self._stride = max(rate * channels // _BUSY, 1)
        self._windows = 0
        self._edges = np.searchsorted(np.fft.rfftfreq(_WINDOW, 1 / rate), _BORDERS).tolist()

    def hear(self, block: Audio) -> None:
        """The next samples [samples, channels]."""
        channels = block.shape[1]
        if channels == 1:
            return
        block = np.concatenate([self._rest, block]) if len(self._rest) else block
        whole = len(block) // _WINDOW
        for n in range(whole):
            if (self._windows + n) % self._stride == 0:
                self._add(block[n * _WINDOW : (n + 1) * _WINDOW])
        self._windows += whole
        self._rest = block[whole * _WINDOW :]

    def _add(self, window: Audio) -> None:
        spectrum = np.asarray(rfft(window, _WINDOW, axis=0))
        low, middle = self._edges
        for n, part in enumerate((spectrum[1:low], spectrum[max(low, 1) : middle], spectrum[max(middle, 1) :])):
            self._products[n] += np.real(part.T @ part.conj())

    def mix(self) -> Mix:
        """What suits what was heard."""
        channels = self._products.shape[1]
        if channels == 1:
            return Mix()
        if len(self._rest) and self._windows % self._stride == 0:
            self._add(self._rest)
        each = np.trace(self._products, axis1=1, axis2=2) / channels
        counts = each > max(_COUNTS * float(each.sum()), 1e-20)
        energies = np.einsum("bcc->c", self._products)
        loudest = int(energies.argmax())
        plain = np.full(channels, 1 / channels)
        lost = self._lost(plain, each, counts)
        if not lost.any():
            return Mix()
        turned = np.where(self._products[:, loudest].sum(axis=0) < 0, -1.0, 1.0)
        if not self._lost(plain * turned, each, counts).any():
            which = ", ".join(str(n + 1) for n in np.flatnonzero(turned < 0)[:8])
            weights = (plain * turned).astype(np.float32)
            return Mix(
                weights, f"its channels cancel each other in a mono mix: the polarity of channel {which} is turned"
            )
        alone = np.zeros(channels, np.float32)
        alone[loudest] = 1.0
        where = "" if lost[counts].all() else f" {_words(lost)}"
        return Mix(alone, f"its channels cancel each other{where} in a mono mix: channel {loudest + 1} alone is used")

    def _lost(
        self, weights: NDArray[np.float64], each: NDArray[np.float64], counts: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """In which thirds channels weighed like this cancel each other."""
        energy = np.einsum("c,bcd,d->b", weights, self._products, weights)
        return counts & (energy < _CANCELS * each / len(weights))


def _words(lost: NDArray[np.bool_]) -> str:
    low, high = (f"{hz:g} Hz" for hz in _BORDERS)
    names = (f"below {low}", f"from {low} to {high}", f"above {high}")
    return " and ".join(name for name, bad in zip(names, lost, strict=True) if bad)
