"""Finds fonts of the system for scripts that the editor's own font does not have."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple

from demon_patch.editor.look.text import covered

Script = Literal["own", "letters", "east asian", "signs"]
"""own: the editor's font has it. letters: Greek, Cyrillic, Hebrew, Arabic and other alphabets. east asian: Chinese,
Japanese, Korean. signs: the rest."""

FILES: dict[Script, tuple[str, ...]] = {
    "letters": (
        "NotoSans-Medium.ttf", "NotoSans-Regular.ttf", "DejaVuSans.ttf", "LiberationSans-Regular.ttf", "segoeui.ttf",
        "Arial Unicode.ttf", "arial.ttf", "Helvetica.ttc", "FreeSans.ttf",
    ),
    "east asian": (
        "NotoSansCJK-Medium.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf", "SourceHanSans.ttc",
        "Hiragino Sans GB.ttc", "PingFang.ttc", "msyh.ttc", "YuGothM.ttc", "malgun.ttf", "wqy-microhei.ttc",
        "DroidSansFallbackFull.ttf", "Arial Unicode.ttf",
    ),
    "signs": (
        "NotoSansSymbols2-Regular.ttf", "NotoMusic-Regular.ttf", "DejaVuSans.ttf", "seguisym.ttf", "Apple Symbols.ttf",
        "Symbola.ttf", "NotoSansSymbols-Regular.ttf", "FreeSerif.ttf",
    ),
}  # fmt: skip
"""File names of fonts, best first."""

_DEEPEST = 4  # folders within folders of fonts


class SystemFont(NamedTuple):
    """A font of the system. script: what it is used for."""

    script: Script
    path: Path

    @property
    def name(self) -> str:
        """Its file's name, as it is told to the player."""
        return self.path.stem


def script_of(char: str) -> Script:
    """Returns which kind of font a character needs."""
    if covered(char):
        return "own"
    code = ord(char)
    if 0x2E80 <= code <= 0x9FFF or 0xAC00 <= code <= 0xD7FF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF:
        return "east asian"
    if 0x1100 <= code <= 0x11FF or 0xFF00 <= code <= 0xFFEF:
        return "east asian"
    return "letters" if char.isalpha() or char.isdecimal() else "signs"


def scripts_in(text: str) -> list[Script]:
    """Returns which kinds of fonts a text needs, most frequent first, without `own`."""
    counts: dict[Script, int] = {}
    for char in text:
        if not char.isspace() and (script := script_of(char)) != "own":
            counts[script] = counts.get(script, 0) + 1
    return sorted(counts, key=lambda script: -counts[script])


def folders() -> list[Path]:
    """Returns the folders where the system keeps fonts."""
    home = Path.home()
    if sys.platform == "win32":
        root = Path(os.environ.get("WINDIR", "C:/Windows"))
        return [root / "Fonts", home / "AppData/Local/Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    return [home / ".local/share/fonts", home / ".fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts")]


def _files(folder: Path, depth: int = 0) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.lower().endswith((".ttf", ".ttc", ".otf")):
            yield Path(entry.path)
        elif depth < _DEEPEST and entry.is_dir():
            yield from _files(Path(entry.path), depth + 1)


def found_in(places: Sequence[Path]) -> list[SystemFont]:
    """Returns the best font for each kind of script that some folders have."""
    there: dict[str, Path] = {}
    for folder in places:
        for path in _files(folder):
            there.setdefault(path.name.lower(), path)
    found = []
    for script, names in FILES.items():
        path = next((there[name.lower()] for name in names if name.lower() in there), None)
        if path is not None:
            found.append(SystemFont(script, path))
    return found


@lru_cache(maxsize=1)
def system_fonts() -> tuple[SystemFont, ...]:
    """Returns the best font of the system for each kind of script. Reads the folders once."""
    return tuple(found_in(folders()))


def font_for(text: str) -> SystemFont | None:
    """Returns the font of the system that a text needs; None where the editor's own has all of it, or none is there."""
    for script in scripts_in(text):
        for font in system_fonts():
            if font.script == script:
                return font
    return None
