"""The numbers of watched signals by control frame: what was, and what is forecast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demon_patch.arrays import Array
from demon_patch.runtime.remote.messages.base import Point

PAST = 256  # control frames that are kept


class SignalMemory:
    """Keeps the past and the forecast of some points.

    Where both know a frame, the past is right. NaN stands for what is not known.
    """

    def __init__(self) -> None:
        self._places: dict[Point, int] = {}
        self._past = np.full((0, PAST), np.nan, np.float64)
        self._stop = 0  # the control frame after the newest of the past
        self._ahead_places: dict[Point, int] = {}
        self._ahead, self._ahead_first = np.zeros((0, 0), np.float64), 0

    @property
    def newest(self) -> int:
        """The newest control frame of the past; -1 before there is one."""
        return self._stop - 1

    def watch(self, points: Sequence[Point]) -> None:
        """Keeps these points from now on; what is known of them stays."""
        past = np.full((len(points), PAST), np.nan, np.float64)
        for place, point in enumerate(points):
            if point in self._places:
                past[place] = self._past[self._places[point]]
        self._places, self._past = {point: place for place, point in enumerate(points)}, past

    def put_past(self, points: Sequence[Point], first: int, values: Array) -> None:
        """Takes numbers [points, frames] from control frame `first` on."""
        count = values.shape[1]
        if not count:
            return
        if first < self._stop - PAST or first > self._stop + PAST or first + count < self._stop:
            self._past[:] = np.nan  # the transport began anew
        elif first > self._stop:
            self._past[:, np.arange(self._stop, first) % PAST] = np.nan
        keep = min(count, PAST)
        columns = np.arange(first + count - keep, first + count) % PAST
        for place, point in enumerate(points):
            row = self._places.get(point)
            if row is not None:
                self._past[row, columns] = values[place, count - keep :]
        self._stop = first + count

    def put_ahead(self, points: Sequence[Point], first: int, values: Array) -> None:
        """Takes a forecast [points, frames] from control frame `first` on."""
        self._ahead_places = {point: place for place, point in enumerate(points)}
        self._ahead, self._ahead_first = values, first

    def frames(self, point: Point, first: int, count: int) -> Array:
        """Returns the numbers of a point in control frames, [count]."""
        return self._whole_frames([point], first, count)[0]

    def at(self, point: Point, frames: Array) -> Array:
        """Returns the numbers of a point at control frames with fractions, as `table`."""
        return self.table([point], frames)[0]

    def now(self, point: Point, frame: float) -> float:
        """Returns the number of a point at one control frame with a fraction; NaN where it is not known."""
        return float(self.now_all([point], frame)[0])

    def now_all(self, points: Sequence[Point], frame: float) -> Array:
        """Returns the numbers of points, [points], at one control frame with a fraction."""
        return self.table(points, np.array([frame - 3.0, frame]))[:, 1]

    def table(self, points: Sequence[Point], frames: Array) -> Array:
        """Returns the numbers of points, [points, frames], at control frames with fractions, ascending: those between
        two control frames lie on the line between them; after the last that is known, that one stands."""
        if not len(frames) or not len(points):
            return np.zeros((len(points), len(frames)), np.float64)
        first = int(np.floor(frames[0]))
        count = int(np.floor(frames[-1])) - first + 2
        values, places = self._whole_frames(points, first, count), frames - first
        known = ~np.isnan(values)
        begin, last = known.argmax(axis=1), count - 1 - known[:, ::-1].argmax(axis=1)
        newest = values[np.arange(len(points)), last]
        values = np.where(np.arange(count) > last[:, None], newest[:, None], values)
        below = np.minimum(places.astype(np.int64), count - 2)  # a difference may be rounded up to the next frame
        share = places - below
        found = values[:, below] * (1.0 - share) + values[:, below + 1] * share
        for row in np.flatnonzero(known.any(axis=1) & (known.sum(axis=1) < last - begin + 1)):  # there are holes
            at = np.flatnonzero(known[row])
            found[row] = np.where(places < begin[row], np.nan, np.interp(places, at, values[row, at]))
        return found

    def _whole_frames(self, points: Sequence[Point], first: int, count: int) -> Array:
        """Returns the numbers of points in control frames, [points, count]."""
        found = np.full((len(points), count), np.nan, np.float64)
        asked = np.arange(first, first + count)
        rows = np.array([self._places.get(point, -1) for point in points], np.int64)
        have = np.flatnonzero(rows >= 0)
        known = np.flatnonzero((asked >= max(self._stop - PAST, 0)) & (asked < self._stop))
        found[np.ix_(have, known)] = self._past[np.ix_(rows[have], asked[known] % PAST)]
        rows = np.array([self._ahead_places.get(point, -1) for point in points], np.int64)
        have, at = np.flatnonzero(rows >= 0), asked - self._ahead_first
        known = np.flatnonzero((at >= 0) & (at < self._ahead.shape[1]))
        past = found[np.ix_(have, known)]
        found[np.ix_(have, known)] = np.where(np.isnan(past), self._ahead[np.ix_(rows[have], at[known])], past)
        return found

    def has(self, point: Point) -> bool:
        """Returns whether the point is watched."""
        return point in self._places or point in self._ahead_places
