"""Random stretches of the renders in folders of clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.grid import STEPS_PER_FRAME, STEREO
from tools.train_nano2.data.store import ClipFolder

FRAME = STEREO.hop * STEPS_PER_FRAME
"""Samples of a latent frame."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a render: number of its folder, of its clip and of its render, first frame, and sound
    [2, frames * 1920]."""

    folder: int
    clip: int
    render: int
    first: int
    audio: Samples


class Crops:
    """Everything that folders of clips hold, as FLAC files. `clips`: every clip as (folder, number, renders, frames).

    Raises FileNotFoundError where a folder holds no clip.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = [ClipFolder(folder) for folder in folders]
        self.clips: list[tuple[int, int, int, int]] = []
        for place, clips in enumerate(self.folders):
            numbers = clips.numbers()
            if not numbers:
                raise FileNotFoundError(
                    f"{clips.folder} holds no clips: make them with python -m tools.train_nano2.data"
                )
            for number in numbers:
                sounds = sorted((clips.folder / f"{number:06d}").glob("*.flac"))
                if sounds:
                    frames = soundfile.info(sounds[0]).frames // FRAME
                    self.clips.append((place, number, len(sounds), frames))

    @property
    def hours(self) -> float:
        """Hours of sound, all renders together."""
        return sum(renders * frames for _, _, renders, frames in self.clips) / 25 / 3600

    def draw(self, rng: Generator, frames: int) -> Stretch:
        """A random stretch of so many frames, or a whole clip where it is shorter; clips are equally likely."""
        place, number, renders, whole = self.clips[int(rng.integers(len(self.clips)))]
        render = int(rng.integers(renders))
        first = int(rng.integers(max(whole - frames, 0) + 1))
        return self.stretch(place, number, render, first, min(frames, whole))

    def stretch(self, place: int, number: int, render: int, first: int, frames: int) -> Stretch:
        """A stretch of a render."""
        path = self.folders[place].folder / f"{number:06d}" / f"{render}.flac"
        sound, _ = soundfile.read(path, frames * FRAME, first * FRAME, dtype="float32", always_2d=True)
        return Stretch(place, number, render, first, np.asarray(sound.T, np.float32))
