"""What happened in a performance, for pictures, meters and tests."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.covered import Covered

Curve = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Take:
    """A finished generation over what it covers: the transport frame from which it is played, the controls of
    class `request` that it was made with, by how many frames it missed its edge, and how many frames after the moment
    that its controls were taken for it is heard."""

    song: Covered
    heard_at: int
    values: Mapping[str, float]
    late: int = 0
    error: int = 0

    @property
    def latent(self) -> Tensor:
        """Its latent [T, C]."""
        return self.song.latent


class Trace:
    """Counts, and the latest events of each kind: all of them unless `keep` limits how many.

    sinks: per engine input ("strength", ...) its value at every transport frame from 0, in pieces. takes: every
    completion without its latent, as (heard_at, values). errors: their heard errors, in frames. windows: every decoded
    stretch as (start, stop, heard_at of its take). late: completions that were not ready for their edge. missed: edges
    that a generation had to skip because another came before it could be heard. previews: unfinished generations
    played.
    """

    def __init__(self, keep: int | None = None) -> None:
        self.sinks: defaultdict[str, deque[Curve]] = defaultdict(lambda: deque(maxlen=keep))
        self.takes: deque[tuple[int, Mapping[str, float]]] = deque(maxlen=keep)
        self.windows: deque[tuple[int, int, int]] = deque(maxlen=keep)
        self.errors: deque[int] = deque(maxlen=keep)
        self.completions = self.late = self.missed = self.previews = 0

    def completed(self, take: Take) -> None:
        """Notes a completion."""
        self.completions += 1
        self.late += take.late > 0
        self.errors.append(take.error)
        self.takes.append((take.heard_at, take.values))
