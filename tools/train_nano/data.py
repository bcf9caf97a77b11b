"""The training corpus: compositions of our own, each rendered in several styles, as one long row of frames on disk.

Files of a corpus folder: `clips.jsonl` (one clip a line), `audio.i16`, `hints.f16`, `latents.f16`. Every stage appends
clip by clip and goes on after the last whole clip, so a run may be stopped at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.compose import compose, render
from demon_patch.engine.families.nano.hints import structure_hints
from demon_patch.engine.families.nano.spec import HINT_CHANNELS, SPEC
from demon_patch.engine.families.nano.tags import STYLES, Tags

RENDERS = 3
"""Styles in which each composition is rendered, its own first."""

_SHORTEST, _LONGEST = 300, 500  # frames of a clip: lengths vary so that tempi do


@dataclass(frozen=True, slots=True)
class Clip:
    """One rendering in a corpus.

    composition: the number of its composition.
    tokens: its tag tokens.
    start, frames: where its latent frames lie in the corpus, and how many there are.
    """

    composition: int
    style: str
    tokens: tuple[int, ...]
    start: int
    frames: int


class Corpus:
    """A corpus folder, opened for reading after `make_audio`, `make_hints` and `make_latents` have filled it.

    The last sixteenth of the compositions (at least two) is held out.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clips = read_clips(folder)
        compositions = self.clips[-1].composition + 1
        first_held = compositions - max(compositions // 16, 2)
        self.training = [i for i, clip in enumerate(self.clips) if clip.composition < first_held]
        self.held = [i for i, clip in enumerate(self.clips) if clip.composition >= first_held]

    def audio(self, clip: Clip) -> np.ndarray:
        """Returns the samples of a clip, float32 [frames * 1280]."""
        hop = SPEC.samples_per_frame
        samples = _slice(self.folder / "audio.i16", np.int16, clip.start * hop, clip.frames * hop)
        return samples.astype(np.float32) / 32767

    def latents(self, clip: Clip) -> Tensor:
        """Returns the latents of a clip, float32 [frames, 64]."""
        return self._rows("latents.f16", SPEC.latent_channels, clip)

    def hints(self, clip: Clip) -> Tensor:
        """Returns the hints of a clip, float32 [frames, 37]."""
        return self._rows("hints.f16", HINT_CHANNELS, clip)

    def _rows(self, name: str, width: int, clip: Clip) -> Tensor:
        rows = _slice(self.folder / name, np.float16, clip.start * width, clip.frames * width)
        return torch.from_numpy(rows.reshape(-1, width).astype(np.float32))

    def sample_audio(self, rng: Generator, count: int, frames: int, clips: Sequence[int] | None = None) -> Tensor:
        """Returns random crops [count, frames * 1280] of the training clips, or of `clips`, each a few dB louder or
        softer."""
        crops = []
        for index in rng.choice(self.training if clips is None else clips, count):
            clip = self.clips[index]
            start = int(rng.integers(clip.frames - frames + 1))
            crop = Clip(clip.composition, clip.style, clip.tokens, clip.start + start, frames)
            crops.append(self.audio(crop) * 10 ** (rng.uniform(-4, 3) / 20))
        return torch.from_numpy(np.stack(crops).astype(np.float32))


def _slice(path: Path, kind: type, start: int, count: int) -> np.ndarray:
    return np.fromfile(path, kind, count, offset=start * np.dtype(kind).itemsize)


def read_clips(folder: Path) -> list[Clip]:
    """Returns the clips of a corpus, from its list; a last line that is cut off is left out."""
    path = folder / "clips.jsonl"
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("\n")]
    return [Clip(**{**row, "tokens": tuple(row["tokens"])}) for row in rows]


def make_audio(folder: Path, compositions: int, report: Callable[[str], None] = print) -> None:
    """Composes and renders what is missing of `compositions`; composition n is the same in every run."""
    folder.mkdir(parents=True, exist_ok=True)
    clips = read_clips(folder)
    done = len(clips) // RENDERS
    clips = clips[: done * RENDERS]
    frames_done = clips[-1].start + clips[-1].frames if clips else 0
    (folder / "clips.jsonl").write_text("".join(_line(clip) for clip in clips), "utf-8")
    with open(folder / "clips.jsonl", "a", encoding="utf-8") as index, open(folder / "audio.i16", "ab") as audio:
        audio.truncate(frames_done * SPEC.samples_per_frame * 2)
        for number in range(done, compositions):
            for clip, samples in _renders(number, frames_done):
                audio.write(np.round(samples * 32767).astype(np.int16).tobytes())
                audio.flush()
                index.write(_line(clip))
                frames_done += clip.frames
            index.flush()
            if number % 10 == 9:
                report(f"composed {number + 1} of {compositions}")


def _line(clip: Clip) -> str:
    return json.dumps(asdict(clip)) + "\n"


def _renders(number: int, start: int) -> list[tuple[Clip, np.ndarray]]:
    rng = np.random.default_rng((number, 7))
    style = STYLES[number % len(STYLES)]
    frames = int(rng.integers(_SHORTEST // SPEC.quantum, _LONGEST // SPEC.quantum + 1)) * SPEC.quantum
    score = compose(rng, frames, Tags(style))
    others = rng.permutation([name for name in STYLES if name != style])[: RENDERS - 1]
    found = []
    for k, name in enumerate((style, *map(str, others))):
        clip = Clip(number, name, score.tags(name).tokens(), start + k * frames, frames)
        found.append((clip, render(score, name, frames, number * RENDERS + k)))
    return found


def make_hints(folder: Path) -> None:
    """Computes and stores the structure hints of every clip that has none yet."""
    _append(folder, "hints.f16", HINT_CHANNELS, lambda corpus, clip: structure_hints(corpus.audio(clip)))


def make_latents(
    folder: Path, codec: NanoCodec, process: Callable[[np.ndarray], np.ndarray] = lambda audio: audio
) -> None:
    """Computes and stores the latents of every clip that has none yet. The codec's encoder must never change after
    this.

    process: changes the sound before it is encoded.
    """

    def encode(corpus: Corpus, clip: Clip) -> np.ndarray:
        return codec.encode(process(corpus.audio(clip))[:, None]).numpy()

    _append(folder, "latents.f16", SPEC.latent_channels, encode)


def _append(folder: Path, name: str, width: int, make: Callable[[Corpus, Clip], np.ndarray]) -> None:
    corpus, row = Corpus(folder), width * 2
    with open(folder / name, "ab") as file:
        frames = file.tell() // row
        for clip in corpus.clips:
            if clip.start + clip.frames > frames:
                file.truncate(clip.start * row)
                file.write(make(corpus, clip).astype(np.float16).tobytes())
