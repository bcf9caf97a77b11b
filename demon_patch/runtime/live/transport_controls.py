"""What clients do with the transport of a performance that plays live."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter

from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.live.performing import Performing
from demon_patch.runtime.live.tap_tempo import TapTempo


class TransportControls(Performing):
    """The methods of `Host` that move the transport; each passes its change on to the tick thread.

    The fields are those of the host.
    """

    _tap_tempo: TapTempo
    _tap_lock: threading.Lock

    def play(self, on: bool) -> None:
        """From any thread. Lets the transport run, or stops it."""
        self.tick_loop.post(lambda: self.tick_loop.play(on))

    def seek(self, seconds: float, beats: float | Grid = 0.0) -> None:
        """From any thread. Jumps to a moment of the song, in seconds: as soon as it can be heard, or on a grid.
        `beats`: a grid, or a number of beats; 0 for none."""
        rate = self.performer.spec.frame_rate
        self._retime(lambda: self.tick_loop.seek(round(seconds * rate), beats))

    def loop(self, region: tuple[float, float] | None, beats: float | Grid = 0.0) -> None:
        """From any thread. Repeats a stretch of the song, (from, to) in seconds, or with None the whole song; `beats`:
        see `seek`. A stretch that is too short is not looped, and a message says so."""
        rate, song = self.performer.spec.frame_rate, self.performer.source.frames
        lo, hi = (0, song) if region is None else (round(region[0] * rate), round(region[1] * rate))
        self._retime(lambda: self.tick_loop.loop(lo, hi, beats))

    def tempo(self, bpm: float, beats: float | Grid = 0.0) -> None:
        """From any thread. Sets the tempo by hand, 20 to 400 beats a minute (a number outside is clipped); `beats`: see
        `seek`. Later edits of the patch's own tempo do not change it."""
        wanted = min(max(bpm, 20.0), 400.0)

        def change() -> None:
            self._scheduled.take_tempo()
            self.tick_loop.tempo(wanted, beats)

        self._retime(change)

    def tap(self) -> None:
        """From any thread. Notes that the player taps a beat now. From the second tap on, it sets the tempo that the
        taps give (`TapTempo`)."""
        with self._tap_lock:
            bpm = self._tap_tempo.tap(perf_counter())
        if bpm is not None:
            self.tempo(bpm)

    def follow(self, on: bool) -> None:
        """From any thread. Makes the transport's beats the song's beats, or lets them run on their own."""
        self._retime(lambda: self.tick_loop.follow(on))

    def bypass(self, on: bool) -> None:
        """From any thread. Plays the source unchanged, in place of what is generated."""

        def change() -> None:
            self.performer.bypass = on

        self.tick_loop.post(change)

    def _retime(self, change: Callable[[], None]) -> None:
        """From any thread. Has the tick thread change the transport; edits that wait then get their new frames."""

        def retime() -> None:
            self._messages.add_mistake_of(change)
            self._scheduled.note_retiming()

        self.tick_loop.post(retime)
