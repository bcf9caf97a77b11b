"""Gives a preview to the player of sounds that the system has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def command(path: Path, platform: str = sys.platform) -> list[str]:
    """Returns the command that opens a file in the system's own program; empty where there is another way."""
    if platform.startswith("win"):
        return []
    return ["open" if platform == "darwin" else "xdg-open", str(path)]


def play(path: Path) -> str:
    """Plays a sound; returns why that does not work, or an empty text."""
    made = command(path)
    try:
        if made:
            subprocess.Popen(made, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        else:
            os.startfile(path)  # type: ignore[attr-defined]
    except OSError as error:
        return f"{path.name} cannot be played: {error.strerror or error}"
    return ""
