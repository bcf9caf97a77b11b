"""A silent JACK client beside a performance: it tells whether the machine itself was late.

`python -m demon_patch.bench.silent_client` plays nothing. For each line on its input it prints one of JSON: the buffers
that it was woken for, how many times it was woken more than half a buffer late, and the xruns of the server.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from contextlib import suppress
from time import perf_counter
from typing import Any

NO_SERVER_START = 1
LATE = 1.5  # buffers between two wakes
NAME = b"silent"
PROCESS, XRUN = (
    ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p),
    ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p),
)


class Wakes:
    """Counts the wakes of a client. rate: of the server, Hz. `wake` and `xrun` are called on JACK's threads."""

    def __init__(self, rate: float) -> None:
        self._rate, self._at = rate, 0.0
        self.buffers = self.late = self.xruns = 0

    def wake(self, frames: int, _: Any = None) -> int:
        """Counts a buffer of so many frames."""
        now = perf_counter()
        if self.buffers and now - self._at > LATE * frames / self._rate:
            self.late += 1
        self._at = now
        self.buffers += 1
        return 0

    def xrun(self, _: Any = None) -> int:
        """Counts an xrun."""
        self.xruns += 1
        return 0

    def told(self) -> str:
        """Returns the counts as a line of JSON."""
        return json.dumps({"buffers": self.buffers, "late": self.late, "xruns": self.xruns})


def main() -> int:
    """Runs the client until its input ends; returns 1 where there is no server."""
    jack = ctypes.CDLL("libjack.so.0")
    jack.jack_client_open.restype = jack.jack_port_register.restype = ctypes.c_void_p
    client = jack.jack_client_open(NAME, NO_SERVER_START, None)
    if not client:
        return 1
    client = ctypes.c_void_p(client)
    wakes = Wakes(float(jack.jack_get_sample_rate(client)))
    process, xrun = PROCESS(wakes.wake), XRUN(wakes.xrun)
    jack.jack_set_process_callback(client, process, None)
    jack.jack_set_xrun_callback(client, xrun, None)
    jack.jack_port_register(client, b"out", b"32 bit float mono audio", ctypes.c_ulong(2), ctypes.c_ulong(0))
    jack.jack_activate(client)
    for _ in sys.stdin:
        print(wakes.told(), flush=True)
    jack.jack_client_close(client)
    return 0


class SilentClient:
    """The client as a process of its own. pid: of it."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "demon_patch.bench.silent_client"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self.pid = self._process.pid

    def read(self) -> dict[str, int]:
        """Returns its counts since it began; empty once it has ended."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with suppress(OSError, ValueError):
            stdin.write("\n")
            stdin.flush()
            return json.loads(stdout.readline())
        return {}

    def close(self) -> None:
        """Ends the process."""
        with suppress(OSError):
            self._process.communicate(timeout=10)
        self._process.kill()
        self._process.wait(10)


if __name__ == "__main__":
    sys.exit(main())
