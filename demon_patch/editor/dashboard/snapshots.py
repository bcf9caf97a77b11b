"""Snapshots to play: stored, recalled on the beat, and moved between in time. Without a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from demon_patch.editor.link.protocol import Link
from demon_patch.nodes.editing.snapshot_places import in_order
from demon_patch.patch.edit.commands import SetSnapshot
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.edits import Do, Edited
from demon_patch.runtime.remote.messages.live import CancelRamp, Ramp, Recall, Recalled, Store

PADS = 8
"""How many snapshots have a key of their own, 1 to 8."""
GRIDS: tuple[tuple[str, Grid | None], ...] = (
    ("now", None), ("beat", Grid("beat")), ("bar", Grid("bar")), ("4 bars", Grid("bar", 4)),
)  # fmt: skip
"""When a recall is heard."""
TIMES: tuple[tuple[str, float], ...] = (("at once", 0), ("½ bar", 0.5), ("1 bar", 1), ("4 bars", 4), ("16 bars", 16))
"""How many bars the way to a snapshot takes."""


@dataclass(frozen=True, slots=True)
class Pad:
    """A snapshot in the list. number: of its key, 0 for none. count: how many values it holds."""

    id: str
    title: str
    number: int
    count: int
    scoped: bool


def pads(patch: Patch) -> list[Pad]:
    """Returns the snapshots in the order of their places (`snapshot_places`); the first eight have keys."""
    made = []
    for place, id in enumerate(in_order(patch), 1):
        kept = patch.snapshots[id]
        count = sum(map(len, kept.values.values())) + len(kept.depths)
        title = kept.title or f"Snapshot {place}"
        made.append(Pad(id, title, place if place <= PADS else 0, count, kept.scope is not None))
    return made


def new_title(patch: Patch) -> str:
    """Returns the title of the next snapshot: a number that none has."""
    taken = {kept.title for kept in patch.snapshots.values()}
    return next(str(n) for n in range(1, len(taken) + 2) if str(n) not in taken)


class Snapshots:
    """What can be done with snapshots. All methods: the window's thread.

    grid, time: the places in GRIDS and TIMES that hold. last: the snapshot that was recalled last.
    """

    def __init__(self, link: Link, tell: Callable[[str, str], object] = lambda text, tone: None) -> None:
        self._link, self._tell = link, tell
        self.grid, self.time = 2, 0
        self.last = ""

    @property
    def pads(self) -> list[Pad]:
        """The snapshots."""
        return pads(self._link.patch)

    @property
    def moving(self) -> tuple[str, str, float, float] | None:
        """The ramp that waits or moves: from ("" for what sounded), to, how far it is, and the seconds that remain;
        None for none."""
        ramp: Any = self._link.status.get("ramp")
        if ramp is None:
            return None
        given = ramp if isinstance(ramp, dict) else structs.asdict(ramp) if hasattr(ramp, "__struct_fields__") else None
        if given is None:
            return None
        return given["one"], given["other"], float(given["amount"]), float(given["remains"])

    def seconds(self, bars: float) -> float:
        """Returns how long some bars last now."""
        song = self._link.patch.song
        bpm = self._link.status.get("bpm") or song.bpm or 120.0
        return bars * song.beats_per_bar * 60.0 / float(bpm)

    def step_grid(self) -> None:
        """Takes the next grid."""
        self.grid = (self.grid + 1) % len(GRIDS)

    def step_time(self) -> None:
        """Takes the next time."""
        self.time = (self.time + 1) % len(TIMES)

    def store(self, scope: Sequence[str] | None = None) -> None:
        """Stores what sounds now as a new snapshot. scope: the nodes that it stores; None for all."""
        kept = None if not scope else tuple(sorted(scope))
        self._link.ask(Store(title=new_title(self._link.patch), scope=kept), self._stored, self._refused)

    def store_over(self, id: str) -> None:
        """Stores what sounds now in the place of a snapshot, under its title."""
        old = self._link.patch.snapshots[id]
        request = Store(title=old.title, scope=old.scope, snapshot=id)
        self._link.ask(request, self._stored, self._refused)

    def _stored(self, reply: Reply) -> None:
        if isinstance(reply, Edited) and reply.created:
            self.last = reply.created

    def go(self, id: str) -> None:
        """Goes to a snapshot, on the grid: at once, or from the one before in the time that holds."""
        if id not in self._link.patch.snapshots:
            return
        grid, bars = GRIDS[self.grid][1], TIMES[self.time][1]
        if not bars:
            self.last = id
            self._link.ask(Recall(snapshot=id, at=grid), self._recalled, self._refused)
        elif self.last in self._link.patch.snapshots and self.last != id:
            self._ramp(self.last, id)
        elif self.last == id:
            self._tell("That is where it stands: go to another one.", "plain")
        else:  # a way needs a beginning, which is what sounds now
            self._link.ask(Store(title="Before"), lambda reply: self._from_here(reply, id), self._refused)

    def _from_here(self, reply: Reply, id: str) -> None:
        if isinstance(reply, Edited) and reply.created:
            self._ramp(reply.created, id)

    def _ramp(self, one: str, other: str) -> None:
        self.last = other
        seconds = self.seconds(TIMES[self.time][1])
        self._link.ask(Ramp(one=one, other=other, seconds=seconds, at=GRIDS[self.grid][1]), None, self._refused)

    def pad(self, number: int) -> bool:
        """Goes to the snapshot with a key, 1 to 8; returns whether there is one."""
        found = next((pad for pad in self.pads if pad.number == number), None)
        if found is not None:
            self.go(found.id)
        return found is not None

    def stop(self) -> None:
        """Ends the ramp; knobs stay where they are."""
        self._link.ask(CancelRamp(), None, self._refused)

    def rename(self, id: str, title: str) -> str:
        """Renames a snapshot; returns what is wrong with the title, if anything is."""
        if id not in self._link.patch.snapshots:
            return "it is gone"
        if len(title) > 200:
            return "at most 200 characters"
        new = structs.replace(self._link.patch.snapshots[id], title=title.strip())
        self._link.ask(Do(command=SetSnapshot(id, new), label="Rename snapshot"), None, self._refused)
        return ""

    def delete(self, id: str) -> None:
        """Deletes a snapshot."""
        if id in self._link.patch.snapshots:
            self._link.ask(Do(command=SetSnapshot(id), label="Delete snapshot"), None, self._refused)

    def _recalled(self, reply: Reply) -> None:
        if isinstance(reply, Recalled) and reply.skipped:
            first = reply.skipped[0]
            more = f" (and {len(reply.skipped) - 1} more)" if len(reply.skipped) > 1 else ""
            self._tell(f"Not all of it could be set: {first.text or first.what}{more}", "warning")

    def _refused(self, fault: Fault) -> None:
        self._tell(fault.text or fault.what, "fault")
