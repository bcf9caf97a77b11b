"""Compares our own canvas with the node editor that Dear PyGui brings, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from demon_patch.errors import DemonError

AIMS = {"zoom": 1 / 20, "pan": 1 / 2, "telemetry": 1.0}
"""What our own canvas may take at most, as shares of what the node editor takes."""
OPENING_MS = 250.0
"""What our own canvas may take at most to show the patch for the first time."""
VIEWS = {"all": "all in view", "close": "at 100 %"}
PATIENCE = 120.0  # seconds


def rows() -> Iterator[dict[str, Any]]:
    """Yields a row for each view and kind of frame: milliseconds of our own work on both canvases, their ratio, what
    ours may take at most, and milliseconds of drawing."""
    for view, title in VIEWS.items():
        own, other = figures("own", view), figures("imnodes", view)
        for name in ("opening", *AIMS):
            yield {
                "clip": f"{title}: {name}",
                "own_ms": own[name],
                "imnodes_ms": other[name],
                "ratio": own[name] / other[name],
                "aim_ms": AIMS[name] * other[name] if name in AIMS else OPENING_MS,
                "own_draw_ms": own.get(f"{name}_draw", 0.0),
                "imnodes_draw_ms": other.get(f"{name}_draw", 0.0),
                "nodes_seen": own["nodes"],
            }


def figures(which: str, view: str) -> dict[str, Any]:
    """Measures one canvas in a process of its own: Dear PyGui has one context a process. Raises DemonError."""
    command = [sys.executable, "-P", "-m", "demon_patch.editor.measure.frames", which, view]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode:
        raise DemonError(f"the canvas was not measured: {done.stderr.strip()[-400:]}", mend="see demon-patch doctor")
    return json.loads(done.stdout.splitlines()[-1])
