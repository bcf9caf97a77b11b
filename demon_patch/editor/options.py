"""The options of the editor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demon_patch.editor.look.theme import DARK, Theme


@dataclass(frozen=True, slots=True)
class Options:
    """What the editor is started with.

    file: the patch. connect: the address of a running host. theme: the colours. size: of the window, in pixels of ours.
    scale: pixels of the display for one of ours; 0 asks the display. host: further options of a host that is started.
    drive: a socket on which tests ask questions.
    """

    file: Path | None = None
    connect: str = ""
    theme: Theme = DARK
    size: tuple[int, int] = (1280, 800)
    scale: float = 0.0
    host: tuple[str, ...] = ()
    drive: Path | None = None
