"""Every sink of a program over the coming frames, and per song frame at the moment it will next be heard.

With no live change the forecast is exact: what it says of frame k is what is computed when k comes (within 1e-12).
What is fed from outside keeps its newest value, and its gates do not rise again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.edges import BEFORE, jumps, whole_changes
from demon_patch.runtime.graph.live_inputs import Fed, LivePort
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.graph.scopes import Scopes
from demon_patch.runtime.graph.timeline import Timeline


class Forecast:
    """A program's live state at `now` (control frames run so far) and a timeline of all sinks ahead of it.

    Owned by one thread. The look-ahead state only moves forward; `invalidate` starts it anew from the live one.
    Sinks are given by their number in `program.sinks`. Frames before `start`, the first, have its values; frames
    further back than are kept have the oldest kept. taps: what is shown of the frames that have run.
    """

    def __init__(
        self, program: Program, transport: Transport, *, guard: int = 0, start: int = 0, taps: Scopes | None = None
    ) -> None:
        self.transport, self.guard = transport, guard
        self.now = start
        self.taps = Scopes() if taps is None else taps
        self._changes = 0  # of what is fed
        self._waiting: list[tuple[int, LivePort, tuple[float, ...]]] = []  # fed, but not run yet: frame, port, numbers
        self._moments = np.zeros(0, dtype=np.int64)
        self._mapped: tuple[int, int, Transport] | None = None  # what `_moments` were made for: now, guard
        self._rows: dict[int, int] = {}  # sinks that are shown per song frame, with their rows in `_shown`
        self._shown: Array = np.zeros((0, 0))  # their values [rows, T], each of the moment in `_shown_at`
        self._shown_at = np.zeros(0, dtype=np.int64)
        self._use(program)
        self._timeline = Timeline(program, transport, self._live, start)

    def _use(self, program: Program) -> None:
        self.program = program
        if program.song_frames != self.transport.song_frames:
            program.use_song(self.transport.song_frames)
        self._live = program.state()

    def swap(self, program: Program) -> None:
        """An edit: the new program takes over from `now`, with the state of the nodes that stay.

        What was heard before stands only for a sink that both programs have.
        """
        self._apply_live_inputs(self.now)
        old = {(s.node, s.port, s.kind): row for row, s in enumerate(self.program.sinks)}
        rows = [old.get((s.node, s.port, s.kind)) for s in program.sinks]
        program.inherited = self._live
        shown = [(i, self._rows[row]) for i, row in enumerate(rows) if row in self._rows]
        self._shown = self._shown[[row for _, row in shown]]
        self._rows = {i: row for row, (i, _) in enumerate(shown)}
        self._use(program)
        self._timeline.use(program, rows)
        self.invalidate()
        new = [i for i, row in enumerate(rows) if row is None]
        if new:
            self._compute_until(self.now + 1)
            self._timeline.fill_new_rows(new, self.now)

    def fork(self, program: Program, frame: int) -> Forecast:
        """The forecast of a program that takes over at a frame to come, with the state that the nodes that stay will
        have then."""
        self._apply_live_inputs(self.now)
        state = self._live.copy()
        for k in range(self.now, frame):  # frame by frame, so that every output has its last value
            self.program.run(state, self.transport.frame(k))
        program.inherited = state
        forked = Forecast(program, self.transport, guard=self.guard, start=frame, taps=self.taps)
        forked._compute_until(frame + 1)
        return forked

    def invalidate(self) -> None:
        """A live change: everything from `now` on is computed again when it is asked for."""
        self._timeline.all_changed(self.transport, self._live, self.now)
        self._mapped = None

    def retime(self, transport: Transport) -> None:
        """A change of the transport that begins at `now` or later."""
        self.transport = transport
        self.invalidate()

    # -- live sources -------------------------------------------------------------------------------------------
    def feed(self, node: str, port: str, value: Fed, at: int | None = None) -> None:
        """Gives a fed port a number, or a gate its (level, rises): from the next control frame that is run on, or from
        frame `at`. The rises of one frame add up. Only a change that a sink may feel makes the forecast anew, and
        several at once make it anew once. Raises PatchError for a port that nothing can be fed to, or for what is not
        finite.
        """
        numbers = self.program.feeds.port(node, port).read(value)
        self._waiting.append((self.now if at is None else at, (node, port), numbers))

    @property
    def live_changes(self) -> int:
        """How often what is fed has changed, several changes at once counted as one."""
        self._apply_live_inputs(self.now)
        return self._changes

    def _apply_live_inputs(self, frame: int) -> None:
        """Puts what is fed at `frame` or before into the live state, which is to run it."""
        if not self._waiting:
            return
        due = [each for each in self._waiting if each[0] <= frame]
        self._waiting = [each for each in self._waiting if each[0] > frame]
        bus, changed, heard = self._live.bus, False, False
        for _, socket, numbers in due:
            feed = self.program.feeds.ports.get(socket)
            if feed is None or len(feed.slots) != len(numbers):  # an edit has taken it away
                continue
            if bus[feed.slots[0]] != numbers[0] or any(numbers[1:]):
                changed, heard = True, heard or feed.heard
            bus[feed.slots[0]] = numbers[0]
            for slot, rises in zip(feed.slots[1:], numbers[1:], strict=True):
                bus[slot] += rises
        if changed:
            self._changes += 1
        if heard:
            self._timeline.live_changed(self._live, self.now)
            self._mapped = None

    def advance(self, to_k: int) -> None:
        """Runs the control frames up to but without `to_k`; what they gave stands in the timeline."""
        program, transport, live, before = self.program, self.transport, self._live, self.now
        if to_k <= before:
            return
        ran: list[list[float]] = []
        for k in range(before, to_k):
            self.now, frame = k, transport.frame(k)
            self._apply_live_inputs(k)
            ran.append(program.run(live, frame))
            self.taps.note(k, program, live, frame)
        self.now = to_k
        self._timeline.note_run(live, before, to_k, np.array(ran).T)

    def value_at(self, sink: int, k: int) -> float:
        """A sink's value at frame k."""
        self._compute_until(max(k, 0) + 1)
        return float(self._timeline.rows[sink, self._timeline.column(k)])

    def span(self, sink: int, lo: int, hi: int) -> Array:
        """A sink's values at the frames lo to hi - 1."""
        self._compute_until(hi)
        return self._timeline.rows[sink, self._timeline.columns(np.arange(lo, hi))]

    def edges(self, sinks: Sequence[int], lo: int, hi: int) -> NDArray[np.int64]:
        """The frames of [lo, hi) at which one of the sinks has an edge.

        An edge is a rise of a gate, any change of a whole number, or a jump (`edges.jumps`) of another value in the
        port's range, through its taper.
        """
        if hi <= lo:
            return np.zeros(0, dtype=np.int64)
        found = np.zeros(hi - lo, dtype=bool)
        for number in sinks:
            sink, values = self.program.sinks[number], self._span_with_before(number, lo, hi)
            if sink.kind == "gate":
                found |= values[BEFORE:] > 0
            elif sink.kind != "level" and np.ptp(values):
                found |= whole_changes(values) if sink.taper == "int" else jumps(sink.position(values))
        return lo + np.flatnonzero(found)

    def _span_with_before(self, sink: int, lo: int, hi: int) -> Array:
        """A sink's values at the frames lo - BEFORE to hi - 1. Before the first known one it is taken to have moved as
        it goes on to, so that a movement does not begin with an edge, but a jump on the next frame is one."""
        values, unknown = self.span(sink, lo - BEFORE, hi), max(self._timeline.first, 0) - (lo - BEFORE)
        if unknown > 0 and (unknown := min(unknown, len(values))) and self.program.sinks[sink].kind == "value":
            first, second, third = self.span(sink, lo - BEFORE + unknown, lo - BEFORE + unknown + 3)
            values[:unknown] = first - (third - second) * np.arange(unknown, 0, -1)
        return values

    def per_frame(self, sink: int, now_k: int, guard: int | None = None) -> Array:
        """A sink per song frame [T], each at the moment it will next be heard, seen from `now_k` at the loudspeaker.

        u(f) = ((f - p + G) mod P) - G and moment = now_k + u(f): p the song frame at the loudspeaker, P what repeats,
        G the guard in frames (below P), for frames passed so recently that they may still be spliced. When time moves
        on by n frames, n entries change. Frames that are not coming up, outside a loop region, keep their value. After
        a live change the coming 150 frames are renewed at once, the others at 250 for each further `now_k`, and have
        their earlier values until then. DESIGN section 5.
        """
        return self.curves([sink], now_k, guard)[0]

    def curves(self, sinks: Sequence[int], now_k: int, guard: int | None = None) -> Array:
        """Several sinks per song frame [n, T], as `per_frame` has each; what did not change is not looked up again."""
        moments, passed = self._heard_moments(now_k, self.guard if guard is None else guard)
        if self._shown.shape[1] != len(moments):
            self._rows, self._shown = {}, np.zeros((0, len(moments)))
            self._shown_at = moments - 1
        lo, hi = self._timeline.take_renewed()
        stale = self._shown_at != moments
        if lo < hi:
            stale |= (moments >= lo) & (moments < hi) & ~passed
        if self._rows:
            self._look_up(slice(0, len(self._rows)), list(self._rows), np.flatnonzero(stale))
        self._shown_at = moments.copy()
        new = [sink for sink in sinks if sink not in self._rows]
        if new:
            begin = len(self._rows)
            self._shown = np.concatenate((self._shown, np.empty((len(new), len(moments)))))
            self._rows |= {sink: begin + i for i, sink in enumerate(new)}
            self._look_up(slice(begin, begin + len(new)), new, np.arange(len(moments)))
        return self._shown[[self._rows[sink] for sink in sinks]]

    def _look_up(self, rows: slice, sinks: list[int], frames: NDArray[np.int64]) -> None:
        """Looks up some song frames of sinks: stretches of successive moments are copied as a whole."""
        if not len(frames):
            return
        moments = self._timeline.columns(self._moments[frames])
        breaks = np.flatnonzero((np.diff(moments) != 1) | (np.diff(frames) != 1)) + 1
        for begin, end in pairwise((0, *breaks.tolist(), len(frames))):
            at, first = int(frames[begin]), int(moments[begin])
            self._shown[rows, at : at + end - begin] = self._timeline.rows[sinks, first : first + end - begin]

    def _heard_moments(self, now_k: int, guard: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """By song frame, the moment at which it is heard next, with the timeline as far as it must reach for it, and
        which frames are not coming up."""
        self._apply_live_inputs(self.now)
        song, first = self.transport.song_frames, now_k - guard
        lo, hi = self.transport.loop
        if not 0 <= guard < hi - lo:
            raise ValueError(f"a guard of {guard} frames does not fit into {hi - lo} that repeat")
        if self._mapped != (now_k, guard, self.transport):
            if len(self._moments) != song:
                self._moments = np.full(song, first - 1, dtype=np.int64)
            coming = np.arange(first, first + song)
            self._moments[self.transport.positions(first, song)[::-1]] = coming[::-1]
            self._timeline.compute_near(now_k, int(self._moments.max()) + 1)
            self._mapped = (now_k, guard, self.transport)
        return self._moments, self._moments < first

    def _compute_until(self, stop: int) -> None:
        """Computes the timeline at every frame before `stop`, and frame 0."""
        self._apply_live_inputs(self.now)
        self._timeline.compute_until(stop)
