"""The transport: time as control frames, never as a sum; beats by a tempo map, song positions by a route."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from demon_patch.nodes.form.frame import Frame
from demon_patch.runtime.graph.route import Route

PAST = 64  # control frames behind a jump in which the one before it is still known


@dataclass(frozen=True, slots=True)
class Tempo:
    """From control frame `frame` on, where the beat is `beat`: `bpm` beats a minute."""

    frame: int
    beat: float
    bpm: float


@dataclass(frozen=True, slots=True)
class Transport:
    """Control frame k at `rate` frames a second is t = k / rate and beat (k / rate - downbeat) * bpm / 60.

    The beat is exact wherever it is a whole number, `bpm` is one and the downbeat is 0. downbeat: seconds to the first
    beat of the first bar. changes: of tempo, by frame. The song position wraps after `song_frames`, or goes as `route`
    says. follow: the beats are the song's, and wrap, loop and jump with it. A value: each change makes a new one.
    Raises ValueError for a rate, tempo, bar or song of nothing.
    """

    rate: float
    bpm: float = 120.0
    beats_per_bar: float = 4
    song_frames: int = 600
    downbeat: float = 0.0
    changes: tuple[Tempo, ...] = ()
    route: Route | None = None
    follow: bool = False

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
        """How many of the n frames from k0 on have the tempo of k0; at least 1."""
        if self.follow:
            return n
        return min([n, *(change.frame - k0 for change in self.changes if change.frame > k0)])

    def tempo(self, k: int) -> float:
        """Beats a minute at a control frame."""
        tempo = self._tempo(k)
        return self.bpm if tempo is None else tempo.bpm

    def frame_of_beat(self, beat: float) -> float:
        """The control frame, with its fraction, at which a beat falls; of `follow`, on the song's first pass."""
        legs = [] if self.follow else [change for change in self.changes if change.beat <= beat]
        if not legs:
            return beat * 60.0 * self.rate / self.bpm + self.downbeat * self.rate
        return legs[-1].frame + (beat - legs[-1].beat) * 60.0 * self.rate / legs[-1].bpm

    def next_grid(self, k: int, beats: float) -> int:
        """The first control frame from k on that begins a multiple of so many beats."""
        here = self.frame(k)
        ahead = math.ceil(here.beat / beats - 1e-9) * beats - here.beat
        return k + math.ceil(ahead / here.dbeat - 1e-6)

    # -- song ---------------------------------------------------------------------------------------------------
    def song_frame(self, k: int) -> int:
        """The latent frame of the song at control frame k."""
        return k % self.song_frames if self.route is None else self.route.at(k)

    def positions(self, k0: int, n: int) -> NDArray[np.int64]:
        """The latent frames of the song at the control frames k0 to k0 + n - 1."""
        if self.route is None:
            return np.arange(k0, k0 + n) % self.song_frames
        return self.route.positions(k0, n)

    def seams(self, k0: int, n: int) -> list[int]:
        """The control frames of [k0, k0 + n) before which the song jumps, its own end apart."""
        if self.route is None:
            return []
        at = self.positions(k0 - 1, n + 1)
        return (k0 + np.flatnonzero((np.diff(at) - 1) % self.song_frames)).tolist()

    @property
    def loop(self) -> tuple[int, int]:
        """What repeats in the end, as latent frames [lo, hi): the song or a loop region."""
        return (0, self.song_frames) if self.route is None else (self.route.legs[-1].lo, self.route.legs[-1].hi)

    def region(self, k: int) -> tuple[int, int]:
        """The latent frames [lo, hi) round which the song goes at control frame k: of the loop region if it is there by
        then, of the whole song on its way to it."""
        if self.route is not None:
            leg = self.route.leg(k)
            if leg.lo <= self.song_frame(k) < leg.hi:
                return leg.lo, leg.hi
        return 0, self.song_frames

    # -- changes ------------------------------------------------------------------------------------------------
    def at_tempo(self, k: int, bpm: float) -> Transport:
        """Another tempo from control frame k on; later changes are forgotten."""
        earlier = tuple(change for change in self.changes if change.frame < k)
        return replace(self, changes=(*earlier, Tempo(k, replace(self, follow=False).frame(k).beat, bpm)))

    def sought(self, k: int, position: int) -> Transport:
        """The song jumps to a latent frame at control frame k."""
        return replace(self, route=self._routed().trimmed(k - PAST).seek(k, position % self.song_frames))

    def looped(self, k: int, lo: int, hi: int) -> Transport:
        """From control frame k on the frames [lo, hi) repeat; (0, song_frames) plays the whole song."""
        return replace(self, route=self._routed().trimmed(k - PAST).loop(k, lo, hi))

    def following(self, follow: bool) -> Transport:
        """Whether the beats are the song's."""
        return replace(self, follow=follow)

    def trimmed(self, k: int) -> Transport:
        """The same from control frame k on, with what lies before forgotten as far as it can be."""
        passed = [change for change in self.changes if change.frame <= k]
        kept = tuple(passed[-1:]) + tuple(change for change in self.changes if change.frame > k)
        return replace(self, changes=kept, route=None if self.route is None else self.route.trimmed(k))

    def _routed(self) -> Route:
        return self.route or Route.whole(self.song_frames)

    def _tempo(self, k: int) -> Tempo | None:
        """The change of tempo that counts at control frame k; None before the first."""
        if self.follow:
            return None
        return next((change for change in reversed(self.changes) if change.frame <= k), None)

    def _at(self, k: int | np.ndarray, frame: int | np.ndarray, tempo: Tempo | None) -> Frame:
        rate = self.rate
        bpm = self.bpm if tempo is None else tempo.bpm
        if tempo is not None:
            beat = tempo.beat + (k - tempo.frame) * bpm / (60.0 * rate)
        else:
            beat = (frame if self.follow else k) * bpm / (60.0 * rate) - self.downbeat * bpm / 60.0
        return Frame(
            k=k,
            s=k / rate,
            dt=1.0 / rate,
            beat=beat,
            dbeat=bpm / (60.0 * rate),
            song=frame / rate,
            length=self.song_frames / rate,
            beats_per_bar=float(self.beats_per_bar),
            frame=frame,
        )
