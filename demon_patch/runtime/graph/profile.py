"""Measures how long each node of a playing program takes: one node at a time, on copies of its numbers, without
changing the music."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from demon_patch.codegen.float_code import NodeCode, Params, float_function
from demon_patch.codegen.frame import Frame

REPEAT = 5
"""Runs of a node in one measurement; the fastest one counts."""
WEIGHT = 0.2
"""Weight of the newest measurement in a node's mean, 0 to 1."""


class Profile:
    """Measures one node every `every` control frames, after the frame has run. Owned by the thread that runs the
    program; `times` may be read from any thread."""

    def __init__(
        self, codes: Sequence[NodeCode], params: Params, owners: Mapping[str, str], dt: float, every: int
    ) -> None:
        self.every, self._dt = max(every, 1), dt
        self._codes, self._params, self._owners = codes, params, owners
        self._frames = 0
        self._means: dict[str, float] = {}

    @property
    def times(self) -> Mapping[str, float]:
        """From any thread. Microseconds that each measured node takes in one control frame, by node id; adapters in its
        cables are included."""
        found: defaultdict[str, float] = defaultdict(float)
        for code, mean in list(self._means.items()):
            found[self._owners[code]] += 1e6 * mean
        return found

    def after(self, bus: list[float], cells: list[Any], tables: Sequence[list[float]], frame: Frame) -> None:
        """Measures the node whose turn it is. Called after each control frame, with the bus and state cells that it
        left."""
        turn, rest = divmod(self._frames, self.every)
        self._frames += 1
        if rest or not self._codes:
            return
        number = turn % len(self._codes)
        code = self._codes[number]
        function = float_function((code,)).bound([self._params[number]], self._dt)
        bus, cells = bus[:], cells[:]
        fastest = float("inf")
        for _ in range(REPEAT):
            began = perf_counter()
            try:
                function(bus, cells, tables, frame)
            except (ArithmeticError, ValueError, LookupError, TypeError):
                return
            fastest = min(fastest, perf_counter() - began)
        mean = self._means.get(code.node, fastest)
        self._means[code.node] = mean + WEIGHT * (fastest - mean)
