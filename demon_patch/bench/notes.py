"""Finds the notes in a sound by a transcriber, and measures how many of the true ones are among them.

The transcriber is basic-pitch (Apache-2.0, with its weights in its wheel). This package does not depend on it, and it
does not need the TensorFlow that it asks for: `pip install --no-deps basic-pitch`, then `pip install onnxruntime
librosa resampy mir_eval pretty_midi`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import logging
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from demon_patch.bench.judges import Sound

NEAR = 0.06  # seconds between the starts of two notes that are taken for the same
MODEL = "saved_models/icassp_2022/nmp.onnx"


class Note(NamedTuple):
    """A note: its start in seconds and its MIDI key."""

    start: float
    key: int


def f1(true: Sequence[Note], found: Sequence[Note], near: float = NEAR) -> float:
    """Returns the F1 of found notes, 0 to 1; nan where there are no true notes. A found note matches a true note of
    equal key that begins within `near` seconds; each note matches at most one."""
    if not true:
        return float("nan")
    if not found:
        return 0.0
    start, key = np.array(true, float).T
    other_start, other_key = np.array(found, float).T
    same = (np.abs(start[:, None] - other_start) <= near) & (key[:, None] == other_key)
    pairs = maximum_bipartite_matching(csr_array(same), perm_type="column")
    return 2.0 * int((pairs >= 0).sum()) / (len(true) + len(found))


def transcriber() -> Callable[[Sound, int], list[Note]] | None:
    """Returns a function that finds the notes in sound [samples] at a sample rate in Hz; None where basic-pitch is not
    installed."""
    if importlib.util.find_spec("basic_pitch") is None:
        return None
    logging.getLogger().setLevel(logging.ERROR)  # it names every library that it could use and does not find
    package = importlib.import_module("basic_pitch")
    inference = importlib.import_module("basic_pitch.inference")
    model = inference.Model(Path(str(package.__file__)).parent / MODEL)

    def heard(sound: Sound, rate: int) -> list[Note]:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            path = Path(folder) / "sound.wav"
            soundfile.write(path, sound, rate)
            _, _, notes = inference.predict(path, model)
        return [Note(float(start), int(key)) for start, _, key, *_ in notes]

    return heard
