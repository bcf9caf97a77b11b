"""Which ports of a node have a row. The rest are folded: hidden, until the player unfolds them.

A node whose `folded` is empty follows the rule: ports that are wired or set, else the first few. Of a row of numbered
inputs that only a cable fills, such as the parts of a Prompt Sequence, it shows the wired ones and the next free one.
Otherwise the node hides the ports that `folded` names, unless they are wired. The mark `EVERYTHING` in `folded` names
no port, so it hides none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from demon_patch.editor.layout.box import Box
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.commands.on_nodes import SetFolded
from demon_patch.patch.model.graph import Node

EVERYTHING = "-"
"""In a node's `folded`: the player has had all ports shown."""
WHOLE = 6
"""Up to so many ports are all shown."""
FEW = 3
"""How many ports a node with more of them shows, if fewer are wired or set."""
WHOLE_OUTS, FEW_OUTS = 6, 2
"""The same for outputs."""


CABLE_ONLY = frozenset({"prompt", "source", "score", "ring", "audio"})
"""The types of ports that have neither knob nor choice."""
LEAST_PARTS = 3
"""From how many numbered inputs on only the next free one is shown."""


def shown(
    names: Sequence[str],
    wired: Collection[str],
    used: Collection[str],
    folded: Collection[str],
    outs: bool = False,
    parts: Collection[str] = (),
) -> list[str]:
    """Returns the names of the ports, or outputs, that have a row, in order.

    wired: those with cables. used: those that are set. folded: the node's `folded`. parts: numbered inputs that only a
    cable fills (`parts_of`).
    """
    if folded:
        return [name for name in names if name in wired or name not in folded]
    whole, few = (WHOLE_OUTS, FEW_OUTS) if outs else (WHOLE, FEW)
    if len(names) <= whole:
        return list(names)
    must = {name for name in names if name in wired or name in used}
    rest = [name for name in names if name not in must]
    others = [name for name in rest if name not in parts]
    free = [name for name in rest if name in parts][:1]
    must = {*must, *free, *others[: max(0, few - sum(name not in parts for name in must))]}
    return [name for name in names if name in must]


def parts_of(ports: Iterable[Port]) -> list[str]:
    """Returns the names of a node's numbered inputs that only a cable fills; none where they are few."""
    plain = [port.name for port in ports if port.type in CABLE_ONLY]
    numbered = [name for name in plain if re.fullmatch(r".*\d", name)]
    return numbered if len(numbered) >= LEAST_PARTS else []


def toggled(box: Box, node: Node) -> tuple[SetFolded, ...]:
    """Returns the commands for a click on the line at a node's foot: show all ports, or follow the rule again."""
    if not box.folded:
        return tuple(SetFolded(box.id, name, False) for name in node.folded)
    show = tuple(SetFolded(box.id, name, False) for name in node.folded if name in box.hidden)
    return show if EVERYTHING in node.folded else (*show, SetFolded(box.id, EVERYTHING, True))


def hidden_too(box: Box, node: Node, port: str) -> tuple[SetFolded, ...]:
    """Returns the commands that hide one more port and leave the others as they are."""
    if node.folded:
        return (SetFolded(box.id, port, True),)
    return tuple(SetFolded(box.id, name, True) for name in sorted({port, *box.hidden}))
