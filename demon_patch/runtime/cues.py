"""Programs that take over one after the other, each on its grid: the tick thread's side of edits that wait."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from demon_patch.patch.grid import Grid
from demon_patch.runtime.graph.program import Program
from demon_patch.runtime.performer import Performer
from demon_patch.runtime.scene import Parts


class Cue(NamedTuple):
    """A program with its prompts and clips, and the grid that it waits for; key: as the document knows it."""

    key: Hashable
    at: Grid | None
    program: Program
    parts: Parts


class Cues:
    """The cues of a performance. Owned by the tick thread.

    A cue keeps the frame that it once got, whatever else is edited meanwhile: the first of its grid from which all
    that is heard can be made anew, and none before that of the cue ahead of it.
    """

    def __init__(self, performer: Performer) -> None:
        self._performer = performer
        self._frames: dict[Hashable, int] = {}
        self._coming: Sequence[Cue] = ()

    def play(self, cues: Sequence[Cue]) -> None:
        """The first sounds from now on, the others wait; one that landed since they were made sounds in its place."""
        passed = [self._passed(cue) for cue in cues]
        first = max((number for number, is_passed in enumerate(passed) if is_passed), default=0)
        self._performer.swap(cues[first].program, cues[first].parts)
        self._coming = cues[first + 1 :]
        self._frames = {cue.key: self._frames[cue.key] for cue in cues[1:] if cue.key in self._frames}
        self._stage()

    def retimed(self) -> None:
        """After a change of the transport: what waits finds its place on the new grid."""
        for cue in self._coming:
            if not self._passed(cue):
                self._frames.pop(cue.key, None)
        self._performer.scenes.clear()
        self._stage()

    def landed(self) -> list[Hashable]:
        """What has begun to be heard since the last call, in order."""
        heard = [cue.key for cue in self._coming if self._passed(cue)]
        self._coming = [cue for cue in self._coming if not self._passed(cue)]
        return heard

    def _stage(self) -> None:
        performer, last = self._performer, 0
        for cue in self._coming:
            if cue.key not in self._frames:
                transport = performer.transport
                assert cue.at is not None
                beats = cue.at.beats(transport.beats_per_bar)
                self._frames[cue.key] = transport.next_grid(max(performer.free, last), beats)
            last = self._frames[cue.key]
            performer.swap(cue.program, cue.parts, last)

    def _passed(self, cue: Cue) -> bool:
        frame = self._frames.get(cue.key)
        return frame is not None and frame <= max(self._performer.now, 0)
