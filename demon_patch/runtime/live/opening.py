"""What clients do to play another song, another model or another length while one plays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from msgspec import structs

from demon_patch.engine.families import DEFAULT_MODEL, NAMES
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean
from demon_patch.nodes.editing.new_song import new_song
from demon_patch.patch.edit.commands import SetMeta
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import place
from demon_patch.runtime.assets.assets import files_of
from demon_patch.runtime.live import memory
from demon_patch.runtime.live.document import PLAYER
from demon_patch.runtime.live.edit_thread import Fit
from demon_patch.runtime.live.live_performance import LivePerformance, Surroundings
from demon_patch.runtime.live.moment import Moment
from demon_patch.runtime.live.preparation import Opened, Preparation, Wanted
from demon_patch.runtime.live.progress import Progress
from demon_patch.runtime.live.ramps import Ramps
from demon_patch.runtime.live.sound_controls import SoundControls
from demon_patch.runtime.performance.prepare import load_playable, playable, wired_recordings

CALM_SECONDS = 0.5  # for which a clip's length stays as it is before another performance is prepared for it

Landed = Callable[[], None]
"""Called when another document takes the place of the one that plays, while no other thread can use either."""
Left = Callable[[Patch], None]
"""Called afterwards on the thread that prepares, with the document that plays no more; it may wait for the disk."""


class Opening(SoundControls):
    """The methods of `Host` that prepare another performance while one plays. At most one is prepared at a time: a
    later one replaces it. What plays stays untouched until the other one is heard, and after any error.

    around: what all performances of the host share.
    load: loads a model by its name.
    model: plays every song that is opened, in place of its own model; None for each song's own.
    """

    around: Surroundings
    model: str | None
    _load: Callable[[str], Session]
    _free: Callable[[], int | None]
    _ramps: Ramps

    @property
    def folder(self) -> Path:
        """From any thread. The folder of the files that the document names."""
        return self._resources.folder

    @property
    def into(self) -> Path:
        """From any thread. The folder that the performance writes files into."""
        return self._resources.into

    def _begin_opening(
        self,
        load: Callable[[str], Session],
        model: str | None,
        free: Callable[[], int | None],
        taken_over: Callable[[int], object],
    ) -> None:
        """taken_over: called when another performance plays, with the transport frame of the one before at which it has
        frame 0."""
        self._load, self.model, self._free, self._taken_over = load, model, free, taken_over
        self._preparation: Preparation | None = None
        self._opening_ended = False
        self._opening_lock = threading.Lock()
        self._refused: Fit | None = None  # what could not be prepared for the document that plays
        self._hearers: list[Callable[[Progress], object]] = []

    # -- what clients ask for -----------------------------------------------------------------------------------
    def open(
        self,
        file: Path,
        *,
        title: str = "",
        into: Path | None = None,
        client: str = PLAYER,
        landed: Landed = lambda: None,
        left: Left = lambda before: None,
    ) -> int:
        """From any thread. Prepares the song of a patch file or pack, which takes over on the next bar; a mistake
        becomes a message. Its document has a history of its own. A clip that is missing is silent. Returns the number
        of the preparation (`Progress`).

        title: what the player is told that it is; the file's name by default.
        into: the folder that its performance writes files into; that of the file by default.
        """

        def read() -> Opened:
            ends = ExitStack()
            try:
                folder = ends.enter_context(files_of(file))
                return Opened(load_playable(file), folder, into or file.parent, ends)
            except BaseException:
                ends.close()
                raise

        return self._prepare(Wanted(title or file.name, read, self.model, client, landed=landed, left=left))

    def load(
        self,
        patch: Patch,
        *,
        title: str = "the patch",
        folder: Path | None = None,
        client: str = PLAYER,
        landed: Landed = lambda: None,
        left: Left = lambda before: None,
    ) -> int:
        """From any thread. As `open`, for a patch that has no file; the files that it names lie in `folder`, by default
        the one that what plays writes into."""

        def read() -> Opened:
            with place(title):
                return Opened(playable(patch), folder or self.into, self.into, ExitStack())

        return self._prepare(Wanted(title, read, self.model, client, landed=landed, left=left))

    def new(self, *, client: str = PLAYER, landed: Landed = lambda: None, left: Left = lambda before: None) -> int:
        """From any thread. As `open`, for a new song: a ready chain of clip, prompt, scheduler, decoder and speaker."""
        return self.load(new_song(), title="a new song", client=client, landed=landed, left=left)

    def set_model(self, name: str, *, client: str = PLAYER) -> int:
        """From any thread. Prepares the document that plays on another model, or loads the same one anew. It keeps its
        place in the song and its history; the model's name becomes an edit of the client when it takes over. Songs that
        are opened later play on their own models. Raises DemonError for an unknown name."""
        if name not in NAMES and name != self.performer.spec.name:
            raise DemonError(
                f"there is no model family named {name!r}",
                mend=did_you_mean(name, NAMES, f"choose one of: {', '.join(NAMES)}"),
            )
        self.model = None
        return self._prepare(Wanted(f"the model {name}", lambda: self._same(name), name, client, same=True))

    def cancel_opening(self) -> None:
        """From any thread. Ends what is prepared, unless it takes over already."""
        if (preparation := self._preparation) is not None:
            preparation.cancel()

    @property
    def opening(self) -> Progress | None:
        """From any thread. How far what was prepared last is; None before the first."""
        preparation = self._preparation
        return None if preparation is None else preparation.progress

    def follow_opening(self, hear: Callable[[Progress], object]) -> Callable[[], None]:
        """From any thread. Calls `hear` with each progress, on the thread that prepares. Returns a function that ends
        this."""
        self._hearers.append(hear)
        return lambda: self._hearers.remove(hear)

    # -- for the preparation, see `House` -----------------------------------------------------------------------
    def load_session(self, model: str) -> Session:
        """From any thread. Loads a model."""
        return self._load(model)

    def check_room(self, title: str, model: str) -> None:
        """From any thread. Raises DemonError, with numbers, where memory lacks for a performance on a model."""
        memory.check(title, model, self._free())

    def take_over(self, performance: LivePerformance, wanted: Wanted, patch: Patch, moment: Moment) -> None:
        """On the thread that prepares. Makes a performance whose song is heard the one that plays, and closes the one
        before."""
        before = self.playing
        renames = wanted.same and wanted.fit is None and patch.meta.model != self.document.patch.meta.model
        rename = SetMeta(model=patch.meta.model) if renames else None

        def play() -> None:
            performance.tick_loop.starved += before.tick_loop.starved
            performance.be_heard()
            playing = before.tick_loop.playing
            performance.post(lambda: performance.tick_loop.play(playing))
            scopes = performance.performer.forecast.scopes
            scopes.watch(before.performer.forecast.scopes.watched)
            self.document.knobs, self.playing = performance.knobs, performance
            self._taken_over(moment.frame)

        if wanted.same:
            performance.ends.enter_context(before.ends.pop_all())  # the files of a pack
            self._ramps.shift(moment.frame)
            self.document.change_performance(play, rename, wanted.client or PLAYER, wanted.title.capitalize())
            replaced = None
        else:
            self._ramps.cancel()
            client = wanted.client or PLAYER
            replaced = self.document.replace(patch, client, f"Open {wanted.title}", play, wanted.landed)
        self._refused = None
        before.successor = None
        before.close()
        for change in before.tick_loop.take_changes():
            performance.post(change)
        before.release()
        memory.give_back()
        if replaced is not None:
            wanted.left(replaced)
            for file in wired_recordings(patch):
                self.record(self._resources.written(file))
            for fault in performance.faults.values():
                self._messages.add(fault, stage="file")
        self._messages.add(f"{wanted.title} plays", stage="file")

    # -- preparing ----------------------------------------------------------------------------------------------
    def _same(self, model: str | None = None) -> Opened:
        """Returns what sounds now, to be played by another performance."""
        patch = self.document.sounding
        if model is not None and model != (patch.meta.model or DEFAULT_MODEL):
            patch = structs.replace(patch, meta=structs.replace(patch.meta, model=model))
        playing = self.playing
        return Opened(patch, playing.resources.folder, playing.resources.into, ExitStack(), playing.clip)

    def _prepare(self, wanted: Wanted) -> int:
        with self._opening_lock:
            preparation = Preparation(self, wanted, self._note_progress, after=self._preparation)
            if not self._opening_ended:
                self._preparation = preparation
                preparation.start()
        return preparation.number

    def _end_opening(self) -> None:
        """Ends what is prepared; called before the performance that plays is closed."""
        with self._opening_lock:
            self._opening_ended, preparation = True, self._preparation
        if preparation is not None:
            preparation.close()

    def _note_progress(self, preparation: Preparation) -> None:
        """On the thread that prepares."""
        progress, wanted = preparation.progress, preparation.wanted
        if progress.error is not None:
            stays = "what plays goes on"
            if wanted.fit is not None:
                self._refused = wanted.fit
                seconds = self.performer.source.frames / self.performer.spec.frame_rate
                stays = f"the song stays {seconds:.1f} s long, on {self.performer.spec.title}"
            self._messages.add(f"{wanted.title} cannot be played: {progress.error}; {stays}", progress.error, "file")
        for hear in tuple(self._hearers):
            hear(progress)
        if progress.error is not None and wanted.fit is None:
            self.around.compile()  # an edit meanwhile may ask for another length

    def _note_compiled(self, performance: LivePerformance, fit: Fit) -> None:
        """On the editing thread, after each compile. Prepares another performance of the document where it asks for
        another length or model than the one that plays has."""
        if performance is not self.playing:
            return
        running = self._preparation if self._preparation is not None and self._preparation.runs else None
        if running is not None and running.wanted.fit is None:
            return
        if fit == performance.fit:
            self._refused = None
            if running is not None:
                running.cancel()
            return
        if fit == (self._refused if running is None else running.wanted.fit):
            return
        seconds = fit.frames / performance.performer.spec.frame_rate
        title = f"the song with {seconds:.1f} s"
        if fit.model != performance.fit.model:
            title = f"the model {fit.model or DEFAULT_MODEL}"
        model = (fit.model or DEFAULT_MODEL) if fit.model != performance.fit.model else performance.performer.spec.name
        self._prepare(Wanted(title, self._same, model, same=True, fit=fit, pause=CALM_SECONDS))
