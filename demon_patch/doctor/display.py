"""Checks of the display and of OpenGL, which the editor needs and playing does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path

from demon_patch.doctor.findings import FINE, WARNING, Finding

WAIT_SECONDS = 15.0
SOCKETS = Path("/tmp/.X11-unix")
SOFTWARE = re.compile("llvmpipe|softpipe|swrast|software", re.IGNORECASE)
PLAYS = "`play` works in a terminal without one"


def display() -> Iterator[Finding]:
    """Looks for a display on which windows can be opened."""
    if sys.platform == "win32":
        yield Finding(FINE, "the windows of Windows")
    elif sys.platform == "darwin":
        yield Finding(FINE, "the windows of macOS")
    else:
        found = [*_wayland(), *_x11()]
        yield from found or [Finding(WARNING, "there is no display: the editor cannot open", PLAYS)]


def opengl() -> Iterator[Finding]:
    """Looks at OpenGL through a program of the system that tells about it."""
    if sys.platform in ("win32", "darwin"):
        yield Finding(FINE, "OpenGL comes with the graphics driver; its version cannot be looked at from here")
        return
    library = find_library("GL") or find_library("OpenGL")
    if library is None:
        yield Finding(WARNING, "OpenGL's library is missing: the editor cannot open", "on Debian: apt install libgl1")
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        yield Finding(WARNING, f"{library} is there; without a display its version cannot be looked at", PLAYS)
        return
    tools = [[path, *more] for name, *more in (("glxinfo", "-B"), ("eglinfo", "-B")) if (path := shutil.which(name))]
    if not tools:
        what = f"{library} is there; its version cannot be looked at, as no program tells it"
        yield Finding(FINE, f"{what} (on Debian: apt install mesa-utils)")
        return
    said = [text for tool in tools if (text := _said(tool))]
    yield _read("\n".join(said), library)


def _read(said: str, library: str) -> Finding:
    """Returns what a program told about OpenGL."""
    facts = {
        name: found[1].strip()
        for name in ("renderer", "version")
        if (found := re.search(rf"OpenGL(?: core profile| compatibility profile)? {name}(?: string)?:(.*)", said))
    }
    if "version" not in facts:
        return Finding(WARNING, f"{library} is there, but no OpenGL came of it", "install your graphics driver")
    shown = f"OpenGL {facts['version']}, {facts.get('renderer', 'by an unknown renderer')}"
    if SOFTWARE.search(shown):
        return Finding(
            WARNING, f"{shown}: the processor draws, which takes its time from the sound", "install a driver"
        )
    return Finding(FINE, shown)


def _said(command: list[str]) -> str:
    """Returns what a program printed; empty where it failed."""
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=WAIT_SECONDS, check=False, text=True
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return done.stdout


def _wayland() -> Iterator[Finding]:
    name = os.environ.get("WAYLAND_DISPLAY")
    if not name:
        return
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    if Path(folder, name).exists():
        yield Finding(FINE, "a Wayland display")
    else:
        yield Finding(WARNING, "WAYLAND_DISPLAY names a display that is not there", "log in to the desktop again")


def _x11() -> Iterator[Finding]:
    name = os.environ.get("DISPLAY")
    if not name:
        return
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", name)
    if local is None:
        yield Finding(FINE, "an X11 display of another machine, or forwarded; the editor may be slow")
    elif (SOCKETS / f"X{local[1]}").exists() or sys.platform != "linux":
        yield Finding(FINE, "an X11 display")
    else:
        yield Finding(WARNING, "DISPLAY names a display that is not there", "log in to the desktop again")
