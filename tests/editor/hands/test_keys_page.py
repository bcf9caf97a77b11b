"""The page of the editor has the keys that the key table has, and a picture for each that it shows."""

from __future__ import annotations

import re

from demon_patch.editor.hands.keys import TABLE, said
from demon_patch.editor.hands.keys_page import filled, tables
from tests.support.paths import DOCS

FILE = DOCS / "editor.md"
PAGE = FILE.read_text(encoding="utf-8")


def test_the_page_is_as_it_would_be_made() -> None:
    assert filled(PAGE) == PAGE, "run python -m demon_patch.editor.hands.keys_page docs/editor.md"


def test_all_keys_are_there() -> None:
    found = tables()
    for row in TABLE:
        if row.keys and not re.search(r"[2-9]$", row.title):
            assert f"| {' or '.join(map(said, row.keys))} " in found, row


def test_its_pictures_are_there_and_small() -> None:
    pictures = [FILE.parent / name for name in re.findall(r"\]\((editor/[\w-]+\.png)\)", PAGE)]
    assert len(pictures) >= 15
    assert not [file.name for file in pictures if not file.is_file()]
    assert sum(file.stat().st_size for file in pictures) < 3_000_000
