"""Judges of a cover: whether it keeps the source's onsets and harmony, has a pulse, and sounds like a style."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.engine.families.nano.hints import structure_hints
from demon_patch.engine.families.nano.stft import log_bands
from demon_patch.engine.families.nano.tags import STYLES

_ONSET_RATE = 100  # Hz


def onsets(audio: np.ndarray) -> np.ndarray:
    """Returns the onset strength [T * 4] of a loop [samples], at 100 Hz: of all bands together, smoothed over 90 ms."""
    hints = structure_hints(audio)
    bands = hints[:, 24:36].reshape(len(hints), 3, 4).sum(1).ravel()
    window = np.hanning(9)
    return np.convolve(bands, window / window.sum(), "same")


def onset_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the correlation, -1 to 1, of the onset strengths of two loops [samples], at the best lag within 40 ms."""
    a, b = onsets(first), onsets(second)
    return float(max(np.corrcoef(a, np.roll(b, lag))[0, 1] for lag in range(-4, 5)))


def chroma_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the correlation, -1 to 1, of the chroma of two loops [samples], compared frame by frame."""
    a, b = structure_hints(first)[:, :12], structure_hints(second)[:, :12]
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def pulse_clarity(audio: np.ndarray) -> float:
    """Returns the highest autocorrelation of the onsets at a period of 0.25 to 2 s, as a share of their power."""
    strength = onsets(audio)
    strength = strength - strength.mean()
    correlation = np.correlate(strength, strength, "full")[len(strength) - 1 :]
    return float(correlation[_ONSET_RATE // 4 : _ONSET_RATE * 2].max() / (correlation[0] + 1e-9))


def statistics(audio: np.ndarray) -> np.ndarray:
    """Returns statistics [160] of the log bands of a loop [samples]: for each of 40 groups of bands the mean, the
    spread, the mean change and the 95 % quantile."""
    bands = log_bands(torch.from_numpy(audio)[None], cyclic=True)[0].numpy()
    grouped = bands.reshape(len(bands), 40, 4).mean(2)
    change = np.abs(np.diff(bands, axis=0)).reshape(-1, 40, 4).mean((0, 2))
    return np.concatenate([grouped.mean(0), grouped.std(0), change, np.quantile(grouped, 0.95, axis=0)])


class StyleClassifier:
    """Multinomial logistic regression from `statistics` to the eight styles."""

    def __init__(self, features: Sequence[np.ndarray], styles: Sequence[str]) -> None:
        rows = np.stack(features)
        self._mean, self._scale = rows.mean(0), rows.std(0) + 1e-3
        x = self._scaled(rows)
        y = torch.tensor([STYLES.index(style) for style in styles])
        self._weight = torch.zeros(x.shape[1], len(STYLES), requires_grad=True)
        self._bias = torch.zeros(len(STYLES), requires_grad=True)
        optimiser = torch.optim.LBFGS([self._weight, self._bias], max_iter=200)

        def loss() -> Tensor:
            optimiser.zero_grad()
            scores = x @ self._weight + self._bias
            total = functional.cross_entropy(scores, y) + 0.002 * self._weight.square().sum()
            total.backward()
            return total

        optimiser.step(loss)  # pyright: ignore[reportArgumentType] (a closure may return a tensor)

    def _scaled(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(((rows - self._mean) / self._scale).astype(np.float32))

    @torch.no_grad()
    def probabilities(self, audio: np.ndarray) -> np.ndarray:
        """Returns how likely a loop [samples] is of each style, [8]."""
        return (self._scaled(statistics(audio)[None]) @ self._weight + self._bias).softmax(-1)[0].numpy()
