"""A sound card made of software: the JACK server with its dummy driver, and what is heard on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

RATE = 48_000
NEEDED = ("jackd", "jack_lsp", "jack_rec")


def require_jack() -> None:
    """Skips the test where JACK is missing; in CI that is a failure."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: jackd2)")


def ports() -> str:
    """The ports of the running server; empty without one."""
    listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=False)
    return listed.stdout if listed.returncode == 0 else ""


def until(condition: object, seconds: float = 20.0) -> bool:
    """Waits until a callable is true."""
    end = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.05)
    return bool(held)


def name_server() -> None:
    """Lets this process and its later children look for the server of this process, also before it runs."""
    os.environ["JACK_DEFAULT_SERVER"] = f"tests{os.getpid()}"


@contextmanager
def server(outputs: int = 2) -> Iterator[None]:
    """A running server with a dummy card of so many outputs, of its own name: that of this process and its children."""
    name_server()
    command = ["jackd", "-n", os.environ["JACK_DEFAULT_SERVER"], "--realtime", "-P10"]
    command += ["-d", "dummy", "-r", str(RATE), "-p", "512", "-P", str(outputs)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: "system:playback_1" in ports()), "the JACK server did not start"
        yield
    finally:
        process.terminate()
        process.wait(20)


def record(path: Path, seconds: float, *sources: str) -> subprocess.Popen[bytes]:
    """Starts recording ports to a WAV file."""
    command = ["jack_rec", "-f", str(path), "-d", str(seconds), "-b", "16", *sources]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
