"""Keeps the numbers of a program's engine ports for each control frame: those of past frames, and the forecast as far
as it was asked for.

A program has a live part, which live sources reach, and a forecast part (`batch_plan.BatchPlan`). After a change of a
live input only the live part is computed again; it reads the stored numbers of the forecast part. After a turn of knobs
only those rows of the forecast part are computed again that the knobs reach, and the live part where they reach it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.codegen.delay_line import DelayLine
from demon_patch.codegen.float_code import NodeCode
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.downstream import Downstream, downstream
from demon_patch.runtime.graph.program import Program, State
from demon_patch.runtime.graph.program_difference import ProgramDifference

BLOCK = 64
"""Control frames that are computed ahead at once, at least."""
PAST = 4096
"""Control frames before the newest one that are kept, at least."""
NEAR, FAR = 150, 250
"""After a change, `compute_near` computes NEAR control frames again at once, and FAR more with each later call."""


@dataclass(slots=True)
class _Turn:
    """What knobs have reached in the forecast part and is not computed again yet.

    codes, slots: the codes with other parameters, and the bus slots of constant engine ports with another number.
    reached: what these reach.
    state: the state before control frame `end`, which is the first that is not computed again.
    fresh: whether nothing was computed again since the turn.
    """

    codes: frozenset[NodeCode]
    slots: frozenset[int]
    reached: Downstream
    state: State
    end: int
    fresh: bool = True


class Timeline:
    """A table of numbers, one row for each engine port and one column for each control frame. Owned by one thread.

    rows: the table [rows, frames]: the engine ports in their units, then the border (bus slots of the forecast part
    that the live part reads).
    first: the control frame of the first column.
    stored: the first control frame without a column.
    computed: how many numbers were computed ahead since it was made.
    ends: for each part of the program (forecast, live), the first control frame that is missing or out of date. The
    live part's end is never after the forecast part's. Columns from an end to `stored` hold the numbers from before the
    latest change. While a turn of knobs is not computed to the end of the forecast part, the rows that it reaches are
    out of date from `_turn.end` on.
    """

    def __init__(self, program: Program, transport: Transport, live: State, start: int) -> None:
        self.first = self.stored = start
        self.rows: Array = np.zeros((0, 0))
        self._renewed = (0, 0)
        self.computed = 0
        self.use(program, [None] * len(program.engine_ports))
        self.all_changed(transport, live, start)

    def use(self, program: Program, rows: Sequence[int | None]) -> None:
        """Takes another program. rows: for each of its engine ports, the row that it had before; None for a new port,
        whose numbers are NaN until they are computed. Call `all_changed` next."""
        self.program, old = program, self.rows
        self.rows = np.zeros((len(program.plan.kept), old.shape[1]))
        for row, before in enumerate(rows):
            self.rows[row] = np.nan if before is None else old[before]

    def follow(
        self, program: Program, rows: Sequence[int | None], changed: ProgramDifference, live: State, now: int
    ) -> None:
        """Takes another program, and marks only what has changed, and what that reaches, as out of date from control
        frame `now` on. rows: as for `use`. live: the program's state before frame `now` runs."""
        turn, self._turn = self._turn, None
        self.use(program, rows)
        if self.ends[0] <= now:
            self.all_changed(self.transport, live, now)
            return
        self._ahead = program.state_after(self._ahead)
        codes, slots = changed.codes, changed.slots
        if turn is not None:  # what knobs have reached and is not computed again yet
            codes = codes | turn.codes
            slots = slots | {slot: program.bus[slot] for slot in turn.slots.intersection(program.constants)}
        self.knobs_turned(codes, slots, live, now)

    def fill_new_rows(self, rows: Sequence[int], now: int) -> None:
        """Copies the number that each of these rows has at frame `now` into its frames before `now`, and into the
        frames behind the computed ones. rows: engine ports that an edit has added. Frame `now` must be computed."""
        here = self.rows[rows, now - self.first][:, None]
        self.rows[rows, : now - self.first] = here
        self.rows[rows, self.ends[1] - self.first :] = here

    # -- changes ------------------------------------------------------------------------------------------------
    def all_changed(self, transport: Transport, live: State, now: int) -> None:
        """Marks both parts as out of date from control frame `now` on. live: the program's state before frame `now`
        runs."""
        self.transport = transport
        self._live, self._now = live, now
        self._ahead = live.copy()
        self.ends = [now, now]
        self._changed = [True, True]  # by part: it was marked, and nothing of it was computed again since
        self._turn: _Turn | None = None

    def knobs_turned(self, codes: frozenset[NodeCode], slots: Mapping[int, float], live: State, now: int) -> None:
        """Marks what turned knobs reach as out of date from control frame `now` on.

        codes: the codes with other parameters. slots: the bus slots of constant engine ports, with their new numbers.
        live: the program's state before frame `now` runs.
        """
        for slot, number in slots.items():
            self._ahead.bus[slot] = number
        self._live, self._now = live, now
        if self.ends[0] <= now:
            return
        constants = frozenset(slots)
        if self._turn is not None:
            codes, constants = codes | self._turn.codes, constants | self._turn.slots
        reached = downstream(self.program.plan, codes, constants)
        if reached.live:
            self.live_changed(live, now)
        if len(reached.part.shown) or reached.cells:
            self._turn = _Turn(codes, constants, reached, live.copy(), now)

    def live_changed(self, live: State, now: int) -> None:
        """Marks the live part as out of date from control frame `now` on. live: the program's state before frame `now`
        runs."""
        self._live, self._now = live, now
        for slot in self.program.live_inputs.reached:
            self._ahead.bus[slot] = live.bus[slot]
        for cell in self.program.plan.parts[1].cells:
            kept = live.cells[cell]
            self._ahead.cells[cell] = kept.copy() if isinstance(kept, DelayLine) else kept
        self.ends[1], self._changed[1] = now, True

    def note_run(self, live: State, begin: int, stop: int, values: Array) -> None:
        """Stores the control frames `begin` to stop - 1, which the program has run. values: engine ports [n_ports, n],
        in their units. live: the state after the last of these frames."""
        self._widen(stop)
        self.rows[: len(values), begin - self.first : stop - self.first] = values
        if self.ends[1] < stop:
            if begin < self.stored:  # these numbers may differ from the forecast
                self._note_renewed(begin, stop)
            if self.ends[0] < stop:
                self._ahead, self.ends[:], self._turn = live.copy(), [stop, stop], None
            else:
                changed = self._changed[1]
                self.live_changed(live, stop)
                self._changed[1] = changed
            self.stored = max(self.stored, stop)
        if self._turn is not None and self._turn.end < stop:
            self._note_renewed(begin, stop)
            self._turn.state, self._turn.end = live.copy(), stop
            self._end_turn()
        self._live, self._now = live, stop
        if stop - self.first > 2 * PAST:
            self.rows = self.rows[:, stop - PAST - self.first :].copy()
            self.first = stop - PAST

    # -- reading ------------------------------------------------------------------------------------------------
    def column(self, k: int) -> int:
        """Returns the column of control frame k; the first column for frames before `first`."""
        return max(k, self.first, 0) - self.first

    def columns(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns the columns of many control frames, each like `column`."""
        return np.maximum(frames, max(self.first, 0)) - self.first

    def compute_until(self, stop: int) -> None:
        """Computes every control frame before `stop`, at least frame 0."""
        self._run(max(stop, 1))

    def compute_near(self, now: int, last: int) -> None:
        """Makes every control frame before `last` readable; `now` is the frame at the loudspeaker. After a change, each
        call computes only the next frames again (see NEAR and FAR). The others keep their old numbers until a later
        call."""
        if self.ends[1] == self.stored and self._turn is None:
            self.compute_until(last)
            return
        self._lengthen(last)
        if self._turn is not None:
            self._run_turn(min(last, now + NEAR if self._turn.fresh else self._turn.end + FAR))
        if self._turn is not None:
            self._run_live(min(self._renew_until(1, now, last), self._turn.end))
            self._changed[1] = False
            return
        if self.ends[1] < self.ends[0] < (stop := self._renew_until(0, now, last)):
            self._run_part(0, max(stop, self.ends[0] + BLOCK))
        self._run(self._renew_until(1, now, last))
        self._changed = [False, False]

    def _renew_until(self, part: int, now: int, last: int) -> int:
        """Returns the control frame up to which this call computes a part again. part: 0 forecast, 1 live."""
        return min(last, now + NEAR if self._changed[part] else self.ends[part] + FAR)

    def take_renewed(self) -> tuple[int, int]:
        """Returns the control frames [lo, hi) that were computed again since the last call; (0, 0) where there are
        none."""
        found, self._renewed = self._renewed, (0, 0)
        return found

    # -- computing ----------------------------------------------------------------------------------------------
    def _run(self, stop: int) -> None:
        """Computes both parts up to control frame `stop`."""
        self._run_turn(stop)
        self._run_live(stop)
        if stop > self.ends[1]:
            begin, n = self.ends[0], max(stop - self.ends[0], BLOCK)
            self._store(slice(None), begin, self.program.extend(self._ahead, begin, n, self.transport))
            self.ends = [begin + n, begin + n]

    def _run_live(self, stop: int) -> None:
        """Computes the live part up to control frame `stop`, or as far as what it reads is up to date."""
        known = self.ends[0] if self._turn is None else self._turn.end
        if self.ends[1] < min(stop, known):
            self._run_part(1, min(max(stop, self.ends[1] + NEAR), known))

    def _run_turn(self, stop: int) -> None:
        """Computes what turned knobs reach in the forecast part, up to control frame `stop`. Where a node fails, it
        marks both parts as out of date."""
        turn = self._turn
        if turn is None or turn.end >= min(stop, self.ends[0]):
            return
        begin, until = turn.end, min(max(stop, turn.end + BLOCK), self.ends[0])
        found = self.program.extend_part(turn.reached.part, turn.state, begin, until - begin, self.transport)
        if found is None:
            self.all_changed(self.transport, self._live, self._now)
            return
        self._store(turn.reached.part.shown, begin, found)
        turn.end, turn.fresh = until, False
        self._end_turn()

    def _end_turn(self) -> None:
        """If all that knobs reach is computed up to the end of the forecast part: that goes on from its state."""
        turn = self._turn
        if turn is None or turn.end < self.ends[0]:
            return
        for slot in turn.reached.slots:
            self._ahead.bus[slot] = turn.state.bus[slot]
        for cell in turn.reached.cells:
            self._ahead.cells[cell] = turn.state.cells[cell]
        self._turn = None

    def _run_part(self, part: int, stop: int) -> None:
        """Computes one part (0 forecast, 1 live) up to control frame `stop`, without the other. Where a node fails, it
        marks both parts as out of date."""
        plan, begin = self.program.plan, self.ends[part]
        self._lengthen(stop)
        border = self.rows[len(self.program.engine_ports) :, begin - self.first : stop - self.first] if part else None
        found = self.program.extend_part(plan.parts[part], self._ahead, begin, stop - begin, self.transport, border)
        if found is None:
            self.all_changed(self.transport, self._live, self._now)
        else:
            self._store(plan.parts[part].shown, begin, found)
            self.ends[part] = stop

    def _store(self, rows: slice | NDArray[np.int64], begin: int, values: Array) -> None:
        stop = begin + values.shape[1]
        self.computed += values.size
        self._widen(stop)
        self.rows[rows, begin - self.first : stop - self.first] = values
        if begin < self.stored:
            self._note_renewed(begin, stop)
        self.stored = max(self.stored, stop)

    def _lengthen(self, stop: int) -> None:
        """Adds columns up to control frame `stop`; they repeat the last column."""
        if stop > self.stored:
            self._widen(stop)
            last = self.rows[:, self.stored - 1 - self.first]
            self.rows[:, self.stored - self.first : stop - self.first] = last[:, None]
            self.stored = stop

    def _note_renewed(self, lo: int, hi: int) -> None:
        """Adds the control frames [lo, hi) to those that were computed again."""
        first, last = self._renewed
        self._renewed = (min(first, lo) if first < last else lo, max(last, hi))

    def _widen(self, stop: int) -> None:
        """Makes room in the table for the control frames before `stop`."""
        if stop - self.first > self.rows.shape[1]:
            wider = np.zeros((self.rows.shape[0], max(2 * self.rows.shape[1], stop - self.first)))
            wider[:, : self.rows.shape[1]] = self.rows
            self.rows = wider
