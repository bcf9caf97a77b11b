"""What the Snapshot nodes of a patch ask for while it plays, and the recalls of a performance that is rendered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshot_places import missing_at, snapshot_at
from demon_patch.nodes.editing.snapshots import Morph, Recall, here, recall
from demon_patch.nodes.library.control.snapshot import GLIDE, PLACE, RECALL
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.graph.forecast import Forecast

if TYPE_CHECKING:
    from demon_patch.runtime.performance.performer import Performer


class AskedRecall(NamedTuple):
    """A rise at the gate of a Snapshot node.

    node: the id of the node.
    place: the place of the snapshot, from 1 (`snapshot_places`).
    seconds: the time of the morph; 0 for a recall at once.
    frame: the control frame of the rise.
    """

    node: str
    place: int
    seconds: float
    frame: int

    def snapshot(self, patch: Patch) -> str:
        """Returns the id of the snapshot in a document. Raises PatchError where there is none at the place."""
        if (id := snapshot_at(patch, self.place)) is None:
            raise missing_at(patch, self.place, self.node, PLACE)
        return id


class AskedRecalls:
    """Keeps the newest recall that Snapshot nodes have asked for. Owned by the thread of the performer.

    follow: what a rendering does about it before each tick (`RenderedRecalls.follow`).
    told: the messages of a rendering for the player.
    """

    def __init__(self) -> None:
        self.follow: Callable[[Performer], object] = lambda performer: None
        self.told: list[str] = []
        self._newest: AskedRecall | None = None

    def note(self, forecast: Forecast, first: int, stop: int) -> None:
        """Notes the rises in the control frames [first, stop), which have just run. The last one counts; of several in
        one frame that of the last node by id."""
        program = forecast.program
        for node in program.ring.recalls:
            rises = np.flatnonzero(forecast.span(program.engine_port(node, RECALL), first, stop))
            if not len(rises) or (self._newest is not None and first + rises[-1] < self._newest.frame):
                continue
            frame = first + int(rises[-1])
            place, seconds = (forecast.port_value(program.engine_port(node, name), frame) for name in (PLACE, GLIDE))
            self._newest = AskedRecall(node, round(place), seconds, frame)

    def take(self) -> AskedRecall | None:
        """Returns the newest recall since the last call; None if there is none."""
        newest, self._newest = self._newest, None
        return newest


@dataclass(frozen=True, slots=True)
class _Morphing:
    """A morph that is under way. begin, frames: the control frame at which it is at its beginning, and its length."""

    morph: Morph
    begin: int
    frames: int


class RenderedRecalls:
    """Recalls snapshots in a performance that is rendered, between its ticks; a morph takes its next step before each.

    patch: the document, whose values hold where nothing was recalled.
    swap: makes a version of the document the one that a performer plays. Raises DemonError, and what plays goes on.
    """

    def __init__(self, patch: Patch, swap: Callable[[Performer, Patch], object]) -> None:
        self._patch, self._swap = patch, swap
        self._overlay = Overlay()
        self._morphing: _Morphing | None = None

    def follow(self, performer: Performer) -> None:
        """Takes what Snapshot nodes have asked for, and moves the morph that is under way, before a tick. What cannot
        be recalled becomes one message, and what plays goes on."""
        asked = performer.recalls.take()
        try:
            if asked is not None:
                self._begin(asked, performer)
            if (moving := self._morphing) is not None:
                amount = min(max((performer.now - moving.begin) / moving.frames, 0.0), 1.0)
                self._morphing = moving if amount < 1.0 else None
                self._put(moving.morph.at(amount), performer)
        except DemonError as error:
            self._morphing = None
            if str(error) not in performer.recalls.told:
                performer.recalls.told.append(str(error))

    def _begin(self, asked: AskedRecall, performer: Performer) -> None:
        snapshot = self._patch.snapshots[asked.snapshot(self._patch)]
        self._morphing = None
        if asked.seconds <= 0:
            self._put(recall(snapshot, self._patch, CATALOGUE), performer)
            return
        first = here(snapshot, self._overlay.sounding(self._patch), CATALOGUE)
        frames = max(round(asked.seconds * performer.spec.frame_rate), 1)
        self._morphing = _Morphing(Morph(first, snapshot, self._patch, CATALOGUE), asked.frame, frames)

    def _put(self, found: Recall, performer: Performer) -> None:
        overlay = found.applied_to(self._overlay)
        if overlay != self._overlay:
            self._swap(performer, overlay.sounding(self._patch))
            self._overlay = overlay
