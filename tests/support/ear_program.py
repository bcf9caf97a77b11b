"""A listener on JACK ports, run as a program of its own: what it hears, and when.

`python ear.py SECONDS FILE.npz`: opens a recording client, prints `ready` once it runs, and writes `sound` [n, 2]
float32, `firsts` (the index of each block's first frame) and `times` (when that frame passed through JACK, on the
clock of the audio process).
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import sounddevice


def main(seconds: float, path: str) -> None:
    rate = 48_000
    sound = np.zeros((round(seconds * rate) + 8192, 2), np.float32)
    marks: list[tuple[int, float]] = []
    filled = 0

    def hear(block: Any, frames: int, when: Any, status: Any) -> None:
        nonlocal filled
        now = time.perf_counter()
        if filled + frames <= len(sound):
            sound[filled : filled + frames] = block
            marks.append((filled, now))
            filled += frames

    with sounddevice.InputStream(samplerate=rate, channels=2, dtype="float32", latency="low", callback=hear):
        print("ready", flush=True)
        while filled < round(seconds * rate):
            time.sleep(0.02)
    np.savez(path, sound=sound[:filled], firsts=[mark[0] for mark in marks], times=[mark[1] for mark in marks])


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
