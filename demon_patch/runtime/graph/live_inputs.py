"""Live sources of a program: where the bus keeps what is fed, who listens to what, what they hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from demon_patch.errors import PatchError

LivePort = tuple[str, str]  # node, port
Fed = float | tuple[float, float]  # a number, or level and rises of a gate
SOUND, RING = "sound.", "ring."  # how features of a node's audio, and facts of its ring, begin in `Port.of`


@dataclass(frozen=True, slots=True)
class LiveInput:
    """A fed port.

    lo, hi: what it is limited to.
    slots: of the bus, one for a value, level and rises for a gate.
    of: what it is taken from (see `nodes.language.ports.fed`); nothing for a device, or where nothing is wired.
    heard: whether it reaches a sink.
    """

    node: str
    port: str
    lo: float
    hi: float
    slots: tuple[int, ...]
    of: str
    heard: bool = True

    def read(self, given: Fed) -> tuple[float, ...]:
        """A value or a gate (level, rises) as numbers for its slots; raises PatchError for another, or none finite."""
        numbers: list[float] = []
        with suppress(TypeError, ValueError):
            numbers = [float(x) for x in (given if isinstance(given, (tuple, list)) else (given,))]
        if len(numbers) != len(self.slots) or not all(map(math.isfinite, numbers)):
            wanted = "a finite number" if len(self.slots) == 1 else "a gate's (level, rises)"
            raise PatchError(f"{given!r} was fed to it", node=self.node, port=self.port, mend=f"feed {wanted}")
        first = min(max(numbers[0], self.lo), self.hi)
        return (first, *(max(x, 0.0) for x in numbers[1:]))


@dataclass(frozen=True, slots=True)
class Listener:
    """A node that a device feeds: its type, its settings by name (channel, number, address...) and its fed ports."""

    type: str
    settings: Mapping[str, Any]
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeardInput:
    """A feature of a source's sound, read from a table at the song frame: the source node and the feature."""

    source: str
    feature: str

    @property
    def table(self) -> str:
        """The name of its table."""
        return f"{self.source}.audio.{self.feature}"


@dataclass(frozen=True, slots=True)
class LiveInputs:
    """Everything that comes into a program from outside.

    ports: all fed ports by (node, port), those of sources' sounds apart, which are tables. held: the inputs (node,
    port) that a live source reaches, so that their future is not known. reached: all slots of the bus that are fed or
    that it leads to. listeners: by node. taps: the tables.
    """

    ports: Mapping[LivePort, LiveInput] = field(default_factory=dict)
    held: frozenset[LivePort] = frozenset()
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    taps: tuple[HeardInput, ...] = ()
    reached: frozenset[int] = frozenset()

    @property
    def rises(self) -> tuple[int, ...]:
        """The slots of the rises of all fed gates."""
        return tuple(feed.slots[1] for feed in self.ports.values() if len(feed.slots) > 1)

    def port(self, node: str, port: str) -> LiveInput:
        """A fed port; raises PatchError where there is none."""
        feed = self.ports.get((node, port))
        if feed is None:
            known = ", ".join(p for n, p in self.ports if n == node)
            mend = f"feed one of {known}" if known else "feed a live node"
            raise PatchError("nothing can be fed to it", node=node, port=port, mend=mend)
        return feed

    def of_kind(self, kind: str) -> dict[str, list[LiveInput]]:
        """The fed ports whose source begins with `kind`, by what comes after it."""
        found: dict[str, list[LiveInput]] = {}
        for feed in self.ports.values():
            if feed.of.startswith(kind):
                found.setdefault(feed.of.removeprefix(kind), []).append(feed)
        return found
