"""Recorded drums for the training of `engine.sound.strokes`: one-shots of Sonic Pi (CC0), in three groups.

LEARNT are learnt from. TUNED are played, beside LEARNT, in the sequences that set from which probability a stroke is
told. HELD are never heard by the training: they are there to judge by.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tools.train_nano.drums import RATE, Array, peaked

Kit = Sequence[Sequence[Array]]
"""One-shots to choose from: kicks, what sounds in the middle, what sounds high."""
Names = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

LEARNT: Names = (
    ("bd_808", "bd_boom", "bd_gas", "bd_haus", "bd_klub", "bd_pure", "bd_tek", "bd_zum", "drum_bass_soft",
     "drum_heavy_kick", "elec_hollow_kick"),
    ("sn_dolf", "sn_generic", "drum_snare_hard", "drum_snare_soft", "elec_snare", "elec_mid_snare", "elec_filt_snare",
     "perc_snap", "drum_tom_hi_hard", "drum_tom_mid_soft"),
    ("drum_cymbal_closed", "drum_cymbal_open", "drum_cymbal_soft", "drum_splash_hard", "elec_cymbal", "elec_chime"),
)  # fmt: skip
TUNED: Names = (
    ("bd_fat", "bd_mehackit", "elec_soft_kick"),
    ("elec_lo_snare", "perc_snap2"),
    ("drum_cymbal_hard",),
)
HELD: Names = (
    ("bd_ada", "bd_sone", "bd_zome", "drum_bass_hard"),
    ("sn_dub", "sn_zome", "elec_hi_snare"),
    ("drum_cymbal_pedal", "drum_splash_soft", "elec_triangle"),
)


def recorded(folder: Path, names: Names) -> list[list[Array]]:
    """Returns recorded strokes [samples] by part, from a folder of FLAC files: at most 1.2 s each, with a peak of 1."""
    return [[_read(folder / f"{name}.flac") for name in part] for part in names]


def _read(path: Path) -> Array:
    audio, rate = soundfile.read(path, always_2d=True)
    return peaked(soxr.resample(audio.mean(axis=1), rate, RATE)[: int(1.2 * RATE)])


def one_of(sounds: Sequence[Array], rng: np.random.Generator) -> Array:
    """Returns one of the sounds, drawn at random."""
    return sounds[int(rng.integers(len(sounds)))]
