"""Reads the notes that a Notes node plays, for each latent frame of the song at the moment at which it is heard next.

What is forecast is played at its frame. What a live source plays is not known ahead: a key that goes down is heard from
the first generation on that is admitted after it, with its start there, and is as long as it was held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

import numpy as np
import torch
from numpy.typing import NDArray

from demon_patch.engine.score import PARTS, VOICES, Notes
from demon_patch.nodes.library.conditioning.notes import gate_port, pitch_port
from demon_patch.runtime.graph.forecast import Forecast

LOOK_BACK = 50
"""Transport frames before a Notes node is read first, in which a key that is held may have gone down."""
Key = tuple[str, str]  # node and gate port


@dataclass(slots=True)
class PlayedNote:
    """A note of a live source. All moments are transport frames.

    pressed, released: when its key went down and up; `released` is infinite while it is held.
    begins: from when it is heard; None until a generation takes it.
    """

    pitch: float
    pressed: int
    released: float = inf
    begins: int | None = None

    @property
    def ends(self) -> float:
        """Returns the moment from which it is not heard any more; at least one frame after it begins."""
        return inf if self.begins is None else self.begins + max(self.released - self.pressed, 1)


@dataclass(slots=True)
class PlayedNotes:
    """The notes that live sources have played in a performance, kept while they can still be heard.

    read: the transport frame from which keys are read next, by key: the one that was at the loudspeaker when they were
        read last, since more may have come in it.
    notes: by key, in the order in which they were played.
    """

    read: dict[Key, int] = field(default_factory=dict)
    notes: dict[Key, list[PlayedNote]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Voice:
    """A voice whose gate is wired.

    place: its part and voice, as indices of `Notes`. key: its node and gate port.
    pitch, level, rises: its engine ports. live: whether a live source reaches its gate.
    """

    place: tuple[int, int]
    key: Key
    pitch: int
    level: int
    rises: int
    live: bool


class NoteReader:
    """Reads the Notes node of one program. Owned by the thread of its forecast.

    guard: transport frames behind the loudspeaker that may still be replaced (`Forecast`).
    pitches: by name, the number of the engine port of each pitch that is played.
    """

    def __init__(self, forecast: Forecast, node: str, guard: int) -> None:
        self._forecast, self._guard = forecast, guard
        program = forecast.program
        numbers = {(s.port, s.kind): i for i, s in enumerate(program.engine_ports) if s.node == node}
        self._voices = [
            _Voice((p, v), (node, gate), numbers[pitch_port(part, v + 1), "value"], level, numbers[gate, "gate"],
                   (node, gate) in program.held)
            for p, part in enumerate(PARTS)
            for v in range(VOICES)
            if (level := numbers.get((gate := gate_port(part, v + 1), "level"))) is not None
        ]  # fmt: skip
        self.pitches = {program.engine_ports[voice.pitch].port: voice.pitch for voice in self._voices}

    def now(self, now: int) -> Notes:
        """Returns the notes as they are known at transport frame `now`: what a live source holds sounds throughout."""
        found = _Roll(self._forecast.transport.song_frames)
        for voice, pitch, level, rises in self._curves(self._voices, now):
            found.write(voice.place, pitch, level > 0, (rises > 0) & (not voice.live))
        return found.notes()

    def at(self, heard_at: int, now: int, played: PlayedNotes) -> Notes:
        """Returns the notes of a generation that is heard from a transport frame on. Notes in `played` that no
        generation has yet begin there, the later ones as much later as they were played."""
        found = _Roll(self._forecast.transport.song_frames)
        for voice, pitch, level, rises in self._curves([v for v in self._voices if not v.live], now):
            found.write(voice.place, pitch, level > 0, rises > 0)
        live = [voice for voice in self._voices if voice.live]
        moments = self._forecast.heard_moments(now, self._guard) if live else np.zeros(0, dtype=np.int64)
        for voice in live:
            self._read(voice, played)
        fresh = [note for voice in live for note in played.notes[voice.key] if note.begins is None]
        first = min((note.pressed for note in fresh), default=0)
        for note in fresh:
            note.begins = heard_at + note.pressed - first
        for voice in live:
            kept = [note for note in played.notes[voice.key] if note.ends > now - self._guard]
            played.notes[voice.key] = kept
            for note in kept:
                assert note.begins is not None
                sounding = (moments >= note.begins) & (moments < note.ends)
                found.write(voice.place, np.full(len(moments), note.pitch), sounding, moments == note.begins)
        return found.notes()

    def _curves(
        self, voices: list[_Voice], now: int
    ) -> Iterator[tuple[_Voice, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
        """Gives each voice with its pitch, level and rises at every latent frame of the song, [T] each. Nothing is
        played before transport frame 0."""
        ports = [port for voice in voices for port in (voice.pitch, voice.level, voice.rises)]
        if ports:
            rows = self._forecast.curves(ports, now, self._guard).reshape(len(voices), 3, -1)
            there = self._forecast.heard_moments(now, self._guard) >= 0
            for voice, (pitch, level, rises) in zip(voices, rows, strict=True):
                yield voice, pitch, level * there, rises * there

    def _read(self, voice: _Voice, played: PlayedNotes) -> None:
        """Notes which keys of a live voice went down and up since the last call, the present frame included: a key is
        not to wait for the frame after it."""
        forecast, notes = self._forecast, played.notes.setdefault(voice.key, [])
        begin = max(played.read.get(voice.key, forecast.now - LOOK_BACK), 0)
        pitch, level, rises = (
            forecast.span(port, begin, forecast.now + 1).tolist() for port in (voice.pitch, voice.level, voice.rises)
        )
        for k, here in enumerate(zip(pitch, level, rises, strict=True), begin):
            _play(notes, k, *here)
        played.read[voice.key] = forecast.now


def _play(notes: list[PlayedNote], k: int, pitch: float, level: float, rises: float) -> None:
    """Adds to the notes of a voice what its key does in transport frame `k`, which may be read twice."""
    held = notes[-1] if notes and (notes[-1].released == inf or notes[-1].pressed == k) else None
    if (rises > 0 or (level > 0 and held is None)) and not (held is not None and held.pressed == k):
        if held is not None:
            held.released = k
        notes.append(PlayedNote(pitch, k))
        held = notes[-1]
    if level > 0 and held is not None:
        held.pitch, held.released = pitch, inf
    elif held is not None:
        held.released = max(k, held.pressed + 1)


class _Roll:
    """Arrays of `Notes` while they are filled."""

    def __init__(self, frames: int) -> None:
        shape = (len(PARTS), VOICES, frames)
        self.pitch = np.full(shape, 60.0, dtype=np.float32)
        self.sounding, self.starting = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)

    def write(
        self,
        place: tuple[int, int],
        pitch: NDArray[np.float64],
        sounding: NDArray[np.bool_],
        starting: NDArray[np.bool_],
    ) -> None:
        """Writes a note or all notes of a voice over what is there, in the frames in which they sound or start."""
        there = sounding | starting
        self.pitch[place][there] = pitch[there]
        self.sounding[place][there] = sounding[there]
        self.starting[place][there] = starting[there]

    def notes(self) -> Notes:
        """Returns what has been written."""
        return Notes(*map(torch.from_numpy, (self.pitch, self.sounding, self.starting)))
