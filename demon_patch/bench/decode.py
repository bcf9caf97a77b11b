"""Measures the decode of a window against the decode of a whole song, and the speed of a ring of the embedded
family."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from demon_patch.engine.session import Session

if sys.platform != "win32":
    import resource

KEPT = 25  # frames of the window that is timed
LONG = 60.0  # seconds of the whole decode


def milliseconds(work: Callable[[], object], runs: int) -> float:
    """Returns the median processor time of `runs` calls, in milliseconds, after one call to warm up. On one thread this
    is the time that a call takes on an idle machine."""
    work()
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1e3 * median(times)


def peak_memory() -> float | None:
    """Returns the most memory that this process has held, in MB; None on Windows."""
    if sys.platform == "win32":
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def decibels(difference: float, peak: float) -> float:
    """Returns the level of an amplitude difference relative to a peak in the same unit, in dB; -240 for none."""
    return 20.0 * float(np.log10(difference / peak + 1e-12))


def measure_decode(session: Session, runs: int = 7) -> dict[str, Any]:
    """Returns times, in ms on one thread, of decoding a window and the whole song, their ratio, and the difference of
    the two sounds with either margin."""
    spec = session.spec
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        song = session.compose("techno", seconds=LONG, seed=1).latent
        start, per = song.shape[0] // 2, spec.samples_per_frame
        whole = session.decode(song)
        kept = whole[start * per : (start + KEPT) * per]
        peak = float(np.abs(whole).max())

        def window(margin: int) -> float:
            return float(np.abs(session.decode(song, start=start, frames=KEPT, margin=margin) - kept).max())

        live = round(0.32 * spec.frame_rate)
        result = {
            "family": spec.name,
            "whole_seconds": LONG,
            "whole_ms": milliseconds(lambda: session.decode(song), max(runs // 3, 2)),
            "window_frames": KEPT,
            "window_ms": milliseconds(lambda: session.decode(song, start=start, frames=KEPT), runs),
            "playing_window_frames": live,
            "playing_window_ms": milliseconds(lambda: session.decode(song, start=start, frames=live), runs),
            "playing_margin": spec.playing_margin,
            "playing_difference_db": decibels(window(spec.playing_margin), peak),
            "exact_margin": spec.exact_margin,
            "exact_difference": window(spec.exact_margin) / peak,
        }
    finally:
        torch.set_num_threads(threads)
    result["ratio"] = result["whole_ms"] / result["window_ms"]
    return result


def measure_playing(session: Session, seconds: float = 24.0, ticks: int = 24) -> dict[str, Any]:
    """Returns the tick time in ms and the completions a second of a full ring on a song of `seconds` seconds, at the
    family's steps and ring depth, with one request a tick."""
    source = session.compose("house", seconds=seconds, seed=2)
    prompt = session.prompt("acid")
    ring = session.ring(source)
    times: list[float] = []
    done = 0
    for tick in range(2 * session.spec.steps + ticks):
        ring.submit(session.request(prompt, source, strength=0.8, seed=tick))
        start = time.perf_counter()
        finished = ring.tick()
        if tick >= 2 * session.spec.steps:
            times.append(time.perf_counter() - start)
            done += len(finished)
    return {
        "family": session.spec.name,
        "song_seconds": seconds,
        "steps": session.spec.steps,
        "depth": ring.depth,
        "lanes": session.executor.lanes.count,
        "tick_ms": 1e3 * median(times),
        "completions_per_second": done / sum(times),
        "peak_mb": peak_memory(),
    }
