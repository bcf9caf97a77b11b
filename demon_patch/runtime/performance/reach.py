"""How much of the song a generation makes, live, where the control `focus` is `auto`.

As much as the machine makes in time after something was touched; twice as much with every further generation once
nothing was touched for a while, up to the whole song.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import ceil, log
from statistics import fmean, median

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.ring.focus import JOIN, before

WITHIN_SECONDS = 0.4  # from a generation's admission to its end, after a touch
QUIET_SECONDS = 2.0  # without a touch, after which stretches grow
RUNGS = 2  # of the ladder that double a length
RECENT = 16  # ticks of each length that count
SPARE = 0.9  # of the time, in which a longer stretch must be made to be chosen: the choice does not waver

Middle = Callable[[Sequence[float]], float]


def after(spec: FamilySpec) -> int:
    """Frames of a stretch that must lie behind the moment it is made for: two generations later it is still heard, in
    the longest window, and its border is not."""
    return (
        ceil((2 * WITHIN_SECONDS + CONTROLS["window"].hi) * spec.frame_rate) + spec.playing_margin + JOIN + spec.border
    )


def ladder(spec: FamilySpec, song_frames: int) -> tuple[int, ...]:
    """The lengths in frames that stretches may have, each half an octave above the last; the last is the song.

    They are few, since an executor may have to prepare itself for each.
    """
    least, lengths = max(spec.min_frames, before(spec) + after(spec)), list[int]()
    while (length := ceil(least * 2.0 ** (len(lengths) / RUNGS) / spec.quantum) * spec.quantum) < song_frames:
        lengths.append(length)
    return (*lengths, song_frames)


class Reach:
    """The lengths of the stretches of one performance, chosen from what its ticks took. Owned by the tick thread.

    lanes, bucket: of the executor. Costs are in seconds; moments in transport frames, which stand while the
    performance does.
    """

    def __init__(self, spec: FamilySpec, song_frames: int, lanes: int = 1, bucket: int = 1) -> None:
        self.lengths = ladder(spec, song_frames)
        self._quiet = QUIET_SECONDS * spec.frame_rate
        self._lanes, self._bucket = lanes, bucket
        self._costs: dict[int, deque[float]] = {}  # of a frame of a row, by the length of the stretch
        self._rung = self._quick = len(self.lengths) - 1
        self._touched: int | None = None

    # -- what ticks take ----------------------------------------------------------------------------------------
    def note_tick(self, seconds: float, lengths: Sequence[int], rows: int = 1) -> None:
        """Notes what a tick took whose generations had these lengths, and `rows` rows each. One with several lengths
        says nothing of either, and is passed over."""
        if len(set(lengths)) == 1:
            costs = self._costs.setdefault(lengths[0], deque(maxlen=RECENT))
            costs.append(seconds / self._busiest(lengths, {lengths[0]: 1.0}, rows))

    def seconds(self, lengths: Sequence[int], rows: int = 1, middle: Middle = fmean) -> float | None:
        """Seconds of a tick whose generations have these lengths, 0 for one without a forward; None before a tick was
        measured.

        middle: of the recent costs. The mean predicts many ticks; a single slow tick does not move the median.
        """
        if not self._costs:
            return None
        return self._busiest(lengths, {length: self._cost(length, middle) for length in lengths if length}, rows)

    def _cost(self, length: int, middle: Middle) -> float:
        """Of a frame in a stretch of this length, or of the nearest one that was measured."""
        return middle(self._costs[min(self._costs, key=lambda known: abs(log(known / length)))])

    def _busiest(self, lengths: Sequence[int], costs: dict[int, float], rows: int) -> float:
        """What the busiest lane makes; each takes the next chunk of rows when it is done with its last."""
        ends = [0.0] * self._lanes
        for length, cost in costs.items():
            for _ in range(ceil(lengths.count(length) / self._bucket)):
                ends[ends.index(min(ends))] += cost * length * self._bucket * rows
        return max(ends)

    # -- touches ------------------------------------------------------------------------------------------------
    @property
    def length(self) -> int:
        """Of the stretch that the next generation makes; that of the song is the whole of it."""
        return self.lengths[self._rung]

    @property
    def is_whole(self) -> bool:
        """Whether the next generation makes the whole song."""
        return self._rung == len(self.lengths) - 1

    @property
    def quick(self) -> int:
        """The length that the machine makes in time."""
        return self.lengths[self._quick]

    def note_touch(self, now: int) -> None:
        """Something was touched at a moment: stretches are no longer than what is made in time, until it is quiet."""
        self._touched = now
        self._rung = self._quick

    def choose_length(self, now: int, steps: int, depth: int, rows: int = 1) -> None:
        """Chooses the length that a ring of `depth` generations, of `steps` steps and `rows` rows, makes in time."""
        quick = 0
        for rung, length in enumerate(self.lengths):
            tick = self.seconds([length] * depth, rows, median)
            spare = SPARE if rung > self._quick else 1.0
            if tick is None or steps * tick <= WITHIN_SECONDS * spare:
                quick = rung
        self._quick = quick
        self._rung = max(self._rung, quick) if self._is_quiet(now) else quick

    def note_admission(self, now: int) -> None:
        """After a generation was admitted: the next one's stretch is twice as long, if it is quiet."""
        if self._is_quiet(now):
            self._rung = min(self._rung + RUNGS, len(self.lengths) - 1)

    def _is_quiet(self, now: int) -> bool:
        return self._touched is None or now - self._touched >= self._quiet
