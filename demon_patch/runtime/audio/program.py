"""The command line that starts the programs of this folder."""

from __future__ import annotations

import sys
from pathlib import Path


def command(*arguments: str) -> list[str]:
    """Returns the command line that starts an audio process of this package and never searches the working folder.

    arguments: its settings as JSON, else it reads them from standard input; `devices` lists the sound devices instead.
    """
    return [sys.executable, "-P", str(Path(__file__).resolve().with_name("__main__.py")), *arguments]
