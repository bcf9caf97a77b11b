"""Which signals the displays of nodes need, and what each display is given of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from demon_patch.arrays import Array
from demon_patch.editor.layout.box import Box
from demon_patch.editor.link.ranges import declared
from demon_patch.editor.link.signal_memory import SignalMemory
from demon_patch.nodes.language.declare import Declaration
from demon_patch.runtime.remote.messages.base import Point
from demon_patch.runtime.remote.messages.session import Nodes

Shown = tuple[tuple[str, str, str], ...]
"""The signals of a display: name, side, part."""
SPAN_SECONDS = 4.0  # of the past, that a display is given


class DisplayFeed:
    """Knows the signals of each node type's display.

    catalogue: the declarations. nodes: what the host says of them; where it names no signals, a display has the node's
    outputs.
    """

    def __init__(self, catalogue: Mapping[str, Declaration], nodes: Nodes | None = None) -> None:
        self._catalogue = catalogue
        self._shown: dict[str, Shown] = {}
        for node in nodes.nodes if nodes is not None else ():
            if "shows" in node:
                self._shown[node["id"]] = tuple((str(name), str(side), str(part)) for name, side, part in node["shows"])

    def shown(self, type: str) -> Shown:
        """Returns the signals of the display of a node type."""
        if type not in self._shown:
            self._shown[type] = tuple(_guessed(self._catalogue.get(type)))
        return self._shown[type]

    def points(self, box: Box, path: str = "") -> list[Point]:
        """Returns the signals that a node's display needs. path: of the subpatch that it is in, ending in a slash."""
        if box.display is None:
            return []
        return [(path + box.id, name, side) for name, side, _ in self.shown(box.type)]  # type: ignore[misc]

    def signals(
        self, boxes: Iterable[Box], memory: SignalMemory, frame: float, rate: float, path: str = ""
    ) -> dict[Point, Array]:
        """Returns the last seconds before a control frame of all signals that the displays of nodes need. rate: control
        frames a second. path: as for `points`."""
        points = [point for box in boxes for point in self.points(box, path) if memory.has(point)]
        frames = (frame - np.arange(int(SPAN_SECONDS * rate), -1, -1)).astype(np.float64)
        return dict(zip(points, memory.table(points, frames), strict=True))

    def data(self, box: Box, signals: Mapping[Point, Array], rate: float, path: str = "") -> dict[str, Any]:
        """Returns what the display of a node is given of `signals`, by part. rate, path: as for `signals`."""
        parts: dict[str, list[Array]] = {}
        names: dict[str, list[str]] = {}
        ranges: dict[str, list[tuple[float, float]]] = {}
        declaration = self._catalogue.get(box.type)
        for name, side, part in self.shown(box.type):
            values = signals.get((path + box.id, name, side))  # type: ignore[arg-type]
            if values is None or (np.isnan(values[-1]) and np.isnan(values).all()):
                continue
            parts.setdefault(part, []).append(values)
            names.setdefault(part, []).append(name)
            ranges.setdefault(part, []).append(declared(declaration, name, side))
        made: dict[str, Any] = {part: np.stack(rows) for part, rows in parts.items()}
        if made:
            made |= {"names": names, "ranges": ranges, "dt": 1.0 / rate}
        if box.display is not None and box.display.kind == "map":
            made["wired"] = [pin.wired for pin in box.pins if pin.type == "prompt" and not pin.out]
        return made


def _guessed(declaration: Declaration | None) -> Iterable[tuple[str, str, str]]:
    if declaration is None:
        return
    for out in declaration.outs:
        if out.type in ("value", "gate"):
            yield out.name, "out", out.type
