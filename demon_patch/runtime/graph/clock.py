"""The transport: gives the seconds, beats, bars and song position of each control frame. Each is computed from the
frame's number, never summed up. A tempo map gives beats, metres give bars, and a route gives song positions."""

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
"""The number of a control frame before all others."""
PAST = 64
"""Control frames that a route still goes back before a seek or a new loop region."""


@dataclass(frozen=True, slots=True)
class TempoChange:
    """A change of tempo: from control frame `frame` on, which is at beat `beat`, there are `bpm` beats a minute."""

    frame: int
    beat: float
    bpm: float


@dataclass(frozen=True, slots=True)
class MetreChange:
    """A change of metre: the metres that count from control frame `frame` on."""

    frame: int
    own: Metres
    """The metres by the transport's own beats."""
    song: Metres
    """The metres by the song's beats, which count while the transport follows the song."""


@dataclass(frozen=True, slots=True)
class Transport:
    """The map from control frames to seconds, beats, bars and song positions. Immutable: each change returns a new one.

    Control frame k is at k / rate seconds and at beat (k / rate - downbeat) * bpm / 60. Where the beat is a whole
    number, it is exact if `bpm` is whole and the downbeat 0. Each metre begins at a beat: a song that goes back to
    before a change of metre has the earlier metre again. Raises ValueError for a rate, tempo, bar or song of 0 or less.

    rate: control frames a second.
    bpm: beats a minute, before the first change.
    beats_per_bar: beats of a bar of the newest metre.
    song_frames: latent frames of the song, after which its position wraps.
    downbeat: seconds from frame 0 to the first beat of the first bar.
    changes: changes of tempo, by frame.
    route: the map to song positions where the song loops or seeks; None where it only wraps.
    follow: whether beats are counted from the song position, so that they wrap, loop and jump with the song.
    bars: changes of metre, by frame; empty while bars count from beat 0.
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
        """Returns control frame k, as bodies read it. k may be below 0."""
        return self._at(k, self.song_frame(k), self._tempo(k))

    def frames(self, k0: int, n: int) -> Frame:
        """Returns the control frames k0 to k0 + n - 1 as one `Frame`, with arrays [n] in the fields that change. They
        must have one tempo and one metre (`steady`)."""
        return self._at(np.arange(k0, k0 + n), self.positions(k0, n), self._tempo(k0))

    def steady(self, k0: int, n: int) -> int:
        """Returns the number of control frames from k0 on that have the tempo and the metres of k0: 1 to n."""
        changes = self.bars if self.follow else (*self.changes, *self.bars)
        return min([n, *(change.frame - k0 for change in changes if change.frame > k0)])

    def tempo(self, k: int) -> float:
        """Returns the tempo at control frame k, in beats a minute."""
        tempo = self._tempo(k)
        return self.bpm if tempo is None else tempo.bpm

    def metre(self, k: int) -> Metre:
        """Returns the metre that counts at control frame k."""
        return metre_at(self._metres(k), self.frame(k).beat)

    def metres_at(self, k: int) -> MetreChange | None:
        """Returns the metres that count at control frame k, where the metre has ever changed."""
        return self._bars(k) if self.bars else None

    def next_grid(self, k: int, beats: float | Grid) -> int:
        """Returns the first control frame from k on that has a line of a grid: at its beginning, or since the frame
        before.

        beats: the grid, or the distance of its lines in beats. Bars and beats count from the beginning of their metre.
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
        """Returns the places in [k0, k0 + n) at which bars begin, in control frames with fractions."""
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
        """Yields the steady stretches of the n control frames from k0 on: (first frame, number of frames)."""
        at = k0
        while at < k0 + n:
            length = self.steady(at, k0 + n - at)
            yield at, length
            at += length

    def _step(self, k: int) -> float:
        """Returns the beats from control frame k - 1 to k."""
        return self.frame(k - 1).dbeat

    # -- song ---------------------------------------------------------------------------------------------------
    def song_frame(self, k: int) -> int:
        """Returns the song position at control frame k, in latent frames."""
        return k % self.song_frames if self.route is None else self.route.position_at(k)

    def positions(self, k0: int, n: int) -> NDArray[np.int64]:
        """Returns the song positions at the control frames k0 to k0 + n - 1, in latent frames [n]."""
        if self.route is None:
            return np.arange(k0, k0 + n) % self.song_frames
        return self.route.positions(k0, n)

    def seams(self, k0: int, n: int) -> list[int]:
        """Returns the control frames of [k0, k0 + n) before which the song jumps. The wrap from the song's end to its
        beginning does not count."""
        if self.route is None:
            return []
        at = self.positions(k0 - 1, n + 1)
        return (k0 + np.flatnonzero((np.diff(at) - 1) % self.song_frames)).tolist()

    @property
    def loop(self) -> tuple[int, int]:
        """The latent frames [lo, hi) that repeat after the last change of the route: the whole song or a loop
        region."""
        return (0, self.song_frames) if self.route is None else (self.route.legs[-1].lo, self.route.legs[-1].hi)

    def region(self, k: int) -> tuple[int, int]:
        """Returns the latent frames [lo, hi) that repeat at control frame k: the loop region if the song position is
        inside it, else the whole song."""
        if self.route is not None:
            leg = self.route.leg_at(k)
            if leg.lo <= self.song_frame(k) < leg.hi:
                return leg.lo, leg.hi
        return 0, self.song_frames

    # -- changes ------------------------------------------------------------------------------------------------
    def at_tempo(self, k: int, bpm: float) -> Transport:
        """Returns a transport with `bpm` beats a minute from control frame k on. Later changes of tempo are dropped."""
        earlier = tuple(change for change in self.changes if change.frame < k)
        return replace(self, changes=(*earlier, TempoChange(k, replace(self, follow=False).frame(k).beat, bpm)))

    def at_metre(self, k: int, beats_per_bar: float) -> Transport:
        """Returns a transport with `beats_per_bar` beats a bar from the first whole beat at or after control frame k. A
        bar begins there, and an unfinished bar ends. Later changes of metre are dropped.

        Where bars have `beats_per_bar` beats already, they go on. While the transport follows the song, its own beats
        and the song's beats both have the new metre from there on. Otherwise the song's beats have it from the song's
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
        """Returns the metres before the first change of metre."""
        return self.bars[0].own if self.bars else one_metre(self.beats_per_bar)

    def _beat_within(self, k: int, follow: bool) -> float:
        """Returns the whole beat within control frame k, or else the next whole beat. follow: whether the song's beats
        count."""
        own = replace(self, follow=follow)
        return float(math.ceil(own.frame(k).beat - own._step(k) * (1 - 1e-4)))

    def sought(self, k: int, position: int) -> Transport:
        """Returns a transport whose song is at latent frame `position` at control frame k, modulo the song's length,
        and runs on from there."""
        return replace(self, route=self._routed().trimmed(k - PAST).seek(k, position % self.song_frames))

    def looped(self, k: int, lo: int, hi: int) -> Transport:
        """Returns a transport that repeats the latent frames [lo, hi) from control frame k on. (0, song_frames) repeats
        the whole song."""
        return replace(self, route=self._routed().trimmed(k - PAST).loop(k, lo, hi))

    def following(self, follow: bool) -> Transport:
        """Returns a transport that counts beats from the song position (`follow`) or from its own start."""
        return replace(self, follow=follow)

    def trimmed(self, k: int) -> Transport:
        """Returns a transport that is equal from control frame k on, without the changes that matter only before k."""
        passed = [change for change in self.changes if change.frame <= k]
        kept = tuple(passed[-1:]) + tuple(change for change in self.changes if change.frame > k)
        bars = [change for change in self.bars if change.frame <= k][-1:]
        bars += [change for change in self.bars if change.frame > k]
        route = None if self.route is None else self.route.trimmed(k)
        return replace(self, changes=kept, bars=tuple(bars), route=route)

    def _routed(self) -> Route:
        return self.route or Route.of_song(self.song_frames)

    def _tempo(self, k: int) -> TempoChange | None:
        """Returns the latest change of tempo at control frame k; None before the first, or while the transport follows
        the song."""
        if self.follow:
            return None
        return next((change for change in reversed(self.changes) if change.frame <= k), None)

    def _bars(self, k: int) -> MetreChange:
        """Returns the change of metre that counts at control frame k."""
        if not self.bars:
            return MetreChange(FIRST, *2 * (one_metre(self.beats_per_bar),))
        return next((change for change in reversed(self.bars) if change.frame <= k), self.bars[0])

    def _metres(self, k: int) -> Metres:
        """Returns the metres at control frame k: by the song's beats while the transport follows the song, else by its
        own."""
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
    """Returns the bars from the song's beginning to a beat, or to each beat of an array. beat, downbeat: beats from the
    song's beginning."""
    if len(metres) == 1:
        return beat / metres[0].beats
    return bars_and_beats(metres, beat - downbeat)[0] - bars_and_beats(metres, -downbeat)[0]
