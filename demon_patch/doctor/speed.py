"""Checks of speed: a short run of the embedded model, measured against real time."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from demon_patch.doctor.findings import FAULT, FINE, WARNING, Finding

SONG_SECONDS = 12.0
TICKS = 8
DECODES = 5
SLOW_TICKS = 1.0  # completions a second below which a change is heard seconds later
SLOW_DECODE = 0.5  # of real time, above which little is left for the model
BUSY = "close other programs, and play with a smaller `depth` of the Scheduler"


def speed() -> Iterator[Finding]:
    """Measures a tick of a full ring, and the decode of one second of sound."""
    from demon_patch.bench.decode import measure_playing
    from demon_patch.engine.families import DEFAULT_MODEL
    from demon_patch.engine.session import Session

    session = Session.load(DEFAULT_MODEL)
    row = measure_playing(session, SONG_SECONDS, TICKS)
    yield tick(row["tick_ms"], row["completions_per_second"], row["lanes"], row["depth"])
    latent = session.compose("house", seconds=SONG_SECONDS, seed=2).latent
    frames, took = round(session.spec.frame_rate), []
    for _ in range(DECODES):
        began = perf_counter()
        session.decode(latent, start=2 * frames, frames=frames)
        took.append(perf_counter() - began)
    yield decode(min(took) * session.spec.frame_rate / frames)


def tick(milliseconds: float, completions: float, lanes: int, depth: int) -> Finding:
    """Returns what a measured tick means.

    milliseconds: median time of a tick. completions: finished generations a second.
    """
    what = f"a tick takes {milliseconds:.0f} ms, {completions:.1f} generations a second"
    details = (f"{lanes} lanes, ring depth {depth}, a song of {SONG_SECONDS:g} s",)
    if completions < SLOW_TICKS:
        return Finding(WARNING, f"{what}: what you turn is heard late", BUSY, details)
    return Finding(FINE, what, details=details)


def decode(seconds: float) -> Finding:
    """Returns what the decode of one second of sound, which took `seconds`, means."""
    what = f"one second of sound is decoded in {1e3 * seconds:.0f} ms, {1 / max(seconds, 1e-9):.1f} times real time"
    if seconds >= 1.0:
        return Finding(FAULT, f"{what}: this machine is too slow or too busy to play live", "close other programs")
    if seconds > SLOW_DECODE:
        return Finding(WARNING, f"{what}: little time is left for the model", BUSY)
    return Finding(FINE, what)
