"""Every sink of a program over the coming frames, and per song frame at the moment it will next be heard.

With no live change the forecast is exact: what it says of frame k is what is computed when k comes (within 1e-12).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demon_patch.runtime.clock import Transport
from demon_patch.runtime.program import Program

Array = NDArray[np.float64]

EDGE = 1 / 8  # of the port's range, between two frames: a jump, not a movement
BLOCK = 64  # frames by which the horizon grows at least
PAST = 4096  # frames kept behind now


@dataclass(slots=True)
class _Map:
    """A per-frame control as it was last asked for: at frame `now`, with that guard."""

    now: int
    guard: int
    values: Array


class Forecast:
    """A program's live state at `now` (control frames run so far) and a timeline of all sinks ahead of it.

    Owned by one thread. The look-ahead state only moves forward; `invalidate` starts it anew from the live one.
    Sinks are given by their number in `program.sinks`. Frames before 0 have the values of frame 0; frames further
    back than are kept have the oldest kept.
    """

    def __init__(self, program: Program, transport: Transport, *, guard: int = 0) -> None:
        self.transport, self.guard = transport, guard
        self.now = 0
        self._first = 0  # frame of the timeline's first column
        self._maps: dict[int, _Map] = {}
        self._use(program)
        self._line = np.zeros((len(program.sinks), 0))

    def _use(self, program: Program) -> None:
        self.program = program
        if program.song_frames != self.transport.song_frames:
            program.use_song(self.transport.song_frames)
        self._live = program.state()
        self._ahead = self._live.copy()
        self._end = self.now  # the first frame that the timeline does not have

    def swap(self, program: Program) -> None:
        """An edit: the new program takes over from `now`, with the state of the nodes that stay.

        What was heard before stands only for a sink that both programs have.
        """
        old = {(s.node, s.port, s.kind): row for row, s in enumerate(self.program.sinks)}
        rows = [old.get((s.node, s.port, s.kind)) for s in program.sinks]
        past = self._line[:, : self.now - self._first]
        program.inherited = self._live
        self._use(program)
        kept = [past[row] if row is not None else np.full(past.shape[1], np.nan) for row in rows]
        self._line = np.array(kept).reshape(len(rows), past.shape[1])
        self._maps.clear()
        new = [i for i, row in enumerate(rows) if row is None]
        if new and past.shape[1]:
            self._reach(self.now + 1)
            self._line[new, : past.shape[1]] = self._line[new, past.shape[1]][:, None]

    def invalidate(self) -> None:
        """A live change: everything from `now` on is computed again when it is asked for."""
        self._ahead = self._live.copy()
        self._end = self.now
        self._maps.clear()

    def advance(self, to_k: int) -> None:
        """Runs the control frames up to but without `to_k`; what they gave stands in the timeline."""
        program, transport, live = self.program, self.transport, self._live
        if to_k <= self.now:
            return
        self._reach(to_k)
        for k in range(self.now, to_k):
            self._line[:, k - self._first] = program.run(live, transport.frame(k))
        self.now = to_k
        if self.now - self._first > 2 * PAST:
            self._line = self._line[:, self.now - PAST - self._first :].copy()
            self._first = self.now - PAST

    def at(self, sink: int, k: int) -> float:
        """A sink's value at frame k."""
        self._reach(max(k, 0) + 1)
        return float(self._line[sink, max(k, self._first, 0) - self._first])

    def span(self, sink: int, lo: int, hi: int) -> Array:
        """A sink's values at the frames lo to hi - 1."""
        self._reach(hi)
        return self._taken(sink, np.arange(lo, hi))

    def edges(self, sinks: Sequence[int], lo: int, hi: int) -> NDArray[np.int64]:
        """The frames of [lo, hi) at which one of the sinks has an edge.

        An edge is a rise of a gate, any change of a whole number, or a change of another value since the frame before
        above 1/8 of the port's range, through its taper.
        """
        if hi <= lo:
            return np.zeros(0, dtype=np.int64)
        found = np.zeros(hi - lo, dtype=bool)
        for number in sinks:
            sink, values = self.program.sinks[number], self.span(number, lo - 1, hi)
            if sink.kind == "gate":
                found |= values[1:] > 0
            elif sink.kind != "level" and np.ptp(values):
                jump = 0.0 if sink.taper == "int" else EDGE
                found |= np.abs(np.diff(sink.position(values))) > jump
        return lo + np.flatnonzero(found)

    def per_frame(self, sink: int, now_k: int, guard: int | None = None) -> Array:
        """A sink per song frame [T], each at the moment it will next be heard, seen from `now_k` at the loudspeaker.

        u(f) = ((f - p + G) mod P) - G and moment = now_k + u(f): p the song frame at the loudspeaker, P the song,
        G the guard in frames (below P), for frames passed so recently that they may still be spliced. When time
        moves on by n frames, n entries change. DESIGN section 5.
        """
        song, guard = self.transport.song_frames, self.guard if guard is None else guard
        if not 0 <= guard < song:
            raise ValueError(f"a guard of {guard} frames does not fit into a song of {song}")
        known = self._maps.get(sink)
        if known is None or known.guard != guard or not 0 <= now_k - known.now < song:
            known = _Map(now_k, guard, np.empty(song))
            first = now_k - guard
        else:
            first = known.now - guard + song
        moments = np.arange(first, now_k - guard + song)
        if len(moments):
            self._reach(int(moments[-1]) + 1)
            known.values[moments % song] = self._taken(sink, moments)
        known.now = now_k
        self._maps[sink] = known
        return known.values.copy()

    def _taken(self, sink: int, frames: NDArray[np.int64]) -> Array:
        return self._line[sink, np.maximum(frames, max(self._first, 0)) - self._first]

    def _reach(self, stop: int) -> None:
        """Extends the timeline so that it holds every frame before `stop`, and frame 0."""
        stop = max(stop, 1)
        if stop <= self._end:
            return
        n = max(stop - self._end, BLOCK)
        found = self.program.extend(self._ahead, self._end, n, self.transport)
        if self._end + n - self._first > self._line.shape[1]:
            size = max(2 * self._line.shape[1], self._end + n - self._first)
            wider = np.zeros((self._line.shape[0], size))
            wider[:, : self._end - self._first] = self._line[:, : self._end - self._first]
            self._line = wider
        self._line[:, self._end - self._first : self._end + n - self._first] = found
        self._end += n
