"""Clips on disk: a folder for each clip, whole or not there at all.

`clips/000123/` holds `clip.json` (the score and the tags of each render), `hints.npy` ([frames, 144] float16) and the
renders: `0.flac`, `1.flac` ... (48 kHz stereo, 16 bits) or `0.npy` ... ([2, samples] float16).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score import Score
from demon_patch.engine.families.nano.synth import RATE
from tools.train_nano2.data.clips import Clip

FORMATS = ("flac", "float16", "none")
"""How sound is stored; "none" keeps scores and hints alone."""


class ClipFolder:
    """A folder of clips, to be written to and read from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clips"
        self.folder.mkdir(parents=True, exist_ok=True)

    def has(self, number: int) -> bool:
        """Returns whether all files of a clip are there."""
        return self._path(number).exists()

    def numbers(self) -> list[int]:
        """Returns the numbers of the clips that are there."""
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdigit())

    def write(self, clip: Clip, kind: str = "flac") -> None:
        """Stores a clip whole or not at all, so that a run that is stopped leaves no half of it.

        kind: the format of the sounds.
        """
        part = self.folder / f"{clip.number:06d}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        np.save(part / "hints.npy", clip.hints.astype(np.float16))
        tags = [render.tags.as_json() for render in clip.renders]
        (part / "clip.json").write_text(json.dumps({"score": clip.score.as_json(), "renders": tags}), "utf-8")
        for number, render in enumerate(clip.renders):
            if kind == "flac":
                soundfile.write(part / f"{number}.flac", render.audio.T, RATE, subtype="PCM_16")
            elif kind == "float16":
                np.save(part / f"{number}.npy", render.audio.astype(np.float16))
        part.rename(self._path(clip.number))

    def score(self, number: int) -> Score:
        """Returns the score of a clip."""
        return Score.from_json(self._described(number)["score"])

    def tags(self, number: int) -> Sequence[dict[str, Any]]:
        """Returns the tags of a clip's renders."""
        return self._described(number)["renders"]

    def hints(self, number: int) -> Samples:
        """Returns the hints of a clip, float32 [frames, 144]."""
        return np.load(self._path(number) / "hints.npy").astype(np.float32)

    def audio(self, number: int, render: int) -> Samples:
        """Returns a render of a clip, float32 [2, samples]."""
        path = self._path(number) / f"{render}.npy"
        if path.exists():
            return np.load(path).astype(np.float32)
        sound, _ = soundfile.read(path.with_suffix(".flac"), dtype="float32", always_2d=True)
        return np.asarray(sound.T, np.float32)

    def _described(self, number: int) -> dict[str, Any]:
        return json.loads((self._path(number) / "clip.json").read_text("utf-8"))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}"
