"""The sinks of a program frame by frame: as they were, and as far ahead as somebody has asked.

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

BLOCK = 64  # frames by which the horizon grows at least
PAST = 4096  # frames kept behind now
NEAR, FAR = 150, 250  # frames that are renewed at once after a live change, and with every later frame


class Timeline:
    """Rows of sinks, and behind them what the fed half reads of the other; columns of frames, from `first` on.

    Owned by one thread. ends: of each half of the program, the first frame that is not computed, or not since the
    latest change that reaches it; the fed half is never ahead. `_ahead` is the state of both halves there. stored: the
    first frame without a column: what lies between an end and it is as it was before the change.
    """

    def __init__(self, program: Program, transport: Transport, live: State, start: int) -> None:
        self.first = self.stored = start
        self.rows: Array = np.zeros((0, 0))
        self._renewed = (0, 0)
        self.use(program, [None] * len(program.sinks))
        self.all_changed(transport, live, start)

    def use(self, program: Program, rows: Sequence[int | None]) -> None:
        """Another program; rows: of each of its sinks, the row so far. Call `anew` next."""
        self.program, old = program, self.rows
        self.rows = np.zeros((len(program.plan.kept), old.shape[1]))
        for row, before in enumerate(rows):
            self.rows[row] = np.nan if before is None else old[before]

    def fill_new_rows(self, rows: Sequence[int], now: int) -> None:
        """Rows that are new: before `now`, and where they are not computed yet, they are as they are there."""
        here = self.rows[rows, now - self.first][:, None]
        self.rows[rows, : now - self.first] = here
        self.rows[rows, self.ends[1] - self.first :] = here

    # -- changes ------------------------------------------------------------------------------------------------
    def all_changed(self, transport: Transport, live: State, now: int) -> None:
        """Everything from `now` on is to be computed again, from the state there."""
        self.transport = transport
        self._live, self._now = live, now
        self._ahead = live.copy()
        self.ends = [now, now]
        self._changed = [True, True]  # and nothing of the half was renewed since

    def live_changed(self, live: State, now: int) -> None:
        """The same of what is fed from outside and all that it reaches."""
        self._live, self._now = live, now
        for slot in self.program.feeds.reached:
            self._ahead.bus[slot] = live.bus[slot]
        for cell in self.program.plan.parts[1].cells:
            kept = live.cells[cell]
            self._ahead.cells[cell] = kept.copy() if isinstance(kept, DelayLine) else kept
        self.ends[1], self._changed[1] = now, True

    def note_run(self, live: State, begin: int, stop: int, values: Array) -> None:
        """The frames begin to stop - 1 have run, with these sinks [n_sinks, n], and left this state."""
        self._widen(stop)
        self.rows[: len(values), begin - self.first : stop - self.first] = values
        if self.ends[1] < stop:
            if begin < self.stored:  # they may be other than was said, from the first one on
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
        """Where a frame stands; one before the first has its column."""
        return max(k, self.first, 0) - self.first

    def columns(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where frames stand, as `column`."""
        return np.maximum(frames, max(self.first, 0)) - self.first

    def compute_until(self, stop: int) -> None:
        """Computes every frame before `stop`, and frame 0."""
        self._run(max(stop, 1))

    def compute_near(self, now: int, last: int) -> None:
        """Every frame before `last` for one that hears `now`: after a change the coming ones at once, the others bit by
        bit; they stay as they were until then."""
        if self.ends[1] == self.stored:
            self.compute_until(last)
            return
        self._lengthen(last)
        if self.ends[1] < self.ends[0] < (stop := self._renew_until(0, now, last)):
            self._run_part(0, max(stop, self.ends[0] + BLOCK))
        self._run(self._renew_until(1, now, last))
        self._changed = [False, False]

    def _renew_until(self, half: int, now: int, last: int) -> int:
        """How far a half is renewed this time."""
        return min(last, now + NEAR if self._changed[half] else self.ends[half] + FAR)

    def take_renewed(self) -> tuple[int, int]:
        """The frames [lo, hi) that were computed again since it was asked last."""
        found, self._renewed = self._renewed, (0, 0)
        return found

    # -- computing ----------------------------------------------------------------------------------------------
    def _run(self, stop: int) -> None:
        """Both halves up to `stop`."""
        if self.ends[1] < min(stop, self.ends[0]):
            self._run_part(1, min(max(stop, self.ends[1] + NEAR), self.ends[0]))
        if stop > self.ends[1]:
            begin, n = self.ends[0], max(stop - self.ends[0], BLOCK)
            self._store(slice(None), begin, self.program.extend(self._ahead, begin, n, self.transport))
            self.ends = [begin + n, begin + n]

    def _run_part(self, half: int, stop: int) -> None:
        """One half up to `stop`, by itself; where a node fails, both are to begin anew."""
        plan, begin = self.program.plan, self.ends[half]
        self._lengthen(stop)
        border = self.rows[len(self.program.sinks) :, begin - self.first : stop - self.first]
        found = self.program.extend_part(half, self._ahead, begin, stop - begin, self.transport, border)
        if found is None:
            self.all_changed(self.transport, self._live, self._now)
        else:
            self._store(plan.parts[half].shown, begin, found)
            self.ends[half] = stop

    def _store(self, rows: slice | NDArray[np.int64], begin: int, values: Array) -> None:
        stop = begin + values.shape[1]
        self._widen(stop)
        self.rows[rows, begin - self.first : stop - self.first] = values
        if begin < self.stored:
            self._note_renewed(begin, stop)
        self.stored = max(self.stored, stop)

    def _lengthen(self, stop: int) -> None:
        """Lengthens the timeline to every frame before `stop`, as its last frame was."""
        if stop > self.stored:
            self._widen(stop)
            last = self.rows[:, self.stored - 1 - self.first]
            self.rows[:, self.stored - self.first : stop - self.first] = last[:, None]
            self.stored = stop

    def _note_renewed(self, lo: int, hi: int) -> None:
        """Notes that frames are other than they were."""
        first, last = self._renewed
        self._renewed = (min(first, lo) if first < last else lo, max(last, hi))

    def _widen(self, stop: int) -> None:
        """Makes room for the frames before `stop`."""
        if stop - self.first > self.rows.shape[1]:
            wider = np.zeros((self.rows.shape[0], max(2 * self.rows.shape[1], stop - self.first)))
            wider[:, : self.rows.shape[1]] = self.rows
            self.rows = wider
