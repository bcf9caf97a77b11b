"""Computes how often a second each control is taken, and finds controls that are moved faster than they can follow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Array
from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS, Control, Propagation
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.errors import PatchError
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.edges import BEFORE, jumps, whole_changes
from demon_patch.runtime.graph.program import EnginePort, Program

Taken = Literal["generation", "step", "frame", "window"]

SECONDS = 16.0  # of a patch that are run to measure its movements
BPM = 120.0  # beats a minute of a patch without a tempo
UNSEEN = 1 / 1000  # share of the range below which a step of one whole number does not show
TURN = 1 / 16  # share of the range by which a movement must go back to count as turned
SPARE = 1.05  # factor by which a movement may be too fast without a remark
MISSED = 1 / 4  # share of missed jumps above which there is a remark
FINE = 4  # times the control frame rate: the finer rate that shows movements too fast for control frames


@dataclass(frozen=True, slots=True)
class Rates:
    """How many times a second controls are taken.

    generation: generations that begin, in a second.
    step: ticks in a second, each with one denoising step of every generation in flight.
    frame: control frames in a second.
    window: windows that are decoded, in a second.
    """

    generation: float
    step: float
    frame: float
    window: float

    @classmethod
    def nominal(cls, spec: FamilySpec, depth: int, steps: int, focus: str = "song", window: float = 0.32) -> Rates:
        """Returns the rates for a ring depth and a number of denoising steps, with the family's nominal tick for a song
        of usual length.

        focus: the option of that name: auto, song, or a number of seconds followed by its unit.
        window: length of a decoded window, in seconds.
        A tick begins one generation at most, so a ring with more slots than steps begins no more generations.
        """
        tick = spec.nominal_tick(depth, spec.tick_song)
        if focus not in ("auto", "song"):  # auto covers the whole song while no control is touched
            stretch = float(focus.split(maxsplit=1)[0]) * spec.frame_rate + 2 * spec.border
            tick = max(math.ceil(tick * min(stretch / spec.tick_song, 1.0)), 1)
        step = spec.frame_rate / tick
        return cls(step * min(depth, steps) / steps, step, float(spec.frame_rate), 1.0 / window)

    @classmethod
    def of_program(cls, program: Program, spec: FamilySpec, values: Mapping[str, float]) -> Rates:
        """Returns the rates of a program. values: its number controls (depth, steps, window in seconds) by name; the
        family's default where one is missing."""
        at = {name: values.get(name, float(spec.default(CONTROLS[name]) or 0)) for name in ("depth", "steps", "window")}
        depth = min(max(round(at["depth"]), 1), max(spec.tick_frames))
        focus = program.ring.options.get("focus", "song")
        return cls.nominal(spec, depth, max(round(at["steps"]), 1), focus, max(at["window"], 0.01))

    def per_second(self, taken: Taken) -> float:
        """Returns how many times a second a kind of moment comes."""
        return float(getattr(self, taken))


def when_taken(row: Control) -> Taken | None:
    """Returns at which moments a control is taken. None for a control that is not heard, that is neither a number nor a
    surface, or whose propagation class has no such moment."""
    if not row.heard or not (row.numeric or row.shape == "surface"):
        return None
    if row.per_frame or row.shape == "surface":
        return "frame"
    classes: dict[Propagation, Taken] = {"request": "generation", "decode": "window"}
    return "step" if row.every_step else classes.get(row.propagation)


def when_port_taken(engine_port: EnginePort, program: Program) -> Taken | None:
    """Returns at which moments an engine port is taken; None for gates and for ports without effect. Weights of mixes
    are taken once a generation, or once a control frame in a blend per frame."""
    plan = program.ring
    if engine_port.kind in ("gate", "level"):
        return None
    if engine_port.control is not None:
        row = engine_port.control
        return when_taken(row) if row.per_node or (row.name in plan.active and plan.meets(row)) else None
    if engine_port.node in plan.surfaces or (engine_port.node in plan.mixes and plan.mixes[engine_port.node].per_frame):
        return "frame"
    return "generation" if engine_port.node in plan.mixes else None


def turn_count(positions: Array, jump: NDArray[np.bool_], turn: float = TURN) -> int:
    """Returns how many times a movement changes its direction by more than `turn`.

    positions: 0 to 1, one for each frame.
    jump: for each change between two frames, whether it is a jump. A jump is replaced by the change before it.
    """
    change = np.diff(positions)
    for frame in np.flatnonzero(jump):  # a jump is replaced by the change before it
        change[frame] = change[frame - 1] if frame else 0.0
    found, way, lo, hi = 0, 0, 0.0, 0.0
    for here in np.cumsum(change).tolist():
        lo, hi = min(lo, here), max(hi, here)
        if way <= 0 and here - lo > turn:
            found, way, hi = found + (way < 0), 1, here
        elif way >= 0 and hi - here > turn:
            found, way, lo = found + (way > 0), -1, here
    return found


@dataclass(frozen=True, slots=True)
class Movement:
    """How an engine port moves.

    cycles: cycles a second of the movement without its jumps.
    jumps: which changes from one frame to the next are jumps, by their numbers from 0.
    """

    cycles: float
    jumps: NDArray[np.int64]

    @classmethod
    def measured(cls, positions: Array, rate: float, numbers: Array | None = None) -> Movement:
        """Measures a signal.

        positions: 0 to 1, one for each frame. rate: frames a second.
        numbers: the signal in its unit, if it is one of whole numbers: each change is then a jump, however small.
        """
        found = jumps(positions) if numbers is None else whole_changes(numbers)
        jump = np.concatenate([np.zeros(BEFORE - 1, bool), found])
        return cls(turn_count(positions, jump) * rate / (2 * len(positions)), np.flatnonzero(jump))

    def missed(self, gap: float) -> float:
        """Returns the share of jumps (0 to 1) that are followed by another jump less than `gap` frames later. No
        generation, or window, begins on such a jump."""
        return float((np.diff(self.jumps) < gap - 0.5).mean()) if len(self.jumps) > 2 else 0.0

    def hurry(self, gap: float, rate: float) -> float:
        """Returns how many times a second the signal jumps, on average over the jumps that are less than `gap` frames
        apart. rate: frames a second. Only for a movement that has `missed` jumps."""
        apart = np.diff(self.jumps)
        return rate / float(apart[apart < gap - 0.5].mean())


def too_fast(patch: Patch, catalogue: Mapping[str, Declaration]) -> Iterator[PatchError]:
    """Yields a remark for each control that moves faster than half as often as it is taken, or that jumps more often
    than generations (or windows) begin. Runs the patch for SECONDS. Only for a patch without `problems`."""
    try:
        spec = spec_of(patch.meta.model or DEFAULT_MODEL)
        program, values = _run(patch, catalogue, spec, 1)
    except PatchError:
        return
    at = {
        engine_port.control.name: float(line[0])
        for engine_port, line in zip(program.engine_ports, values, strict=True)
        if engine_port.control
    }
    rates, fine = Rates.of_program(program, spec, at), None
    for number, (engine_port, line) in enumerate(zip(program.engine_ports, values, strict=True)):
        when = when_port_taken(engine_port, program)
        if when is None or not np.ptp(line):
            continue
        often = rates.per_second(when)
        numbers = line if _each_number_counts(engine_port, line, rates.frame, often) else None
        moved = Movement.measured(engine_port.position(line), rates.frame, numbers)
        fine = _run(patch, catalogue, spec, FINE)[1] if fine is None else fine
        cycles = max(moved.cycles, _hidden(engine_port.position(line), engine_port.position(fine[number]), rates.frame))
        if cycles > SPARE * often / 2:
            yield _remark(engine_port, f"it moves {cycles:.3g} times a second", often / 2, when, often, rates, cycles)
        elif when != "frame":
            most = rates.window if when == "window" else rates.generation
            if moved.missed(rates.frame / most) > MISSED:
                jumping = moved.hurry(rates.frame / most, rates.frame)
                what = f"it jumps up to {jumping:.3g} times a second"
                yield _remark(engine_port, what, most, when, often, rates, jumping / 2)


def _each_number_counts(engine_port: EnginePort, line: Array, rate: float, often: float) -> bool:
    """Returns whether each change of a signal [frames] counts as a jump: of whole numbers of which one does not show in
    the range, as of a seed, and of whole numbers that turn back more often than they are taken (`often`, times a
    second). rate: control frames a second."""
    if engine_port.taper != "int":
        return False
    one = abs(float(np.diff(engine_port.position(line[0] + np.arange(2.0)))[0]))
    cycles = turn_count(line, np.zeros(len(line) - 1, bool), 0.5) * rate / (2 * len(line))
    return one < UNSEEN or cycles > SPARE * often / 2


def _hidden(coarse: Array, fine: Array, rate: float) -> float:
    """Returns the cycles a second of a movement that control frames cannot show; 0 where nothing is hidden.

    coarse: positions 0 to 1, at the frame rate. fine: the same at FINE times the frame rate. rate: control frames a
    second.
    A signal that turns with every frame at both rates hides nothing.
    """
    cycles, shown = (turn_count(line, np.zeros(len(line) - 1, bool)) / (2 * SECONDS) for line in (fine, coarse))
    each_frame = FINE * 0.85 < cycles / max(shown, 1e-9) < FINE * 1.15
    return cycles if cycles > rate / 2 and not each_frame else 0.0


def _run(patch: Patch, catalogue: Mapping[str, Declaration], spec: FamilySpec, fine: int) -> tuple[Program, Array]:
    """Returns a patch's program, and its engine ports over SECONDS, [n_ports, n], at `fine` times the frame rate."""
    rate = spec.frame_rate * fine
    frames = spec.tick_song * fine
    program = compile(patch, catalogue, Geometry(rate, frames, spec, patch.song.bpm))
    program.use_song(frames, patch.song.bpm or BPM)
    transport = Transport(rate, patch.song.bpm or BPM, patch.song.beats_per_bar, frames)
    return program, program.scan(program.state(), 0, round(SECONDS * rate), transport)


def _remark(
    engine_port: EnginePort, what: str, most: float, when: Taken, often: float, rates: Rates, cycles: float
) -> PatchError:
    once = {"generation": "a generation", "step": "a step", "frame": "a frame", "window": "a window"}[when]
    mend = f"slow it down to {most:.2g} a second"
    able = [row.title.lower() for row in CONTROLS.values() if _follows(row, cycles, rates)]
    if able:
        mend += f", or move what can follow: {', '.join(able[:4])}"
    follows = f"it is taken once {once}, {often:.3g} times a second, and "
    begins = "jumps" in what and when == "step"
    follows += f"a generation begins on a jump at most {most:.2g} times" if begins else f"follows up to {most:.2g}"
    return PatchError(f"{what}, but {follows}", node=engine_port.node, port=engine_port.port, mend=mend)


def _follows(row: Control, cycles: float, rates: Rates) -> bool:
    """Returns whether a control can follow `cycles` a second, and every patch can move it."""
    when = when_taken(row)
    own = row.needs is None and row.part is None and row.shape != "surface"
    return own and when is not None and when != "window" and 2 * cycles <= rates.per_second(when)
