"""The live inputs of a program: their bus slots, the nodes that listen to devices, and what live sources reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from demon_patch.errors import PatchError

LivePort = tuple[str, str]
"""Node, port."""
Fed = float | tuple[float, float]
"""What is written into a live input: a number, or (level, rises) of a gate."""
SOUND, RING = "sound.", "ring."
"""How `Port.of` begins for a feature of a node's sound, and for a fact of its ring."""


@dataclass(frozen=True, slots=True)
class LiveInput:
    """A port of a live source that the host writes."""

    node: str
    port: str
    lo: float
    hi: float
    slots: tuple[int, ...]
    """Its bus slots: one of a value, two of a gate (level, rises)."""
    of: str
    """What it measures (see `Port.of`); empty for a device, or where nothing is wired."""
    heard: bool = True
    """Whether it reaches an engine port."""

    def read(self, given: Fed) -> tuple[float, ...]:
        """A value or a gate (level, rises) as numbers for its slots; raises PatchError for anything else."""
        numbers: list[float] = []
        with suppress(TypeError, ValueError):
            numbers = [float(x) for x in (given if isinstance(given, (tuple, list)) else (given,))]
        if len(numbers) != len(self.slots) or not all(map(math.isfinite, numbers)):
            wanted = "a finite number" if len(self.slots) == 1 else "a gate's (level, rises)"
            raise PatchError(f"it does not take {given!r}", node=self.node, port=self.port, mend=f"feed {wanted}")
        first = min(max(numbers[0], self.lo), self.hi)
        return (first, *(max(x, 0.0) for x in numbers[1:]))


@dataclass(frozen=True, slots=True)
class Listener:
    """A node that a device feeds."""

    type: str
    settings: Mapping[str, Any]
    """What it listens to: channel, controller number, address and so on, by name."""
    ports: tuple[str, ...]
    """Its live inputs."""


@dataclass(frozen=True, slots=True)
class HeardInput:
    """A feature of a source's sound. It is known before it plays: a table over the song."""

    source: str
    feature: str

    @property
    def table(self) -> str:
        """The name of its table."""
        return f"{self.source}.audio.{self.feature}"


@dataclass(frozen=True, slots=True)
class LiveInputs:
    """Everything that comes into a program from outside."""

    ports: Mapping[LivePort, LiveInput] = field(default_factory=dict)
    """All live inputs by (node, port)."""
    held: frozenset[LivePort] = frozenset()
    """The engine ports (node, port) that a live source reaches: their future is not known."""
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    """The nodes that devices feed, by id."""
    taps: tuple[HeardInput, ...] = ()
    """Features of sources' sounds, which are read from tables."""
    reached: frozenset[int] = frozenset()
    """The bus slots of the live part: the live inputs, and all that they reach."""

    @property
    def rises(self) -> tuple[int, ...]:
        """The bus slots of the rises of all live gates."""
        return tuple(feed.slots[1] for feed in self.ports.values() if len(feed.slots) > 1)

    def port(self, node: str, port: str) -> LiveInput:
        """A live input; raises PatchError where there is none."""
        feed = self.ports.get((node, port))
        if feed is None:
            known = ", ".join(p for n, p in self.ports if n == node)
            mend = f"feed one of {known}" if known else "feed a live node"
            raise PatchError("it is not a live input", node=node, port=port, mend=mend)
        return feed

    def of_kind(self, kind: str) -> dict[str, list[LiveInput]]:
        """The live inputs whose `of` begins with `kind`, by the rest of it."""
        found: dict[str, list[LiveInput]] = {}
        for feed in self.ports.values():
            if feed.of.startswith(kind):
                found.setdefault(feed.of.removeprefix(kind), []).append(feed)
        return found
