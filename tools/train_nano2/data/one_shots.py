"""Drum kits made of Sonic Pi's one-shots (CC0; the Debian package sonic-pi-samples). Loops are left out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import soundfile
import soxr

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score import Note, drum_class
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.synth import RATE
from demon_patch.engine.families.nano.synth.effects import folded

FOLDER = Path("/usr/share/sonic-pi/samples")

SHOTS: dict[str, tuple[str, ...]] = {
    "kick": ("bd_808", "bd_ada", "bd_boom", "bd_fat", "bd_gas", "bd_haus", "bd_klub", "bd_pure", "bd_sone", "bd_tek",
             "bd_zome", "bd_zum", "drum_bass_hard", "drum_bass_soft", "drum_heavy_kick", "elec_hollow_kick",
             "elec_soft_kick"),
    "snare": ("sn_dolf", "sn_dub", "sn_zome", "drum_snare_hard", "drum_snare_soft", "elec_snare",
              "elec_mid_snare", "elec_hi_snare", "elec_lo_snare", "elec_filt_snare", "perc_snap", "perc_snap2"),
    "hat": ("drum_cymbal_closed", "drum_cymbal_pedal", "elec_cymbal", "elec_tick"),
    "open hat": ("drum_cymbal_open", "drum_cymbal_soft"),
    "tom": ("drum_tom_hi_hard", "drum_tom_hi_soft", "drum_tom_lo_hard", "drum_tom_lo_soft", "drum_tom_mid_hard",
            "drum_tom_mid_soft", "tabla_tun1", "tabla_tas1", "tabla_na", "drum_cowbell", "elec_wood", "elec_bong"),
    "cymbal": ("drum_splash_hard", "drum_splash_soft", "drum_cymbal_hard"),
}  # fmt: skip
_NAMES = tuple(SHOTS)
_LEVELS = {"kick": 0.8, "snare": 0.6, "hat": 0.28, "open hat": 0.28, "tom": 0.5, "cymbal": 0.4}
_LONGEST = 1.6  # seconds
_STARTS, _LEAD = 0.1, RATE // 500  # of its peak: a stroke starts there, less 2 ms


class ShotError(Exception):
    """The one-shots cannot be found. The message says what to do about it."""


class Shots:
    """The one-shots of a folder, each read when it is first played."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._read: dict[str, Samples] = {}
        missing = [name for names in SHOTS.values() for name in names if not (folder / f"{name}.flac").exists()]
        if missing:
            raise ShotError(
                f"{folder} lacks {missing[0]}.flac: install the Debian package sonic-pi-samples, or name the folder "
                f"that holds them with --shots"
            )

    def play(self, notes: Collection[Note], draws: Draws, samples: int) -> Samples:
        """Returns the sound of drum notes, float32 [2, samples], played with a kit that is drawn from the one-shots:
        one for each class of drums."""
        kit = [self._tuned(draws.pick(names), draws) for names in SHOTS.values()]
        pans = [0.0, draws.bell(0.08), draws.bell(0.4), draws.bell(0.4), draws.bell(0.4), draws.bell(0.5)]
        levels = [_LEVELS[name] * draws.ratio(0.7, 1.4) for name in _NAMES]
        mix = np.zeros((2, samples + int(2 * _LONGEST * RATE)), np.float32)
        for note in notes:
            number, at = drum_class(note.pitch), int(note.start * RATE)
            sound = kit[number]
            angle = (max(-1.0, min(1.0, pans[number])) + 1) * np.pi / 4
            sides = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
            level = np.float32(levels[number] * (note.velocity / 110) ** 1.5)
            mix[:, at : at + sound.shape[1]] += sound * sides * level
        return folded(mix, samples)

    def _tuned(self, name: str, draws: Draws) -> Samples:
        """Returns a one-shot [2, n] at random up to 12 % higher or lower."""
        sound = self._sound(name)
        ratio = draws.ratio(1 / 1.12, 1.12)
        at = np.arange(0, sound.shape[1] - 1, ratio)
        return np.stack([np.interp(at, np.arange(sound.shape[1]), side) for side in sound]).astype(np.float32)

    def _sound(self, name: str) -> Samples:
        """Returns a one-shot [2, n] with a peak of 1, from the start of its stroke on, at most 1.6 s."""
        if name not in self._read:
            sound, rate = soundfile.read(self._folder / f"{name}.flac", always_2d=True, dtype="float32")
            wide = np.repeat(sound, 2, axis=1) if sound.shape[1] == 1 else sound[:, :2]
            heard = np.asarray(soxr.resample(wide, rate, RATE), np.float32).T
            heard = heard / max(float(np.abs(heard).max()), 1e-6)
            starts = int(np.argmax(np.abs(heard).max(0) > _STARTS)) - _LEAD
            heard = heard[:, max(starts, 0) :][:, : int(_LONGEST * RATE)].copy()
            heard[:, -480:] *= np.linspace(1, 0, heard[:, -480:].shape[1], dtype=np.float32)
            self._read[name] = heard
        return self._read[name]
