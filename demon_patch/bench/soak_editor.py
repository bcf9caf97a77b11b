"""The editor as a process of its own, shown while a soak runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from demon_patch.errors import DemonError

COMMAND = [sys.executable, "-P", "-c", "from demon_patch.cli import main; main()", "edit"]


@contextmanager
def shown_editor(url: str) -> Iterator[int]:
    """An editor in a window on a host; gives its process id. Raises DemonError where there is no display."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        raise DemonError("there is no display for the editor", mend="leave out --editor, or use xvfb-run")
    process = subprocess.Popen(
        [*COMMAND, "--connect", url.removeprefix("ws://")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait(30)
