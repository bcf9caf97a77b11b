"""Recalls the snapshots that the Snapshot nodes of a live performance ask for, on a thread of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from demon_patch.errors import DemonError
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.runtime.live.ramps import Ramps
from demon_patch.runtime.performance.recalls import AskedRecall
from demon_patch.threads import started_pool

KEPT = 1000  # messages that are told once


class GraphRecalls:
    """Does what Snapshot nodes ask for. The tick thread only notes it; where it asks faster than this can follow, the
    newest counts.

    document: whose snapshots are recalled, as live values. ramps: moves to a snapshot over some seconds.
    tell: called with each message for the player, once, and with the error that it tells.
    """

    def __init__(self, document: LiveDocument, ramps: Ramps, tell: Callable[[str, Exception], object]) -> None:
        self._document, self._ramps, self._tell = document, ramps, tell
        self._asked: deque[AskedRecall] = deque(maxlen=1)
        self._working = False
        self._told: set[str] = set()
        self._executor = started_pool(1, "recall")

    def note(self, asked: AskedRecall | None) -> None:
        """On the tick thread. Notes what is asked for, if anything."""
        if asked is None:
            return
        self._asked.append(asked)
        if not self._working:
            self._working = True
            self._executor.submit(self._recall_newest)

    def close(self) -> None:
        """From any thread but its own. Ends its thread."""
        self._executor.shutdown()

    def _recall_newest(self) -> None:
        """On its thread."""
        self._working = False
        try:
            if self._asked:
                self.recall(self._asked.pop())
        except Exception as error:
            self._tell_once(error)

    def recall(self, asked: AskedRecall) -> None:
        """On its thread. Recalls a snapshot at once, or begins to move to it. Raises PatchError where there is none at
        the place."""
        snapshot = asked.snapshot(self._document.patch)
        if asked.seconds > 0:
            self._ramps.start_from_here(snapshot, asked.seconds, asked.frame)
            return
        self._ramps.cancel()
        for skipped in self._document.recall(snapshot):
            self._tell_once(skipped)

    def _tell_once(self, error: Exception) -> None:
        text = str(error) if isinstance(error, DemonError) else f"a recall failed: {type(error).__name__}: {error}"
        if text not in self._told:
            if len(self._told) >= KEPT:
                self._told.clear()
            self._told.add(text)
            self._tell(text, error)
