"""Ticks of a full ring, completions a second, the share of the GPU's limit, and the plain forward beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu.clock import TFLOP_60_S, Row, limit_ms, milliseconds, timed
from benchmarks.gpu.subject import Subject
from demon_patch.engine.ring.ring import Ring

FOCUS = 20.0
"""Seconds of the shorter stretch."""


class Ticking:
    """A ring of a subject that is fed with requests. frames: how much of the song each generation makes."""

    def __init__(self, subject: Subject, depth: int, frames: int) -> None:
        self.subject, self.frames = subject, frames
        self.ring: Ring = subject.session.ring(subject.source, depth=depth)
        self.seed = 0

    def feed(self, **controls: Any) -> None:
        """Submits the next request."""
        session, source = self.subject.session, self.subject.source
        stretch = None if self.frames >= source.frames else (0, self.frames)
        given = {"strength": 1.0, "seed": self.seed, **controls}
        self.ring.submit(session.request(self.subject.prompt, source, stretch=stretch, **given))
        self.seed += 1

    def warm(self) -> None:
        """Fills the ring, and lets the executor capture and compile what it runs."""
        self.fill()
        ready: Callable[[], None] | None = getattr(self.subject.session.executor, "wait", None)
        if ready is not None:
            ready()
            self.fill()

    def fill(self) -> None:
        """Ticks until the ring is full and completes generations evenly."""
        for _ in range(2 * self.subject.session.spec.steps):
            self.feed()
            self.ring.tick()


def tflop_of(subject: Subject, frames: int) -> float:
    """Returns the TFLOP of a forward of one row: the published figure where it fits, else counted."""
    known = TFLOP_60_S.get(subject.size)
    return known if known is not None and frames == 1500 else _counted(subject, frames)


@torch.inference_mode()
def _counted(subject: Subject, frames: int) -> float:
    work = _cached(subject, 1, frames)
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e12


@torch.inference_mode()
def _cached(subject: Subject, rows: int, frames: int) -> Callable[[], object]:
    """Returns the eager forward with what is computed once for a prompt and for a schedule."""
    denoiser, device = subject.session.family.denoiser, subject.device
    condition = denoiser.condition(subject.prompt.tokens.to(device))
    given = (
        torch.randn(rows, frames, 64, device=device),
        denoiser.embed_time(torch.full((rows,), 0.5, device=device)),
        torch.rand(rows, frames, 128, device=device),
        tuple(part.expand(rows, *part.shape).contiguous() for part in condition),
    )
    return lambda: denoiser.velocity(*given)


def measured(subject: Subject, depth: int, frames: int, ticks: int, rate: float) -> Row:
    """Returns the figures of a full ring: a tick, completions a second, how near the limit it is, and the part of it
    outside of forwards."""
    ticking = Ticking(subject, depth, frames)
    ticking.warm()
    device, times, done = subject.device, list[float](), 0
    for _ in range(max(ticks, subject.session.spec.steps)):  # a generation at least
        ticking.feed()
        with timed(device, times):
            done += len(ticking.ring.tick())
    tick, limit = median(times), limit_ms(depth * tflop_of(subject, frames), rate)
    return {
        "what": f"tick, D = {depth}, {frames / subject.rate:g} s of {subject.source.frames / subject.rate:g}",
        "ms": tick,
        "completions_per_second": 1e3 * done / sum(times),
        "limit_ms": limit,
        "percent_of_limit": 100 * limit / tick,
        "percent_outside_forwards": 100 * _outside(ticking, max(ticks // 4, 2)),
    }


def _outside(ticking: Ticking, ticks: int) -> float:
    """Returns the share of a tick that is not in forwards, each of which is waited for."""
    executor, device = ticking.subject.session.executor, ticking.subject.device
    forward, inside, shares = executor.forward, list[float](), list[float]()

    def noted(*given: Any) -> Any:
        with timed(device, inside):
            return forward(*given)

    executor.forward = noted  # type: ignore[method-assign]
    try:
        for _ in range(ticks):
            ticking.feed()
            inside.clear()
            whole: list[float] = []
            with timed(device, whole):
                ticking.ring.tick()
            shares.append(1 - sum(inside) / whole[0])
    finally:
        executor.forward = forward  # type: ignore[method-assign]
    return median(shares)


@torch.inference_mode()
def plain(subject: Subject, depth: int, frames: int, runs: int) -> Row:
    """Returns the time of the plain forward of diffusers with as many rows, and of our eager one turn by turn: what
    computing once saves."""
    other, ours = subject.plain(depth, frames), _cached(subject, depth, frames)
    pairs = [(milliseconds(subject.device, other, 1, 1), milliseconds(subject.device, ours, 1, 1)) for _ in range(runs)]
    saved = median(mine / its for its, mine in pairs)
    took = median(its for its, _ in pairs)
    return {
        "what": f"plain forward, {depth} rows, {frames / subject.rate:g} s",
        "ms": took,
        "percent_saved": 100 * (1 - saved),
    }


def rows(subject: Subject, depths: list[int], ticks: int, rate: float) -> Iterator[Row]:
    """Yields ticks over the whole song and over 20 s of it, each with the plain forward of as many rows after it."""
    whole = subject.source.frames
    for frames in sorted({whole, min(round(FOCUS * subject.rate), whole)}, reverse=True):
        for depth in depths:
            ours, other = (
                measured(subject, depth, frames, ticks, rate),
                plain(subject, depth, frames, max(ticks // 2, 2)),
            )
            yield {**ours, "times_faster_than_plain": other["ms"] / ours["ms"]}
            yield other
