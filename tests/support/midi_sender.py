"""A MIDI device that is independent of the program: the sender in C (midi_sender.c), compiled and started."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.paths import ROOT

Timed = tuple[float, Sequence[int]]
"""When a message is sent, in milliseconds, and its bytes."""


def compiled_sender(folder: Path) -> Path:
    """Compiles the sender; skips the test where there is no C compiler or no C headers."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("not installed: gcc (a C compiler)")
    made = folder / "midi_sender"
    source = ROOT / "tests" / "support" / "midi_sender.c"
    built = subprocess.run([compiler, "-o", made, source, "-ldl"], capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.skip(f"no C headers: {built.stderr[:200]}")
    return made


def send(sender: Path, name: str, events: Sequence[Timed]) -> subprocess.Popen[str]:
    """Starts a device that sends as soon as it is heard."""
    text = "".join(f"{at} {' '.join(f'{byte:02x}' for byte in message)}\n" for at, message in events)
    started = subprocess.Popen([sender, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert started.stdin is not None
    started.stdin.write(text)
    started.stdin.close()
    return started
