"""Which snapshot a MIDI program recalls."""

from __future__ import annotations

import re

from demon_patch.patch.model.document import Patch


def programs(patch: Patch) -> list[str]:
    """Returns the ids of the snapshots in the order of the programs, from program 0 on: by title, numbers in titles as
    numbers, then by id."""

    def place(id: str) -> tuple[list[tuple[bool, int, str]], str]:
        parts = re.split(r"([0-9]+)", patch.snapshots[id].title.casefold())
        numbered = [(not part.isdecimal(), int(part[:18]) if part.isdecimal() else 0, part) for part in parts if part]
        return numbered, id

    return sorted(patch.snapshots, key=place)


def snapshot_of_program(patch: Patch, program: int) -> str | None:
    """Returns the id of the snapshot of a program, 0 to 127; None if there is none."""
    listed = programs(patch)
    return listed[program] if 0 <= program < len(listed) else None
