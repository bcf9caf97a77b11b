"""Measures knob to ear: the real engine's ticks and decodes, played against a clock made of their own durations.

Method. A full ring on the embedded model runs as fast as it can; what it finished is decoded between the rows of the
next tick, as in live playing. The time of every tick, its admissions and its completions are noted, and the times of
decodes. Knob moves are then dropped at every moment of that record. A `step` control is in the latent of the first
completion that has used the new value for as many steps as make it seen (`bench seen`, whose report is kept); a
`request` control in the first generation admitted after the move. The ear follows after the shortest safe lead: the
slowest decode, one row of a forward for which a decode may wait, and the sound device. Nothing is slept and no sound
device is open, so figures hold for a machine that does nothing else. The ring runs one row a slot; guidance by a
forwarded negative prompt (modes `full` and `initialize`) runs more, at their cost. Numbers of steps and depths are
measured one after the other for each way of playing, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """What a ring did: `starts` and `ends` of its ticks in seconds, and each generation's (admitted, finished) ticks.

    decodes: seconds of a window's decode, one entry a completion.
    """

    starts: Sequence[float]
    ends: Sequence[float]
    generations: Sequence[tuple[int, int]]
    decodes: Sequence[float]
    depth: int

    @property
    def lead(self) -> float:
        """The shortest safe distance from the loudspeaker to the next window, in seconds."""
        ticks = np.subtract(self.ends, self.starts)
        return max(self.decodes) + float(np.median(ticks)) / self.depth + DEVICE_SECONDS

    @property
    def rate(self) -> float:
        """Completions a second, decodes included."""
        return len(self.generations) / (self.ends[-1] - self.starts[0])


def record(
    session: Session, source: Source, depth: int = 4, ticks: int = 48, focus: str = "song", steps: int | None = None
) -> Record:
    """The record of `ticks` ticks of a full ring on a source: generations of `steps` steps, by default the family's;
    `focus` how much of the song is generated."""
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
    """Seconds from each of many knob moves to the ear. seen: steps that make a `step` control heard, or None for a
    `request` control. previews: whether nearly finished generations of `steps` steps are played for it."""
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
    """Whether a generation, as it stands after `tick`, answers a move that is read from tick `first` on."""
    return admitted >= first if seen is None else tick - max(first, admitted) + 1 >= seen


def steps_seen(report: Mapping[str, Any], steps: int) -> dict[str, int]:
    """By control of `SHOWN`, the last of `steps` steps that must use a new value before it is seen, from the report of
    `bench seen`; raises DemonError where it does not have one."""
    found = {row["control"]: int(row["seen"]) for row in report["rows"] if row["steps"] == steps}
    for name in SHOWN:
        if name not in found:
            raise DemonError(
                f"no measurement of {name} at {steps} steps in the report `seen`",
                mend="measure it: demon-patch bench seen --save docs/measured/seen.json",
            )
    return {name: found[name] for name in SHOWN}


def measure(
    session: Session, report: Mapping[str, Any], seconds: float = 24.0, rings: Sequence[tuple[int, int]] = RINGS
) -> list[dict[str, Any]]:
    """One row for each way of playing, number of steps and depth, and class: median, p90 and worst milliseconds from
    knob to ear, and the steps it takes. report: of `bench seen`. rings: steps and depths."""
    source = session.compose("house, 120 bpm", seconds=seconds, seed=3)
    seen = {steps: steps_seen(report, steps) for steps, _ in rings}
    rows: list[dict[str, Any]] = []
    for focus in CONTROLS["focus"].options[1:]:  # `auto` is one or another of them, as the moment has it
        for steps, depth in rings:
            made = record(session, source, depth, focus=focus, steps=steps)
            shared: dict[str, Any] = {"song_seconds": seconds, "focus": focus, "steps": steps, "depth": depth}
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
