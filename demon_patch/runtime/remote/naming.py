"""Names of new sound files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path


def sound_name(file: Path | None, what: str, suffix: str = "wav") -> str:
    """Returns the name of a new sound file: that of the patch, `what`, date and time, and the suffix."""
    name = "patch" if file is None else file.name.split(".")[0]
    return f"{name}-{what}-{datetime.now():%Y-%m-%d-%H%M%S}.{suffix}"
