"""Checks of how a model plays on an executor: its numbers against float32, the length of a tick, and how long a knob
takes to be heard."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from statistics import median
from time import perf_counter
from typing import Any

import torch

from demon_patch.doctor.findings import FAULT, FINE, WARNING, Finding
from demon_patch.engine.contracts import Source
from demon_patch.engine.networks import BuiltForLengths
from demon_patch.engine.session import Session

SECONDS = 8.0
TICKS, WINDOW_FRAMES = 4, 8
NEAR, FAR = 0.001, 0.05
"""Distances to float32, as shares of the rms: up to the first it is float32 itself, above the second something is
wrong."""
SLOW = 2.0
"""Seconds from a knob of class `request` to the ear above which it is called slow."""


def tried_seconds(session: Session) -> float:
    """Returns the seconds of song that are tried: 8, or the nearest length for which the executor has a network."""
    rate = session.spec.frame_rate
    built = session.executor.lengths() if isinstance(session.executor, BuiltForLengths) else ()
    return min((frames / rate for frames in built), key=lambda each: abs(each - SECONDS), default=SECONDS)


def playing(model: str, executor: str) -> Iterator[Finding]:
    """Loads a model, compares a forward of its executor with one in float32, and measures ticks and windows."""
    session = Session.load(model, executor=executor)
    source = session.compose("house", seconds=tried_seconds(session), seed=1)
    yield _parity(session, source)
    yield _speed(session, source)


def _parity(session: Session, source: Source) -> Finding:
    executor, device = session.executor, session.device
    rows, draw = executor.bucket, torch.Generator().manual_seed(1)
    prompt = session.prompt("house, 120 bpm")
    executor.place(0, executor.prepare(prompt))
    x = torch.randn(1, source.frames, session.spec.latent_channels, generator=draw).expand(rows, -1, -1).to(device)
    context = session.family.conditioner.context(source, 1.0).expand(rows, -1, -1).to(device)
    t = torch.tensor([0.6, 0.0], device=device)
    places = torch.zeros(rows, dtype=torch.int64, device=device)
    found = executor.forward(x, executor.prepare_schedule(t)[:1].expand(rows, -1).contiguous(), context, places)[:1]
    denoiser: Any = session.family.denoiser
    if any(each.dtype != torch.float32 for each in denoiser.parameters()):
        denoiser = deepcopy(denoiser).float()
    with torch.inference_mode():
        condition = tuple(part[None] for part in denoiser.condition(prompt.tokens.to(device)))
        exact = denoiser.velocity(x[:1], denoiser.embed_time(t[:1]), context[:1], condition)
        apart = float((found - exact).square().mean().sqrt() / exact.square().mean().sqrt())
    what = f"a forward by {session.choice.name if session.choice else 'the executor'} is {apart:.2g} away from float32"
    if not apart <= FAR:
        return Finding(FAULT, what, "play it with another --executor, and send the report")
    return Finding(FINE, f"{what}, which is {'rounding' if apart <= NEAR else 'that of 16 bits'}")


def _speed(session: Session, source: Source) -> Finding:
    spec = session.spec
    ring = session.ring(source)
    prompt, times, latent = session.prompt("house, 120 bpm"), list[float](), source.latent
    for tick in range(spec.steps + TICKS):
        ring.submit(session.request(prompt, source, strength=1.0, seed=tick))
        began = perf_counter()
        done = ring.tick()
        session.streams.settle()
        times.append(perf_counter() - began)
        latent = done[0].latent if done else latent
    tick = median(times[-TICKS:])
    session.decode(latent, start=0, frames=WINDOW_FRAMES)
    began = perf_counter()
    session.decode(latent, start=0, frames=WINDOW_FRAMES)
    window = perf_counter() - began
    gap = spec.steps / ring.depth  # ticks between two completions
    request, step = ((ticks * tick + window) for ticks in (spec.steps + (gap - 1) / 2, (gap + 1) / 2))
    seconds = source.frames / spec.frame_rate
    what = (
        f"a tick of {ring.depth} generations of {seconds:g} s takes {1e3 * tick:.3g} ms, a window {1e3 * window:.3g}: "
        f"a knob is heard after {request:.2g} s (class request) or {step:.2g} s (step), and the lead"
    )
    if window * spec.frame_rate >= WINDOW_FRAMES:
        return Finding(FAULT, f"{what}; windows take longer than they sound", "render it, or play a smaller model")
    if request > SLOW:
        return Finding(WARNING, what, "lower Depth to 1 and Focus to 8 s, or play a smaller model")
    return Finding(FINE, what)
