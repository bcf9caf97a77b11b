"""The audio process, started by hand."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict

from demon_patch.runtime.audio.process import Settings, command


def started(settings: Settings) -> subprocess.Popen[bytes]:
    """A process on these settings."""
    process = subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(settings)).encode() + b"\n")
    process.stdin.flush()
    return process
