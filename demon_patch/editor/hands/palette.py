"""What the palette offers for a typed text, and what each offer does to the document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from demon_patch.editor.hands import search, typed_line
from demon_patch.editor.hands.keys import Keys, matching
from demon_patch.editor.hands.places import touch
from demon_patch.editor.layout.box import Pin, Point, Rect
from demon_patch.editor.layout.facts import Facts, joins
from demon_patch.nodes.editing import edits as document_edits
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import AddNode, Disconnect
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import SUBPATCH, Cable, Node

MOST = 60
APART, HEAD = 260.0, 15.0
NARROW, USUAL_HEIGHT = 188.0, 150.0
"""How wide a node is at least, and how high most of them are."""

Kind = Literal["node", "line", "subpatch", "command", "found"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A line of the palette.

    kind: a node type, a typed line, a subpatch that is there, a command, or a node that was found.
    id: of the node type, definition, command or node. title, sentence, category: what is shown of it.
    line: what Enter will do.
    port, port_title: the port or output that the cable in the hand would join; empty for none. key: of a command.
    ready: whether Enter does something; otherwise `line` says what is missing.
    typed: what a typed line means.
    """

    kind: Kind
    id: str
    title: str
    sentence: str = ""
    category: str = ""
    line: str = ""
    port: str = ""
    port_title: str = ""
    key: str = ""
    ready: bool = True
    typed: typed_line.Line | None = field(default=None, hash=False)


def offers(
    text: str,
    pin: Pin | None,
    facts: Facts,
    patch: Patch | None = None,
    within: str | None = None,
    *,
    bpm: float = 120.0,
    keys: Keys | None = None,
    prefer: frozenset[str] = frozenset(),
    commands: bool = False,
) -> list[Offer]:
    """Returns what the palette lists for a text, the best first.

    pin: the pin from which a cable leads; only node types that fit it are listed. patch, within: the graph in which a
    typed line finds ports. prefer: nodes whose ports it means first. keys: with these, commands are listed too.
    commands: nothing else is listed.
    """
    if commands:
        return _commands(text, keys or Keys())
    patch = patch or Patch()
    ports = VisiblePorts(patch, facts.catalogue, within if within in patch.definitions else None)
    found: list[Offer] = []
    name = text
    if typed_line.is_line(text):
        typed = _typed(text, pin, facts, ports, bpm, prefer)
        if typed is not None:
            found.append(typed)
        name = text.split(">", maxsplit=1)[0]
    for _, declaration in search.found(name, facts.catalogue):
        offer = _node(declaration, pin, facts)
        if offer is not None and len(found) < MOST:
            found.append(offer)
    if ports.within is None or found or not text:
        found += [offer for offer in _subpatches(text, pin, ports) if len(found) < MOST]
    if pin is None and keys is not None and len(text.strip()) > 1:
        found += _commands(text, keys)[:6]
    if not found and typed_line.is_line(text):
        line = typed_line.read(text, facts, ports, bpm, prefer)
        problem = line.problem or "this does not fit the cable in your hand"
        found.append(Offer("line", "", text.strip(), problem, line=problem, ready=False, typed=line))
    return found


def joined(declaration: Declaration, pin: Pin) -> tuple[str, str] | None:
    """Returns name and title of the port, or output, of a new node that a pin would join; None for none."""
    if pin.out:
        ports = [p for p in declaration.ports if p.wireable and joins(pin.type, p.type)]
        best = next((p for p in ports if p.type == pin.type), ports[0] if ports else None)
        return None if best is None else (best.name, best.title)
    outs = [o for o in declaration.outs if joins(o.type, pin.type)]
    best = next((o for o in outs if o.type == pin.type), outs[0] if outs else None)
    return None if best is None else (best.name, best.name.replace("_", " ").capitalize())


def _node(declaration: Declaration, pin: Pin | None, facts: Facts) -> Offer | None:
    end = None if pin is None else joined(declaration, pin)
    if pin is not None and end is None:
        return None
    line = f"Adds {declaration.title}"
    if pin is not None and end is not None:
        line += f", from {pin.title} into {end[1]}" if pin.out else f", from {end[1]} into {pin.title}"
    lacking = declaration.category == "engine" and any(facts.lacking(declaration.id, p.name) for p in declaration.ports)
    note = " (this model lacks some of it)" if lacking else ""
    return Offer(
        "node", declaration.id, declaration.title, declaration.sentence, declaration.category, line + note,
        *(end or ("", "")),
    )  # fmt: skip


def _typed(
    text: str, pin: Pin | None, facts: Facts, ports: VisiblePorts, bpm: float, prefer: frozenset[str]
) -> Offer | None:
    line = typed_line.read(text, facts, ports, bpm, prefer)
    if not line.nodes or not (">" in text or line.nodes[0].said):
        return None
    first, last = line.nodes[0].declaration, line.nodes[-1].declaration
    end = None
    if pin is not None:
        end = joined(first if pin.out else last, pin)
        if end is None:
            return None
    ids = [f"n{i}" for i in range(len(line.nodes))]
    whole = len(line.nodes) - 1 + len(line.targets)
    problem = line.problem
    if not problem and len(typed_line.cables(line, ids, ports)) < whole:
        problem = "these do not fit together"
    does = problem or _words(line, pin, end)
    port, port_title = end or ("", "")
    title = " > ".join(_titles(line))
    return Offer("line", first.id, title, does, first.category, does, port, port_title, ready=not problem, typed=line)


def _titles(line: typed_line.Line) -> Iterable[str]:
    for node in line.nodes:
        yield " ".join([node.declaration.title, *node.said])
    yield from (f"{target.title}{_depth(target)}" for target in line.targets)


def _depth(target: typed_line.Target) -> str:
    return "" if target.depth is None else f" {target.depth:+.2f}".replace("-", "−")


def _words(line: typed_line.Line, pin: Pin | None, end: tuple[str, str] | None) -> str:
    """Says what a line does, in short; its title has the settings."""
    words = "Adds " + ", then ".join(node.declaration.title for node in line.nodes)
    for target in line.targets:
        words += f", wired to {target.title}" + (f", depth{_depth(target)}" if target.depth is not None else "")
    if pin is not None and end is not None:
        words += f", from {pin.title} into {end[1]}" if pin.out else f", from {end[1]} into {pin.title}"
    return words


def _subpatches(text: str, pin: Pin | None, ports: VisiblePorts) -> list[Offer]:
    """The definitions of the patch; none that contains the one that is shown would be taken by the document."""
    if pin is not None:
        return []
    wanted = text.lower().strip()
    return [
        Offer("subpatch", id, d.title or "Subpatch", "A subpatch of this patch.", "subpatch", f"Adds {d.title or id}")
        for id, d in ports.patch.definitions.items()
        if id != ports.within and (not wanted or search.named(wanted, (d.title or "subpatch").lower()) < 60)
    ]


def _commands(text: str, keys: Keys) -> list[Offer]:
    return [
        Offer("command", row.command, row.title, category=row.group, line=row.title, key=keys.shown(row.command))
        for row in matching(text, keys.table)
        if not row.held and row.command not in ("palette", "all_commands", "next_item", "previous_item", "cancel")
    ]


# -- what an offer does ------------------------------------------------------------------------------------------------
def make(
    draft: CommandBuilder, offer: Offer, at: Point, pin: Pin | None, facts: Facts, taken: Iterable[Rect] = ()
) -> list[str]:
    """Does an offer of a node, a line or a subpatch in a draft, and returns the ids of the new nodes.

    at: the place of the canvas where it was asked for: the head of the first node is put there; with a pin, the pin's
    end of the cable. taken: the nodes that are there; without a pin, the new ones stand beside them where their head
    still is under the place. Raises PatchError.
    """
    x, y = at
    nodes = nodes_of(offer, facts)
    left = x if pin is not None and pin.out else x - NARROW if pin is not None else _free(x, y, len(nodes), taken)
    if pin is not None and not pin.out:
        left -= APART * (len(nodes) - 1)
    ids: list[str] = []
    for place, node in enumerate(nodes):
        ids.append(draft.fresh(draft.graph.nodes))
        draft.do(AddNode(ids[-1], _at(node, (round(left + place * APART), round(y - HEAD)))))
    wires: list[Cable] = []
    if offer.typed is not None:
        wires += typed_line.cables(offer.typed, ids, VisiblePorts(draft.patch, facts.catalogue, draft.within))
    if pin is not None and offer.port:
        out_of = Cable(pin.node, pin.name, ids[0], offer.port)
        wires.append(out_of if pin.out else Cable(ids[-1], offer.port, pin.node, pin.name))
        if not pin.out:
            draft.do(*(Disconnect(*old.key) for old in draft.graph.cables_into(pin.node, pin.name)))
    for cable in wires:
        draft.do_on_patch(document_edits.plug(draft.patch, facts.catalogue, cable, draft.within))
    return ids


def _free(x: float, y: float, count: int, taken: Iterable[Rect]) -> float:
    """Returns the left edge of new nodes at a place: in the middle, else to the right or left, if that is free."""
    there = list(taken)
    wide = APART * (count - 1) + NARROW
    for left in (x - NARROW / 2, x - 12.0, x - NARROW + 12.0):
        new = (left, y - HEAD, left + wide, y - HEAD + USUAL_HEIGHT)
        if not any(touch(new, rect) for rect in there):
            return left
    return x - NARROW / 2


def nodes_of(offer: Offer, facts: Facts) -> list[Node]:
    """Returns the new nodes of an offer, in the order of its line."""
    if offer.typed is not None:
        return [Node(n.declaration.id, version=n.declaration.version, values=n.values) for n in offer.typed.nodes]
    if offer.kind == "subpatch":
        return [Node(SUBPATCH, definition=offer.id)]
    return [new_node(offer.id, facts)]


def new_node(type: str, facts: Facts) -> Node:
    """Returns a new node of a type."""
    declaration = facts.catalogue.get(type)
    return Node(type, version=declaration.version if declaration is not None else 1)


def _at(node: Node, at: tuple[float, float]) -> Node:
    return Node(node.type, version=node.version, values=node.values, at=at, definition=node.definition)
