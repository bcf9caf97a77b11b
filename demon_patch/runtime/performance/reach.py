"""Chooses how much of the song a live generation makes, where the control `focus` is `auto`.

After something was touched, it is as much as the machine makes in WITHIN_SECONDS. Once nothing was touched for a
while, every further generation makes twice as much, up to the whole song.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from math import ceil, log
from statistics import fmean, median

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.ring.focus import JOIN, before

WITHIN_SECONDS = 0.2  # from a generation's admission to its end, after a touch
QUIET_SECONDS = 2.0  # without a touch, after which stretches grow
RUNGS = 2  # steps of the ladder that double a length
RECENT = 16  # ticks of each length whose costs are averaged
SPARE = 0.9  # share of WITHIN_SECONDS in which a longer stretch must be made: so the choice is stable

Middle = Callable[[Sequence[float]], float]


def after(spec: FamilySpec) -> int:
    """Returns the latent frames of a stretch that must follow the moment for which it is made: two generations later
    the stretch is still heard, in the longest window, and its border is not."""
    return (
        ceil((2 * WITHIN_SECONDS + CONTROLS["window"].hi) * spec.frame_rate) + spec.playing_margin + JOIN + spec.border
    )


def ladder(spec: FamilySpec, song_frames: int) -> tuple[int, ...]:
    """Returns the lengths in latent frames that stretches may have, shortest first, each half an octave above the one
    before; the last is the whole song.

    They are few, since an executor may have to prepare itself for each.
    """
    least, lengths = max(spec.min_frames, before(spec) + after(spec)), list[int]()
    while (length := ceil(least * 2.0 ** (len(lengths) / RUNGS) / spec.quantum) * spec.quantum) < song_frames:
        lengths.append(length)
    return (*lengths, song_frames)


class Reach:
    """Chooses the length of a performance's stretches from the measured time of its ticks. Owned by the tick thread.

    Moments are transport frames, so that quiet time does not pass while the performance stands. Lengths are latent
    frames.

    lanes, bucket: of the executor; the bucket is asked for anew, since it may follow the ring's depth.
    lengths: the lengths that stretches may have, shortest first (`ladder`).
    """

    def __init__(
        self, spec: FamilySpec, song_frames: int, lanes: int = 1, bucket: Callable[[], int] = lambda: 1
    ) -> None:
        self.lengths = ladder(spec, song_frames)
        self._quiet = QUIET_SECONDS * spec.frame_rate
        self._lanes, self._bucket = lanes, bucket
        self._costs: dict[int, deque[float]] = {}  # of a frame of a row, by the length of the stretch
        self._rung = self._quick = len(self.lengths) - 1
        self._touched: int | None = None

    # -- what ticks take ----------------------------------------------------------------------------------------
    def note_tick(self, seconds: float, lengths: Sequence[int], rows: int = 1) -> None:
        """Notes the seconds of a tick whose generations have these lengths, with `rows` rows each. A tick with several
        lengths is ignored, since it measures none of them."""
        if len(set(lengths)) == 1:
            costs = self._costs.setdefault(lengths[0], deque(maxlen=RECENT))
            costs.append(seconds / self._busiest(lengths, {lengths[0]: 1.0}, rows))

    def seconds(self, lengths: Sequence[int], rows: int = 1, middle: Middle = fmean) -> float | None:
        """Returns the expected seconds of a tick whose generations have these lengths; a length of 0 means no forward.
        None before a tick was measured.

        middle: averages the recent costs. The mean predicts many ticks; the median ignores a single slow tick.
        """
        if not self._costs:
            return None
        return self._busiest(lengths, {length: self._cost(length, middle) for length in lengths if length}, rows)

    def _cost(self, length: int, middle: Middle) -> float:
        """Returns the seconds of one latent frame of a row, in a stretch of this length or of the nearest length that
        was measured."""
        return middle(self._costs[min(self._costs, key=lambda known: abs(log(known / length)))])

    def _busiest(self, lengths: Sequence[int], costs: dict[int, float], rows: int) -> float:
        """Returns the work of the busiest lane, in latent frames times rows times `costs`; each lane takes the next
        chunk of rows when its last is done."""
        ends, bucket = [0.0] * self._lanes, self._bucket()
        for length, cost in costs.items():
            for _ in range(ceil(lengths.count(length) / bucket)):
                ends[ends.index(min(ends))] += cost * length * bucket * rows
        return max(ends)

    # -- touches ------------------------------------------------------------------------------------------------
    @property
    def length(self) -> int:
        """The length in latent frames of the stretch that the next generation makes; the song's length means the whole
        song."""
        return self.lengths[self._rung]

    @property
    def is_whole(self) -> bool:
        """Whether the next generation makes the whole song."""
        return self._rung == len(self.lengths) - 1

    @property
    def quick(self) -> int:
        """The length in latent frames that the machine makes within WITHIN_SECONDS."""
        return self.lengths[self._quick]

    def note_touch(self, now: int) -> None:
        """Notes that something was touched at transport frame `now`: until it is quiet, stretches have no more than the
        length `quick`."""
        self._touched = now
        self._rung = self._quick

    def choose_length(self, now: int, steps: int, depth: int, rows: int = 1) -> None:
        """Updates `quick` and `length` at transport frame `now`, for a ring of `depth` generations, each with `steps`
        steps and `rows` rows. Without a measurement, `quick` is the whole song."""
        quick = 0
        for rung, length in enumerate(self.lengths):
            tick = self.seconds([length] * depth, rows, median)
            spare = SPARE if rung > self._quick else 1.0
            if tick is None or steps * tick <= WITHIN_SECONDS * spare:
                quick = rung
        self._quick = quick
        self._rung = max(self._rung, quick) if self.is_quiet(now) else quick

    def note_admission(self, now: int) -> None:
        """Notes an admission at transport frame `now`: if it is quiet, the next generation's stretch is twice as
        long."""
        if self.is_quiet(now):
            self._rung = min(self._rung + RUNGS, len(self.lengths) - 1)

    def is_quiet(self, now: int) -> bool:
        """Returns whether nothing was touched for QUIET_SECONDS before transport frame `now`."""
        return self._touched is None or now - self._touched >= self._quiet
