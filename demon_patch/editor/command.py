"""The command `demon-patch edit`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from demon_patch.console import examples
from demon_patch.errors import DemonError

EXAMPLES = examples("demon-patch edit first.dpatch.json", "demon-patch edit --connect 127.0.0.1:8765 --theme light")


def edit(
    patch: Path | None = None,
    *,
    connect: str = "",
    theme: str = "",
    size: str = "1280x800",
    scale: float = 0.0,
    device: str | None = None,
    model: str | None = None,
    view: str = "canvas",
    drive: Annotated[Path | None, Parameter(show=False)] = None,
) -> None:
    """Opens the editor: a window in which a patch is wired, turned and heard while it plays.

    It joins the host that plays the patch on this machine, or starts one, which plays on when the window is closed.

    Parameters:
        patch: A patch file (*.dpatch.json), or a pack (*.dpatch); by default what plays already, else first-light.
        connect: The address of a running host, HOST:PORT.
        theme: The colours: dark or light; by default as the editor's settings say, else dark.
        size: The size of the window, WIDTHxHEIGHT.
        scale: How many pixels of the display one of ours has, 0.5 to 4; by default as the display says.
        device: Part of the sound device's name, for a host that is started; none for a clock without a sound card.
        model: The model that plays, in place of the patch's own, for a host that is started.
        view: What the window shows: canvas, or dashboard (the controls alone, as for a second screen).
        drive: A socket on which tests ask questions.
    """
    check_display()
    from demon_patch.editor.look.theme import THEMES
    from demon_patch.editor.options import Options
    from demon_patch.editor.panels.settings_file import load

    own, _ = load()
    theme, scale = theme or own.theme, scale or own.scale
    if theme not in THEMES:
        raise DemonError(f"there is no theme {theme!r}", mend=f"write {' or '.join(THEMES)}")
    if scale and not 0.5 <= scale <= 4.0:
        raise DemonError(f"a scale of {scale:g}", mend="write 0.5 to 4")
    if patch is not None and not patch.is_file():
        raise DemonError("there is no such file", file=patch, mend="demon-patch new makes a patch")
    host = [*(("--device", device) if device else ()), *(("--model", model) if model else ())]
    options = Options(patch, connect, THEMES[theme], size_of(size), scale, tuple(host), drive)
    if view == "dashboard":
        from demon_patch.editor.dashboard.view import dashboard_view as run
    elif view == "canvas":
        from demon_patch.editor.app import run
    else:
        raise DemonError(f"there is no view {view!r}", mend="write canvas or dashboard")
    run(options)


def size_of(text: str) -> tuple[int, int]:
    """Reads WIDTHxHEIGHT."""
    found = re.fullmatch(r"(\d{3,5})[x×](\d{3,5})", text.strip().lower())
    if found is None or int(found[1]) < 640 or int(found[2]) < 420:
        raise DemonError(f"{text!r} is no size of a window", mend="write WIDTHxHEIGHT, at least 640x420")
    return int(found[1]), int(found[2])


def check_display() -> None:
    """Raises DemonError where there is no display for a window."""
    if sys.platform != "linux" or os.environ.get("DISPLAY"):
        return
    if os.environ.get("WAYLAND_DISPLAY"):
        raise DemonError("the editor needs XWayland, and DISPLAY is not set", mend="switch XWayland on")
    raise DemonError("there is no display for a window", mend="demon-patch play shows a patch in the terminal")
