"""What the displays of sources, decoder, ring and loudspeaker are given: it comes with the strip, ring and status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Box
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.telemetry import Ring, Strip

SILENCE = -60.0  # dBFS at which a meter is empty


def level(decibels: float) -> float:
    """Returns a level in dBFS as a share of a meter, 0 to 1."""
    return min(1.0, max(0.0, 1.0 - decibels / SILENCE))


def floats(data: bytes) -> Array:
    """Returns the numbers of a message."""
    return np.frombuffer(data, "<f4").astype(np.float64)


class SongFacts:
    """The newest strip, ring and status.

    song, source: peaks by column of the song, 0 to 1; empty before any came.
    dry: how much of the recording itself is heard, by column, 0 to 1; empty before any came.
    lanes: by control, its numbers by column. loop: [from, to) in song frames. laid: windows in control frames.
    """

    def __init__(self) -> None:
        self.song = self.source = self.dry = np.zeros(0, np.float64)
        self.lanes: dict[str, Array] = {}
        self.loop = (0, 0)
        self.laid: tuple[tuple[int, int], ...] = ()
        self.ring = Ring(depth=0)
        self.finished = 0
        self.status: Mapping[str, Any] = {}

    def take_strip(self, strip: Strip) -> None:
        """Takes a message of the song."""
        self.song = _kept(self.song, floats(strip.song))
        if strip.source:
            self.source = _kept(self.source, floats(strip.source))
        self.dry = _kept(self.dry, np.round(floats(strip.dry), 2))
        lanes = {name: floats(data) for name, data in strip.lanes.items()}
        same = lanes.keys() == self.lanes.keys() and all(
            np.array_equal(lanes[name], self.lanes[name]) for name in lanes
        )
        self.lanes = self.lanes if same else lanes
        self.loop, self.laid = strip.loop, strip.laid

    def take_ring(self, ring: Ring) -> None:
        """Takes a message of the ring."""
        self.ring = ring
        self.finished += len(ring.finished)

    @property
    def place(self) -> float:
        """Where the song stands, 0 to 1."""
        length = float(self.status.get("song_length", 0.0) or 0.0)
        return min(1.0, max(0.0, float(self.status.get("song", 0.0)) / length)) if length else 0.0

    @property
    def shares(self) -> dict[str, float]:
        """How much of each prompt is in what is made, the most of all slots."""
        made: dict[str, float] = {}
        for bead in self.ring.beads:
            for id, share in bead.prompts.items():
                made[id] = max(share, made.get(id, 0.0))
        return made

    @property
    def levels(self) -> list[float]:
        """The levels of what is heard by channel, 0 to 1."""
        return [level(peak) for peak, _ in self.status.get("levels", ())]

    def stretch(self, pair: Any) -> tuple[float, float] | None:
        """Returns a stretch of the song in seconds as shares of its length."""
        length = float(self.status.get("song_length", 0.0) or 0.0)
        return (pair[0] / length, pair[1] / length) if pair and length else None

    def data(self, box: Box, node: Node | None) -> dict[str, Any]:
        """Returns what a node's display is given besides its signals."""
        kind = "" if box.display is None else box.display.kind
        if kind == "wave":
            return self._wave(box)
        if kind == "ring":
            return self._ring()
        if kind in ("text", "formula", "steps", "line", "cycle"):
            return {} if node is None else _of_document(kind, node)
        made: dict[str, Any] = {}
        if kind == "meter" and self.levels:
            made = {"levels": self.levels}
        elif kind == "lanes" and self.lanes:
            made = {"lanes": self.lanes, "now": self.place}
        elif kind == "tape":
            running = self.status.get("recording", "")
            made = {"running": bool(running), "name": running, "levels": self.levels}
            known = {each["file"]: each["seconds"] for each in self.status.get("recordings", ())}
            if running in known:
                made["seconds"] = known[running]
        return made

    def _wave(self, box: Box) -> dict[str, Any]:
        peaks = self.song if box.type == "decoder" else self.source
        made: dict[str, Any] = {"now": self.place}
        if len(peaks):
            made["peaks"] = peaks
        if (loop := self.stretch(self.status.get("loop"))) is not None:
            made["loop"] = loop
        making = self.stretch(self.status.get("making"))
        if making is not None and box.type == "decoder":
            made["window"] = (making[0], making[0] + making[1])
        return made

    def _ring(self) -> dict[str, Any]:
        slots = self.status.get("slots", ())
        beads = [(bead.position, bead.strength) for bead in self.ring.beads]
        heard = min((slot["heard_in"] for slot in slots if slot["heard_in"] >= 0), default=0.0)
        tick = float(self.status.get("tick_ms", 0.0)) / 1e3
        depth = self.ring.depth or int(self.status.get("depth", 0))
        return {"depth": depth, "beads": beads, "finished": self.finished, "heard_in": heard, "tick": tick}


def _kept(before: Array, now: Array) -> Array:
    """Returns the array from before where it is the same, so that nothing is drawn anew."""
    return before if np.array_equal(before, now) else now


def _of_document(kind: str, node: Node) -> dict[str, Any]:
    if kind == "cycle":
        width = node.values.get("width", 0.5)
        return {"shape": str(node.values.get("shape", "sine")), "width": width if isinstance(width, float) else 0.5}
    if kind == "line":
        points = node.values.get("points")
        return {"points": points} if isinstance(points, (list, tuple)) and points else {}
    for name in ("text", "pattern", "formula", "expression", "style"):
        if isinstance(found := node.values.get(name), str):
            return {"text": found}
    return {}
