"""Plays notes through a soundfont with FluidSynth, whose library is loaded from the system (Debian: libfluidsynth3)."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score import PARTS, Note
from demon_patch.engine.families.nano.synth import RATE
from demon_patch.engine.families.nano.synth.effects import folded

CHANNELS: dict[str, int] = dict(zip(PARTS, (9, 0, 1, 2, 3), strict=True))
"""MIDI channels of the parts."""

_BLOCK = 64  # samples: events take effect at whole blocks
_TAIL_SECONDS = 3.0
_DRUM_BANK = 128
_WARNINGS = 2
_VOLUME, _PAN, _REVERB, _CHORUS = 7, 10, 91, 93


class FluidError(Exception):
    """FluidSynth cannot be used. The message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Channel:
    """How a part is played. All numbers but `raised` are 0 to 127.

    program: the General MIDI program; for drums, the kit.
    reverb, chorus: what is sent to these effects.
    raised: semitones by which its keys are raised.
    """

    program: int
    volume: int
    pan: int
    reverb: int
    chorus: int
    raised: int = 0


def available() -> bool:
    """Returns whether FluidSynth's library is installed."""
    return ctypes.util.find_library("fluidsynth") is not None


def _library() -> ctypes.CDLL:
    name = ctypes.util.find_library("fluidsynth")
    if name is None:
        raise FluidError("FluidSynth is not installed: install the Debian package libfluidsynth3")
    library = ctypes.CDLL(name)
    pointer, number, real = ctypes.c_void_p, ctypes.c_int, ctypes.c_double
    for function, result, arguments in (
        ("new_fluid_settings", pointer, ()),
        ("fluid_settings_setnum", number, (pointer, ctypes.c_char_p, real)),
        ("fluid_settings_setint", number, (pointer, ctypes.c_char_p, number)),
        ("new_fluid_synth", pointer, (pointer,)),
        ("delete_fluid_synth", None, (pointer,)),
        ("delete_fluid_settings", None, (pointer,)),
        ("fluid_synth_sfload", number, (pointer, ctypes.c_char_p, number)),
        ("fluid_synth_program_select", number, (pointer, number, number, number, number)),
        ("fluid_synth_get_sfont_by_id", pointer, (pointer, number)),
        ("fluid_synth_remove_sfont", number, (pointer, pointer)),
        ("fluid_synth_add_sfont", number, (pointer, pointer)),
        ("fluid_synth_cc", number, (pointer, number, number, number)),
        ("fluid_synth_noteon", number, (pointer, number, number, number)),
        ("fluid_synth_noteoff", number, (pointer, number, number)),
        ("fluid_synth_set_reverb", number, (pointer, real, real, real, real)),
        ("fluid_synth_write_float", number, (pointer, number, pointer, number, number, pointer, number, number)),
    ):
        bound = getattr(library, function)
        bound.restype, bound.argtypes = result, arguments
    library.fluid_set_log_function(_WARNINGS, None, None)  # a synthesizer without its soundfont warns of that
    return library


class SoundfontPlayer:
    """Plays notes with one soundfont in FluidSynth. Loading it takes some seconds; playing a clip takes a fiftieth of
    its length."""

    def __init__(self, path: Path) -> None:
        self._library = _library()
        self._settings = self._library.new_fluid_settings()
        self._library.fluid_settings_setnum(self._settings, b"synth.sample-rate", float(RATE))
        self._library.fluid_settings_setnum(self._settings, b"synth.gain", 0.6)
        self._library.fluid_settings_setint(self._settings, b"synth.polyphony", 256)
        self._library.fluid_settings_setint(self._settings, b"synth.cpu-cores", 1)
        self._synth = self._library.new_fluid_synth(self._settings)
        self._font = self._library.fluid_synth_sfload(self._synth, str(path).encode(), 1)
        if self._font < 0:
            raise FluidError(f"FluidSynth cannot read {path}")

    def close(self) -> None:
        """Frees the soundfont's memory."""
        self._library.delete_fluid_synth(self._synth)
        self._library.delete_fluid_settings(self._settings)

    def play(self, notes: Collection[Note], channels: dict[str, Channel], room: float, frames: int) -> Samples:
        """Returns the sound of notes as a loop, float32 [2, frames * 1920] at 48 kHz. A tail of 3 s continues from its
        end into its start. Raises FluidError for a program that the soundfont lacks.

        room: size of the reverb's room, 0 to 1.
        """
        self._prepare(channels, room)
        total, tail = frames * RATE // 25, int(_TAIL_SECONDS * RATE)
        pieces, now = [self._samples(_BLOCK)[:, :0]], 0
        for at, sounds, channel, key, velocity in _events(_raised(notes, channels), total + tail - _BLOCK):
            pieces.append(self._samples(at - now))
            now = at
            if sounds:
                self._library.fluid_synth_noteon(self._synth, channel, key, velocity)
            else:
                self._library.fluid_synth_noteoff(self._synth, channel, key)
        pieces.append(self._samples(total + tail - now))
        sound = np.concatenate(pieces, axis=1)
        sound[:, -tail // 4 :] *= np.linspace(1, 0, len(sound[0, -tail // 4 :]), dtype=np.float32)
        return folded(sound, total)

    def _renew(self) -> None:
        """Replaces the synthesizer by a new one with the same soundfont.

        The oscillators of chorus and reverb run on from clip to clip, whatever is reset. Only with a new synthesizer a
        clip sounds the same whatever was played before it.
        """
        font = self._library.fluid_synth_get_sfont_by_id(self._synth, self._font)
        self._library.fluid_synth_remove_sfont(self._synth, font)
        self._library.delete_fluid_synth(self._synth)
        self._synth = self._library.new_fluid_synth(self._settings)
        self._font = self._library.fluid_synth_add_sfont(self._synth, font)

    def _prepare(self, channels: dict[str, Channel], room: float) -> None:
        self._renew()
        self._library.fluid_synth_set_reverb(self._synth, room, 0.4, 0.9, 0.7)
        for part, channel in channels.items():
            number, bank = CHANNELS[part], _DRUM_BANK if part == "drums" else 0
            if self._library.fluid_synth_program_select(self._synth, number, self._font, bank, channel.program):
                raise FluidError(f"the soundfont has no program {channel.program} in bank {bank}")
            values = ((_VOLUME, channel.volume), (_PAN, channel.pan))
            for control, value in (*values, (_REVERB, channel.reverb), (_CHORUS, channel.chorus)):
                self._library.fluid_synth_cc(self._synth, number, control, value)

    def _samples(self, count: int) -> Samples:
        out = np.zeros((2, count), np.float32)
        if count:
            left, right = out[0].ctypes.data, out[1].ctypes.data
            self._library.fluid_synth_write_float(self._synth, count, left, 0, 1, right, 0, 1)
        return out


def _raised(notes: Collection[Note], channels: dict[str, Channel]) -> list[Note]:
    return [replace(note, pitch=note.pitch + channels[note.part].raised) for note in notes]


def _events(notes: Collection[Note], last: int) -> Sequence[tuple[int, int, int, int, int]]:
    """Returns the starts and ends of notes in order of time, each as (sample, 1 for a start or 0 for an end, channel,
    key, velocity).

    A note ends where its key is struck again, since an end would stop both.
    """
    ordered = sorted(notes, key=lambda note: note.start)
    following: dict[tuple[str, int], float] = {}
    events = []
    for note in reversed(ordered):
        end = min(note.start + max(note.length, 0.02), following.get((note.part, note.pitch), np.inf))
        following[note.part, note.pitch] = note.start
        start = min(int(note.start * RATE), last) // _BLOCK * _BLOCK
        stop = max(min(int(end * RATE), last) // _BLOCK * _BLOCK, start + _BLOCK)
        events.append((start, 1, CHANNELS[note.part], note.pitch, note.velocity))
        events.append((stop, 0, CHANNELS[note.part], note.pitch, 0))
    return sorted(events)
