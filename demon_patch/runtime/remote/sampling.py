"""Looks at the ring and at the coming control frames on the tick thread, for the clients that watch them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from demon_patch.errors import PatchError
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.program import Program, State
from demon_patch.runtime.graph.scopes import Point, Scopes
from demon_patch.runtime.remote.messages.telemetry import Bead, Finished, Ring
from demon_patch.threads import started_pool

if TYPE_CHECKING:
    from demon_patch.engine.sound.dry_path import Covered
    from demon_patch.runtime.live.host import Host

FINISHED = 64  # finished generations that are kept
SHARE = 0.25  # of the time, that forecasts of signals inside the graph may take

Row = NDArray[np.float32]
Answer = Callable[[int, Row], object]
"""Called on the thread for forecasts with the first control frame and the numbers [points, frames]."""


class Scene(NamedTuple):
    """A program that sounds or waits, with the control frames [first, stop) in which it is heard.

    state: a copy of its state before `first`. inside: the places of the points that only running it tells.
    """

    program: Program
    state: State
    transport: Transport
    first: int
    stop: int
    inside: tuple[int, ...]


class Sampling:
    """Reads what only the tick thread may read.

    ring_wanted, lanes_wanted: whether a client watches the ring, or the strip.
    ring: the latest state of the ring; `finished` counts generations from 1.
    covered: the latent that plays, over the clips that it covers; None before there is one.
    dry: the factor on its dry shares; None while the source is heard in place of what is generated.
    lanes: by name, the latest numbers of each control that has one for every song frame, [T], as the engine takes them.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.ring_wanted = self.lanes_wanted = False
        self.ring = Ring(depth=0)
        self.lanes: dict[str, Row] = {}
        self.covered: Covered | None = None
        self.dry: float | None = 1.0
        self.finished: deque[tuple[int, Finished]] = deque(maxlen=FINISHED)
        self._completions = host.performer.trace.completions
        self._numbers: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._count = 0
        self._asked: deque[tuple[tuple[Point, ...], int, Answer]] = deque(maxlen=1)
        self._worker = started_pool(1, "forecast")
        self._busy: Future[None] | None = None
        self._rest_until = 0.0
        self._stop = host.look(self._look)

    def close(self) -> None:
        """From any thread. Ends looking."""
        self._stop()
        self._worker.shutdown(cancel_futures=True)

    def ask_forecast(self, points: tuple[Point, ...], ahead: int, answer: Answer) -> bool:
        """From any thread. Forecasts some signals for the coming `ahead` control frames from the next tick on, and
        calls `answer`. Returns False, and does not, while another forecast is made or the last took too long."""
        if self._asked or monotonic() < self._rest_until or (self._busy is not None and not self._busy.done()):
            return False
        self._asked.append((points, ahead, answer))
        return True

    # -- the tick thread ----------------------------------------------------------------------------------------
    def _look(self) -> None:
        """On the tick thread. Must not raise: the engine would begin anew."""
        try:
            if self.ring_wanted:
                self._look_at_ring()
            if self.lanes_wanted:
                self._look_at_lanes()
            elif self.covered is not None or self.lanes:
                self.covered, self.lanes = None, {}
            if self._asked:
                self._fork(*self._asked.popleft())
        except Exception as error:
            self._host.add_message(f"telemetry failed: {type(error).__name__}: {error}", stage="engine")
            self.ring_wanted = self.lanes_wanted = False

    def _look_at_ring(self) -> None:
        performer = self._host.performer
        prompt = performer.prompt.text
        beads: list[Bead] = []
        for slot in performer.ring.slots:
            if slot not in self._numbers:
                self._count += 1
                self._numbers[slot] = self._count
            request = slot.request
            made = getattr(request.tag, "values", {})
            whole = request.song is None
            beads.append(
                Bead(
                    slot=self._numbers[slot],
                    step=slot.step,
                    steps=request.count,
                    heard_at=int(slot.heard_at or 0),
                    seed=int(getattr(request.controls, "seed", 0)),
                    strength=float(slot.strength),
                    position=float(slot.stage),
                    stretch=None if whole else (request.start, request.frames),
                    prompt=prompt,
                    prompts=performer.shares("prompt", slot.heard_at),
                    sources=performer.shares("source", slot.heard_at),
                    steps_with={
                        name: float(number)
                        for name, number in performer.admission.scalars_of(slot, max(performer.now, 0)).items()
                    },
                    taken={name: float(number) for name, number in made.items()},
                )
            )
        trace = performer.trace
        new = min(trace.completions - self._completions, len(trace.as_made), FINISHED)
        self._completions = trace.completions
        for heard_at, taken in list(trace.as_made)[len(trace.as_made) - new :]:
            number = self.finished[-1][0] + 1 if self.finished else 1
            found = {name: float(value) for name, value in taken.items()}
            self.finished.append((number, Finished(heard_at=int(heard_at), taken=found)))
        self.ring = Ring(depth=performer.ring.depth, beads=tuple(beads))

    def _look_at_lanes(self) -> None:
        performer, controls = self._host.performer, self._host.performer.controls
        now = max(performer.now, 0)
        begun = [completion for completion in performer.queued if completion.heard_at <= now + performer.lead]
        self.covered = begun[-1].song if begun else None
        whole = performer.bypass or performer.soundings.bypasses(now)
        self.dry = None if whole else float(controls.control_value("dry", now))
        names = {index: name for name, index in controls.port_numbers.items()}
        self.lanes = {
            names[index]: controls.as_taken(names[index], curve).astype(np.float32)
            for index, curve in self._host.performer.forecast.shown().items()
            if index in names
        }

    def _fork(self, points: tuple[Point, ...], ahead: int, answer: Answer) -> None:
        """Reads the engine ports from the timelines of the program that sounds and of those that wait, and leaves the
        other signals to the thread for forecasts."""
        soundings = self._host.performer.soundings
        now = soundings.now.forecast.now
        known = np.full((len(points), ahead), np.nan, np.float32)
        scenes: list[Scene] = []
        for sounding, first, stop in soundings.heard(now, now + ahead):
            forecast = sounding.forecast
            inside = list[int]()
            for place, (node, port, side) in enumerate(points):
                try:
                    if side != "in":
                        raise PatchError("no engine port")
                    number = forecast.program.engine_port(node, port)
                except PatchError:
                    inside.append(place)
                    continue
                known[place, first - now : stop - now] = forecast.span(number, first, stop)
            program, state, transport, _ = forecast.snapshot()
            scenes.append(Scene(program, state, transport, first, stop, tuple(inside)))
        self._busy = self._worker.submit(self._run, scenes, points, known, now, answer)

    # -- the thread for forecasts -------------------------------------------------------------------------------
    def _run(self, scenes: Sequence[Scene], points: Sequence[Point], rows: Row, now: int, answer: Answer) -> None:
        began = monotonic()
        for scene in scenes:
            inside = list(scene.inside)
            if not inside:
                continue
            scopes, wanted = Scopes(), [points[place] for place in inside]
            scopes.watch(wanted)
            for k in range(scene.first, scene.stop):
                frame = scene.transport.frame(k)
                scene.program.run(scene.state, frame)
                scopes.note(k, scene.program, scene.state, frame)
            first, values = scopes.read_since(wanted, scene.first)
            if values.shape[1]:
                rows[inside, first - now : first - now + values.shape[1]] = values
        self._rest_until = monotonic() + (monotonic() - began) * (1.0 / SHARE - 1.0)
        answer(now, rows)
