"""Tells symbolic links that lead to no file."""

from __future__ import annotations

import errno
import os
from pathlib import Path

MEND = "put the file itself in its place"
"""What to do about a link that leads to no file."""
CIRCLE = "a link that leads back to itself"
"""What `broken` says of such a link."""
_SHOWN = 200  # characters of a link's target that a message shows
_WINDOWS_CIRCLE = 1921  # the error of Windows for links that lead round


def broken(path: str | Path) -> str:
    """Returns what a path is, if it is a link that leads to no file: CIRCLE, or "a link to x, which does not exist".
    Returns "" for every other path.

    A path through a folder that is a link which leads back to itself counts too. Never raises OSError.
    """
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP or getattr(error, "winerror", None) == _WINDOWS_CIRCLE:
            return CIRCLE
        if os.path.islink(path):
            target = os.readlink(path)
            plain = target.isprintable() and len(target) <= _SHOWN
            return f"a link to {target if plain else 'a file'}, which does not exist"
    except ValueError:
        pass  # of a name that no file can have
    return ""
