"""Trains the network of `engine.strokes` on drawn drums, recorded drums and loops of the composer.

    python -m demon_patch.engine.families.nano.train.strokes --out FILE [--recorded FOLDER] [--sequences N] [--steps N]

A sequence has 16 s. Its truth is 1 in the frame that ends at least half a frame after a stroke, and nothing is asked of
the other frame in which the stroke may be told. The weights that are shipped had 1300 steps in which a stroke counted
twice, and 900 more as written here, from the weights of the first run; 2100 sequences.
"""

from __future__ import annotations

import argparse
import functools
import math
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from safetensors.torch import save_file
from scipy.signal import butter, sosfilt

from demon_patch.engine.families.nano.compose import compose_song
from demon_patch.engine.families.nano.compose.instruments import Grid
from demon_patch.engine.families.nano.tags import STYLES, Tags
from demon_patch.engine.families.nano.train import drums
from demon_patch.engine.families.nano.train.drums import RATE, Array, between
from demon_patch.engine.sound.strokes import BANDS, LOOKS, PARTS, Heard

FRAMES = 400
_PER = RATE // 25
_COMPOSED = 0.16  # share of the sequences
_SEED = 1000  # of the first composed loop
_APART = 0.118  # seconds between two strokes of a drum at least: the Onset node's gap, and a part of a frame
_SIZE, _FIRST, _BATCH, _CROP, _RATE = 48, 40, 64, 200, 5e-3

TOLD = (0.6, 0.75, 0.85)
"""The probability from which a kick, a snare, a hat is told: the best of the kits that are kept to tune by."""

Example = tuple[NDArray[np.float16], NDArray[np.int8], bool]
"""What is heard [FRAMES, LOOKS * BANDS], what is struck [FRAMES, PARTS] (1, 0, or -1 where either is right), and
whether other instruments play, whose strokes may be taken for drums."""


def _mark(truth: NDArray[np.int8], at: Iterable[int], part: int) -> None:
    """Marks strokes at these samples."""
    for sample in at:
        frame, late = divmod(sample, _PER)
        first, other = (frame + 1, frame) if late > _PER / 2 else (frame, frame + 1)
        if first < FRAMES:
            truth[first, part] = 1
        if other < FRAMES and truth[other, part] != 1:
            truth[other, part] = -1


def drawn(rng: Generator, kits: drums.Kit) -> tuple[Array, NDArray[np.int8]]:
    """A sequence of a random kit in a random pattern, often over other sounds, and its truth."""
    truth, sound = np.zeros((FRAMES, len(PARTS)), np.int8), np.zeros(FRAMES * _PER)
    mixed = bool(kits) and rng.random() < 0.5
    draws = (drums.kick, drums.snare, drums.hat)
    kit = [drums.one_of(kits[n], rng) if mixed and rng.random() < 0.8 else draws[n](rng) for n in range(3)]
    kit = [drums.tilted(stroke, rng) if rng.random() < 0.3 else stroke for stroke in kit]
    kit = [stroke / np.abs(stroke).max() for stroke in kit]
    bpm, start = rng.uniform(75, 150), rng.uniform(0, 0.6)
    swing = rng.uniform(0, 0.3) if rng.random() < 0.2 else 0.0
    levels = [between(rng, 0.2, 1), between(rng, 0.2, 1), between(rng, 0.08, 0.6)]
    uneven = rng.choice([0, 0, 0.3])
    for part, (stroke, steps, level) in enumerate(zip(kit, drums.pattern(rng), levels, strict=True)):
        times, latest = [], -1.0
        for n in range(int(FRAMES * _PER / RATE * bpm / 15)):
            seconds = start + (n + swing * (n % 2)) * 15 / bpm
            at = int(seconds * RATE)
            if steps[n % len(steps)] and seconds - latest > _APART and at < len(sound) - _PER:
                stop = min(at + len(stroke), len(sound))
                sound[at:stop] += level * np.exp(-uneven * abs(rng.normal())) * stroke[: stop - at]
                times.append(at)
                latest = seconds
        _mark(truth, times, part)
    peak = max(np.abs(sound).max(), 0.05)
    if rng.random() < 0.3:
        sound += peak * between(rng, 0.05, 0.5) * drums.bass_line(rng, len(sound), bpm)
    if rng.random() < 0.2:
        sound += peak * between(rng, 0.005, 0.12) * drums.chord(rng, len(sound))
    if rng.random() < 0.2:
        sound += drums.room(sound, rng)
    return sound, truth


def composed(rng: Generator, seed: int) -> tuple[Array, NDArray[np.int8]]:
    """A loop of the composer, and its truth."""
    song = compose_song(Tags(str(rng.choice(STYLES)), instruments={"drums": True}), FRAMES, _SEED + seed)
    score, truth = song.composition, np.zeros((FRAMES, len(PARTS)), np.int8)
    grid = Grid(score, len(song.audio))
    plays = grid.plays[:, 0]
    levels = {name: level[grid.beat_step] * plays for name, level in score.drums.items()}
    rolls = score.fill & (grid.bar % 4 == 3) & (grid.beat_step >= 12)
    levels["snare"] = np.where(rolls, np.maximum(levels["snare"], 0.5 * plays), levels["snare"])
    for part, names in enumerate((("kick",), ("snare",), ("hat", "open_hat"))):
        struck = np.max([levels[name] for name in names], axis=0) > 0.05
        _mark(truth, grid.position[struck].tolist(), part)
    return song.audio.astype(np.float64), truth


@functools.cache
def _kits(folder: str) -> drums.Kit:
    return drums.recorded(Path(folder)) if folder else ()


def example(seed: int, folder: str) -> Example:
    """The example of a seed, at any level, of any brightness, and often over noise."""
    rng = np.random.default_rng([77, seed])
    others = rng.random() < _COMPOSED
    sound, truth = composed(rng, seed) if others else drawn(rng, _kits(folder))
    if rng.random() < 0.25:
        sound = drums.tilted(sound, rng)
    if rng.random() < 0.2:
        sound = sosfilt(butter(2, between(rng, 3000, 14_000) / (RATE / 2), output="sos"), sound)
    sound = sound / max(np.abs(sound).max(), 0.05) * between(rng, 0.05, 1)
    if rng.random() < 0.65:
        level = 10 ** (rng.uniform(-85, -45) / 20) * (np.abs(sound).max() if rng.random() < 0.5 else 1)
        sound = sound + level * rng.normal(0, 1, len(sound))
    heard, _ = Heard(RATE, _PER).push(sound.reshape(FRAMES, _PER))
    return heard.astype(np.float16), truth, others


class Net(torch.nn.Module):
    """The network of `engine.strokes`, with the same names of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.i = torch.nn.Linear(2 * LOOKS * BANDS, _FIRST)
        self.g = torch.nn.GRU(_FIRST, _SIZE, batch_first=True)
        self.o = torch.nn.Linear(_SIZE + _FIRST, len(PARTS))

    def forward(self, heard: torch.Tensor) -> torch.Tensor:
        """Looks [batch, frames, LOOKS * BANDS] in, logits [batch, frames, PARTS] out."""
        before = torch.cat([torch.full_like(heard[:, :1], -1.0), heard[:, :-1]], dim=1)
        first = torch.relu(self.i(torch.cat([heard, before], dim=-1)))
        return self.o(torch.cat([self.g(first)[0], first], dim=-1))


def loss(logits: torch.Tensor, truth: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Cross entropy; a frame without a stroke beside other instruments counts 0.4 times."""
    weight = (truth >= 0) * torch.where(truth == 1, 1.0, 1.0 - 0.6 * others[:, None, None].float())
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, (truth == 1).float(), reduction="none")
    return (each * weight).mean()


class Training:
    """A run, which may be cut into pieces and goes on from its checkpoint."""

    def __init__(self, examples: Sequence[Example], steps: int, checkpoint: Path) -> None:
        self._heard = torch.from_numpy(np.stack([each[0] for each in examples]))
        self._truth = torch.from_numpy(np.stack([each[1] for each in examples]))
        self._others = torch.tensor([each[2] for each in examples])
        torch.manual_seed(0)
        self.net, self._steps, self._checkpoint, self.step = Net(), steps, checkpoint, 0
        self._optimizer = torch.optim.AdamW(self.net.parameters(), _RATE, weight_decay=1e-3)
        if checkpoint.exists():
            kept = torch.load(checkpoint, weights_only=True)
            self.net.load_state_dict(kept["net"])
            self._optimizer.load_state_dict(kept["optimizer"])
            self.step = kept["step"]

    def run(self, until: int) -> float:
        """Goes on to step `until`; returns the mean loss."""
        losses = []
        while self.step < min(until, self._steps):
            draw = torch.Generator().manual_seed(self.step)
            chosen = torch.randperm(len(self._heard), generator=draw)[:_BATCH]
            start = int(torch.randint(FRAMES - _CROP + 1, (1,), generator=draw)) if self.step % 4 else 0
            crop = slice(start, start + _CROP)
            swing = 0.5 + 0.5 * math.cos(math.pi * self.step / self._steps)
            for group in self._optimizer.param_groups:
                group["lr"] = _RATE * min((self.step + 1) / 50, max(swing, 0.01))
            found = loss(self.net(self._heard[chosen, crop].float()), self._truth[chosen, crop], self._others[chosen])
            self._optimizer.zero_grad()
            found.backward()
            torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            self._optimizer.step()
            self.step += 1
            losses.append(found.item())
        kept = {"net": self.net.state_dict(), "optimizer": self._optimizer.state_dict(), "step": self.step}
        torch.save(kept, self._checkpoint)
        return float(np.mean(losses)) if losses else math.nan

    def save(self, path: Path) -> None:
        """Writes the weights in half precision, shifted so that a stroke of a probability in TOLD has one half."""
        weights = {name: weight.clone() for name, weight in self.net.state_dict().items()}
        weights["o.bias"] -= torch.logit(torch.tensor(TOLD))
        save_file({name: weight.half().contiguous() for name, weight in weights.items()}, path)


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes the examples, trains, and writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m demon_patch.engine.families.nano.train.strokes")
    parser.add_argument("--out", type=Path, required=True, help="file of the weights")
    parser.add_argument("--recorded", default="", help="folder of Sonic Pi's samples")
    parser.add_argument("--sequences", type=int, default=1600)
    parser.add_argument("--steps", type=int, default=1500)
    given = parser.parse_args(arguments)
    seeds = [(seed, given.recorded) for seed in range(given.sequences)]
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        examples = pool.starmap(example, seeds, chunksize=8)
    training = Training(examples, given.steps, given.out.with_suffix(".checkpoint"))
    while training.step < given.steps:
        found = training.run(training.step + 50)
        training.save(given.out)
        print(f"{training.step} of {given.steps} steps, loss {found:.5f}", flush=True)


if __name__ == "__main__":
    main()
