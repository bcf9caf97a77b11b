"""Measures the time from knob to ear: records the real engine's ticks and decodes, and plays them against a clock that
is the sum of their durations.

Method. A full ring of the real engine runs as fast as it can. What it finishes is decoded between the rows of the
next tick, as in live playing. The record holds the time of every tick, its admissions and completions, and the times of
decodes. Knob moves are then placed at every moment of that record. A `step` control is heard in the first completion
that has used the new value for enough steps (`bench seen`, whose report is kept); a `request` control is heard in the
first generation admitted after the move. The ear follows after the shortest safe lead: the slowest decode, one row of a
forward for which a decode may wait, and the sound device. Nothing sleeps and no sound device is open, so that the
figures hold for a machine that does nothing else. The ring runs one row a slot; guidance by a forwarded negative prompt
(modes `full` and `initialize`) runs more rows and costs their time. For each way of playing, the numbers of steps and
ring depths are measured one after the other, so that other load on the machine affects all of them alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil
from time import perf_counter
from typing import Any

import numpy as np

from demon_patch.engine.contracts import Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.ring.focus import before, stretch
from demon_patch.engine.ring.ring import RIPE, Completion
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError

DEVICE_SECONDS = 0.03  # of buffer in a sound device
SHOWN = ("source_blend", "velocity_scale", "guidance")  # the `step` controls that are reported
MOVES = 2000  # knob moves, evenly over the record
WINDOW_SECONDS = 0.32
RINGS = ((8, 4), (4, 4), (4, 2))  # steps and depth, what is measured side by side


@dataclass(frozen=True, slots=True)
class Record:
    """The record of a running ring.

    starts, ends: of its ticks, in seconds.
    generations: for each completed generation, the ticks at which it was admitted and finished.
    decodes: seconds that the decode of a window took, one for each completion.
    depth: ring depth.
    """

    starts: Sequence[float]
    ends: Sequence[float]
    generations: Sequence[tuple[int, int]]
    decodes: Sequence[float]
    depth: int

    @property
    def lead(self) -> float:
        """Shortest safe time from the frame at the loudspeaker to the start of the next window, in seconds."""
        ticks = np.subtract(self.ends, self.starts)
        return max(self.decodes) + float(np.median(ticks)) / self.depth + DEVICE_SECONDS

    @property
    def rate(self) -> float:
        """Completions a second, with the time of decodes."""
        return len(self.generations) / (self.ends[-1] - self.starts[0])


def record(
    session: Session, source: Source, depth: int = 4, ticks: int = 48, focus: str = "song", steps: int | None = None
) -> Record:
    """Runs a full ring on a source for `ticks` ticks, after a warm-up, and returns the record.

    focus: how much of the song each generation covers.
    steps: of each generation, by default the family's.
    """
    prompt, ring = session.prompt("acid, 120 bpm"), session.ring(source, depth)
    starts: list[float] = []
    ends: list[float] = []
    decodes: list[float] = []
    generations: list[tuple[int, int]] = []
    window = round(WINDOW_SECONDS * session.spec.frame_rate)
    clock = 0.0
    steps = session.spec.steps if steps is None else steps
    warm = 2 * steps
    done: list[Completion] = []

    def decode() -> None:
        while done:
            began = perf_counter()
            session.decode(done.pop().latent, start=before(session.spec), frames=window)
            decodes.append(perf_counter() - began)

    for tick in range(warm + ticks):
        began = perf_counter()
        if ring.admits():
            part = stretch(tick * window, focus, session.spec, source.frames)
            ring.submit(session.request(prompt, source, strength=0.8, seed=7, steps=steps, stretch=part))
        ring.admit()
        finished = ring.advance({}, decode)
        took = perf_counter() - began
        done += finished
        if tick < warm:
            decodes.clear()
            continue
        starts.append(clock)
        clock += took
        ends.append(clock)
        generations += [(each.slot.admitted - warm, tick - warm) for each in finished]
    return Record(starts, ends, generations, decodes, depth)


def answers(made: Record, seen: int | None, steps: int, previews: bool = False) -> list[float]:
    """Returns the seconds from each of MOVES knob moves to the ear; moves that are not heard within the record are left
    out.

    seen: the number of steps that make a `step` control heard, or None for a `request` control.
    previews: nearly finished generations, of `steps` steps, are played too.
    """
    heard: list[float] = []
    starts = np.asarray(made.starts)
    for move in np.linspace(0.0, made.starts[-1], MOVES, endpoint=False):
        first = int(np.searchsorted(starts, move))  # the first tick that reads the new value
        ready = [done for admitted, done in made.generations if _uses(admitted, done, first, seen)]
        if previews and seen is not None:  # a clean prediction is played from the first ripe step on
            for admitted, done in made.generations:
                early = max(admitted + ceil(RIPE * steps) - 1, first + seen - 1)
                if early < done and _uses(admitted, early, first, seen):
                    ready.append(early)
        if ready:
            heard.append(made.ends[min(ready)] + made.lead - move)
    return heard


def _uses(admitted: int, tick: int, first: int, seen: int | None) -> bool:
    """Returns whether a generation has used a new value enough to be heard after `tick`, when the first tick with the
    new value is `first`."""
    return admitted >= first if seen is None else tick - max(first, admitted) + 1 >= seen


def steps_seen(report: Mapping[str, Any], steps: int) -> dict[str, int]:
    """Returns, for each control of `SHOWN`, how many of the last of `steps` steps must use a new value before it is
    heard, from the report of `bench seen`. Raises DemonError for a control that the report lacks."""
    found = {row["control"]: int(row["seen"]) for row in report["rows"] if row["steps"] == steps}
    for name in SHOWN:
        if name not in found:
            raise DemonError(
                f"no measurement of {name} at {steps} steps in the report `seen`",
                mend="measure it: demon-patch bench seen --save docs/measured/seen.json",
            )
    return {name: found[name] for name in SHOWN}


def measure(
    sessions: Sequence[Session],
    report: Mapping[str, Any],
    seconds: float = 24.0,
    rings: Sequence[tuple[int, int]] = RINGS,
) -> list[dict[str, Any]]:
    """Returns one row for each option of `focus`, number of steps, ring depth, model and control, for `step` controls
    with and without previews: median, 90th percentile and worst time from knob to ear in milliseconds, and the steps
    that the control takes to be heard.

    report: of `bench seen`.
    rings: pairs of steps and ring depth.
    """
    sources = [session.compose("house, 120 bpm", seconds=seconds, seed=3) for session in sessions]
    seen = {steps: steps_seen(report, steps) for steps, _ in rings}
    rows: list[dict[str, Any]] = []
    for focus in CONTROLS["focus"].options[1:]:  # without `auto`, which chooses among the others
        for (steps, depth), (session, source) in product(rings, zip(sessions, sources, strict=True)):
            made = record(session, source, depth, focus=focus, steps=steps)
            shared: dict[str, Any] = {
                "model": session.spec.name,
                "song_seconds": seconds,
                "focus": focus,
                "steps": steps,
                "depth": depth,
            }
            shared |= {"lanes": session.executor.lanes.count}
            shared |= {"tick_ms": 1e3 * float(np.median(np.subtract(made.ends, made.starts)))}
            shared |= {"lead_ms": 1e3 * made.lead, "completions_per_second": made.rate}
            kinds: list[tuple[str, str, int | None, bool]] = [("request", "any", None, False)]
            kinds += [
                ("step", name, late, previews) for name, late in seen[steps].items() for previews in (False, True)
            ]
            for kind, control, late, previews in kinds:
                times = 1e3 * np.asarray(answers(made, late, steps, previews))
                figures = zip(("median_ms", "p90_ms", "worst_ms"), np.percentile(times, (50, 90, 100)), strict=True)
                row = {**shared, "class": kind, "control": control, "seen": late, "previews": previews}
                rows.append(row | {name: float(value) for name, value in figures})
    return rows
