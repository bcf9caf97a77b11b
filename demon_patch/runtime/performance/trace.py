"""What happened in a performance, for pictures, meters and tests."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from demon_patch.arrays import Curve
from demon_patch.engine.sound.dry_path import Covered

BLOCK = 1024  # frames that are kept together


@dataclass(frozen=True, slots=True)
class Take:
    """A completion with its place in the performance.

    song: the finished latent over the clips that it covers.
    heard_at: the transport frame from which it is played.
    values: the controls of class `request` that it began with, as the engine takes them.
    late: by how many frames it missed its edge.
    error: how many frames it is heard after the moment that its controls were taken for.
    """

    song: Covered
    heard_at: int
    values: Mapping[str, float]
    late: int = 0
    error: int = 0

    @property
    def latent(self) -> Tensor:
        """Its latent [T, C]."""
        return self.song.latent


class Track:
    """The values of an input, a number a frame, in blocks; of the latest `frames` alone where that is given."""

    def __init__(self, frames: int | None = None) -> None:
        self._blocks: deque[Curve] = deque(maxlen=None if frames is None else -(-frames // BLOCK) + 1)
        self._filled = BLOCK  # of the last block

    def append(self, piece: Curve) -> None:
        """Adds the values of the next frames."""
        while len(piece):
            if self._filled == BLOCK:
                self._blocks.append(np.empty(BLOCK))
                self._filled = 0
            here = piece[: BLOCK - self._filled]
            self._blocks[-1][self._filled : self._filled + len(here)] = here
            self._filled += len(here)
            piece = piece[len(here) :]

    def __iter__(self) -> Iterator[Curve]:
        """The values in order, in pieces."""
        for block in tuple(self._blocks):
            yield block if block is not self._blocks[-1] else block[: self._filled]


class Trace:
    """Counts, and the latest events of each kind: all of them, unless `frames` limits how long ago they are, in
    transport frames, and `keep` how many they are.

    sinks: by engine port ("strength", ...) its value at every transport frame from 0, in pieces, as the port has it: of
        a family taper the knob position.
    takes: every completion without its latent, as (heard_at, values): the controls of class `request` that it began
        with, as the engine takes them (strength, no position).
    taken: by the same moments, all scalars that it was made with, as the engine takes them: those of class `step` as in
        its last step, and the strength that it had been moved to by then.
    errors: the heard errors of the completions, in frames.
    windows: every decoded window as (start, stop, heard_at of its completion).
    late: completions that were not ready for their edge.
    missed: edges that a generation had to skip because another came before it could be heard.
    previews: unfinished generations that were played.
    """

    def __init__(self, keep: int | None = None, frames: int | None = None) -> None:
        self._frames = frames
        self.sinks: defaultdict[str, Track] = defaultdict(lambda: Track(frames))
        self.takes: deque[tuple[int, Mapping[str, float]]] = deque(maxlen=keep)
        self.taken: deque[tuple[int, Mapping[str, float]]] = deque(maxlen=keep)
        self.windows: deque[tuple[int, int, int]] = deque(maxlen=keep)
        self.errors: deque[int] = deque(maxlen=keep)
        self.completions = self.late = self.missed = self.previews = 0

    def completed(self, take: Take) -> None:
        """Notes a completion."""
        self.completions += 1
        self.late += take.late > 0
        self.errors.append(take.error)
        self.takes.append((take.heard_at, take.values))
        if self._frames is not None:
            oldest = take.heard_at - self._frames
            while self.takes[0][0] < oldest:
                self.takes.popleft()
            while self.windows and self.windows[0][1] < oldest:
                self.windows.popleft()
