"""A live host that opens one song after the other, each told from the next by its level."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
from msgspec import structs

from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.audio.sound_format import SoundFormat
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.progress import OVER, Progress
from tests.support.hearing import until
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

PER_FRAME = 640
LOUD, SOFT = -5.0, -40.0  # dB of gain of the two songs; the toy's frames differ by 12 dB
SILENT = -100.0  # dB, below both
LFO = Node("lfo", values={"rate": 0.05})  # 20 s for a turn
CHAIN = patch({"lfo": LFO}, [Cable("lfo", "out", "decoder", "window", depth=0.01)], strength=0.5, depth=2)


def at_gain(gain: float) -> Patch:
    """The song at a gain in dB: so it is told from the other one by its level."""
    return structs.replace(CHAIN, nodes={**CHAIN.nodes, "decoder": Node("decoder", values={"gain": gain})})


A, B = at_gain(LOUD), at_gain(SOFT)


class Played:
    """A host on a clock of its own, and what has happened in it."""

    def __init__(self, folder: Path, free: int | None = None, sound_format: SoundFormat | None = None) -> None:
        self.free, self.models = free, list[str]()
        self.sessions: list[weakref.ref[Session]] = []
        self.host = Host(
            A, self.load("toy"), folder=folder, device="none", load=self.load, free=lambda: self.free,
            sound_format=sound_format,
        )  # fmt: skip
        self.seen: list[Progress] = []
        self.host.follow_opening(self.seen.append)

    def load(self, name: str) -> Session:
        self.models.append(name)
        session = Session(toy_family(PER_FRAME))
        self.sessions.append(weakref.ref(session))
        return session

    def over(self, number: int) -> Progress:
        """Waits for the end of a preparation."""
        until(lambda: any(each.number == number and each.stage in OVER for each in self.seen), self.seen)
        return next(each for each in self.seen if each.number == number and each.stage in OVER)

    def later(self, seconds: float) -> None:
        """Lets so much of the transport pass."""
        end = self.host.status.seconds + seconds
        until(lambda: self.host.status.seconds > end, self.host.status)

    def heard(self) -> np.ndarray:
        """All that was heard, [n]."""
        return self.host.link.history(120.0)[:, 0]

    def levels(self, frames: int = 1) -> np.ndarray:
        """The level of what was heard, in dB, for each so many latent frames."""
        sound, n = self.heard(), frames * PER_FRAME
        blocks = sound[: len(sound) // n * n].reshape(-1, n)
        return 20 * np.log10(np.sqrt(np.mean(np.square(blocks), axis=1)) + 1e-9)
