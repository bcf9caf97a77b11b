"""Forecasts the engine ports of a program, for coming control frames and for each latent frame of the song when it is
heard next.

Without a live change the forecast is exact: frame k equals what is computed when k runs, within 1e-12. A live input
keeps its newest number in the forecast, and its gates do not rise again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.edges import BEFORE, jumps, whole_changes
from demon_patch.runtime.graph.live_inputs import Fed, LivePort
from demon_patch.runtime.graph.parameters import Turned
from demon_patch.runtime.graph.program import Program, State
from demon_patch.runtime.graph.program_difference import program_difference
from demon_patch.runtime.graph.scopes import Scopes
from demon_patch.runtime.graph.timeline import Timeline


class Forecast:
    """The state of a running program, and a timeline of all its engine ports ahead of that state. Owned by one thread.

    now: number of control frames that have run, so also the next one to run.
    scopes: the scopes, which keep signals of the control frames that have run.
    Engine ports are given by their number in `program.engine_ports`. Control frames before the first one, or further
    back than are kept, have the oldest number that is kept.
    """

    def __init__(
        self, program: Program, transport: Transport, *, guard: int = 0, start: int = 0, scopes: Scopes | None = None
    ) -> None:
        self.transport, self.guard = transport, guard
        self.now = start
        self.scopes = Scopes() if scopes is None else scopes
        self._changes = 0  # how often live inputs or knobs have changed
        self._waiting: list[
            tuple[int, LivePort, tuple[float, ...]]
        ] = []  # live inputs that have not run yet: frame, port, numbers
        self._moments = np.zeros(0, dtype=np.int64)
        self._mapped: tuple[int, int, Transport] | None = None  # now_k, guard, transport of `_moments`
        self._rows: dict[int, int] = {}  # by engine port, its row in `_shown`
        self._shown: Array = np.zeros((0, 0))  # engine ports [rows, T] at the control frames in `_shown_at`
        self._shown_at = np.zeros(0, dtype=np.int64)
        self._use(program)
        self._timeline = Timeline(program, transport, self._live, start)

    def _use(self, program: Program) -> None:
        self.program = program
        if program.song_frames != self.transport.song_frames:
            program.use_song(self.transport.song_frames)
        self._live = program.state()

    @property
    def computed(self) -> int:
        """How many numbers were computed ahead: one for each engine port and control frame."""
        return self._timeline.computed

    def swap(self, program: Program, anew: bool = True) -> None:
        """Changes to another program at `now`, after an edit. Nodes that both programs have keep their state, and
        engine ports that both have keep their past numbers.

        anew: whether all coming frames are computed anew; else only what the edit reaches, where that is known, and the
            other numbers are the same within 1e-12.
        """
        self._apply_live_inputs(self.now)
        old = {(s.node, s.port, s.kind): row for row, s in enumerate(self.program.engine_ports)}
        rows = [old.get((s.node, s.port, s.kind)) for s in program.engine_ports]
        program.inherited = self._live
        shown = [(i, self._rows[row]) for i, row in enumerate(rows) if row in self._rows]
        self._shown = self._shown[[row for _, row in shown]]
        self._rows = {i: row for row, (i, _) in enumerate(shown)}
        before = self.program
        self._use(program)
        if not anew and (changed := program_difference(before, program)) is not None:
            self._timeline.follow(program, rows, changed, self._live, self.now)
            self._mapped = None
            return
        self._timeline.use(program, rows)
        self.invalidate()
        new = [i for i, row in enumerate(rows) if row is None]
        if new:
            self._compute_until(self.now + 1)
            self._timeline.fill_new_rows(new, self.now)

    def fork(self, program: Program, frame: int) -> Forecast:
        """Returns the forecast of a program that takes over at the coming control frame `frame`. Its nodes have the
        state that they will have then. This forecast does not change."""
        self._apply_live_inputs(self.now)
        state = self._live.copy()
        for k in range(self.now, frame):  # one frame after the other, so that every output has its last value
            self.program.run(state, self.transport.frame(k))
        program.inherited = state
        forked = Forecast(program, self.transport, guard=self.guard, start=frame, scopes=self.scopes)
        forked._compute_until(frame + 1)
        return forked

    def snapshot(self) -> tuple[Program, State, Transport, int]:
        """Returns the program, a copy of its state, the transport, and the next control frame to run. With them another
        thread can run coming control frames; this forecast does not change."""
        self._apply_live_inputs(self.now)
        return self.program, self._live.copy(), self.transport, self.now

    def inherit(self, state: State) -> None:
        """Gives the nodes that this program and another one have the numbers that the other's `state` has. Called
        before the first control frame has run."""
        self.program.inherited = state
        self._live = self.program.state()
        self.invalidate()

    def invalidate(self) -> None:
        """Marks the whole forecast from control frame `now` on as out of date."""
        self._timeline.all_changed(self.transport, self._live, self.now)
        self._mapped = None

    def turn(self, values: Mapping[LivePort, float | None]) -> Turned:
        """Gives knobs other values from control frame `now` on (`Program.turn`). Only what they reach is computed
        anew."""
        self._apply_live_inputs(self.now)
        program, live = self.program, self._live
        turned = program.turn(values)
        for slot, number in turned.slots.items():
            live.bus[slot] = number
        if turned:
            self._changes += 1
            codes = frozenset(program.codes[number] for number in turned.codes)
            self._timeline.knobs_turned(codes, turned.slots, live, self.now)
            self._mapped = None
        return turned

    def retime(self, transport: Transport) -> None:
        """Takes another transport, which differs from the old one only from control frame `now` on."""
        self.transport = transport
        self.invalidate()

    # -- live sources -------------------------------------------------------------------------------------------
    def feed(self, node: str, port: str, value: Fed, at: int | None = None) -> None:
        """Writes a live input: a number in the port's unit, or (level, rises) of a gate.

        at: the first control frame that has it; by default the next one that runs. The rises of one frame add up.
        A change that reaches an engine port marks the live part as out of date, once for several changes.
        Raises PatchError for a port that is no live input, or a number that is not finite.
        """
        numbers = self.program.live_inputs.port(node, port).read(value)
        self._waiting.append((self.now if at is None else at, (node, port), numbers))

    @property
    def live_changes(self) -> int:
        """How often live inputs or knobs have changed since this forecast was made; several changes at once count as
        one."""
        self._apply_live_inputs(self.now)
        return self._changes

    def _apply_live_inputs(self, frame: int) -> None:
        """Writes the waiting live inputs of control frame `frame` and earlier into the state."""
        if not self._waiting:
            return
        due = [each for each in self._waiting if each[0] <= frame]
        self._waiting = [each for each in self._waiting if each[0] > frame]
        bus, changed, heard = self._live.bus, False, False
        for _, socket, numbers in due:
            feed = self.program.live_inputs.ports.get(socket)
            if feed is None or len(feed.slots) != len(numbers):  # an edit has removed the port
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
        """Runs the control frames before `to_k` and stores their numbers in the timeline."""
        program, transport, live, before = self.program, self.transport, self._live, self.now
        if to_k <= before:
            return
        ran: list[list[float]] = []
        for k in range(before, to_k):
            self.now, frame = k, transport.frame(k)
            self._apply_live_inputs(k)
            ran.append(program.run(live, frame))
            self.scopes.note(k, program, live, frame)
        self.now = to_k
        self._timeline.note_run(live, before, to_k, np.array(ran).T)

    def port_value(self, engine_port: int, k: int) -> float:
        """Returns the number of an engine port at control frame k, in the port's own unit. For the family taper it is
        the knob position, which `ControlValues.control_value` turns into what the engine takes."""
        self._compute_until(max(k, 0) + 1)
        return float(self._timeline.rows[engine_port, self._timeline.column(k)])

    def span(self, engine_port: int, lo: int, hi: int) -> Array:
        """Returns the numbers of an engine port at the control frames lo to hi - 1, [hi - lo], in the unit of
        `port_value`."""
        self._compute_until(hi)
        return self._timeline.rows[engine_port, self._timeline.columns(np.arange(lo, hi))]

    def edges(self, engine_ports: Sequence[int], lo: int, hi: int) -> NDArray[np.int64]:
        """Returns the control frames of [lo, hi) at which at least one of some engine ports has an edge.

        An edge is a rise of a gate, any change of a whole number, or a jump of another signal (`edges.jumps`), measured
        in positions of the port's range.
        """
        if hi <= lo:
            return np.zeros(0, dtype=np.int64)
        found = np.zeros(hi - lo, dtype=bool)
        for number in engine_ports:
            engine_port, values = self.program.engine_ports[number], self._span_with_before(number, lo, hi)
            if engine_port.kind == "gate":
                found |= values[BEFORE:] > 0
            elif engine_port.kind != "level" and np.ptp(values):
                found |= whole_changes(values) if engine_port.taper == "int" else jumps(engine_port.position(values))
        return lo + np.flatnonzero(found)

    def _span_with_before(self, engine_port: int, lo: int, hi: int) -> Array:
        """Returns the numbers of an engine port at the control frames lo - BEFORE to hi - 1, in the unit of
        `port_value`. Before the first known frame, the movement from the second to the third known frame is continued
        backwards. So a movement does not begin with an edge, but a jump from the first to the second frame is one."""
        values, unknown = self.span(engine_port, lo - BEFORE, hi), max(self._timeline.first, 0) - (lo - BEFORE)
        if (
            unknown > 0
            and (unknown := min(unknown, len(values)))
            and self.program.engine_ports[engine_port].kind == "value"
        ):
            first, second, third = self.span(engine_port, lo - BEFORE + unknown, lo - BEFORE + unknown + 3)
            values[:unknown] = first - (third - second) * np.arange(unknown, 0, -1)
        return values

    def per_frame(self, engine_port: int, now_k: int, guard: int | None = None) -> Array:
        """Returns an engine port for every latent frame of the song, [T], in the unit of `port_value`. Each number
        belongs to the control frame at which that latent frame is heard next.

        now_k: the control frame at the loudspeaker.
        guard: G, control frames behind now_k that may still be crossfaded; fewer than the frames that repeat.
        Latent frame f has the control frame now_k + ((f - p + G) mod P) - G, with p the latent frame at the loudspeaker
        and P the number of frames that repeat. When now_k grows by n, n entries change. Latent frames outside of a loop
        region keep their number.
        After a live change the coming 150 control frames are renewed at once and 250 more with each further `now_k`;
        the others have their earlier numbers until then.
        """
        return self.curves([engine_port], now_k, guard)[0]

    def curves(self, engine_ports: Sequence[int], now_k: int, guard: int | None = None) -> Array:
        """Returns several engine ports for every latent frame of the song, [n, T], each as by `per_frame`. Only what
        changed since the last call is looked up again."""
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
        new = [engine_port for engine_port in engine_ports if engine_port not in self._rows]
        if new:
            begin = len(self._rows)
            self._shown = np.concatenate((self._shown, np.empty((len(new), len(moments)))))
            self._rows |= {engine_port: begin + i for i, engine_port in enumerate(new)}
            self._look_up(slice(begin, begin + len(new)), new, np.arange(len(moments)))
        return self._shown[[self._rows[engine_port] for engine_port in engine_ports]]

    def shown(self) -> dict[int, Array]:
        """Returns the numbers that `curves` has computed last, by engine port: copies, each [T], in the unit of
        `port_value`. Computes nothing."""
        return {engine_port: self._shown[row].copy() for engine_port, row in self._rows.items()}

    def _look_up(self, rows: slice, engine_ports: list[int], frames: NDArray[np.int64]) -> None:
        """Copies the numbers of engine ports at some latent frames from the timeline into `_shown`; stretches of
        successive control frames are copied as a whole."""
        if not len(frames):
            return
        moments = self._timeline.columns(self._moments[frames])
        breaks = np.flatnonzero((np.diff(moments) != 1) | (np.diff(frames) != 1)) + 1
        for begin, end in pairwise((0, *breaks.tolist(), len(frames))):
            at, first = int(frames[begin]), int(moments[begin])
            self._shown[rows, at : at + end - begin] = self._timeline.rows[engine_ports, first : first + end - begin]

    def heard_moments(self, now_k: int, guard: int | None = None) -> NDArray[np.int64]:
        """Returns for every latent frame of the song the control frame at which it is heard next, [T]; the arguments
        are those of `per_frame`. Only read it."""
        return self._heard_moments(now_k, self.guard if guard is None else guard)[0]

    def _heard_moments(self, now_k: int, guard: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Returns two arrays [T]. For every latent frame of the song the first has the control frame at which it is
        heard next. The second says whether that control frame lies before now_k - guard, so that it is not coming any
        more. Computes the timeline up to the last of these control frames."""
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
        """Computes the timeline before control frame `stop`, at least frame 0."""
        self._apply_live_inputs(self.now)
        self._timeline.compute_until(stop)
