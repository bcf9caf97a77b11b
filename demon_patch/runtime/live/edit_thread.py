"""The editing thread of a performance: it compiles edits, loads their prompts and clips, and writes takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

import torch

from demon_patch.engine.contracts import Source
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.live.document import DocumentStage
from demon_patch.runtime.live.scheduled_edits import ScheduledEdit
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import measure_sounds, parts_of
from demon_patch.runtime.performance.resources import Resources

P = ParamSpec("P")
T = TypeVar("T")


class EditThread:
    """One thread that works off what it is given, in order. Its work never holds up the tick thread.

    stages: the document as it sounds now and after each edit that waits; called on the editing thread.
    play: called on the editing thread with the compiled stages; passes them on to the tick thread.
    tell: called on the editing thread with each mistake of the document, once.
    bpm: the tempo of a patch that has none of its own.
    clip: takes the place of the patch's own source.
    """

    def __init__(
        self,
        performer: Performer,
        resources: Resources,
        bpm: float,
        clip: Source | None,
        *,
        stages: Callable[[], Sequence[DocumentStage]],
        play: Callable[[Sequence[ScheduledEdit]], object],
        tell: Callable[[str], object],
    ) -> None:
        self._resources, self._clip, self._stages, self._play, self._tell = resources, clip, stages, play, tell
        self._frames = performer.source.frames
        self._geometry = Geometry.of_family(performer.spec, self._frames, bpm)
        self._program = performer.program  # that was compiled last; the next one is compiled to replace it
        self._mistakes: list[str] = []  # of the document that was compiled last
        self._lock = threading.Lock()  # of the two that follow
        self._newest = 0  # the number of the newest version of the document
        self._compiled: Future[None] = Future()
        self._compiled.set_result(None)
        self._executor = ThreadPoolExecutor(1, "editing", torch.set_num_threads, (1,))

    def submit(self, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
        """From any thread. Does some work on the editing thread, after all that was submitted before."""
        return self._executor.submit(work, *args, **options)

    def compile_newest(self) -> None:
        """From any thread. Compiles the document as it is when its turn comes; older versions that wait are skipped."""
        with self._lock:
            self._newest += 1
            self._compiled = self._executor.submit(self._compile, self._newest)

    @property
    def compiled(self) -> Future[None]:
        """From any thread. Done when the newest version of the document is compiled."""
        return self._compiled

    def shutdown(self) -> None:
        """From any thread but this one. Finishes what was submitted, and ends the thread."""
        self._executor.shutdown()

    def _compile(self, number: int) -> None:
        """On the editing thread. Compiles every stage of the document, unless a newer version waits.

        A stage with a mistake is left out; where the first one has a mistake, the performance goes on as it is.
        """
        if number != self._newest:
            return
        edits: list[ScheduledEdit] = []
        mistakes: list[str] = []
        for stage in self._stages():
            try:
                edits.append(self._scheduled(stage))
            except DemonError as error:
                mistakes.append(str(error))
                if not edits:
                    break
        for mistake in mistakes:
            if mistake not in self._mistakes:
                self._tell(mistake)
        self._mistakes = mistakes
        if edits:
            self._play(edits)

    def _scheduled(self, stage: DocumentStage) -> ScheduledEdit:
        """On the editing thread. A stage of the document, ready to be heard."""
        program = compile(stage.patch, CATALOGUE, self._geometry, self._program)
        parts = parts_of(program, self._resources, self._clip, self._frames)
        measure_sounds(program, self._resources, parts, self._clip)
        self._program = program
        return ScheduledEdit(stage.key, stage.at, stage.label, stage.patch.song, program, parts)
