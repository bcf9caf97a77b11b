"""The transport: time as numbers of control frames, never as a sum. A tempo map gives beats, metres give bars, and a
route gives song positions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.codegen.frame import Frame
from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.graph.bars import (
    GridStep,
    Metre,
    Metres,
    bars_and_beats,
    beats_since_line,
    metre_at,
    next_line,
    one_metre,
    with_metre,
)
from demon_patch.runtime.graph.route import Route

FIRST = -(1 << 62)
"""A frame before all control frames."""
PAST = 64
"""Control frames after a jump for which the route before it is still known."""


@dataclass(frozen=True, slots=True)
class TempoChange:
    """`bpm` beats a minute from control frame `frame` on, where the beat is `beat`."""

    frame: int
    beat: float
    bpm: float


@dataclass(frozen=True, slots=True)
class MetreChange:
    """The metres from control frame `frame` on."""

    frame: int
    own: Metres
    """By the transport's own beats."""
    song: Metres
    """By the song's beats, which count while the transport follows the song."""


@dataclass(frozen=True, slots=True)
class Transport:
    """Immutable: each change makes a new one.

    Control frame k is at k / rate seconds and at beat (k / rate - downbeat) * bpm / 60. Where the beat is a whole
    number, it is exact if `bpm` is whole and the downbeat 0. Metres are kept by beat: a song that goes back to before a
    change of metre has the metre of then. Raises ValueError for a rate, tempo, bar or song of 0 or less.

    rate: control frames a second.
    bpm: beats a minute, before the first change.
    beats_per_bar: beats of a bar of the newest metre.
    song_frames: latent frames of the song, after which its position wraps.
    downbeat: seconds to the first beat of the first bar.
    changes: changes of tempo, by frame.
    route: where the song goes, if it does not just wrap.
    follow: whether the beats are the song's, so that they wrap, loop and jump with it.
    bars: changes of metre; empty while bars count from beat 0.
    """

    rate: float
    bpm: float = 120.0
    beats_per_bar: float = 4
    song_frames: int = 600
    downbeat: float = 0.0
    changes: tuple[TempoChange, ...] = ()
    route: Route | None = None
    follow: bool = False
    bars: tuple[MetreChange, ...] = ()

    def __post_init__(self) -> None:
        tempi = [self.bpm, *(change.bpm for change in self.changes)]
        if not (self.rate > 0 and min(tempi) > 0 and self.beats_per_bar > 0 and self.song_frames >= 1):
            raise ValueError(f"a transport needs rate, bpm, bar and song above 0: {self}")

    # -- time ---------------------------------------------------------------------------------------------------
    def frame(self, k: int) -> Frame:
        """Control frame k, which may lie before 0."""
        return self._at(k, self.song_frame(k), self._tempo(k))

    def frames(self, k0: int, n: int) -> Frame:
        """Control frames k0 to k0 + n - 1 of one tempo (`steady`), with arrays [n] in the fields that change."""
        return self._at(np.arange(k0, k0 + n), self.positions(k0, n), self._tempo(k0))

    def steady(self, k0: int, n: int) -> int:
        """How many of the n frames from k0 on have the tempo and the metres of k0; at least 1."""
        changes = self.bars if self.follow else (*self.changes, *self.bars)
        return min([n, *(change.frame - k0 for change in changes if change.frame > k0)])

    def tempo(self, k: int) -> float:
        """Beats a minute at a control frame."""
        tempo = self._tempo(k)
        return self.bpm if tempo is None else tempo.bpm

    def metre(self, k: int) -> Metre:
        """The metre that counts at a control frame."""
        return metre_at(self._metres(k), self.frame(k).beat)

    def next_grid(self, k: int, beats: float | Grid) -> int:
        """The first control frame from k on that has a line of a grid, at its beginning or since the frame before.

        beats: the grid, or a number of beats. Bars and beats count from where their metre began.
        """
        grid = GridStep(beats.count, beats.unit == "bar") if isinstance(beats, Grid) else GridStep(beats)
        if self.follow:
            period = 2 * self.song_frames
            for at, n in self._stretches(k, period):
                frames = self.frames(at, n)
                passed = beats_since_line(self._metres(at), frames.beat, grid) < frames.dbeat * (1 - 1e-4)
                if passed.any():
                    return at + int(passed.argmax())
        while True:
            here, stop = self.frame(k), k + self.steady(k, 1 << 40)
            ahead = next_line(self._metres(k), here.beat - self._step(k) * (1 - 1e-6), grid) - here.beat
            found = k + max(math.ceil(ahead / here.dbeat - 1e-6), 0)
            if found < stop or stop == k + (1 << 40):
                return found
            k = stop

    def bar_lines(self, k0: int, n: int) -> list[float]:
        """Where bars begin in [k0, k0 + n): control frames with fractions."""
        found, before = list[float](), self._step(k0)
        for at, length in self._stretches(k0, n + 1):
            frames = self.frames(at, length)
            steps = np.full(length, frames.dbeat)
            steps[0], before = before, frames.dbeat
            passed = beats_since_line(self._metres(at), frames.beat, GridStep(1, bars=True))
            on, late = passed < steps * (1 - 1e-4), passed / steps
            if self.follow:  # where the song jumps, no bar has begun since the frame before
                jump = np.diff(self.positions(at - 1, length + 1)) != 1
                on, late = on & ~(jump & (late > 1e-4)), np.where(jump, 0.0, late)
            found += (frames.k - late)[on].tolist()
        return [round(line, 6) for line in found if k0 - 1e-6 <= line < k0 + n - 1e-6]

    def _stretches(self, k0: int, n: int) -> Iterator[tuple[int, int]]:
        """The steady stretches (first frame, length) of n frames from k0 on."""
        at = k0
        while at < k0 + n:
            length = self.steady(at, k0 + n - at)
            yield at, length
            at += length

    def _step(self, k: int) -> float:
        """Beats from the control frame before k to k."""
        return self.frame(k - 1).dbeat

    # -- song ---------------------------------------------------------------------------------------------------
    def song_frame(self, k: int) -> int:
        """The latent frame of the song at control frame k."""
        return k % self.song_frames if self.route is None else self.route.position_at(k)

    def positions(self, k0: int, n: int) -> NDArray[np.int64]:
        """The latent frames of the song at the control frames k0 to k0 + n - 1."""
        if self.route is None:
            return np.arange(k0, k0 + n) % self.song_frames
        return self.route.positions(k0, n)

    def seams(self, k0: int, n: int) -> list[int]:
        """The control frames of [k0, k0 + n) before which the song jumps; its end does not count."""
        if self.route is None:
            return []
        at = self.positions(k0 - 1, n + 1)
        return (k0 + np.flatnonzero((np.diff(at) - 1) % self.song_frames)).tolist()

    @property
    def loop(self) -> tuple[int, int]:
        """The latent frames [lo, hi) that repeat in the end: the song or a loop region."""
        return (0, self.song_frames) if self.route is None else (self.route.legs[-1].lo, self.route.legs[-1].hi)

    def region(self, k: int) -> tuple[int, int]:
        """The latent frames [lo, hi) that repeat at control frame k: the loop region once the song is in it, the whole
        song before."""
        if self.route is not None:
            leg = self.route.leg_at(k)
            if leg.lo <= self.song_frame(k) < leg.hi:
                return leg.lo, leg.hi
        return 0, self.song_frames

    # -- changes ------------------------------------------------------------------------------------------------
    def at_tempo(self, k: int, bpm: float) -> Transport:
        """Another tempo from control frame k on; later changes are dropped."""
        earlier = tuple(change for change in self.changes if change.frame < k)
        return replace(self, changes=(*earlier, TempoChange(k, replace(self, follow=False).frame(k).beat, bpm)))

    def at_metre(self, k: int, beats_per_bar: float) -> Transport:
        """Another metre from the first beat at control frame k or after it, where a bar begins; a bar that has not
        ended yet ends there. Where bars have `beats_per_bar` beats already, they go on. Later changes are dropped.

        While the transport follows the song, both change from there on; else the song has the new metre from its
        beginning.
        """
        at = self.next_grid(k, 1.0) if self.follow else k
        earlier = tuple(change for change in self.bars if change.frame < at)
        maps = replace(self, bars=earlier)._bars(at) if earlier else MetreChange(FIRST, *2 * (self._before(),))
        own = with_metre(maps.own, self._beat_within(at, False), beats_per_bar)
        song = (
            with_metre(maps.song, self._beat_within(at, True), beats_per_bar)
            if self.follow
            else one_metre(beats_per_bar)
        )
        if (own, song) == (maps.own, maps.song):
            return replace(self, beats_per_bar=beats_per_bar, bars=earlier)
        return replace(self, beats_per_bar=beats_per_bar, bars=(*(earlier or (maps,)), MetreChange(at, own, song)))

    def _before(self) -> Metres:
        """The metres while none has changed."""
        return self.bars[0].own if self.bars else one_metre(self.beats_per_bar)

    def _beat_within(self, k: int, follow: bool) -> float:
        """The whole beat that falls in control frame k, or else the next one."""
        own = replace(self, follow=follow)
        return float(math.ceil(own.frame(k).beat - own._step(k) * (1 - 1e-4)))

    def sought(self, k: int, position: int) -> Transport:
        """The transport whose song jumps to a latent frame at control frame k."""
        return replace(self, route=self._routed().trimmed(k - PAST).seek(k, position % self.song_frames))

    def looped(self, k: int, lo: int, hi: int) -> Transport:
        """The transport that repeats the latent frames [lo, hi) from control frame k on; (0, song_frames): the whole
        song."""
        return replace(self, route=self._routed().trimmed(k - PAST).loop(k, lo, hi))

    def following(self, follow: bool) -> Transport:
        """The transport whose beats are the song's, or its own."""
        return replace(self, follow=follow)

    def trimmed(self, k: int) -> Transport:
        """The same transport from control frame k on, without the changes that only matter before it."""
        passed = [change for change in self.changes if change.frame <= k]
        kept = tuple(passed[-1:]) + tuple(change for change in self.changes if change.frame > k)
        bars = [change for change in self.bars if change.frame <= k][-1:]
        bars += [change for change in self.bars if change.frame > k]
        route = None if self.route is None else self.route.trimmed(k)
        return replace(self, changes=kept, bars=tuple(bars), route=route)

    def _routed(self) -> Route:
        return self.route or Route.of_song(self.song_frames)

    def _tempo(self, k: int) -> TempoChange | None:
        """The latest change of tempo at control frame k; None before the first."""
        if self.follow:
            return None
        return next((change for change in reversed(self.changes) if change.frame <= k), None)

    def _bars(self, k: int) -> MetreChange:
        """The bars that count at control frame k."""
        if not self.bars:
            return MetreChange(FIRST, *2 * (one_metre(self.beats_per_bar),))
        return next((change for change in reversed(self.bars) if change.frame <= k), self.bars[0])

    def _metres(self, k: int) -> Metres:
        """The metres by the beats that count at control frame k."""
        bars = self._bars(k)
        return bars.song if self.follow else bars.own

    def _at(self, k: int | np.ndarray, frame: int | np.ndarray, tempo: TempoChange | None) -> Frame:
        rate = self.rate
        bpm = self.bpm if tempo is None else tempo.bpm
        if tempo is not None:
            beat = tempo.beat + (k - tempo.frame) * bpm / (60.0 * rate)
        else:
            beat = (frame if self.follow else k) * bpm / (60.0 * rate) - self.downbeat * bpm / 60.0
        dbeat, song = bpm / (60.0 * rate), frame / rate
        if not self.bars:
            beats = float(self.beats_per_bar)
            bar, song_bar = beat / beats, song * rate * dbeat / beats
        else:
            maps = self._bars(k if isinstance(k, int) else int(k[0]))
            bar, beats = bars_and_beats(maps.song if self.follow else maps.own, beat)
            song_bar = _song_bars(maps.song, song * rate * dbeat, self.downbeat * bpm / 60.0)
        return Frame(
            k=k,
            s=k / rate,
            dt=1.0 / rate,
            beat=beat,
            dbeat=dbeat,
            song=song,
            length=self.song_frames / rate,
            beats_per_bar=beats,
            frame=frame,
            bar=bar,
            dbar=dbeat / beats,
            song_bar=song_bar,
        )


def _song_bars(metres: Metres, beat: Any, downbeat: float) -> Any:
    """Bars since the song's beginning at some beats of it."""
    if len(metres) == 1:
        return beat / metres[0].beats
    return bars_and_beats(metres, beat - downbeat)[0] - bars_and_beats(metres, -downbeat)[0]
