"""A second performance that is prepared while the first one plays, and takes over from it on a bar line.

It loads, compiles and generates its first windows into a song memory of its own, on a thread of its own. Nothing of the
performance that plays changes until its song is heard; after an error it never changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Protocol

import torch

from demon_patch.engine.contracts import Source
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError, without_frames
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.live import memory
from demon_patch.runtime.live.conversion import Conversion
from demon_patch.runtime.live.edit_thread import Fit
from demon_patch.runtime.live.give_way import give_way
from demon_patch.runtime.live.live_performance import LivePerformance, Surroundings, cast
from demon_patch.runtime.live.moment import Moment, carry, moment_of
from demon_patch.runtime.live.progress import OVER, Progress, Stage
from demon_patch.runtime.live.tick_loop import TickLoop
from demon_patch.runtime.performance.resources import Resources
from demon_patch.scarce import is_out_of_memory

LAY_SECONDS = 1.0  # before a bar line, in which the first windows are laid
SEND_SECONDS = 0.2  # before the takeover, in which the audio process hears of it
COMPANY_SECONDS = 0.5  # by which the performance that plays decodes further ahead meanwhile
PATIENCE_SECONDS = 1.0  # for which it waits at once for what plays, at most
LOOK_SECONDS = 0.1  # between two looks whether a preparation is cancelled


@dataclass(frozen=True, slots=True)
class Opened:
    """A patch that is to play, and where its files lie.

    folder, into: see `Resources`. ends: closed when it plays no more. clip: replaces the patch's own source.
    """

    patch: Patch
    folder: Path
    into: Path
    ends: ExitStack
    clip: Source | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be prepared.

    title: what the player is told that it is.
    read: called on the preparation's thread; returns the patch. Raises DemonError.
    model: that plays it; None for the patch's own.
    client: who asked for it.
    same: whether it is the document that plays, on another model or with another length: it keeps its place in the
        song, its beats and its history.
    fit: for what an edit asked for by itself, that; None for what a client asked for.
    landed: called when its document takes the place of the one that plays, while no other thread can use either.
    left: called afterwards on the preparation's thread, with the document that plays no more.
    pause: seconds to wait before it begins, in case something else is wanted.
    """

    title: str
    read: Callable[[], Opened]
    model: str | None = None
    client: str = ""
    same: bool = False
    fit: Fit | None = None
    landed: Callable[[], None] = lambda: None
    left: Callable[[Patch], None] = lambda before: None
    pause: float = 0.0


class House(Protocol):
    """What a preparation needs of the host."""

    playing: LivePerformance
    around: Surroundings

    @property
    def link(self) -> AudioLink:
        """The audio process."""
        ...

    def load_session(self, model: str) -> Session:
        """Loads a model."""
        ...

    def check_room(self, title: str, model: str) -> None:
        """Raises DemonError, with numbers, where memory lacks."""
        ...

    def take_over(self, performance: LivePerformance, wanted: Wanted, patch: Patch, moment: Moment) -> None:
        """Makes a performance whose song is heard the one that plays."""
        ...


class _Cancelled(Exception):
    """The preparation is not wanted any more."""


class Preparation:
    """One performance on its way, on a thread of its own.

    after: the one before, which this one replaces: it is cancelled, and waited for.
    tell: called on the thread with each progress.
    number: counts the preparations of a host from 1. progress: the latest.
    """

    def __init__(
        self, house: House, wanted: Wanted, tell: Callable[[Preparation], None], after: Preparation | None = None
    ) -> None:
        self._house, self.wanted, self._tell, self._after = house, wanted, tell, after
        self.number = 1 if after is None else after.number + 1
        self.progress = Progress(self.number, wanted.title, "waiting")
        self._unwanted, self._abandoned = threading.Event(), threading.Event()
        self._performance: LivePerformance | None = None
        self._moment: Moment | None = None
        self._thread = threading.Thread(target=self._run, name="preparing", daemon=True)

    def start(self) -> None:
        """From any thread, once."""
        self._thread.start()

    def cancel(self) -> None:
        """From any thread. Ends it, unless it takes over already."""
        self._unwanted.set()

    def close(self) -> None:
        """From any thread but its own, when the host ends. Ends it in any case, and waits for its end."""
        self._abandoned.set()
        self.cancel()
        self.join()

    def join(self) -> None:
        """From any thread but its own. Waits for its end."""
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def runs(self) -> bool:
        """From any thread. Whether it is on its way, and not cancelled."""
        return self.progress.stage not in OVER and not self._unwanted.is_set()

    # -- its thread ---------------------------------------------------------------------------------------------
    def _run(self) -> None:
        if self._after is not None:
            self._after.cancel()
            self._after.join()
            self._after = None
        before, error = self._house.playing, None
        try:
            torch.set_num_threads(1)
            self._prepare(before)
        except _Cancelled:
            self._note("cancelled")
        except DemonError as found:
            error = found
        except Exception as found:
            error = memory.lack(self.wanted.title) if is_out_of_memory(found) else program_error(found)
        playing = self._house.playing.tick_loop
        playing.post(lambda: playing.expect_company(0.0))
        if error is not None:
            self._note("failed", error=without_frames(error))  # which hold the model
        self._performance = self._moment = None

    def _note(self, stage: Stage, seconds: float = 0.0, error: DemonError | None = None) -> None:
        self.progress = Progress(self.number, self.wanted.title, stage, seconds, error)
        self._tell(self)

    def _check(self) -> None:
        if self._unwanted.is_set():
            raise _Cancelled

    def _prepare(self, before: LivePerformance) -> None:
        if self._unwanted.wait(self.wanted.pause):
            raise _Cancelled
        before.post(lambda: before.tick_loop.expect_company(COMPANY_SECONDS))
        self._note("loading")
        opened = self.wanted.read()
        performance: LivePerformance | None = None
        try:
            self._performance = performance = self._made(opened)
            self._note("generating")
            self._generate(performance)
            while not self._switched(performance):
                performance.tick_loop.begin_again()
                self._generate(performance)
            self._wait_for_takeover(performance)
            assert self._moment is not None
            self._house.take_over(performance, self.wanted, opened.patch, self._moment)
        finally:
            if performance is not None and performance is self._house.playing:
                performance.ends.enter_context(opened.ends)
            else:
                if performance is not None:
                    self._drop(performance)
                opened.ends.close()
        self._note("playing")

    def _made(self, opened: Opened) -> LivePerformance:
        """Loads and compiles; returns the performance, silent. Raises DemonError."""
        house, wanted = self._house, self.wanted
        model = wanted.model or opened.patch.meta.model or DEFAULT_MODEL
        house.check_room(wanted.title, model)
        session = house.load_session(model)
        self._check()
        self._note("compiling")
        resources = Resources(session, opened.folder, opened.into)
        before = house.playing.performer
        conversion = Conversion(session.spec, house.link.format)
        tempo = before.transport.tempo(max(before.now, 0))
        made = cast(opened.patch, resources, session, opened.clip, tempo)
        self._check()
        song = house.link.next_song(conversion.place(made.samples))
        try:
            performance = LivePerformance(made, song, house.around, heard=False, before_playing=self._meet)
            performance.tick_loop.expect_lead(before.lead)
            performance.tick_loop.expect_company(COMPANY_SECONDS)
            performance.tick_loop.give_way = partial(self._give_way, performance, house.playing.tick_loop)
            session.executor.lanes.most = max(session.executor.lanes.count // 2, 1)
            return performance
        except BaseException:
            house.link.drop_song(song)
            raise

    def _drop(self, performance: LivePerformance) -> None:
        """Gives back what was made and does not play."""
        self._house.playing.successor = None
        performance.close()
        self._house.link.drop_song(performance.speaker.song)
        performance.release()
        memory.give_back()

    def _generate(self, performance: LivePerformance) -> None:
        """Ticks until the first windows are laid."""
        while not performance.tick_loop.begun:
            self._check()
            performance.tick_loop.step()

    def _give_way(self, performance: LivePerformance, before: TickLoop) -> None:
        """On the thread that ticks. Waits while the performance that plays is behind, but not for ever: else a machine
        that is too slow for the one would never play the other."""
        give_way(lambda: not performance.speaker.heard and before.is_behind, PATIENCE_SECONDS, self._unwanted.wait)

    def _asked(self, work: Callable[[], object], of: LivePerformance) -> None:
        """Has the tick thread of what plays do something, and waits for it."""
        answer: Future[object] = Future()

        def do() -> None:
            try:
                answer.set_result(work())
            except BaseException as error:
                answer.set_exception(error)

        of.post(do)
        while True:
            try:
                answer.result(LOOK_SECONDS)
                return
            except Late:
                self._check()

    def _meet(self) -> None:
        """Before the first windows are laid: chooses the bar line of the takeover, and takes over the state of the
        performance that plays as it will be there."""
        performance, before = self._performance, self._house.playing
        assert performance is not None
        found: list[Moment] = []
        ahead = LAY_SECONDS + performance.performer.lead / performance.performer.spec.frame_rate
        self._asked(lambda: found.append(moment_of(before, self._house.link, ahead)), before)
        self._moment = moment = found[0]
        performance.speaker.begin_at(moment.sample)
        carry(moment, performance, same=self.wanted.same)

    def _switched(self, performance: LivePerformance) -> bool:
        """Has the audio process take over at the moment that was chosen. Returns False, and does not, where too little
        time is left."""
        before, link, moment = self._house.playing, self._house.link, self._moment
        assert moment is not None
        done: list[bool] = []

        def switch() -> None:
            spare = 0 if moment.stands else ceil(SEND_SECONDS * link.format.rate)
            stands = before.tick_loop.begun and before.tick_loop.playing
            if link.frontier + spare > moment.sample or (moment.stands and stands):
                done.append(False)
                return
            before.successor = performance
            link.switch(performance.speaker.song, moment.sample, None)
            done.append(True)

        self._check()
        self._asked(switch, before)
        return done[0]

    def _wait_for_takeover(self, performance: LivePerformance) -> None:
        """Waits until the song is heard. It cannot be cancelled any more; only the end of the host ends it."""
        before, moment = self._house.playing, self._moment
        assert moment is not None
        link = self._house.link
        seconds = (moment.sample - link.playhead()) / link.format.rate
        self._note("taking over", max(seconds, 0.0))
        performance.start()
        moved = moment.stands
        while not before.succeeded.wait(LOOK_SECONDS):
            if self._abandoned.is_set():
                raise _Cancelled
            if not before.tick_loop.playing and not moved:
                before.post(partial(self._take_over_now, before, performance))
            moved = not before.tick_loop.playing

    def _take_over_now(self, before: LivePerformance, performance: LivePerformance) -> None:
        """On the tick thread of what plays, which was stopped before its bar line: nothing is waited for any more."""
        if not before.tick_loop.playing:
            at = self._house.link.frontier
            performance.speaker.begin_at(at)
            self._house.link.switch_earlier(at)


def program_error(error: Exception) -> DemonError:
    """Returns an error that is not the player's, in words."""
    return DemonError(f"an error of the program: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
