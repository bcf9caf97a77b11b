"""Watches a patch file while it plays: each saved version is played; a mistake in it becomes a message."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.assets import load_patch
from demon_patch.runtime.assets.named_files import inspect_files
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
from demon_patch.runtime.live.fallback import GOES_ON
from demon_patch.runtime.live.host import Host

LOOK_SECONDS = 0.2
PATIENCE = 5  # looks at a version that cannot be read, which may be half written, before a message says so
MOST_TOLD = 4  # mistakes of one version of the file that become messages
END_SECONDS = 2.0  # for which the end waits for a look that is under way

Stamp = tuple[int, int, int, int]  # of a version of a file: when, how long, which
UNSEEN: Stamp = (0, 0, -1, -1)  # of no version


class Watch:
    """A thread that plays a patch file's newest version on a host; a context manager.

    prepare: returns the patch to play for each version that is read.
    """

    def __init__(self, host: Host, path: str | Path, prepare: Callable[[Patch], Patch] = lambda patch: patch) -> None:
        self._host, self._path, self._prepare = host, Path(path), prepare
        self._seen: Stamp | None = UNSEEN  # so that a save while the model was loaded is heard, too
        self._mistake, self._looks = "", 0  # of the version that was seen last, until a message tells it
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(END_SECONDS)

    def check_once(self) -> None:
        """Looks at the file once, and plays its version if that was not read before. Called on the watch's thread, or
        by hand while that does not run."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._mistake, self._looks = "", 0
            try:
                patch = self._prepare(load_patch(self._path))
            except (DemonError, MemoryError, RecursionError) as error:
                self._mistake = str(error) or f"{self._path.name} takes too much memory"
                self._seen = stamp
            else:
                if stamp == self._stamp():  # else it was read while it was written: the next look reads it whole
                    self._seen = stamp
                    self._take(patch)
                return
        if self._mistake:
            self._looks += 1
            if self._looks == PATIENCE:
                self._host.add_message(f"{self._mistake}; {GOES_ON}")
                self._mistake = ""

    def _run(self) -> None:
        """On the watch's thread. Looks at the file every LOOK_SECONDS."""
        while not self._ended.wait(LOOK_SECONDS):
            self.check_once()

    def _take(self, patch: Patch) -> None:
        host = self._host
        if patch == host.patch or self._ended.is_set():
            return
        spec = host.performer.spec
        wrong: list[DemonError] = [*problems(patch, CATALOGUE, spec)]
        if not wrong:
            before = host.patch
            unread, unread_before = host.unread_clips(patch), host.unread_clips(before)
            wrong += inspect_files(patch, host.folder, CATALOGUE, before, unread, unread_before).mistakes
        odd = [] if wrong else [*warnings_of(patch, CATALOGUE, spec.name), *unknown_words(patch, CATALOGUE, spec.name)]
        told = [str(error.located(file=self._path.name)) for error in (wrong or odd)[:MOST_TOLD]]
        if len(wrong) > MOST_TOLD:
            told.append(f"{self._path.name}: and {len(wrong) - MOST_TOLD} more mistakes")
        if wrong:
            told[-1] += f"; {GOES_ON}"
        else:
            told.append(f"{self._path.name} was saved, and is played as soon as it is compiled")
        for message in told:
            host.add_message(message)
        if not wrong:
            host.edit(patch)

    def _stamp(self) -> Stamp | None:
        """Returns numbers that differ for two versions of the file; None if there is no file."""
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
