"""Measures and breaks text by the font's own table of widths, so that layout needs no window.

Sizes are those that `draw_text` takes: from ascent to descent, in canvas units.
"""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
"""The folder of the fonts."""
FILES = {False: FONTS / "Inter-Medium.ttf", True: FONTS / "Inter-SemiBold.ttf"}
"""The font files, by whether they are bold."""
_ELSE = 0.5  # of a character that the font does not have
_WIDE = 0.83  # of one that other fonts draw as a square


@lru_cache(maxsize=1)
def _widths() -> dict[bool, dict[str, float]]:
    tables = json.loads((FONTS / "widths.json").read_text(encoding="utf-8"))
    return {False: tables["Medium"], True: tables["SemiBold"]}


def covered(text: str) -> bool:
    """Returns whether the editor's own font has all characters of a text."""
    known = _widths()[False]
    return all(char in known or char in "\n\t" for char in text)


@lru_cache(maxsize=8192)
def width(text: str, size: float, bold: bool = False) -> float:
    """Returns the width of a line of text."""
    table, total = _widths()[bold], 0.0
    for char in text:
        known = table.get(char)
        if known is None:
            known = 0.0 if unicodedata.combining(char) else _WIDE if _is_wide(char) else _ELSE
        total += known
    return size * total


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


@lru_cache(maxsize=4096)
def fitted(text: str, size: float, most: float, bold: bool = False) -> str:
    """Returns a text that is no wider than `most`: cut, with an ellipsis, where it is too long; empty where not even
    that has room."""
    text = " ".join(text.split())
    if width(text, size, bold) <= most:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if width(text[:middle].rstrip() + "…", size, bold) <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if width("…", size, bold) <= most else ""


def wrapped(text: str, size: float, most: float, lines: int = 0, bold: bool = False) -> list[str]:
    """Returns a text as lines no wider than `most`, broken between words, and within a word that is too long.

    lines: how many at most; the last one is then cut with an ellipsis. 0 for any number.
    """
    made: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            joined = f"{line} {word}" if line else word
            if width(joined, size, bold) <= most:
                line = joined
                continue
            if line:
                made.append(line)
            *whole, line = _pieces(word, size, most, bold)
            made.extend(whole)
        made.append(line)
    if 0 < lines < len(made):
        made = [*made[: lines - 1], fitted(" ".join(made[lines - 1 :]), size, most, bold)]
    return made


def _pieces(word: str, size: float, most: float, bold: bool) -> list[str]:
    """Cuts a word into pieces no wider than `most`, of at least one character each."""
    made, piece = [], ""
    for char in word:
        if piece and width(piece + char, size, bold) > most:
            made.append(piece)
            piece = ""
        piece += char
    return [*made, piece]
