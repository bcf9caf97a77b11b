"""Measures how far each control moves the sound: numeric controls under an LFO, choices and clips by a switch.

A control's performance is compared with the same performance with the control held, at the same song frames, so that
changes of the song itself cancel out. The yardstick is the descriptor's spread over seeds at the same song frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean
from typing import Any

import numpy as np

from demon_patch.arrays import Curve, Samples
from demon_patch.bench.descriptors import DESCRIPTORS, Heard
from demon_patch.bench.trials import BARS, SECONDS, Trial, chosen, due, trial_patch
from demon_patch.engine.session import Session
from demon_patch.runtime.descriptors import smooth
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.render import render

PERIODS = (0.25, 0.5, 1.0, 2.0)  # bars
SEEDS = 8
AUDIBLE = 3.0  # below this many spreads a control is subtle


def measure(session: Session, controls: Sequence[str] | None = None, seeds: int = SEEDS) -> Iterator[dict[str, Any]]:
    """Yields one row for each control: the change of its descriptor for each period of the LFO, the lag in latent
    frames at the slowest, the spread over `seeds` seeds, the ratio of the largest change to the spread, and whether it
    is subtle."""
    yardstick = Yardstick(session, seeds)
    for trial in chosen(session.spec, controls):
        yield _row(session, trial, yardstick)


class Yardstick:
    """The spread of descriptors over seeds. The performances are rendered once, with the patch of the control
    `seed`."""

    def __init__(self, session: Session, seeds: int) -> None:
        self._session, self._seeds = session, seeds
        self._played: list[tuple[Performer, Samples]] = []

    def spread(self, descriptor: str, beside: Heard) -> float:
        """Returns the standard deviation over seeds of a descriptor that is smoothed over a beat, averaged over the
        song's frames, in the descriptor's unit."""
        if not self._played:
            usual = next(trial for trial in due(self._session.spec) if trial.control == "seed")
            for seed in range(100, 100 + self._seeds):
                performer = perform(trial_patch(usual, at=seed), self._session)
                self._played.append((performer, render(performer, SECONDS)))
        beat = round(self._session.spec.frame_rate * SECONDS / BARS / 4)
        curves = [
            DESCRIPTORS[descriptor](Heard(self._session, sound, performer.source.latent, beside.target, beside.unmoved))
            for performer, sound in self._played
        ]
        return float(np.std([smooth(curve, beat) for curve in curves], axis=0).mean())


def _row(session: Session, trial: Trial, yardstick: Yardstick) -> dict[str, Any]:
    held = perform(trial_patch(trial, at=trial.lo), session)
    unmoved = render(held, SECONDS)
    target = held.parts.get("target")
    latent = session.encode(unmoved)
    still = Heard(session, unmoved, held.source.latent, getattr(target, "latent", None), latent)
    before = DESCRIPTORS[trial.descriptor](still)

    def moved(bars: float | None) -> tuple[Performer, Curve]:
        document = trial_patch(trial, at=None if bars else trial.hi, bars=bars)
        performer = perform(document, session)
        sound = render(performer, SECONDS)
        heard = Heard(session, sound, held.source.latent, still.target, latent)
        return performer, DESCRIPTORS[trial.descriptor](heard) - before

    row: dict[str, Any] = {"control": trial.control, "class": trial.row.propagation, "descriptor": trial.descriptor}
    spread = yardstick.spread(trial.descriptor, still)
    changes: dict[float, float] = {}
    lag: int | None = None
    if trial.moves and not trial.gathers:
        for bars in PERIODS:
            performer, difference = moved(bars)
            changes[bars], lag = followed(_position(performer, trial, len(difference)), difference, bars, session)
        change = max(changes.values())
    else:
        difference = moved(None)[1]
        change = abs(mean(difference[len(difference) // 2 :].tolist()))
    row |= {f"bars_{bars:g}": changes.get(bars) for bars in PERIODS}
    row |= {"change": change, "lag_frames": lag, "spread": spread, "ratio": change / spread}
    return row | {"verdict": "subtle" if row["ratio"] < AUDIBLE else "audible"}


def _position(performer: Performer, trial: Trial, frames: int) -> Curve:
    """Returns the control at each frame as a share of its way, 0 at `lo` and 1 at `hi`: [frames]."""
    engine_port = performer.program.engine_port(*trial.end)
    values = performer.forecast.span(engine_port, 0, frames)
    assert not isinstance(trial.lo, str)
    assert not isinstance(trial.hi, str)
    return (values - trial.lo) / (trial.hi - trial.lo)


def followed(control: Curve, difference: Curve, bars: float, session: Session) -> tuple[float, int]:
    """Returns the change of a descriptor between the control's two ends (the slope of a line through all frames), and
    the lag, in latent frames, at which both agree best, searched within a quarter of the period either way.

    control: 0 to 1, [frames].
    difference: of the descriptor from the held performance, [frames].
    bars: period of the LFO.

    Both curves are smoothed over a quarter of the period, at most a beat.
    """
    period = round(bars * session.spec.frame_rate * SECONDS / BARS)
    width = max(min(period, round(session.spec.frame_rate * SECONDS / BARS)) // 4, 1)
    control, difference = smooth(control, width), smooth(difference, width)
    frames, most = len(control), max(period // 4, 1)
    best = (0.0, 0.0, 0)
    for lag in range(-most, most + 1):
        a = control[max(-lag, 0) : frames - max(lag, 0)]
        b = difference[max(lag, 0) : frames - max(-lag, 0)]
        if a.std() > 0 and b.std() > 0:
            fit = abs(float(np.corrcoef(a, b)[0, 1]))
            if fit > best[0] + 1e-9:
                best = (fit, abs(float(np.polyfit(a, b, 1)[0])), lag)
    return best[1], best[2]
