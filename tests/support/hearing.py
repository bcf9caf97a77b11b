"""A history of sound that was heard, without a loudspeaker: it grows when a test lets time pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demon_patch.engine.contracts import FamilySpec
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.audio.sound_format import SoundFormat
from demon_patch.runtime.audio.timeline_memory import HISTORY_SECONDS, TimelineMemory
from tests.support.toy_family import SPEC

SOUNDING = replace(SPEC, sample_rate=48_000, channels=2)  # a family whose sound can be listened to
TEXT = dumps(Patch())  # of the patch that recordings carry


class Heard:
    """The ring that host and audio process share, filled by hand: noise that is the same every time."""

    def __init__(self, spec: FamilySpec = SPEC) -> None:
        self.spec = spec
        self._memory = TimelineMemory.create(spec.sample_rate, spec.channels)
        self._random = np.random.default_rng(3)
        self._lock = threading.Lock()

    @property
    def format(self) -> SoundFormat:
        return SoundFormat(self.spec.sample_rate, self.spec.channels)

    def __enter__(self) -> Heard:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.remove()

    def hear(self, seconds: float, gain: float = 1.0, ceiling: float = np.inf) -> NDArray[np.float32]:
        """Lets so many seconds be heard; returns them, as they are before the limiter. ceiling: dBFS."""
        n = round(seconds * self.spec.sample_rate)
        sound = (gain * self._random.uniform(-0.5, 0.5, (n, self.spec.channels))).astype(np.float32)
        held = np.full(n, ceiling, np.float32)
        piece = HISTORY_SECONDS * self.spec.sample_rate
        with self._lock:
            for at in range(0, n, piece):
                self._memory.append_history(sound[at : at + piece], ceilings=held[at : at + piece])
        return sound

    def history_since(self, counter: int) -> tuple[NDArray[np.float32], int]:
        with self._lock:
            return self._memory.history_since(counter)

    def history_ceilings(self, since: int, until: int) -> NDArray[np.float32]:
        with self._lock:
            return self._memory.history_ceilings(since, until)


def until(condition: Callable[[], object], what: object = None) -> None:
    """Waits for a condition, at most a minute."""
    waiting = threading.Event()
    for _ in range(1200):
        if condition():
            return
        waiting.wait(0.05)
    raise AssertionError(f"it never came true: {what}")


def size(path: Path) -> int:
    """Bytes of a file, 0 where there is none."""
    return path.stat().st_size if path.exists() else 0
