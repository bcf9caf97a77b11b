"""What is selected."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from demon_patch.editor.canvas.protocol import Canvas
from demon_patch.patch.model.graph import CableKey, Graph


@dataclass(slots=True)
class Selection:
    """Nodes, cables, and others: frames, notes and probes. The canvas follows each change.

    wanted: ids that become the selection as soon as all of them are in the patch: what an edit has just made.
    """

    canvas: Canvas
    nodes: frozenset[str] = frozenset()
    wires: frozenset[CableKey] = frozenset()
    others: frozenset[str] = frozenset()
    wanted: frozenset[str] = field(default=frozenset())

    def __bool__(self) -> bool:
        return bool(self.nodes or self.wires or self.others)

    def set(self, nodes: Iterable[str] = (), wires: Iterable[CableKey] = (), others: Iterable[str] = ()) -> None:
        """Selects these and nothing else."""
        self.wanted = frozenset()
        self._set(frozenset(nodes), frozenset(wires), frozenset(others))

    def add(self, nodes: Iterable[str] = (), wires: Iterable[CableKey] = (), others: Iterable[str] = ()) -> None:
        """Selects these too."""
        self.set(self.nodes.union(nodes), self.wires.union(wires), self.others.union(others))

    def toggle(self, nodes: Iterable[str] = (), wires: Iterable[CableKey] = (), others: Iterable[str] = ()) -> None:
        """Selects those of these that are not selected, and the other way round."""
        self.set(
            self.nodes.symmetric_difference(nodes),
            self.wires.symmetric_difference(wires),
            self.others.symmetric_difference(others),
        )

    def want(self, ids: Collection[str]) -> None:
        """Selects nodes, frames, notes or probes as soon as they are in the patch."""
        self.wanted = frozenset(ids)

    def follow(self, graph: Graph) -> None:
        """Drops what the graph has no more, and selects what was wanted and is there."""
        records = graph.frames.keys() | graph.notes.keys() | graph.probes.keys()
        if self.wanted and self.wanted <= graph.nodes.keys() | records:
            self.set(self.wanted & graph.nodes.keys(), (), self.wanted & records)
        else:
            self._set(self.nodes & graph.nodes.keys(), self.wires & graph.cables_by_key.keys(), self.others & records)

    def _set(self, nodes: frozenset[str], wires: frozenset[CableKey], others: frozenset[str]) -> None:
        if (nodes, wires, others) != (self.nodes, self.wires, self.others):
            self.nodes, self.wires, self.others = nodes, wires, others
            self.canvas.select(nodes, wires, others)
