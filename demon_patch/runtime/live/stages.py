"""What a live document is made of: its live values, what waits, and how it sounds from each grid on."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshots import Recall
from demon_patch.nodes.editing.valid_overlay import valid_overlay
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.edit.history import UndoStep
from demon_patch.patch.edit.overlay import Key, Overlay
from demon_patch.patch.edit.session import PendingStep, Revision
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey


class DocumentStage(NamedTuple):
    """The document as it sounds from a grid on, live values included.

    key, label: those of the edit or recall that is heard from the grid on; None and "" for the first stage, which
        sounds now.
    at: the grid; None for the first stage.
    patch: the document with the live values that it can have.
    base: the document without live values.
    live: all live values.
    moves: the number of the latest move that it contains (`KnobMoves`).
    """

    key: Hashable
    at: Grid | None
    label: str
    patch: Patch
    base: Patch
    live: Overlay
    moves: int = 0


class WaitingRecall(NamedTuple):
    """A recall that waits for its grid.

    number: counts the recalls that waited, from 1.
    after: the revision at which it was asked for; it is heard after the edits up to there.
    at: the grid from which it is heard.
    snapshot: what is recalled.
    """

    number: int
    after: Revision
    at: Grid
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class LiveValues:
    """The live values, with the time at which each was set.

    overlay: the live values.
    since: by port or cable, the number of the latest edit when its live value was set.
    """

    overlay: Overlay = field(default_factory=Overlay)
    since: Mapping[Key | CableKey, int] = field(default_factory=dict)

    def put(self, overlay: Overlay, keys: Collection[Key | CableKey], counter: int) -> LiveValues:
        """Returns the live values with another overlay, in which the values of some keys were set after edit number
        `counter`."""
        return LiveValues(overlay, {**self.since, **dict.fromkeys(keys, counter)})

    def recalled(self, found: Recall, counter: int) -> LiveValues:
        """Returns the live values after a recall that was asked for after edit number `counter`."""
        return self.put(found.applied_to(self.overlay), found.overlay.keys, counter)

    def edit_heard(self, edit: UndoStep) -> LiveValues:
        """Returns the live values once an edit is heard: those over what it writes are released, except for those that
        were turned after the edit was made."""
        spared = {key for key, put in self.since.items() if put >= edit.last}
        changed = (path for part in edit.parts for path in part.changed)
        return LiveValues(self.overlay.without_overwritten(edit.command, changed, spared), self.since)

    def released(self, *keys: Key | CableKey) -> LiveValues:
        """Returns the live values without those of some ports and cables."""
        return LiveValues(self.overlay.released(*keys), self.since)


def heard(live: LiveValues, edit: PendingStep) -> LiveValues:
    """Returns the live values once an edit that waited is heard."""
    return live.edit_heard(edit.step)


def stage_of(key: Hashable, at: Grid | None, label: str, live: LiveValues, base: Patch) -> DocumentStage:
    sounding = valid_overlay(live.overlay, base, CATALOGUE).sounding(base)
    return DocumentStage(key, at, label, sounding, base, live.overlay)


def place_of(waiting: PendingStep | WaitingRecall) -> tuple[int, int]:
    """Returns the sort key of an edit or recall that waits: a recall comes after the edits that were made before it."""
    if isinstance(waiting, WaitingRecall):
        return waiting.after.counter, waiting.number
    return waiting.revision.counter, 0
