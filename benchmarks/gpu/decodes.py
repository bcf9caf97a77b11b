"""Decoding a window against decoding the song, and the time from a knob to the ear by propagation class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import mean
from time import perf_counter
from typing import Any

from benchmarks.gpu.clock import Row, milliseconds, wait
from benchmarks.gpu.subject import Subject
from benchmarks.gpu.ticks import Ticking

WINDOW = 0.32
"""Seconds of a window."""

CLASSES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "request": ({"structure": 0.3}, {}),
    "step": ({}, {"velocity_scale": 1.3}),
    "late step": ({}, {"target_strength": 0.8}),
}
"""By propagation class, what a knob of it writes into requests, and into step values."""


def rows(subject: Subject, runs: int) -> Iterator[Row]:
    """Yields the times of a window with its margins, and of the whole song."""
    session, latent = subject.session, subject.source.latent.to(subject.device)
    frames = round(WINDOW * subject.rate)
    window = milliseconds(subject.device, lambda: session.decode(latent, start=50, frames=frames), runs)
    whole = milliseconds(subject.device, lambda: session.decode(latent), 2, 1)
    yield {"what": f"decode of {WINDOW} s", "ms": window}
    yield {"what": "decode of the song", "ms": whole, "times_a_window": whole / window}


def to_ear(subject: Subject, depth: int, phases: int) -> Iterator[Row]:
    """Yields, by class, the time from a write to the first window that it has changed, decoded; the lead comes on top.

    phases: writes, each at another tick between two completions.
    """
    session, source = subject.session, subject.source
    for name, (request, step) in CLASSES.items():
        found, waited = list[float](), list[int]()
        for phase in range(phases):
            ticking = Ticking(subject, depth, source.frames)
            ticking.fill()
            fixed = {"target": source}
            for _ in range(phase):
                ticking.feed(**fixed)
                ticking.ring.tick()
            wait(subject.device)
            written, began = ticking.ring.tick_index, perf_counter()
            values = session.step_values(source, **step)
            while True:
                ticking.feed(**fixed, **request)
                done = ticking.ring.tick(values)
                if done and (step or done[0].slot.admitted >= written):
                    break
            session.decode(done[0].latent, start=50, frames=round(WINDOW * subject.rate))
            found.append(1e3 * (perf_counter() - began))
            waited.append(ticking.ring.tick_index - written)
        yield {
            "what": f"knob to ear, {name}, D = {depth}",
            "ms": mean(found), "worst_ms": max(found), "ticks": mean(waited), "worst_ticks": max(waited),
        }  # fmt: skip
    window = milliseconds(subject.device, lambda: session.decode(source.latent, start=50, frames=8), 3)
    yield {"what": "knob to ear, decode", "ms": window, "worst_ms": window}
