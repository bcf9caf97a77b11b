"""What the pointer does on the bar. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demon_patch.editor.hands.clicks import Clicks
from demon_patch.editor.hands.pointer import NOWHERE, Pointer
from demon_patch.editor.layout.box import Rect
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.panels import bar_words
from demon_patch.editor.panels.bar_words import Part
from demon_patch.editor.panels.protocol import Popups
from demon_patch.runtime.remote.messages.devices import SetVolume
from demon_patch.runtime.remote.messages.recordings import Record, StopRecording
from demon_patch.runtime.remote.messages.transport import Play, Seek, Tap, Tempo

CLICK = 4.0  # pixels that a click may move


@dataclass
class BarHands:
    """From looks at the pointer to requests.

    link, popups: what is asked. panel: opens a panel by its name. parts: where the parts lie.
    """

    link: Link
    popups: Popups

    def __post_init__(self) -> None:
        self.parts: dict[Part, Rect] = {}
        self.hot: Part | None = None
        self._was = NOWHERE
        self._clicks = Clicks()
        self._part: Part | None = None
        self._start = 0.0
        self._press = NOWHERE
        self._moved = False

    @property
    def held(self) -> bool:
        """Whether a button went down on the bar and is still down."""
        return self._part is not None

    def part_at(self, x: float, y: float) -> Part | None:
        """Returns the part under a pixel."""
        for name, (left, top, right, bottom) in self.parts.items():
            if left <= x < right and top <= y < bottom:
                return name
        return None

    def pointer(self, look: Pointer) -> None:
        """Takes a look at the pointer, in pixels of the bar."""
        before, self._was = self._was, look
        self._clicks.look()
        self.hot = self._part or self.part_at(look.x, look.y)
        if look.left and not before.left:
            self._down(look)
        elif look.left and self._part:
            self._drag(look)
        elif before.left and not look.left and self._part:
            part, self._part = self._part, None
            if not self._moved:
                self._click(part, look)
        if look.wheel and self.hot == "tempo":
            self._tempo(round(self._bpm + look.wheel * (0.1 if look.shift else 1.0), 1))
        elif look.wheel and self.hot in ("volume", "levels"):
            self._volume(self._db + look.wheel)

    def _down(self, look: Pointer) -> None:
        part = self.part_at(look.x, look.y)
        if part is None:
            return
        self._part, self._press, self._moved = part, look, False
        if part == "tempo" and self._clicks.twice(look, part):
            self._part = None
            left, _, _, bottom = self.parts["tempo"]
            self.popups.field((left, bottom), "Beats a minute", f"{self._bpm:g}", self._typed)
        elif part == "volume" and self._clicks.twice(look, part):
            self._part = None
            self._volume(0.0)
        elif part == "tempo":
            self._start = self._bpm
        elif part == "volume":
            self._start = bar_words.volume_share(self._db)
        elif part == "song":
            self._seek(look)
        elif part == "tap":
            self._part = None
            self.link.ask(Tap())

    def _drag(self, look: Pointer) -> None:
        self._moved = self._moved or look.away(self._press) > CLICK
        if not self._moved:
            return
        if self._part == "tempo":
            self._tempo(bar_words.dragged_tempo(self._start, self._press.y - look.y, look.shift))
        elif self._part == "volume":
            left, _, right, _ = self.parts["volume"]
            moved = (look.x - self._press.x) / (right - left) * (0.1 if look.shift else 1.0)
            self._volume(bar_words.volume_at(self._start + moved))
        elif self._part == "song":
            self._seek(look)

    def _click(self, part: Part, look: Pointer) -> None:
        act: dict[Part, Callable[[], object]] = {
            "play": self.toggle_play,
            "logo": lambda: self.popups.show("menu"),
            "title": lambda: self.popups.show("menu"),
            "record": self.toggle_record,
            "clients": lambda: self.popups.show("clients"),
            "lamp": lambda: self.popups.show("problems"),
        }
        if part in act:
            act[part]()

    def toggle_play(self) -> None:
        """Plays, or stops."""
        self.link.ask(Play(on=not self.link.status.get("playing", False)))

    def toggle_record(self) -> None:
        """Records, or ends the recordings."""
        self.link.ask(StopRecording() if self.link.status.get("recording") else Record())

    @property
    def _bpm(self) -> float:
        return float(self.link.status.get("bpm", 120.0))

    @property
    def _db(self) -> float:
        return float(self.link.status.get("volume_db", 0.0))

    def _tempo(self, bpm: float) -> None:
        self.link.ask(Tempo(bpm=min(400.0, max(20.0, bpm))))

    def _typed(self, text: str) -> str:
        try:
            bpm = float(text.lower().removesuffix("bpm").replace(",", ".").strip())
        except ValueError:
            return "write a number, such as 120"
        if not 20.0 <= bpm <= 400.0:
            return "write a tempo from 20 to 400"
        self._tempo(bpm)
        return ""

    def _volume(self, decibels: float) -> None:
        self.link.ask(SetVolume(decibels=min(bar_words.MOST_DB, max(bar_words.LEAST_DB, decibels))))

    def _seek(self, look: Pointer) -> None:
        left, _, right, _ = self.parts["song"]
        length = float(self.link.status.get("song_length", 0.0))
        self.link.ask(Seek(seconds=min(1.0, max(0.0, (look.x - left) / (right - left))) * length))
