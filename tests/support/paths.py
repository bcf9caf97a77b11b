"""Where the files of the project lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PATCHES = ROOT / "patches"
DOCS = ROOT / "docs"
