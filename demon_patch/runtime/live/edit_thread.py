"""The editing thread of a performance: it compiles edits, loads their prompts and clips, and writes takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import NamedTuple, ParamSpec, TypeVar

import torch

from demon_patch.engine.contracts import Source
from demon_patch.errors import DemonError, without_frames
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.overlay import Key, Overlay
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.live import memory
from demon_patch.runtime.live.fallback import GOES_ON, Version, without_mistake
from demon_patch.runtime.live.give_way import give_way
from demon_patch.runtime.live.knobs import Moved, with_moved
from demon_patch.runtime.live.scheduled_edits import ScheduledEdit
from demon_patch.runtime.live.stages import DocumentStage
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import at_length, load_loras, loaded_parts, measure_sounds, song_frames
from demon_patch.runtime.performance.resources import Resources
from demon_patch.threads import Collector, Urgency, hurry, unhurried

P = ParamSpec("P")
T = TypeVar("T")

REST_SECONDS = 2.0  # without an edit, after which memory is given back, while the transport stands
EDITED_SECONDS = 10.0  # of edits, after which what is free is given back also while sound is made
PATIENCE_SECONDS = 0.25  # for which a compile waits for sound that is late, at most


class Fit(NamedTuple):
    """What a document asks of its performance, and no edit of a performance that plays can change.

    frames: the length of the song in latent frames. model: the name in the patch's metadata, which may be empty.
    """

    frames: int
    model: str


class EditThread:
    """One thread that does what is submitted to it, in order. Its work never holds up the tick thread.

    performer: the performance, as it begins.
    resources: loads prompts, clips and LoRAs.
    bpm: the tempo, in beats a minute, of a patch that has none of its own.
    clip: replaces the patch's own source.
    patch: the document that the performer plays.
    stages: returns the document as it sounds now and after each edit that waits; called on the editing thread.
    moved: returns the knobs that have moved without being compiled since its last call; called on the editing thread.
    behind: returns whether less sound is laid ahead than should be; called on the editing thread.
    compiled: called on the editing thread after each compile with what the document asks of a performance now.
    play: called on the editing thread with the compiled stages; passes them to the tick thread.
    awaits_fit: whether an edit that waits for its grid asks for another performance (`Fit`).
    tell: called on the editing thread with a message for each mistake of the document, once, and for any other
        error; also with the error itself, and with "edit".
    """

    def __init__(
        self,
        performer: Performer,
        resources: Resources,
        bpm: float,
        clip: Source | None,
        patch: Patch,
        *,
        stages: Callable[[], Sequence[DocumentStage]],
        play: Callable[[Sequence[ScheduledEdit]], object],
        tell: Callable[[str, Exception, str], object],
        moved: Callable[[], Mapping[Key, Moved]] = dict,
        compiled: Callable[[Fit], object] = lambda fit: None,
        behind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._resources, self._clip, self._stages, self._play, self._tell = resources, clip, stages, play, tell
        self._moved, self._note_compiled, self._behind = moved, compiled, behind
        self._per = performer.spec.samples_per_frame
        self.awaits_fit = False
        self._frames = performer.source.frames
        self._geometry = Geometry.of_family(performer.spec, self._frames, bpm)
        self._program = performer.program  # that was compiled last; the next one is compiled to replace it
        self._good = Version(patch, Overlay())  # of the document that was compiled last
        self._mistakes: dict[str, Exception] = {}  # in words, of the document that was compiled last
        self._lock = threading.Lock()  # of the two that follow
        self._newest = 0  # the number of the newest version of the document
        self._collector = Collector()
        self._worked_at: float | None = None  # when it compiled last; None once memory was given back since
        self._given_back_at = monotonic()
        self._compiled: Future[None] = Future()
        self._compiled.set_result(None)
        self._executor = ThreadPoolExecutor(1, "editing", _begin)

    def submit(self, work: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
        """From any thread. Calls a function on the editing thread, after all that was submitted before, and returns its
        result as a future. An error becomes a message, and is raised where the result is read."""

        def unhurriedly() -> T:
            with unhurried():
                return work(*args, **options)

        return self._submit(unhurriedly)

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        def told() -> T:
            try:
                return work()
            except Exception as error:
                self._tell(_in_words(error), error, "edit")
                raise

        return self._executor.submit(told)

    def compile_newest(self) -> None:
        """From any thread. Has the editing thread compile the document. It compiles the newest version when its turn
        comes, and skips older ones that wait."""
        with self._lock:
            self._newest += 1
            self._compiled = self._submit(partial(self._compile, self._newest))

    @property
    def compiled(self) -> Future[None]:
        """From any thread. A future that is done when the newest version of the document is compiled."""
        return self._compiled

    def rest(self) -> None:
        """On the tick thread. While the transport stands, collects garbage, lets go of clips and noise that nothing
        plays, and gives the memory that edits have left to the system, once, when there was no edit for REST_SECONDS:
        while edits follow each other they use it again."""
        if self._worked_at is not None and monotonic() - self._worked_at > REST_SECONDS:
            self._worked_at = None
            with suppress(RuntimeError):  # the thread is being ended
                self._executor.submit(self._give_back)

    def _give_back(self) -> None:
        with unhurried():
            self._collector.collect()  # first, since reference cycles hold clips
            self._resources.drop_unheld()
            self._give_back_freed()

    def _give_back_freed(self) -> None:
        """On the editing thread, unhurried. Gives the memory that is free to the system; also while sound is made."""
        memory.give_back()
        self._given_back_at = monotonic()

    def shutdown(self) -> None:
        """From any thread but the editing thread. Finishes what was submitted, and ends the thread."""
        self._executor.shutdown()

    def _compile(self, number: int) -> None:
        """On the editing thread. Compiles every stage of the document and passes them to `play`. Does nothing if a
        newer version than `number` waits.

        For a stage with a mistake, the nearest version without it plays (`fallback.without_mistake`), so that all
        later edits and live values are heard.
        """
        give_way(lambda: number == self._newest and self._behind(), PATIENCE_SECONDS)
        if number != self._newest:
            return
        edits: list[ScheduledEdit] = []
        fits: list[Fit] = []
        mistakes: dict[str, Exception] = {}
        stages = self._stages()
        if moved := self._moved():
            self._good = Version(*with_moved(*self._good, moved))
        good = self._good
        for stage in stages:
            if (found := self._playable(stage, good, mistakes)) is not None:
                edit, good = found
                if not edits:
                    self._good = good  # later stages may be cancelled
                edits.append(edit)
                fits.append(Fit(self._natural, good.base.meta.model))
            elif not edits:
                break
        for mistake, error in mistakes.items():
            if mistake not in self._mistakes:
                self._tell(mistake, error, "edit")
        self._mistakes = mistakes
        if edits:
            self._play(edits)
            self.awaits_fit = len(set(fits)) > 1
            self._note_compiled(fits[0])
        self._collector.note_work()
        self._worked_at = monotonic()
        if self._worked_at - self._given_back_at > EDITED_SECONDS:
            with unhurried():
                self._give_back_freed()

    def _playable(
        self, stage: DocumentStage, good: Version, mistakes: dict[str, Exception]
    ) -> tuple[ScheduledEdit, Version] | None:
        """On the editing thread. Returns a stage, or the nearest version of it that can be compiled, ready to be heard,
        with its version; None where not even the version that played before can be compiled. Adds a message for each
        mistake to `mistakes`."""
        version, patch = Version(stage.base, stage.live), stage.patch
        stays: dict[str, tuple[str, Exception]] = {}  # by mistake, what stays as it was for it in the end
        found: ScheduledEdit | None = None
        while found is None:
            try:
                found = self._scheduled(stage, patch)
            except Exception as error:
                nearer = without_mistake(version, good, error, stage.live)
                without_frames(error)  # which hold the programs of this compile
                stays[_in_words(error)] = GOES_ON if nearer is None else nearer[1], error
                if nearer is None:
                    break
                version = nearer[0]
                patch = version.sounding
        mistakes |= {f"{mistake}; {stayed}": error for mistake, (stayed, error) in stays.items()}
        return None if found is None else (found, version)

    def _scheduled(self, stage: DocumentStage, patch: Patch) -> ScheduledEdit:
        """On the editing thread. Compiles a patch in the place of a stage of the document, and loads its prompts, clips
        and LoRAs. Returns the edit, ready to be heard. Raises DemonError that names the node."""
        program = compile(patch, CATALOGUE, self._geometry, self._program)
        with unhurried():  # clips and prompts may take seconds
            loaded = loaded_parts(program, self._resources, self._clip)
            self._natural = song_frames(loaded)
            parts = at_length(loaded, self._frames, self._per)
            measure_sounds(program, self._resources, parts, self._clip)
            load_loras(program, self._resources)
        self._program = program
        program.prepare_turns()
        return ScheduledEdit(stage.key, stage.at, stage.label, patch.song, program, parts, stage.moves)


def _begin() -> None:
    """On the editing thread, at its start."""
    torch.set_num_threads(1)
    hurry(Urgency.EDIT)


def _in_words(error: Exception) -> str:
    """Returns an error as the text that the player is shown."""
    if isinstance(error, DemonError):
        return str(error)
    return f"an error of the program: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
