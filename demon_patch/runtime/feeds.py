"""Live sources in a program: where the bus keeps what is fed, who listens to what, what they hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from demon_patch.errors import PatchError
from demon_patch.nodes.declare import Declaration
from demon_patch.nodes.ports import Port
from demon_patch.patch.document import Cable, Node
from demon_patch.runtime.emit import Step

Socket = tuple[str, str]  # node, port
Fed = float | tuple[float, float]  # a number, or level and rises of a gate
SOUND, RING = "sound.", "ring."  # how features of a node's audio, and facts of its ring, begin in `Port.of`
ABOUT = {SOUND: "audio", RING: "ring"}  # the input whose cable says what they are taken from


@dataclass(frozen=True, slots=True)
class Feed:
    """A fed port. lo, hi: what it is limited to. slots: of the bus, one for a value, level and rises for a gate. of:
    what it is taken from (see `nodes.ports.fed`), nothing for a device, or where nothing is wired."""

    node: str
    port: str
    lo: float
    hi: float
    slots: tuple[int, ...]
    of: str

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
    settings: Mapping[str, float | str]
    ports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tap:
    """A feature of a source's sound, read from a table at the song frame: the source node and the feature."""

    source: str
    feature: str

    @property
    def table(self) -> str:
        """The name of its table."""
        return f"{self.source}.audio.{self.feature}"


@dataclass(frozen=True, slots=True)
class Feeds:
    """Everything that comes into a program from outside.

    ports: all fed ports by (node, port), those of sources' sounds apart, which are tables. held: the inputs (node,
    port) that a live source reaches, so that their future is not known. listeners: by node. taps: the tables.
    """

    ports: Mapping[Socket, Feed] = field(default_factory=dict)
    held: frozenset[Socket] = frozenset()
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    taps: tuple[Tap, ...] = ()

    @property
    def rises(self) -> tuple[int, ...]:
        """The slots of the rises of all fed gates."""
        return tuple(feed.slots[1] for feed in self.ports.values() if len(feed.slots) > 1)

    def port(self, node: str, port: str) -> Feed:
        """A fed port; raises PatchError where there is none."""
        feed = self.ports.get((node, port))
        if feed is None:
            known = ", ".join(p for n, p in self.ports if n == node)
            mend = f"feed one of {known}" if known else "feed a live node"
            raise PatchError("nothing can be fed to it", node=node, port=port, mend=mend)
        return feed

    def of(self, kind: str) -> dict[str, list[Feed]]:
        """The fed ports whose source begins with `kind`, by what comes after it."""
        found: dict[str, list[Feed]] = {}
        for feed in self.ports.values():
            if feed.of.startswith(kind):
                found.setdefault(feed.of.removeprefix(kind), []).append(feed)
        return found


def subject(port: Port, wired: Callable[[str], Sequence[Cable]]) -> str | None:
    """The node that a fed port's numbers are about, by the cable at its node's audio or ring input; none for a
    device's, or where nothing is wired. wired: the cables at an input of its node."""
    for kind, about in ABOUT.items():
        if port.of.startswith(kind) and (cables := wired(about)):
            return cables[0].src
    return None


def listener(declaration: Declaration, node: Node) -> Listener | None:
    """What a device must know of a node, if it feeds it."""
    ports = tuple(p.name for p in declaration.ports if p.fed and not p.of)
    if not ports:
        return None
    settings: dict[str, float | str] = {
        p.name: node.values.get(p.name, p.default)  # type: ignore[misc]
        for p in (*declaration.settings, *(p for p in declaration.ports if p.fixed and p.numeric))
    }
    return Listener(declaration.id, settings, ports)


def reached(steps: Sequence[Step], slots: Iterable[int]) -> tuple[set[int], set[Socket]]:
    """What some slots of the bus reach, round loops too: all slots, and the inputs (step, port) that read them."""
    found = set(slots)
    before = -1
    while found and len(found) != before:
        before = len(found)
        for step in steps:
            if not found.isdisjoint(step.read):
                found.update(step.written)
    inputs: set[Socket] = set()
    for step in steps if found else ():
        for port, given in step.inputs.items():
            if any(source.slot in found for source in given.sources):
                inputs.add((step.node, port))
        for port, pairs in step.gates.items():
            if any(source.slot in found for pair in pairs for source in pair):
                inputs.add((step.node, port))
    return found, inputs
