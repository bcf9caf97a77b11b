"""Measures what turned knobs cost a performance: 30 knobs, each 100 times a second, on a patch of 200 nodes that plays.

Method. The patch plays on nano, on one thread, into a song in memory. The clock is the computing time of
this process, all its threads together. So the figures are those of a machine with one core that does nothing else, and
other load does not count. Stretches of a few seconds follow each other in turn: without knobs, with knobs as parameters
of the program, and with a compiled program for the newest values, as for other edits. "work" and "change" are the tick
thread's own computing time, in a tick and in a change of knobs or programs. A window is late if the clock has read into
its place before it was laid.
"""

from __future__ import annotations

import math
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time, sleep, thread_time
from typing import Any

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.bench import graph
from demon_patch.bench.live import patch as cover
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.audio.lay_window import Seam, lay
from demon_patch.runtime.graph.route import Route
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.runtime.live.edit_thread import EditThread
from demon_patch.runtime.live.host import SWITCH_SECONDS
from demon_patch.runtime.live.knobs import KnobMoves, Moves
from demon_patch.runtime.live.scheduled_edits import ScheduledEdit, ScheduledEdits
from demon_patch.runtime.live.tick_loop import TickLoop
from demon_patch.runtime.performance.prepare import perform, tempo_of
from demon_patch.runtime.performance.resources import Resources
from demon_patch.threads import quiet_gc, restore_gc

NODES, KNOBS = 200, 30
TURN_SECONDS = 0.01  # from one turn of a knob to the next
AHEAD_SECONDS = 0.04  # that the clock reads before it is heard, as a sound device does
WAYS = ("no knobs", "parameters", "compiled")
SETTLE = 0.15  # share of a stretch before it is measured
ENDS = (("scheduler", "structure"), ("blend", "source_blend"), ("state", "velocity_scale"), ("scheduler", "strength"))


def patch(nodes: int = NODES) -> Patch:
    """Returns a cover whose controls `nodes` nodes move."""
    playing, moving = cover(focus="8 s"), graph.graph(nodes)
    inner = {id: node for id, node in moving.nodes.items() if id.startswith("n")}
    cables = [cable for cable in moving.cables if {cable.src, cable.dst} <= inner.keys()]
    ids = sorted(inner)
    cables += [Cable(ids[-1 - 7 * i], "out", *end, mode="add", depth=0.2) for i, end in enumerate(ENDS)]
    changed: dict[str, Node] = {**playing.nodes, **inner}
    return Patch(song=playing.song, nodes=changed, cables=(*playing.cables, *cables))


class Clock:
    """A loudspeaker without a device: it plays a song in memory by the computing time that has passed. Called from the
    tick thread."""

    def __init__(self, samples: int, channels: int, rate: int) -> None:
        self._song = np.zeros((samples, channels), np.float32)
        self._rate, self._began = rate, 0.0
        self._playing = False

    def playhead(self) -> float:
        """Returns the sample of the timeline that is at the loudspeaker."""
        return (process_time() - self._began) * self._rate if self._playing else 0.0

    @property
    def frontier(self) -> int:
        """The first sample of the timeline that is not read yet."""
        return math.ceil(self.playhead() + AHEAD_SECONDS * self._rate) if self._playing else 0

    def lay(
        self, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None, ceiling: float = 0.0
    ) -> Seam:
        """Lays a window into the song (`Speaker.lay`)."""
        return lay(self._song, position, block, half, lo, len(self._song) if hi is None else hi)

    def set_route(self, route: Route) -> None:
        """Does nothing: nobody listens."""

    def set_playing(self, on: bool) -> None:
        """Lets the timeline run, from its beginning."""
        self._playing, self._began = on, process_time()

    def poll(self) -> list[dict[str, Any]]:
        """Returns no events."""
        return []


class Measured(TickLoop):
    """A tick loop that notes, by what is going on (`way`), how long ticks take and which windows are late.

    ticks: seconds of each tick. work, changes: seconds for which the tick thread itself computed, in each tick, and in
        each change of programs or knobs.
    """

    way = ""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.ticks: defaultdict[str, list[float]] = defaultdict(list)
        self.work: defaultdict[str, list[float]] = defaultdict(list)
        self.late: defaultdict[str, int] = defaultdict(int)
        self.missing: defaultdict[str, int] = defaultdict(int)
        self.changes: defaultdict[str, list[float]] = defaultdict(list)
        self.computed: defaultdict[str, int] = defaultdict(int)

    def step(self) -> None:
        """On the tick thread. Makes one tick, changes included."""
        way, began, work, before = self.way, process_time(), thread_time(), self.performer.forecast.computed
        super().step()
        if self.begun:
            self.ticks[way].append(process_time() - began)
            self.work[way].append(thread_time() - work)
            self.computed[way] += self.performer.forecast.computed - before

    def serve(self) -> None:
        """On the tick thread. Decodes and lays what is due."""
        before = self.starved
        super().serve()
        self.late[self.way] += self.starved > before
        self.missing[self.way] += self.starved - before

    def timed(self, change: Callable[[], Any]) -> Any:
        """On the tick thread. Makes a change and notes how long it takes."""
        began = thread_time()
        found = change()
        self.changes[self.way].append(thread_time() - began)
        return found


class Bench:
    """A performance without a device, made of the parts of a host."""

    def __init__(self, session: Session) -> None:
        document, resources, spec = patch(), Resources(session, Path()), session.spec
        performer = perform(document, session, resources=resources)
        samples = performer.source.frames * spec.samples_per_frame
        self.loop = Measured(performer, Clock(samples, spec.channels, spec.sample_rate), process_time)
        bpm = tempo_of(document.song, performer.source)
        self.messages: list[str] = []
        self.knobs = KnobMoves(self._turn, self.loop.post, self._compile)
        self.document = LiveDocument(document, self._compile, self.knobs)
        self._scheduled = ScheduledEdits(performer, document.song, bpm)
        self._editing = EditThread(
            performer, resources, bpm, None, document, stages=self.document.stages, play=self._play,
            tell=lambda message, *_: self.messages.append(message), moved=self.document.take_moved,
        )  # fmt: skip
        self._thread = threading.Thread(target=self.loop.run, name="tick", daemon=True)
        self.turned: defaultdict[str, list[float]] = defaultdict(list)

    def _compile(self) -> None:
        self._editing.compile_newest()

    def _turn(self, moves: Moves) -> Any:
        return self.loop.timed(lambda: self.loop.performer.turn(moves))

    def _play(self, edits: Any) -> None:
        def play() -> None:
            given: list[ScheduledEdit] = edits
            self.loop.timed(lambda: self._scheduled.play(given))
            self.knobs.note_played(given[0].moves)

        self.loop.post(play)

    def run(self, seconds: float, rounds: int) -> None:
        """Plays `rounds` times a stretch of so many seconds of each way."""
        interval = sys.getswitchinterval()
        quiet_gc()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()
        try:
            self._wait()
            for stretch in range(rounds * len(WAYS)):
                self._stretch(WAYS[stretch % len(WAYS)], seconds)
        finally:
            self._editing.shutdown()
            self.loop.end()
            self._thread.join()
            sys.setswitchinterval(interval)
            restore_gc()
        if problems := [*self.messages, *self.loop.faults]:
            raise DemonError(problems[0])

    def _wait(self) -> None:
        end = perf_counter() + 120.0
        while not self.loop.begun or self.loop.performer.trace.completions < 4:
            if perf_counter() > end:
                raise DemonError(f"nothing plays: {self.loop.faults or self.messages}")
            sleep(0.05)

    def _stretch(self, way: str, seconds: float) -> None:
        """Plays for so many seconds, and turns knobs meanwhile."""
        self.document.knobs = self.knobs if way == "parameters" else None
        ids = sorted(id for id, node in self.document.patch.nodes.items() if node.type == "lfo")
        began, count = process_time(), 0
        while (passed := (at := process_time()) - began) < seconds:
            self.loop.way = way if passed > SETTLE * seconds else ""
            if way != "no knobs":
                for number in range(KNOBS):
                    turned = thread_time()
                    rate = 0.5 + 0.3 * math.sin(0.01 * count + number)
                    self.document.turn(ids[2 * number], "rate", rate)
                    self.turned[self.loop.way].append(thread_time() - turned)
            count += 1
            while process_time() - at < TURN_SECONDS:  # what was missed is not made up for
                sleep(TURN_SECONDS / 5)
        self.loop.way = ""
        self.document.knobs = self.knobs
        self.document.release()
        self._editing.submit(lambda: None).result(60)

    def row(self, way: str, seconds: float) -> dict[str, Any]:
        """Returns the figures of one way; `seconds`: for which it was measured in all."""
        loop = self.loop
        ticks, changes = np.array(loop.ticks[way] or [math.nan]), np.array(loop.changes[way] or [0.0])
        turned = np.array(self.turned[way] or [0.0])
        return {
            "knobs": way,
            "turns_per_s": len(self.turned[way]) / seconds,
            "late_windows": loop.late[way],
            "starved_frames": loop.missing[way],
            "ticks": len(loop.ticks[way]),
            "tick_ms": 1e3 * float(np.median(ticks)),
            "p99_ms": 1e3 * float(np.percentile(ticks, 99)),
            "ratio": float(np.median(ticks)) / float(np.median(loop.ticks[WAYS[0]] or [math.nan])),
            "work_ms": 1e3 * float(np.median(loop.work[way] or [math.nan])),
            "change_ms": 1e3 * float(np.median(changes)),
            "change_p99_ms": 1e3 * float(np.percentile(changes, 99)),
            "tick_us_a_turn": 1e6 * float(changes.sum()) / max(len(self.turned[way]), 1),
            "client_us_a_turn": 1e6 * float(np.median(turned)),
            "numbers_anew_a_tick": loop.computed[way] / max(len(ticks), 1),
        }


def measure(session: Session, seconds: float = 8.0, rounds: int = 3) -> list[dict[str, Any]]:
    """Returns a row for each way of turning knobs. seconds: of a stretch. rounds: stretches of each way."""
    bench = Bench(session)
    bench.run(seconds, rounds)
    return [bench.row(way, rounds * seconds * (1 - SETTLE)) for way in WAYS]
