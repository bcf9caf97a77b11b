"""A ramp: a morph between two snapshots, or from what sounds to a snapshot, over time.

In every control frame that the tick thread reaches, the mixture of that frame becomes live values (`LiveDocument.morph`
has the arithmetic; what does not glide switches in the middle). A knob that anyone else touches leaves the ramp.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.snapshots import Morph, Recall, here
from demon_patch.patch.edit.overlay import Key
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.live.document import LiveDocument
from demon_patch.threads import started_pool

LONGEST = 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class RampStatus:
    """A ramp that waits or moves.

    one, other: the ids of its snapshots; `one` is "" where it comes from what sounded when it began.
    amount: 0 at the first, 1 at the second.
    waits, remains: the seconds until it begins, and until it has ended.
    """

    one: str
    other: str
    amount: float
    waits: float
    remains: float


@dataclass(eq=False)
class _Ramp:
    """One ramp. begin, frames: the control frame in which it is at its first snapshot, and how many it takes."""

    one: str
    other: str
    ends: tuple[Snapshot, Snapshot]
    begin: int
    frames: int
    touches: int | None = None
    """`LiveDocument.touches` when it began."""
    now: int = -1
    _read: tuple[Patch, Morph] | None = field(default=None, repr=False)

    def amount(self, frame: int) -> float:
        """Returns how far it is at a control frame, 0 to 1."""
        return min(max((frame - self.begin) / self.frames, 0.0), 1.0)

    def morph(self, patch: Patch) -> Morph:
        """Returns its morph, read for a document; the same one while the document stays the same."""
        if self._read is None or self._read[0] is not patch:
            self._read = patch, Morph(*self.ends, patch, CATALOGUE)
        return self._read[1]


class Ramps:
    """The ramp of a performance; a new one replaces it. Its work is done on a thread of its own.

    rate: control frames a second.
    tell: called with each message for the player.
    """

    def __init__(
        self, document: LiveDocument, rate: float, tell: Callable[[str], object] = lambda message: None
    ) -> None:
        self._document, self._rate, self._tell = document, rate, tell
        self._lock = threading.Lock()  # of `_ramp` and of what a step does with it
        self._ramp: _Ramp | None = None
        self._frame = 0
        self._stepping = False
        self._executor = started_pool(1, "ramp")

    def start(self, one: str, other: str, seconds: float, begin: int) -> None:
        """From any thread. Begins a ramp. Raises PatchError where a snapshot does not exist, and for another time than
        0 to LONGEST.

        one, other: the ids of its snapshots.
        seconds: the time that it takes.
        begin: the first control frame.
        """
        self._start(one, other, (self._document.snapshot(one), self._document.snapshot(other)), seconds, begin)

    def start_from_here(self, other: str, seconds: float, begin: int) -> None:
        """From any thread. As `start`, from what sounds now to a snapshot."""
        snapshot = self._document.snapshot(other)
        self._start("", other, (here(snapshot, self._document.sounding, CATALOGUE), snapshot), seconds, begin)

    def _start(self, one: str, other: str, ends: tuple[Snapshot, Snapshot], seconds: float, begin: int) -> None:
        if not 0 <= seconds <= LONGEST:
            raise PatchError(f"a ramp of {seconds:g} s", mend=f"let it take 0 to {LONGEST:g} s")
        ramp = _Ramp(one, other, ends, begin, max(round(seconds * self._rate), 1))
        with self._lock:
            self._ramp = ramp

    def cancel(self) -> None:
        """From any thread. Ends the ramp; the knobs stay where they are."""
        with self._lock:
            self._ramp = None

    def shift(self, frames: int) -> None:
        """From any thread. The control frames are counted from `frames` on from now on."""
        with self._lock:
            self._frame -= frames
            if self._ramp is not None:
                self._ramp.begin -= frames

    @property
    def status(self) -> RampStatus | None:
        """From any thread. The ramp that waits or moves; None where there is none."""
        ramp, frame = self._ramp, self._frame
        if ramp is None:
            return None
        waits, remains = max(ramp.begin - frame, 0), max(ramp.begin + ramp.frames - frame, 0)
        return RampStatus(ramp.one, ramp.other, ramp.amount(frame), waits / self._rate, remains / self._rate)

    def note_frame(self, frame: int) -> None:
        """On the tick thread. Notes the control frame that runs next. The ramp's thread does what is to be done in
        it."""
        self._frame = frame
        if self._ramp is not None and not self._stepping:
            self._stepping = True
            self._executor.submit(self._step_newest)

    def _step_newest(self) -> None:
        """On the ramp's thread."""
        self._stepping = False
        try:
            self.step(self._frame)
        except Exception as error:
            self.cancel()
            self._tell(f"the ramp ends after an error: {error}")

    def step(self, frame: int) -> None:
        """On the ramp's thread. Moves all knobs of the ramp to where they are at a control frame."""
        with self._lock:
            ramp = self._ramp
            if ramp is None or frame < ramp.begin or frame == ramp.now:
                return
            ramp.now, amount = frame, ramp.amount(frame)
            ramp.touches = self._document.touches if ramp.touches is None else ramp.touches
            keys: frozenset[Key | CableKey] = frozenset()

            def mixed(patch: Patch) -> Recall:
                nonlocal keys
                morph = ramp.morph(patch)
                keys = morph.keys
                return morph.at(amount)

            left = self._document.glide(mixed, ramp.touches)
            if amount == 1.0 or keys <= left:
                self._ramp = None

    def close(self) -> None:
        """From any thread but the ramp's. Ends the ramp and its thread."""
        self.cancel()
        self._executor.shutdown()
