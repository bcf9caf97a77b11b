"""The places of snapshots: by them MIDI programs and Snapshot nodes name a snapshot."""

from __future__ import annotations

import re

from demon_patch.errors import PatchError
from demon_patch.patch.model.document import Patch


def in_order(patch: Patch) -> list[str]:
    """Returns the ids of the snapshots from place 1 on: by title, numbers in titles as numbers, then by id."""

    def order(id: str) -> tuple[list[tuple[bool, int, str]], str]:
        parts = re.split(r"([0-9]+)", patch.snapshots[id].title.casefold())
        numbered = [(not part.isdecimal(), int(part[:18]) if part.isdecimal() else 0, part) for part in parts if part]
        return numbered, id

    return sorted(patch.snapshots, key=order)


def snapshot_at(patch: Patch, place: int) -> str | None:
    """Returns the id of the snapshot at a place, counted from 1; None if there is none."""
    listed = in_order(patch)
    return listed[place - 1] if 1 <= place <= len(listed) else None


def missing_at(patch: Patch, place: int, node: str, port: str) -> PatchError:
    """Returns the error for a port of a node that names a place without a snapshot."""
    have = len(patch.snapshots)
    what = f"it asks for snapshot {place}: the patch has {have or 'no'} snapshot{'s' if have != 1 else ''}"
    mend = f"let the place be 1 to {have}" if have else "store a snapshot"
    return PatchError(what, node=node, port=port, mend=mend)
