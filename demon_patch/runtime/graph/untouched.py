"""Finds the nodes that an edit has left as they were, together with all that leads to them.

What was compiled of them is taken over as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.wiring import Wiring


class Given(NamedTuple):
    """What a node is compiled from, apart from the nodes that lead to it.

    cables: those that carry something into it, by port.
    ports: those with a cable, silent or not.
    """

    node: Node
    declaration: Declaration
    cables: Mapping[str, Sequence[Cable]]
    ports: frozenset[str]

    def is_same(self, other: Given | None) -> bool:
        """Returns whether the node of another compile is compiled from the same."""
        return (
            other is not None
            and self.node is other.node
            and self.declaration is other.declaration
            and self.cables == other.cables
            and self.ports == other.ports
        )


def givens(wiring: Wiring) -> dict[str, Given]:
    """Returns what each known node of a patch is compiled from, by id."""
    nodes, ports, none = wiring.patch.nodes, wiring.ports_with_cables, frozenset[str]()
    return {
        id: Given(nodes[id], declaration, wiring.cables_by_port(id), ports.get(id, none))
        for id, declaration in wiring.known.items()
    }


def untouched(wiring: Wiring, now: Mapping[str, Given], before: Mapping[str, Given]) -> set[str]:
    """Returns the ids of the nodes that are compiled from the same as before, and to which only such nodes lead.

    now, before: of the patch (`givens`), and of the one that was compiled before.
    """
    touched = {id for id, each in now.items() if not each.is_same(before.get(id))}
    waiting = list(touched)
    while waiting:
        ends = {cable.dst for cable in wiring.cables_from(waiting.pop())} - touched
        touched |= ends
        waiting += ends
    return now.keys() - touched
