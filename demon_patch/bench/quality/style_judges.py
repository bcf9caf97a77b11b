"""Two judges of the style of a sound, which learn from true renders: a logistic regression, and the nearest renders.

Distances between sounds are taken where the spread within a style is the same in all directions (as linear discriminant
analysis does), so that what styles have in common does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from demon_patch.arrays import Array, Samples
from demon_patch.bench.quality.fitting import fit

_SIZE, _HOP, _BANDS = 2048, 512, 40
_NEIGHBOURS = 9
_EVEN = 0.1


def statistics(sound: Samples, rate: int) -> Array:
    """Returns statistics of the log bands of a mono sound at equal loudness, up to 14 kHz: means, spreads, changes,
    95 % quantiles, and how much louder attacks are than what follows them."""
    wave = torch.from_numpy(np.ascontiguousarray(sound, np.float32))
    power = torch.stft(wave, _SIZE, _HOP, window=torch.hann_window(_SIZE), return_complex=True).abs().square().numpy()
    edges = np.geomspace(40.0, 14_000.0, _BANDS + 1) * _SIZE / rate
    edges = np.maximum(np.round(edges), np.arange(1, _BANDS + 2)).astype(int)
    bands = np.stack([power[lo : max(hi, lo + 1)].mean(0) for lo, hi in pairwise(edges)])
    level = 10 * np.log10(bands + 1e-9 * bands.max() + 1e-12)
    level -= 10 * np.log10(bands.sum(0).mean() + 1e-12)
    change = np.abs(np.diff(level, axis=1))
    parts = [level.mean(1), level.std(1), change.mean(1), np.quantile(level, 0.95, 1), np.quantile(change, 0.9, 1)]
    return np.concatenate(parts)


class StyleJudges:
    """Tells styles apart.

    examples: by style, mono sounds of it at `rate` Hz.
    """

    def __init__(self, examples: Mapping[str, Sequence[Samples]], rate: int) -> None:
        self.styles, self._rate = tuple(examples), rate
        rows = np.stack([statistics(sound, rate) for sounds in examples.values() for sound in sounds])
        self._labels = np.repeat(np.arange(len(self.styles)), [len(sounds) for sounds in examples.values()])
        self._mean, self._scale = rows.mean(0), rows.std(0) + 1e-3
        self._rows = self._scaled(rows)
        labels = torch.from_numpy(self._labels)
        self._weight, self._bias = _regression(self._rows, labels)
        self._apart = _discriminant(self._rows, labels)
        self._places = self._rows @ self._apart

    def told(self, sound: Samples) -> tuple[str, str]:
        """Returns the style of a mono sound, as each of the two judges tells it."""
        row = self._scaled(statistics(sound, self._rate)[None])
        nearest = (self._places - row @ self._apart).square().sum(1).argsort()[:_NEIGHBOURS].numpy()
        votes = np.bincount(self._labels[nearest], np.linspace(1.2, 1.0, _NEIGHBOURS), len(self.styles))
        learnt = int((row @ self._weight + self._bias).argmax())
        return self.styles[learnt], self.styles[int(votes.argmax())]

    def shares(self, sounds: Sequence[tuple[str, Samples]]) -> tuple[float, float]:
        """Returns the share of sounds, each with its true style, that each judge tells right."""
        told = [(style, self.told(sound)) for style, sound in sounds]
        first, second = (float(np.mean([names[judge] == style for style, names in told])) for judge in (0, 1))
        return first, second

    def _scaled(self, rows: Array) -> Tensor:
        return torch.from_numpy(((rows - self._mean) / self._scale).astype(np.float32))


def _discriminant(rows: Tensor, labels: Tensor) -> Tensor:
    """Returns the projection [features, styles - 1] in which the spread within a style is the same in all directions
    and styles lie furthest apart. A tenth of the spread is taken as equal from the start, since rows are few."""
    styles = int(labels.max()) + 1
    means = torch.stack([rows[labels == style].mean(0) for style in range(styles)])
    left = rows - means[labels]
    within = left.T @ left / (len(rows) - styles)
    within = (1 - _EVEN) * within + _EVEN * within.trace() / len(within) * torch.eye(len(within))
    values, vectors = torch.linalg.eigh(within)
    white = vectors / values.sqrt()
    _, _, axes = torch.linalg.svd((means - means.mean(0)) @ white, full_matrices=False)
    return white @ axes[: styles - 1].T


def _regression(rows: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Returns weights [features, styles] and offsets [styles] of a multinomial logistic regression."""
    styles = int(labels.max()) + 1
    weight = torch.zeros(rows.shape[1], styles, requires_grad=True)
    bias = torch.zeros(styles, requires_grad=True)

    def loss() -> Tensor:
        return functional.cross_entropy(rows @ weight + bias, labels) + 0.004 * weight.square().sum()

    fit([weight, bias], loss)
    return weight.detach(), bias.detach()
