"""Training of the transcriber on renders, whose scores say exactly what is heard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor
from torch.nn import functional

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score.roll import BASS, DRUMS, LEAD, ROLL, score_levels
from demon_patch.engine.families.nano.transcriber import FILE
from demon_patch.engine.families.nano.transcriber.features import features
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano.weights import save
from tools.train_nano2.crops import Crops, Stretch
from tools.train_nano2.training import Habits, Trainer

CROP, EDGE = 96, 6
"""Frames of a crop, and how many at its ends are not counted, since they miss their surroundings."""

_RATE = 2e-3
_RARE = 3.0  # a start counts so many times as much as its absence
_PARTS = (ROLL, BASS, LEAD, DRUMS)
_SOUND, _LEVEL = 0.5, 0.5


class Labels:
    """What starts and what sounds in clips, read once each."""

    def __init__(self, crops: Crops) -> None:
        self._crops = crops
        self._read: dict[tuple[int, int], tuple[Samples, Samples]] = {}

    def of(self, stretch: Stretch, frames: int) -> tuple[Samples, Samples]:
        """Velocities 0 to 1 of what starts and of what sounds, [frames, 144] each."""
        starting, sounding = self.clip(stretch.folder, stretch.clip)
        inside = slice(stretch.first, stretch.first + frames)
        return starting[inside], sounding[inside]

    def clip(self, folder: int, number: int) -> tuple[Samples, Samples]:
        """The same of a whole clip."""
        if (folder, number) not in self._read:
            self._read[folder, number] = score_levels(self._crops.folders[folder].score(number))
        return self._read[folder, number]


def batch(crops: Crops, labels: Labels, rng: Generator, count: int, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Mono sound [count, frames * 1920], and what starts and what sounds in it, [count, frames, 144] each."""
    sounds, starts, sounding = [], [], []
    while len(sounds) < count:
        stretch = crops.draw(rng, frames)
        starting, going = labels.of(stretch, frames)
        if len(starting) == frames:
            side = rng.uniform(-0.3, 0.3)  # a mono file may hold more of one channel
            sounds.append(stretch.audio[0] * (0.5 + side) + stretch.audio[1] * (0.5 - side))
            starts.append(starting)
            sounding.append(going)
    arrays = (np.stack(part).astype(np.float32) for part in (sounds, starts, sounding))
    sound, start, going = (torch.from_numpy(array) for array in arrays)
    return sound, start, going


def loss_of_columns(found: tuple[Tensor, ...], start: Tensor, sound: Tensor) -> Tensor:
    """How wrong log odds of start and sound and levels are, each [B, n, 144], where velocities of what starts and of
    what sounds are true; the mean over roll, bass, lead and drums of each one's sum over its columns."""
    begins, sounds, level = found
    true = (start > 0).float()
    weight = 1 + (_RARE - 1) * true
    wrong = functional.binary_cross_entropy_with_logits(begins, true, weight, reduction="none")
    goes = functional.binary_cross_entropy_with_logits(sounds, (sound > 0).float(), reduction="none")
    loud = (level - torch.maximum(start, sound)).abs() * torch.maximum(start, sound).sign()
    total = begins.new_zeros(())
    for part in _PARTS:
        each = wrong[..., part] + (_SOUND * goes[..., part] if part is not DRUMS else 0) + _LEVEL * loud[..., part]
        total = total + each.sum(-1).mean() / len(_PARTS)
    return total


def train(crops: Crops, habits: Habits, report: Callable[[str], None] = print) -> None:
    """Trains within the habits, from the last checkpoint on; writes `transcriber.safetensors` after every
    checkpoint."""
    torch.manual_seed(habits.seed)
    labels, trainer = Labels(crops), Trainer(Transcriber(), "transcriber", habits, _RATE, report)
    trainer.resume()
    network = habits.wrapped(trainer.net)
    inner = slice(EDGE, CROP - EDGE)

    def loss_of(rng: Generator) -> Tensor:
        with torch.no_grad():
            sound, start, going = batch(crops, labels, rng, habits.batch, CROP)
            seen = features(sound)
        found = network(*seen)
        return loss_of_columns(tuple(part[:, inner] for part in found), start[:, inner], going[:, inner])

    def keep(run: Trainer[Transcriber]) -> None:
        with run.averaged() as net:
            write(net, habits.out / FILE, {**run.facts, "hours": round(crops.hours, 2)})

    trainer.run(loss_of, keep)


def write(net: Transcriber, path: Path, facts: dict[str, object]) -> None:
    """Writes the weights, whole or not at all."""
    partial = path.with_suffix(".partial")
    save(net, partial, Transcriber.NAME, facts)
    partial.replace(path)
