"""Trains the network of `engine.sound.strokes` on drawn drums, recorded drums and loops of the composer.

    python -m tools.train_nano.strokes --out FILE --recorded FOLDER
        [--seed N] [--sequences N] [--steps N] [--settling N] [--minutes N]

FOLDER holds the one-shots of Debian's `sonic-pi-samples` (/usr/share/sonic-pi/samples); which of them are learnt from,
tuned by and held back, `one_shots` says. Three quarters of a batch are beats that `mixed` puts together and no other
step sees; the rest are crops of sequences of 16 s (`beats`), a fifth of which is made first and the others between the
steps. They are kept in a folder beside FILE, with the state of the run: started again with the same numbers, it goes on
where it was. One thread. `--minutes` ends it early.

The rate of learning falls to almost nothing over `--steps`. For `--settling` steps more it is a tenth of the first
rate, and FILE holds the mean of the weights of these steps: single steps differ in what they take a doubtful stroke
for, their mean does not. In these steps more beats begin in silence, at any step of a bar, and lack a part
(`mixed.CLEAR`). Until a hat was heard by itself, a bright snare may hide one or not, and the network is to tell none:
one that is there then does not count, and one that is not counts eight times.

A stroke is told from a probability on that FILE holds too: for each part the one at which the share of strokes missed
and the share of what is told false sum to the least, over 240 sequences of the drums of LEARNT and TUNED, drawn drums
and loops of the composer. The rate shown is the share of these that are told: 90 % of a part's strokes found, at most
10 % of what is told false.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from demon_patch.engine.sound.strokes import BANDS, LOOKS, PARTS, PAST, RHYTHM
from tools.train_nano.beats import FRAMES, Example, Truth, example, kits_of, without_hidden
from tools.train_nano.drums import Array
from tools.train_nano.mixed import CLEAR, USUAL, Bank
from tools.train_nano.one_shots import LEARNT, TUNED, Names

RECIPE = "3"
"""Changes with whatever changes the examples or the training."""

_SIZE, _FIRST, _CODE, _HISTORY = 64, 64, 6, 32
_BATCH, _CROP, _RATE = 48, 200, 4e-3
_SETTLING_RATE = 4e-4
_UNHEARD = 8.0  # times that a hat told under a snare counts as wrong while the weights settle, before any hat
_AVERAGED = 1000  # steps of settling, the newest ones, that the weights are about the mean of
_EQUALISED = 0.09  # of half the range of 70 dB: what a band is louder or softer in a sequence, for variety
_ROUND = 50  # steps between two checkpoints
_CHECKED = 250  # steps between two looks at the tuning cases
_TUNING = 240  # sequences
_GAP = 3  # frames: the Onset node's
_THRESHOLDS = np.arange(0.2, 0.91, 0.05)


_TUNED: Names = (LEARNT[0] + TUNED[0], LEARNT[1] + TUNED[1], LEARNT[2] + TUNED[2])


class Net(torch.nn.Module):
    """The network of `engine.sound.strokes`, with the same names of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.i = torch.nn.Linear((1 + PAST) * LOOKS * BANDS, _FIRST)
        self.c = torch.nn.Linear(_FIRST, _CODE)
        self.h = torch.nn.Conv1d(_CODE, _HISTORY, RHYTHM)
        self.g = torch.nn.GRU(_FIRST + _HISTORY, _SIZE, batch_first=True)
        self.o = torch.nn.Linear(_SIZE + _FIRST + _HISTORY, len(PARTS))

    def forward(self, heard: torch.Tensor) -> torch.Tensor:
        """Returns the logits [batch, frames, PARTS] of strokes, from looks [batch, frames, LOOKS * BANDS]."""
        padded = torch.nn.functional.pad(heard, (0, 0, PAST, 0), value=-1.0)
        frames = heard.shape[1]
        first = torch.relu(
            self.i(torch.cat([padded[:, PAST - n : PAST - n + frames] for n in range(PAST + 1)], dim=-1))
        )
        codes = torch.nn.functional.pad(torch.tanh(self.c(first)).transpose(1, 2), (RHYTHM - 1, 0))
        both = torch.cat([first, torch.relu(self.h(codes)).transpose(1, 2)], dim=-1)
        return self.o(torch.cat([self.g(both)[0], both], dim=-1))


def loss(logits: torch.Tensor, truth: torch.Tensor, others: torch.Tensor, unheard: float = 1.0) -> torch.Tensor:
    """Returns the weighted cross entropy of the network's logits. Frames with truth -1 do not count. Frames without a
    stroke count 0.4 times where other instruments play. For the high part, a frame with a middle stroke counts
    `unheard` times as long as no high stroke has come.

    logits, truth: [batch, frames, PARTS]. others: bool [batch], whether other instruments play.
    """
    weight = (truth >= 0) * torch.where(truth == 1, 1.0, 1.0 - 0.6 * others[:, None, None].float())
    none_yet = (truth[..., 2] == 1).cumsum(dim=1) == 0
    weight[..., 2] *= torch.where(none_yet & (truth[..., 1] != 0), unheard, 1.0)
    each = torch.nn.functional.binary_cross_entropy_with_logits(logits, (truth == 1).float(), reduction="none")
    return (each * weight).mean()


def told(probability: Array, level: Array, threshold: float) -> NDArray[np.intp]:
    """Returns the frames in which the Onset node would strike: those with at least the threshold's probability and a
    level above 0, and a gap between them.

    probability, level: [frames].
    """
    hits, latest = [], -_GAP
    for frame in np.flatnonzero((probability >= threshold) & (level > 0)):
        if frame - latest >= _GAP:
            hits.append(frame)
            latest = frame
    return np.array(hits, dtype=np.intp)


def found_and_false(hits: NDArray[np.intp], truth: NDArray[np.int8]) -> tuple[float, float]:
    """Returns two shares, 0 to 1: how many of a part's strokes in `truth` [frames] are hit within a frame, and how many
    of the hits belong to no stroke."""
    struck = np.flatnonzero(truth == 1)
    near = np.abs(hits[:, None] - struck) <= 1
    near &= truth[hits][:, None] != 0
    found = float(near.any(axis=0).mean()) if len(struck) else 1.0
    return found, float(1 - near.any(axis=1).mean()) if len(hits) else 0.0


class Tuning:
    """Sequences with which the threshold of each part is chosen, and with which the network is judged."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._heard = torch.from_numpy(np.stack([each[0] for each in examples])).float()
        self._levels = np.stack([each[1] for each in examples]).astype(np.float64)
        self._truth = np.stack([each[2] for each in examples])

    def best(self, net: torch.nn.Module) -> tuple[float, list[float]]:
        """Returns the share of cases (sequence and part), 0 to 1, in which at least 90 % of the strokes are found and
        at most 10 % of the hits are false; and the threshold of each part. A threshold is chosen so that the mean
        shares of missed strokes and of false hits have the smallest sum."""
        with torch.no_grad():
            found = torch.cat([torch.sigmoid(net(part)) for part in self._heard.split(16)]).numpy().astype(np.float64)
        levels = np.maximum(self._levels, np.concatenate([self._levels[:, :1], self._levels[:, :-1]], axis=1))
        rates, thresholds = [], []
        for part in range(len(PARTS)):
            cases = list(zip(found[..., part], levels[..., part], self._truth[..., part], strict=True))
            shares = np.array(
                [[found_and_false(told(*case[:2], at), case[2]) for case in cases] for at in _THRESHOLDS]
            )  # [thresholds, sequences, found and false]
            at = least(np.mean(1 - shares[..., 0] + shares[..., 1], axis=1))
            rates.append(np.mean((shares[at, :, 0] >= 0.9) & (shares[at, :, 1] <= 0.1)))
            thresholds.append(float(_THRESHOLDS[at]))
        return float(np.mean(rates)), thresholds


def least(faults: Array) -> int:
    """Returns the index of the smallest of some numbers, after each was smoothed with its two neighbours."""
    return int(np.argmin(np.convolve(np.pad(faults, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")))


class Training:
    """A training run. It can be stopped at any time, and goes on from its checkpoint."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given, self._out = given, Path(given.out)
        self._kept = self._out.with_suffix(".kept")
        self._kept.mkdir(parents=True, exist_ok=True)
        self._pools: tuple[list[Example], list[Example]] = ([], [])  # drawn, composed
        self._bank = Bank((given.seed, 4), kits_of(given.recorded, LEARNT))
        torch.manual_seed(given.seed)
        self.net, self.step, self.best = Net(), 0, -1.0
        self._mean = Net()  # of the weights since they settle
        self._optimizer = torch.optim.AdamW(self.net.parameters(), _RATE, weight_decay=1e-2)
        self._tuning = Tuning([self._example(2, n) for n in range(_TUNING)])
        if self._checkpoint.exists():
            kept = torch.load(self._checkpoint, weights_only=True)
            self.net.load_state_dict(kept["net"])
            self._mean.load_state_dict(kept["mean"])
            self._optimizer.load_state_dict(kept["optimizer"])
            self.step, self.best = kept["step"], kept["best"]

    @property
    def ends(self) -> int:
        """The number of its steps."""
        return self._given.steps + self._given.settling

    @property
    def _settles(self) -> bool:
        return self.step >= self._given.steps

    @property
    def _checkpoint(self) -> Path:
        return self._kept / "checkpoint.pt"

    def _example(self, group: int, n: int) -> Example:
        """Returns sequence number `n`. It is made once and kept in a file. group: 1 for sequences to learn from, 2 to
        tune by."""
        path = self._kept / f"{group}-{n}.npz"
        if not path.exists():
            seed, names = (self._given.seed, group, n), _TUNED if group == 2 else LEARNT
            heard, levels, truth, others = example(seed, self._given.recorded, names)
            np.savez(path, heard=heard, levels=levels, truth=truth, others=others)
        with np.load(path) as file:
            return file["heard"], file["levels"], file["truth"], bool(file["others"])

    def _make(self) -> None:
        """Makes the sequences that are missing at this step: a fifth of all at first, all of them after 60 % of the
        steps."""
        share = 0.2 + 0.8 * min(self.step / (0.6 * self._given.steps), 1.0)
        while (made := sum(map(len, self._pools))) < max(round(self._given.sequences * share), 1):
            each = self._example(1, made)
            self._pools[each[3]].append(each)

    def _batch(self, rng: np.random.Generator) -> list[tuple[NDArray[np.floating], Truth, bool]]:
        """Returns the crops of one step: as many of composed sequences as of drawn ones, and three times as many new
        beats. Each is (looks, truth, whether other instruments play)."""
        pools = [pool for pool in self._pools if pool]
        size = _BATCH // 4 // len(pools)
        kept = [pool[n] for pool in pools for n in rng.choice(len(pool), size, replace=len(pool) < size)]
        start = int(rng.integers(FRAMES - _CROP + 1)) if self.step % 4 else 0
        crop = slice(start, start + _CROP)
        batch = [(each[0][crop], each[2][crop], each[3]) for each in kept]
        odds = CLEAR if self._settles else USUAL
        return batch + [(*self._bank.beat(rng, _CROP, odds), False) for _ in range(_BATCH - len(kept))]

    def run(self, until: int) -> float:
        """Goes on to step `until`; returns the mean loss."""
        losses: list[float] = []
        while self.step < min(until, self.ends):
            self._make()
            losses.append(self._learn())
        return float(np.mean(losses)) if losses else math.nan

    def keep(self) -> None:
        """Writes the state that the run goes on from."""
        kept = {"net": self.net.state_dict(), "mean": self._mean.state_dict(), "step": self.step}
        kept["optimizer"] = self._optimizer.state_dict()
        torch.save(kept | {"best": self.best}, self._checkpoint.with_suffix(".new"))
        self._checkpoint.with_suffix(".new").replace(self._checkpoint)

    def _learn(self) -> float:
        rng = np.random.default_rng((self._given.seed, 3, self.step))
        batch = self._batch(rng)
        heard = np.stack([each[0] for each in batch]).astype(np.float32)
        gain = np.tile(rng.normal(0, _EQUALISED, (len(batch), 1, BANDS)), LOOKS)
        gain *= rng.random((len(batch), 1, 1)) < 0.6
        heard = np.where(heard > -1, np.maximum(heard + gain, -1), -1).astype(np.float32)
        truth = torch.from_numpy(np.stack([without_hidden(each[1]) if self._settles else each[1] for each in batch]))
        others = torch.tensor([each[2] for each in batch])
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate()
        found = loss(self.net(torch.from_numpy(heard)), truth, others, _UNHEARD if self._settles else 1.0)
        self._optimizer.zero_grad()
        found.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self._optimizer.step()
        self._average()
        self.step += 1
        return found.item()

    def _rate(self) -> float:
        if self._settles:
            return _SETTLING_RATE
        swing = 0.5 + 0.5 * math.cos(math.pi * self.step / self._given.steps)
        return _RATE * min((self.step + 1) / 50, max(swing, 0.01))

    def _average(self) -> None:
        """Moves the mean of the weights towards the newest weights; before the weights settle, the mean equals the
        newest weights."""
        share = 1 / min(max(self.step - self._given.steps, 0) + 1, _AVERAGED)
        with torch.no_grad():
            for mean, newest in zip(self._mean.parameters(), self.net.parameters(), strict=True):
                mean.lerp_(newest, share)

    def check(self) -> tuple[float, list[float]]:
        """Writes the mean weights with the thresholds that tune best. Returns the share of cases that `Tuning.best`
        gives, and the thresholds."""
        self.best, thresholds = self._tuning.best(self._mean)
        self.save(thresholds)
        return self.best, thresholds

    def save(self, thresholds: Sequence[float]) -> None:
        """Writes the mean weights, with these thresholds and the settings of the run in the file's metadata."""
        told = {name: getattr(self._given, name) for name in ("seed", "sequences", "steps", "settling")}
        told |= {"recipe": RECIPE, "step": self.step, "cases": f"{self.best:.4f}"}
        told["thresholds"] = " ".join(f"{at:.2f}" for at in thresholds)
        saved(self._mean, thresholds, self._out, {name: str(value) for name, value in told.items()})


def saved(net: Net, thresholds: Sequence[float], path: Path, metadata: dict[str, str]) -> None:
    """Writes weights as float16, shifted so that a stroke at its part's threshold has the probability one half."""
    weights = {name: weight.clone() for name, weight in net.state_dict().items()}
    weights["o.bias"] -= torch.logit(torch.tensor(thresholds))
    save_file({name: weight.half().contiguous() for name, weight in weights.items()}, path, metadata)


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Returns the parsed command line. given: its words; by default those of this process."""
    parser = argparse.ArgumentParser(prog="python -m tools.train_nano.strokes")
    parser.add_argument("--out", type=Path, required=True, help="file of the weights")
    parser.add_argument("--recorded", default="", help="folder of Sonic Pi's samples; without it drums are drawn only")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--sequences", type=int, default=2400)
    parser.add_argument("--steps", type=int, default=7000)
    parser.add_argument("--settling", type=int, default=2000, help="steps after these, whose weights are averaged")
    parser.add_argument("--minutes", type=float, default=math.inf, help="ends early; the same command goes on")
    return parser.parse_args(given)


def main(texts: Sequence[str] | None = None) -> None:
    """Makes the examples, trains, and writes the weights."""
    given = arguments(texts)
    torch.set_num_threads(1)
    ends = time.monotonic() + 60 * given.minutes
    training = Training(given)
    while training.step < training.ends and time.monotonic() < ends:
        found = training.run(training.step + _ROUND)
        line = f"{training.step} of {training.ends} steps, loss {found:.5f}"
        if training.step % _CHECKED == 0 or training.step == training.ends:
            cases, thresholds = training.check()
            line += f", {cases:.4f} of the tuning cases told at {' '.join(f'{at:.2f}' for at in thresholds)}"
        training.keep()
        print(line, flush=True)


if __name__ == "__main__":
    main()
