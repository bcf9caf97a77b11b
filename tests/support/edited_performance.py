"""A document that is edited while it plays: a real host on the toy family, whose ticks the test makes by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demon_patch.engine.session import Session
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.live.host import Host
from tests.support.toy_family import toy_family
from tests.support.virtual_live import VirtualLive
from tests.support.virtual_stage import patch, square

BARS = Grid("bar")
NODES, CABLES = square(0.4, "scheduler", "structure", cycles_per_beat=0.3)
DOCUMENT = patch(NODES, CABLES, strength=0.9, structure=0.5, depth=4)


class Stage:
    """A host whose time is made by hand."""

    def __init__(self, document: Patch = DOCUMENT) -> None:
        self.host = Host(document, Session(toy_family()))
        virtual = VirtualLive(document, 0.02)
        virtual.performer = self.host.performer
        virtual._before_tick = self.host._publish
        self.live = self.host.tick_loop = virtual
        self.document = self.host.document

    def until(self, frame: int) -> None:
        """Plays until a transport frame is at the loudspeaker."""
        self.settle()
        self.live.until(frame)
        self.settle()

    def settle(self) -> None:
        """Waits until the editing thread has done all that was left to it."""
        self.host._edit_thread.submit(lambda: None).result(60)

    def strengths(self) -> NDArray[np.float64]:
        """By control frame, what strength was."""
        return self.host.performer.curve("strength", self.live.now)

    def changes(self) -> dict[int, float]:
        """Where strength changed, and to what."""
        at = self.strengths()
        return {int(k) + 1: round(float(at[k + 1]), 3) for k in np.flatnonzero(np.abs(np.diff(at)) > 1e-9)}


def strength(value: float) -> SetValue:
    return SetValue("scheduler", "strength", value)
