"""Notes what happened in a performance, for pictures, meters and tests."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from demon_patch.arrays import Curve
from demon_patch.engine.sound.dry_path import Covered

BLOCK = 1024  # transport frames of a block


@dataclass(frozen=True, slots=True)
class QueuedCompletion:
    """A completion that is queued to be played.

    song: the finished latent over the clips that it covers.
    heard_at: the transport frame from which it is played.
    values: the number of each control of class `request` at its admission, as the engine takes it.
    late: how many transport frames after its edge it is played.
    error: the transport frames from the moment expected at its admission to `heard_at`.
    """

    song: Covered
    heard_at: int
    values: Mapping[str, float]
    late: int = 0
    error: int = 0

    @property
    def latent(self) -> Tensor:
        """The finished latent, [T, C]."""
        return self.song.latent


class Track:
    """The values of one engine port, one a transport frame, stored in blocks.

    frames: how many of the latest frames are kept at least; all by default.
    """

    def __init__(self, frames: int | None = None) -> None:
        self._blocks: deque[Curve] = deque(maxlen=None if frames is None else -(-frames // BLOCK) + 1)
        self._filled = BLOCK  # of the last block

    def append(self, piece: Curve) -> None:
        """Adds the values of the next frames, [frames]."""
        while len(piece):
            if self._filled == BLOCK:
                self._blocks.append(np.empty(BLOCK))
                self._filled = 0
            here = piece[: BLOCK - self._filled]
            self._blocks[-1][self._filled : self._filled + len(here)] = here
            self._filled += len(here)
            piece = piece[len(here) :]

    def __iter__(self) -> Iterator[Curve]:
        """Gives the values in order, as arrays of BLOCK frames or fewer."""
        for block in tuple(self._blocks):
            yield block if block is not self._blocks[-1] else block[: self._filled]


class Trace:
    """Counts events of a performance and keeps the latest ones of each kind.

    frames: how many transport frames back events are kept; without limit by default.
    keep: how many events of each kind are kept; all by default.

    signals: by engine port ("strength", ...) its value at every transport frame from 0 on, in pieces, in the port's
        unit; a family taper has knob positions.
    as_admitted: every completion without its latent, as (heard_at, values): the number of each control of class
        `request` at admission, as the engine takes it (strength, not its position).
    as_made: every completion as (heard_at, values): all scalars that it was made with, as the engine takes them. Those
        of class `step` are of its last step, and strength is the one to which it was moved by then.
    errors: the heard errors of the completions, in transport frames.
    windows: every decoded window as (start, stop, heard_at of its completion), in transport frames.
    completions: the number of completions.
    late: the number of completions that were not ready for their edge.
    missed: the number of edges that were skipped because another came before a generation could be heard on them.
    previews: the number of unfinished generations that were played.
    """

    def __init__(self, keep: int | None = None, frames: int | None = None) -> None:
        self._frames = frames
        self.signals: defaultdict[str, Track] = defaultdict(lambda: Track(frames))
        self.as_admitted: deque[tuple[int, Mapping[str, float]]] = deque(maxlen=keep)
        self.as_made: deque[tuple[int, Mapping[str, float]]] = deque(maxlen=keep)
        self.windows: deque[tuple[int, int, int]] = deque(maxlen=keep)
        self.errors: deque[int] = deque(maxlen=keep)
        self.completions = self.late = self.missed = self.previews = 0

    def completed(self, completion: QueuedCompletion) -> None:
        """Notes a completion, and drops what is older than `frames`."""
        self.completions += 1
        self.late += completion.late > 0
        self.errors.append(completion.error)
        self.as_admitted.append((completion.heard_at, completion.values))
        if self._frames is not None:
            oldest = completion.heard_at - self._frames
            while self.as_admitted[0][0] < oldest:
                self.as_admitted.popleft()
            while self.windows and self.windows[0][1] < oldest:
                self.windows.popleft()
