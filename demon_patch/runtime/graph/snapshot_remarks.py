"""Finds Snapshot nodes that never recall anything."""

from __future__ import annotations

from collections.abc import Iterator

from demon_patch.errors import PatchError
from demon_patch.nodes.editing.snapshot_places import missing_at
from demon_patch.nodes.library.control.snapshot import PLACE, RECALL, SNAPSHOT
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.graph.wiring import Wiring


def snapshot_remarks(patch: Patch, wiring: Wiring) -> Iterator[PatchError]:
    """Yields a remark for each Snapshot node whose gate has no cable, or whose place, as far as no cable moves it, has
    no snapshot."""
    have = len(patch.snapshots)
    for id, declaration in wiring.known.items():
        if declaration.id != SNAPSHOT or wiring.rests(id):
            continue
        place = round(wiring.knob(id, declaration.by_name[PLACE]))
        if (id, RECALL) not in wiring.into:
            yield PatchError("it never recalls: nothing is wired to it", node=id, port=RECALL, mend="wire a gate to it")
        elif place > have and ((id, PLACE) not in wiring.into or not have):
            yield missing_at(patch, place, id, PLACE)
