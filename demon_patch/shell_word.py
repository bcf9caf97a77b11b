"""Writes names of files as words of a command line, for commands that messages suggest."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

_PLAIN = re.compile(r"[\w.,:+/\\-]+")


def shell_word(name: str | Path) -> str:
    """Returns a name as one word of this system's shell: in quotes where it has spaces or other characters that a shell
    reads."""
    text = str(name)
    if os.name == "posix":
        return shlex.quote(text)
    return text if _PLAIN.fullmatch(text) else f'"{text}"'
