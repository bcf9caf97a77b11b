"""A live performance in which each frame of a forward takes its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.performance.prepare import parts_of
from demon_patch.runtime.performance.resources import Resources
from tests.support.toy_family import SPEC
from tests.support.virtual_live import VirtualLive
from tests.support.virtual_stage import patch

SONG = 1000  # frames
DEPTH, STEPS = 4, 8
WHOLE_SECONDS = 6.0  # of a whole generation in a full ring
PER_FRAME = WHOLE_SECONDS / STEPS / DEPTH / SONG


class Timed(VirtualLive):
    """A performance in which each frame of a forward takes its time. during: called within each forward."""

    def __init__(self, document: Patch) -> None:
        super().__init__(document, 0.0)
        self.during: Callable[[], None] = lambda: None
        self.running = False
        self.resources = Resources(self.performer.session)
        executor: Any = self.performer.session.executor
        forward = executor.forward

        def timed(x: Tensor, *rest: Tensor) -> Tensor:
            if self.running:
                self.speaker.pass_time(PER_FRAME * x.shape[0] * x.shape[1])
                self.during()
            return forward(x, *rest)

        executor.forward = timed

    def step(self) -> None:
        self.running = True
        super().step()
        self.running = False

    def put(self, document: Patch) -> None:
        """The document becomes another one, as the host does it."""
        program = compile(document, CATALOGUE, Geometry.of_family(self.performer.spec, SONG), self.performer.program)
        parts = parts_of(program, self.resources, frames=SONG)
        self.post(lambda: self.swap(program, parts))

    def change(self, **values: Any) -> None:
        """Other values of the scheduler, read by the next ticks."""
        self.put(document(**values))
        self.ticks(2)

    def ticks(self, n: int) -> None:
        for _ in range(n):
            self.step()

    @property
    def made(self) -> set[int]:
        """The lengths of the generations in flight."""
        return {slot.request.frames for slot in self.performer.ring.slots}


def document(extra: Mapping[str, Node] | None = None, cables: list[Cable] | None = None, **values: Any) -> Patch:
    clip = Node("composed_source", 2, values={"style": "toy", "seconds": SONG / SPEC.frame_rate, "seed": 3})
    return patch({"source": clip, **(extra or {})}, cables or [], **{"strength": 0.8, "depth": DEPTH, **values})
