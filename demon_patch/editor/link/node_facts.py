"""What displays show of a node that neither its signals nor the song tell: words of prompts, curves over the song, and
what goes out by what comes in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Box
from demon_patch.editor.link.protocol import Link
from demon_patch.editor.link.song_facts import floats
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.edit.session import Revision
from demon_patch.patch.model.graph import Node
from demon_patch.runtime.remote.messages.base import Reply
from demon_patch.runtime.remote.messages.showing import Curve, CurveValues, PromptList, Prompts, Wording

AFTER = 0.5  # seconds after the last edit in which words are asked for
AGAIN = 2.0  # seconds from one curve to the next
COLUMNS, SAMPLES = 160, 97
HEARD = 0.02  # the share of a prompt from which it plays


class NodeFacts:
    """Asks for it, and keeps it. All methods: the window's thread."""

    def __init__(self, link: Link, catalogue: Mapping[str, Declaration]) -> None:
        self._link, self._catalogue = link, catalogue
        self._words: dict[str, Wording] = {}
        self._curves: dict[str, Array] = {}
        self._asked: dict[str, float] = {}
        self._transfers: dict[object, dict[str, Any]] = {}
        self._seen: tuple[Revision | None, float] = (None, 0.0)
        self._known: Revision | None = None

    def look(self, boxes: Collection[Box], path: str, now: float) -> None:
        """Asks for what the boxes that are seen need. path: of the subpatch that they are in. now: seconds."""
        revision = self._link.revision
        kinds = {box.display.kind for box in boxes if box.display is not None}
        if revision != self._seen[0]:
            self._seen = revision, now
            self._asked.clear()
        elif "text" in kinds and revision != self._known and now - self._seen[1] >= AFTER:
            self._known = revision
            self._link.ask(Prompts(), self._take_words, lambda fault: None)
        for box in boxes:
            if box.display is not None and box.display.kind == "curve":
                id = path + box.id
                if now - self._asked.get(id, -AGAIN) >= AGAIN:
                    self._asked[id] = now
                    self._link.ask(
                        Curve(node=id, columns=COLUMNS), lambda reply, id=id: self._take(id, reply), lambda fault: None
                    )

    def _take_words(self, reply: Reply) -> None:
        if isinstance(reply, PromptList):
            self._words = {each.node: each for each in reply.prompts}

    def _take(self, id: str, reply: Reply) -> None:
        if isinstance(reply, CurveValues):
            self._curves[id] = floats(reply.values)

    def data(self, box: Box, node: Node | None, id: str, shares: Mapping[str, float], now: float) -> dict[str, Any]:
        """Returns what the display of a node is given. id: with the path of its subpatch. shares: of each prompt in
        what is made. now: where the song stands, 0 to 1."""
        kind = "" if box.display is None else box.display.kind
        if kind == "text" and id in self._words:
            unread = [word for word, _ in self._words[id].unread]
            return {"unknown": unread, "playing": shares.get(id, 0.0) >= HEARD}
        if kind == "curve" and id in self._curves:
            return {"curve": self._curves[id], "now": now}
        if kind == "transfer" and node is not None:
            return self._transfer(box.type, node)
        return {}

    def _transfer(self, type: str, node: Node) -> dict[str, Any]:
        declaration = self._catalogue.get(type)
        if declaration is None or declaration.states or declaration.function is None:
            return {}
        key = type, tuple(sorted((name, repr(value)) for name, value in node.values.items()))
        if key not in self._transfers:
            if len(self._transfers) > 200:
                self._transfers.clear()
            self._transfers[key] = transfer(declaration, node.values)
        return self._transfers[key]


def transfer(declaration: Declaration, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what goes out of a node without a state over what comes in, and the two ranges; empty where it cannot be
    told. values: of its ports. What comes in is taken from -1 to 1, or between its ports in_lo and in_hi."""
    assert declaration.function is not None
    held = {port.name: values.get(port.name, port.default) for port in declaration.ports}
    ends = held.get("in_lo"), held.get("in_hi")
    lo, hi = (-1.0, 1.0) if None in ends else (float(ends[0]), float(ends[1]))  # type: ignore[arg-type]
    lo, hi = (min(lo, hi), max(lo, hi)) if lo != hi else (lo - 1.0, lo + 1.0)
    try:
        made = [declaration.function(None, **{**held, "x": float(x)}) for x in np.linspace(lo, hi, SAMPLES)]
        curve = np.array([each[0] if isinstance(each, tuple) else each for each in made], np.float64)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return {}
    if not np.isfinite(curve).all():
        return {}
    low, high = float(curve.min()), float(curve.max())
    return {"curve": curve, "ranges": {"in": [(lo, hi)], "value": [(low, high if high > low else low + 1.0)]}}
