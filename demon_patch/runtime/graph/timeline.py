"""The engine ports of a program frame by frame: as they were, and as far ahead as somebody has asked.

A program has a live part, which live sources reach, and a forecast part (`batch_plan.BatchPlan`). After a change of a
live input only the live part is computed again; it reads the stored values of the forecast part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.codegen.delay_line import DelayLine
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.program import Program, State

BLOCK = 64
"""Frames by which the horizon grows at least."""
PAST = 4096
"""Frames kept behind now."""
NEAR, FAR = 150, 250
"""Frames that are renewed at once after a live change, and with every later frame."""


class Timeline:
    """A table of values. Owned by one thread.

    rows: one for each engine port, then the border (what the live part reads of the forecast part). Columns are frames.
    first: the frame of the first column.
    stored: the first frame without a column.
    ends: of each part of the program (forecast, live), the first frame that is missing or out of date. The live part's
    end is never after the other's. Between an end and `stored` stand the values from before the latest change.
    """

    def __init__(self, program: Program, transport: Transport, live: State, start: int) -> None:
        self.first = self.stored = start
        self.rows: Array = np.zeros((0, 0))
        self._renewed = (0, 0)
        self.use(program, [None] * len(program.sinks))
        self.all_changed(transport, live, start)

    def use(self, program: Program, rows: Sequence[int | None]) -> None:
        """Another program takes over; rows: of each of its engine ports, the row so far. Call `all_changed` next."""
        self.program, old = program, self.rows
        self.rows = np.zeros((len(program.plan.kept), old.shape[1]))
        for row, before in enumerate(rows):
            self.rows[row] = np.nan if before is None else old[before]

    def fill_new_rows(self, rows: Sequence[int], now: int) -> None:
        """Writes the value that each of these rows has at `now` into all its frames before `now`, and into those behind
        the computed ones. rows: engine ports that an edit has added; `now` is computed."""
        here = self.rows[rows, now - self.first][:, None]
        self.rows[rows, : now - self.first] = here
        self.rows[rows, self.ends[1] - self.first :] = here

    # -- changes ------------------------------------------------------------------------------------------------
    def all_changed(self, transport: Transport, live: State, now: int) -> None:
        """Marks everything from `now` on as out of date. live: the state at `now`."""
        self.transport = transport
        self._live, self._now = live, now
        self._ahead = live.copy()
        self.ends = [now, now]
        self._changed = [True, True]  # and nothing of that part was renewed since

    def live_changed(self, live: State, now: int) -> None:
        """Marks the live part from `now` on as out of date."""
        self._live, self._now = live, now
        for slot in self.program.feeds.reached:
            self._ahead.bus[slot] = live.bus[slot]
        for cell in self.program.plan.parts[1].cells:
            kept = live.cells[cell]
            self._ahead.cells[cell] = kept.copy() if isinstance(kept, DelayLine) else kept
        self.ends[1], self._changed[1] = now, True

    def note_run(self, live: State, begin: int, stop: int, values: Array) -> None:
        """Stores the frames begin to stop - 1, which have run. values: engine ports [n_ports, n]; live: the state
        after."""
        self._widen(stop)
        self.rows[: len(values), begin - self.first : stop - self.first] = values
        if self.ends[1] < stop:
            if begin < self.stored:  # they may differ from what was forecast
                self._note_renewed(begin, stop)
            if self.ends[0] < stop:
                self._ahead, self.ends[:] = live.copy(), [stop, stop]
            else:
                changed = self._changed[1]
                self.live_changed(live, stop)
                self._changed[1] = changed
            self.stored = max(self.stored, stop)
        self._live, self._now = live, stop
        if stop - self.first > 2 * PAST:
            self.rows = self.rows[:, stop - PAST - self.first :].copy()
            self.first = stop - PAST

    # -- reading ------------------------------------------------------------------------------------------------
    def column(self, k: int) -> int:
        """The column of a frame; frames before the first have its column."""
        return max(k, self.first, 0) - self.first

    def columns(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """The columns of frames, as `column`."""
        return np.maximum(frames, max(self.first, 0)) - self.first

    def compute_until(self, stop: int) -> None:
        """Computes every frame before `stop`, at least frame 0."""
        self._run(max(stop, 1))

    def compute_near(self, now: int, last: int) -> None:
        """Fills every frame before `last`, seen from `now` at the loudspeaker. After a change the coming frames are
        computed at once, the others a few with each call; they keep their old values until then."""
        if self.ends[1] == self.stored:
            self.compute_until(last)
            return
        self._lengthen(last)
        if self.ends[1] < self.ends[0] < (stop := self._renew_until(0, now, last)):
            self._run_part(0, max(stop, self.ends[0] + BLOCK))
        self._run(self._renew_until(1, now, last))
        self._changed = [False, False]

    def _renew_until(self, part: int, now: int, last: int) -> int:
        """How far a part is renewed with this call."""
        return min(last, now + NEAR if self._changed[part] else self.ends[part] + FAR)

    def take_renewed(self) -> tuple[int, int]:
        """The frames [lo, hi) that were computed again since the last call."""
        found, self._renewed = self._renewed, (0, 0)
        return found

    # -- computing ----------------------------------------------------------------------------------------------
    def _run(self, stop: int) -> None:
        """Computes both parts up to `stop`."""
        if self.ends[1] < min(stop, self.ends[0]):
            self._run_part(1, min(max(stop, self.ends[1] + NEAR), self.ends[0]))
        if stop > self.ends[1]:
            begin, n = self.ends[0], max(stop - self.ends[0], BLOCK)
            self._store(slice(None), begin, self.program.extend(self._ahead, begin, n, self.transport))
            self.ends = [begin + n, begin + n]

    def _run_part(self, part: int, stop: int) -> None:
        """Computes one part up to `stop`, by itself. Where a node fails, both parts are out of date."""
        plan, begin = self.program.plan, self.ends[part]
        self._lengthen(stop)
        border = self.rows[len(self.program.sinks) :, begin - self.first : stop - self.first]
        found = self.program.extend_part(part, self._ahead, begin, stop - begin, self.transport, border)
        if found is None:
            self.all_changed(self.transport, self._live, self._now)
        else:
            self._store(plan.parts[part].shown, begin, found)
            self.ends[part] = stop

    def _store(self, rows: slice | NDArray[np.int64], begin: int, values: Array) -> None:
        stop = begin + values.shape[1]
        self._widen(stop)
        self.rows[rows, begin - self.first : stop - self.first] = values
        if begin < self.stored:
            self._note_renewed(begin, stop)
        self.stored = max(self.stored, stop)

    def _lengthen(self, stop: int) -> None:
        """Makes the timeline reach `stop`; new frames repeat the last one."""
        if stop > self.stored:
            self._widen(stop)
            last = self.rows[:, self.stored - 1 - self.first]
            self.rows[:, self.stored - self.first : stop - self.first] = last[:, None]
            self.stored = stop

    def _note_renewed(self, lo: int, hi: int) -> None:
        """Notes frames that were computed again."""
        first, last = self._renewed
        self._renewed = (min(first, lo) if first < last else lo, max(last, hi))

    def _widen(self, stop: int) -> None:
        """Makes room for the frames before `stop`."""
        if stop - self.first > self.rows.shape[1]:
            wider = np.zeros((self.rows.shape[0], max(2 * self.rows.shape[1], stop - self.first)))
            wider[:, : self.rows.shape[1]] = self.rows
            self.rows = wider
