"""Fills the tables of keys in docs/editor.md: python -m demon_patch.editor.hands.keys_page docs/editor.md

The page marks the place by `<!-- table: keys -->` before it and `<!-- end -->` after it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from demon_patch.editor.hands.keys import Keys

_PLACE = re.compile(r"(<!-- table: keys -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Returns the page with the tables of the keys as they are in the key table."""
    return _PLACE.sub(lambda found: found[1] + tables() + found[2], page)


def tables() -> str:
    """Returns a table for each heading of the cheat sheet. Bookmarks, one for each digit, are one line."""
    lines = list[str]()
    for heading, rows in Keys().sheet().items():
        lines += ["", f"**{heading}**", "", "| | |", "|---|---|"]
        for keys, title in rows:
            if re.search(r"[2-9]$", title):
                continue
            more = " to 9" if title.endswith(" 1") else ""
            lines.append(f"| {keys}{more} | {title}{more} |")
    return "\n".join([*lines, "", ""])


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(filled(file.read_text(encoding="utf-8")), encoding="utf-8")
