"""Where things lie on the song strip, and what the pointer does there. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.link.protocol import Link
from demon_patch.patch.edit.commands import SetValue
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.edits import Do
from demon_patch.runtime.remote.messages.transport import Loop, Seek

HEIGHT = 96.0
MARGIN = 14.0
TOP, WAVE, LANE = 18.0, 48.0, 22.0
"""Heights: of the ruler, of the waveforms, and of the lanes under them."""
CLICK = 4.0
HANDLE = 7.0  # pixels from the flag of the first downbeat within which it is taken
SHORTEST_LOOP = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Ruler:
    """The song's seconds across the strip.

    width: of the strip in pixels. length: of the song in seconds. beat: seconds of a beat, 0 where there is none.
    first: seconds of a beat that begins a bar. per_bar: beats.
    """

    width: float
    length: float
    beat: float = 0.0
    first: float = 0.0
    per_bar: float = 4.0

    def x(self, seconds: float) -> float:
        """Returns the pixel of a moment."""
        return MARGIN + (self.width - 2 * MARGIN) * (seconds / self.length if self.length else 0.0)

    def seconds(self, x: float) -> float:
        """Returns the moment at a pixel, within the song."""
        share = (x - MARGIN) / max(self.width - 2 * MARGIN, 1.0)
        return min(1.0, max(0.0, share)) * self.length

    def snapped(self, seconds: float) -> float:
        """Returns the nearest beat."""
        if self.beat <= 0:
            return seconds
        made = self.first + round((seconds - self.first) / self.beat) * self.beat
        return min(self.length, max(0.0, made))

    def beats(self) -> list[tuple[float, bool, int]]:
        """Returns the beats within the song that are far enough apart to be drawn: (seconds, whether a bar begins,
        number of the bar from 1)."""
        if self.beat <= 0 or self.length <= 0:
            return []
        pixels = (self.width - 2 * MARGIN) * self.beat / self.length
        step = 1 if pixels >= 7 else max(int(self.per_bar), 1)
        while pixels * step < 7:
            step *= 2
        low = math.ceil(-self.first / self.beat / step) * step
        found = []
        for number in range(low, low + 4000, step):
            at = self.first + number * self.beat
            if at > self.length + 1e-6:
                break
            per_bar = max(int(self.per_bar), 1)
            found.append((at, number % per_bar == 0, number // per_bar + 1))
        return found


def ruler(width: float, status: Mapping[str, Any], patch: Patch) -> Ruler:
    """Returns the ruler of the song that plays. The beats are those of the transport, as it stands now; where a clip's
    first downbeat is written down, they begin there."""
    length = float(status.get("song_length", 0.0) or 0.0)
    bpm = float(status.get("bpm", 0.0) or 0.0)
    beat = 60.0 / bpm if bpm else 0.0
    per_bar = float(status.get("beats_per_bar", 4.0)) or 4.0
    found = downbeat(patch)
    if found is not None and found[1] >= 0:
        first = found[1]
    else:
        beats = float(status.get("beat", 0.0)) - float(status.get("metre_beat", 0.0))
        first = float(status.get("song", 0.0)) - beats * beat
        first = math.fmod(first, beat * per_bar) if beat else 0.0
    return Ruler(width, length, beat, first, per_bar)


def downbeat(patch: Patch) -> tuple[str, float] | None:
    """Returns the node of the clip and where its first downbeat is, in seconds; below 0 where it is not written down.
    None where no clip plays."""
    for id, node in patch.nodes.items():
        if node.type == "audio_source":
            value = node.values.get("downbeat", -1.0)
            return id, float(value) if isinstance(value, (int, float)) else -1.0
    return None


class StripHands:
    """From looks at the pointer to requests: a click seeks, a drag loops, a double click ends the loop, and the flag of
    the first downbeat is dragged. Alt frees from the beats.

    draft: the loop in the hand, in seconds. flag: where the first downbeat in the hand stands.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.ruler = Ruler(100.0, 0.0)
        self.draft: tuple[float, float] | None = None
        self.flag: float | None = None
        self.hover: float | None = None
        self._was = self._press = NOWHERE
        self._held = self._moved = False
        self._last_click = -1e9

    @property
    def held(self) -> bool:
        """Whether a button went down on the strip and is still down."""
        return self._held

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the strip."""
        before, self._was = self._was, look
        self.hover = self.ruler.seconds(look.x)
        if look.left and not before.left:
            self._held, self._moved, self._press = True, False, look
            found = downbeat(self._link.patch)
            if found is not None and look.y <= TOP + 4 and abs(self.ruler.x(max(found[1], 0.0)) - look.x) <= HANDLE:
                self.flag = max(found[1], 0.0)
        elif look.left and self._held:
            self._drag(look)
        elif self._held and not look.left:
            self._held = False
            self._drop(look)

    def cancel(self) -> bool:
        """Lets go without an effect; returns whether anything was in the hand."""
        held = self.draft is not None or self.flag is not None
        self.draft = self.flag = None
        self._held = False
        return held

    def leave(self) -> None:
        """The pointer has left the strip."""
        if not self._held:
            self.hover = None

    def _at(self, look: Pointer, x: float) -> float:
        at = self.ruler.seconds(x)
        return at if look.alt else self.ruler.snapped(at)

    def _drag(self, look: Pointer) -> None:
        self._moved = self._moved or look.away(self._press) > CLICK
        if not self._moved:
            return
        if self.flag is not None:
            self.flag = self.ruler.seconds(look.x)
            return
        one, other = self._at(look, self._press.x), self._at(look, look.x)
        self.draft = (min(one, other), max(one, other))

    def _drop(self, look: Pointer) -> None:
        if self.flag is not None:
            found = downbeat(self._link.patch)
            if found is not None and self._moved:
                command = SetValue(found[0], "downbeat", round(self.flag, 3))
                self._link.ask(Do(command=command, label="First downbeat"))
            self.flag = None
        elif self.draft is not None:
            (lo, hi), self.draft = self.draft, None
            if hi - lo >= SHORTEST_LOOP:
                self._link.ask(Loop(region=(lo, hi)))
        elif not self._moved:
            if look.time - self._last_click < 0.35:
                self._link.ask(Loop())
            else:
                self._link.ask(Seek(seconds=self.ruler.seconds(look.x)))
            self._last_click = look.time
