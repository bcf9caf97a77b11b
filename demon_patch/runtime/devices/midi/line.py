"""The straight line through the latest points of a series, kept up to date point by point."""

from __future__ import annotations

from collections import deque
from itertools import islice

REBUILT = 256  # points after which the sums are computed anew, so that no error of rounding grows


class Line:
    """Fits a line by least squares to points (number, seconds), of which the oldest are dropped."""

    def __init__(self) -> None:
        self.points: deque[tuple[int, float]] = deque()
        self._base = (0, 0.0)
        self._sums = [0.0] * 6  # count; of numbers, seconds, squares, products, squares of seconds
        self._added = 0

    def add(self, number: int, seconds: float, window: float) -> None:
        """Adds a point, and drops those that are more than `window` seconds older."""
        self.points.append((number, seconds))
        self._count((number, seconds), 1.0)
        while seconds - self.points[0][1] > window:
            self._count(self.points.popleft(), -1.0)
        self._added += 1
        if self._added >= REBUILT or len(self.points) == 1:
            self._rebuild()

    def keep(self, latest: int) -> None:
        """Drops all but the latest points."""
        self.points = deque(islice(self.points, max(len(self.points) - latest, 0), None))
        self._rebuild()

    def _rebuild(self) -> None:
        self._base = self.points[0] if self.points else (0, 0.0)
        self._sums, self._added = [0.0] * 6, 0
        for point in self.points:
            self._count(point, 1.0)

    def _count(self, point: tuple[int, float], sign: float) -> None:
        x, y, sums = point[0] - self._base[0], point[1] - self._base[1], self._sums
        for at, term in enumerate((1.0, x, y, x * x, x * y, y * y)):
            sums[at] += sign * term

    def fit(self) -> tuple[float, float, float] | None:
        """Returns the seconds at number 0, the seconds from number to number, and the root mean square of the points'
        distances in seconds; None for fewer than two points, or where the numbers do not go forward."""
        count, x, y, xx, xy, yy = self._sums
        if count < 2 or (spread := xx - x * x / count) <= 0:
            return None
        step = (xy - x * y / count) / spread
        off = (yy - y * y / count - step * (xy - x * y / count)) / count
        zero = self._base[1] + y / count - step * (self._base[0] + x / count)
        return (zero, step, max(off, 0.0) ** 0.5) if step > 0 else None
