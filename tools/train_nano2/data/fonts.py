"""The soundfonts that the clips are made with, and the check that they are the ones whose licences were read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

SEARCHED = (Path("/usr/share/sounds/sf2"), Path("/usr/share/soundfonts"))
"""Where distributions put soundfonts."""


@dataclass(frozen=True, slots=True)
class Font:
    """A soundfont.

    name: the name in labels.
    file: the name of its file.
    digest: SHA-256 of the file, in hexadecimal.
    package: the Debian package that contains it.
    share: the share of the bands that it plays, 0 to 1.
    """

    name: str
    file: str
    digest: str
    package: str
    share: float


FONTS = (
    Font(
        "MuseScore General", "MuseScore_General_Full.sf2",
        "59287cbb0f424ec76d1bc269eee40dfe0b02252588d72eb016b5d2382e710a8f", "musescore-general-soundfont-lossless", 0.6,
    ),
    Font(
        "Fluid R3", "FluidR3_GM.sf2", "74594e8f4250680adf590507a306655a299935343583256f3b722c48a1bc1cb0",
        "fluid-soundfont-gm", 0.4,
    ),
)  # fmt: skip


class FontError(Exception):
    """A soundfont cannot be used. The message says what to do about it."""


def find_fonts(folders: tuple[Path, ...], cache: Path | None = None) -> dict[str, Path]:
    """Returns the path of every soundfont by its name in labels. Raises FontError for a soundfont that is missing, or
    that is not the known file.

    cache: a file that remembers checked digests by size and time of change, since reading both fonts takes seconds.
    """
    known: dict[str, str] = json.loads(cache.read_text("utf-8")) if cache and cache.exists() else {}
    found: dict[str, Path] = {}
    for font in FONTS:
        paths = [folder / font.file for folder in (*folders, *SEARCHED) if (folder / font.file).exists()]
        if not paths:
            places = ", ".join(map(str, (*folders, *SEARCHED)))
            raise FontError(
                f"{font.file} is in none of {places}: install the Debian package {font.package}, "
                f"or name the folder that holds it with --fonts"
            )
        status = paths[0].stat()
        mark = f"{paths[0]} {status.st_size} {status.st_mtime_ns}"
        if known.get(mark) != font.digest:
            digest = _digest(paths[0])
            if digest != font.digest:
                raise FontError(
                    f"{paths[0]} is another file than the clips were made with (SHA-256 {digest[:12]}..., expected "
                    f"{font.digest[:12]}...): install the Debian package {font.package}"
                )
            known[mark] = digest
        found[font.name] = paths[0]
    if cache:
        cache.write_text(json.dumps(known), "utf-8")
    return found


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
