"""Describes the live inputs of a program: their bus slots, the nodes that listen to devices, and what live sources
reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from demon_patch.errors import PatchError

LivePort = tuple[str, str]
"""A port, as (node, port)."""
Fed = float | tuple[float, float]
"""What is written into a live input: a number in the port's unit, or (level, rises) of a gate."""
SOUND, RING = "sound.", "ring."
"""How `Port.of` begins for a feature of a node's sound (SOUND) and for a fact of its ring (RING)."""


@dataclass(frozen=True, slots=True)
class LiveInput:
    """A port of a live source, into which the host writes."""

    node: str
    port: str
    lo: float
    hi: float
    slots: tuple[int, ...]
    """Its bus slots: one of a value, two of a gate (level, rises)."""
    of: str
    """What the host measures for it (see `Port.of`); empty for a device, or where nothing is wired."""
    heard: bool = True
    """Whether its signal reaches an engine port."""

    def read(self, given: Fed) -> tuple[float, ...]:
        """Returns a number, or a gate (level, rises), as the numbers for its bus slots: the number or level limited to
        lo..hi, rises at least 0. Raises PatchError for anything else."""
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
    """What the node listens to, by name: channel, controller number, address and so on."""
    ports: tuple[str, ...]
    """The names of its live inputs."""


@dataclass(frozen=True, slots=True)
class HeardInput:
    """A feature of a source's sound. It is known before the sound plays, as a table with one number for each latent
    frame of the song."""

    source: str
    feature: str

    @property
    def table(self) -> str:
        """The name of its table."""
        return f"{self.source}.audio.{self.feature}"


@dataclass(frozen=True, slots=True)
class LiveInputs:
    """The inputs of a program from outside."""

    ports: Mapping[LivePort, LiveInput] = field(default_factory=dict)
    """All live inputs by (node, port)."""
    held: frozenset[LivePort] = frozenset()
    """The ports (node, port) of nodes and of the engine that a live source reaches. Their future is not known."""
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    """By id, the nodes that devices feed."""
    heard_inputs: tuple[HeardInput, ...] = ()
    """The features of sources' sounds that the program reads from tables."""
    reached: frozenset[int] = frozenset()
    """The bus slots of the live part: those of live inputs, and all that they reach."""

    @property
    def rises(self) -> tuple[int, ...]:
        """The bus slots of the rises of all live gates."""
        return tuple(live_input.slots[1] for live_input in self.ports.values() if len(live_input.slots) > 1)

    def port(self, node: str, port: str) -> LiveInput:
        """Returns a live input. Raises PatchError where there is none."""
        live_input = self.ports.get((node, port))
        if live_input is None:
            known = ", ".join(p for n, p in self.ports if n == node)
            mend = f"feed one of {known}" if known else "feed a live node"
            raise PatchError("it is not a live input", node=node, port=port, mend=mend)
        return live_input

    def of_kind(self, kind: str) -> dict[str, list[LiveInput]]:
        """Returns the live inputs whose `of` begins with `kind` (SOUND or RING), by the rest of `of`."""
        found: dict[str, list[LiveInput]] = {}
        for live_input in self.ports.values():
            if live_input.of.startswith(kind):
                found.setdefault(live_input.of.removeprefix(kind), []).append(live_input)
        return found
