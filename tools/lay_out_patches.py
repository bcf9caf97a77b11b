"""Lays patch files out anew, so that no two nodes overlap at the sizes that they have in the editor.

    python -m tools.lay_out_patches patches/*.dpatch.json

Only places of nodes, frames, notes and probes change: the patches sound as before.
"""

from __future__ import annotations

import sys
from pathlib import Path

from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.layout.whole_patch import laid_out, overlaps
from demon_patch.patch.files.format import dumps, loads


def main() -> None:
    """Lays the files out that are named."""
    facts = Facts()
    for path in map(Path, sys.argv[1:]):
        before = loads(path.read_text(encoding="utf-8"), path)
        after = laid_out(before, facts)
        path.write_text(dumps(after), encoding="utf-8")
        print(path.name, "overlaps before:", len(overlaps(before, facts)), "after:", len(overlaps(after, facts)))


if __name__ == "__main__":
    main()
