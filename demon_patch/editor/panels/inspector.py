"""What the inspector says of a node or a cable. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from demon_patch.editor.layout.box import Point, Wire
from demon_patch.editor.layout.facts import Facts
from demon_patch.editor.look import numbers
from demon_patch.editor.panels.controller_words import controller_words
from demon_patch.editor.panels.probe_words import CLASSES
from demon_patch.editor.panels.side_panel import Row
from demon_patch.nodes.language.ports import SETTINGS, Out, Port
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.graph import REROUTE, SUBPATCH, CableKey, Graph, Node

CablePart = Literal["mode", "depth", "offset", "muted", "solo", "unplug"]
ADAPTERS = {
    ("gate", "value"): "its level becomes a number", ("value", "gate"): "it rises where the number passes 0.5",
    ("value", "curve"): "each frame of the song gets the number that is heard there",
    ("curve", "value"): "the curve is read at the frame that is heard",
    ("curve", "gate"): "it rises where the curve passes 0.5", ("gate", "curve"): "its level becomes a curve",
}  # fmt: skip


class Acts(Protocol):
    """What the lines of the inspector do. Places are pixels of the window."""

    def rename(self, node: str, at: Point) -> object: ...

    def colour(self, node: str, at: Point) -> object: ...

    def value(self, node: str, port: str, at: Point) -> object: ...

    def range(self, node: str, port: str, at: Point) -> object: ...

    def menu(self, node: str, port: str, at: Point) -> object: ...

    def cable(self, key: CableKey, part: CablePart, at: Point) -> object: ...

    def see(self, node: str) -> object: ...

    def see_cable(self, key: CableKey) -> object: ...


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is said comes from this.

    live: live values by (node, port). micros: what a node costs. wires: by key. remarks: on cables that move a control
    too fast. problems: what is wrong with a node, by id.
    """

    patch: Patch
    within: str | None
    facts: Facts
    live: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    micros: Callable[[str], float | None] = lambda node: None
    wires: Mapping[CableKey, Wire] = field(default_factory=dict)
    remarks: Mapping[CableKey, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The graph that is shown."""
        return self.patch.graph(self.within)

    def title(self, id: str) -> str:
        """The title of a node."""
        node = self.graph.nodes[id]
        if node.label:
            return node.label
        if node.type == SUBPATCH and node.definition in self.patch.definitions:
            return self.patch.definitions[node.definition].title or "Subpatch"
        return "Reroute" if node.type == REROUTE else self.type_title(node.type)

    def type_title(self, type: str) -> str:
        """The title of a node type."""
        declaration = self.facts.declaration(type)
        return declaration.title if declaration is not None else type


def node_rows(seen: Seen, id: str, acts: Acts) -> list[Row]:
    """Returns the lines on a node: what it is, its ports, its outputs."""
    node = seen.graph.nodes[id]
    declaration = seen.facts.declaration(node.type)
    sentence = declaration.sentence if declaration is not None else _sentence(seen, node)
    found = [
        Row(seen.title(id), "rename", bold=True, detail=_kind(seen, node), at=lambda at: acts.rename(id, at),
            other=lambda at: acts.menu(id, "", at)),
    ]  # fmt: skip
    if sentence:
        found.append(Row(sentence, tone="label"))
    if problem := seen.problems.get(id):
        found.append(Row(problem, tone="fault"))
    states = [word for word, on in (("bypassed", node.bypass), ("muted", node.muted)) if on]
    if states:
        found.append(Row(f"It is {' and '.join(states)}.", tone="warning"))
    cost = seen.micros(id)
    if cost is not None:
        found.append(Row("Costs in a control frame", f"{cost:.1f} µs", "label"))
    found.append(Row("Colour", node.colour or "of its kind", "label", at=lambda at: acts.colour(id, at)))
    ports = list(seen.facts.visible(seen.patch, seen.within).inputs(id).values())
    if ports:
        found.append(Row("Ports", heading=True))
    for port in ports:
        found.append(_port_row(seen, id, node, port, acts))
        if played := _playing(port, node.ranges.get(port.name)):
            found.append(Row("plays", played, "label", at=lambda at, name=port.name: acts.range(id, name, at)))
    outs = seen.facts.visible(seen.patch, seen.within).outputs(id)
    if outs:
        found.append(Row("Outputs", heading=True))
    for name, out in outs.items():
        cables = seen.graph.cables_from(id, name)
        detail = _joined(out.doc, _out_range(out), _many(len(cables), "cable"))
        found.append(Row(_spelled(name), out.type, detail=detail))
    if declaration is not None and declaration.doc and declaration.kind != "resource":  # whose docs are of their keys
        found += [Row("More about it", heading=True), Row(" ".join(declaration.doc.split()), tone="label")]
    return found


def _kind(seen: Seen, node: Node) -> str:
    declaration = seen.facts.declaration(node.type)
    if declaration is None:
        return "a subpatch" if node.type == SUBPATCH else f"type {node.type}"
    return _joined(declaration.title if node.label else "", declaration.category)


def _sentence(seen: Seen, node: Node) -> str:
    if node.type == SUBPATCH:
        copies = sum(
            other.definition == node.definition
            for graph in (seen.patch, *seen.patch.definitions.values())
            for other in graph.nodes.values()
        )
        return f"Its inside is that of {copies} subpatches." if copies > 1 else "A patch within the patch."
    return "" if node.type == REROUTE else "This program does not know its type; all that it holds is kept."


def _port_row(seen: Seen, id: str, node: Node, port: Port, acts: Acts) -> Row:
    live = seen.live.get((id, port.name)) if seen.within is None else None
    default = seen.facts.default(node.type, port.name)
    base = node.values.get(port.name, port.default if default is None else default)
    now = base if live is None else live
    cables = seen.graph.cables_into(id, port.name)
    details = [
        "" if live is None else f"live, over {_value(port, base)}",
        _range(port),
        _class(seen.facts, node.type, port.name), _many(len(cables), "cable"),
        *(controller_words(m.source) for _, m in _mappings(seen, id, port.name)),
        "snapshots leave it alone" if port.name in node.locked else "",
        "this model does not have it" if seen.facts.lacking(node.type, port.name) else "",
    ]  # fmt: skip
    holds = port.numeric or port.type in SETTINGS
    value = _value(port, now) if holds else "fed from outside" if port.live else port.type
    lamp = "snap" if live is not None else "accent" if cables else ""
    return Row(
        _spelled(port.name, port.title), value, detail=_joined(*details), bright=holds, dot=lamp,
        at=lambda at: acts.value(id, port.name, at), other=lambda at: acts.menu(id, port.name, at),
    )  # fmt: skip


def _mappings(seen: Seen, id: str, port: str) -> list[tuple[str, Any]]:
    if seen.within is not None:
        return []
    return [(name, m) for name, m in sorted(seen.patch.mappings.items()) if (m.node, m.port) == (id, port)]


def _value(port: Port, held: Any) -> str:
    if port.numeric and isinstance(held, int | float):
        return numbers.said(float(held), port.unit, port.taper)
    if port.type == "points":
        return _many(len(held or ()), "point") or "no points"
    text = str(held if held is not None else "")
    return text if len(text) <= 22 else f"{text[:21]}…"


def _range(port: Port) -> str:
    if not port.numeric:
        return ""
    if not port.bounded:
        return "any number" + (f" of {port.unit}" if port.unit else "")
    return f"{numbers.said(port.lo, '', port.taper)} to {numbers.said(port.hi, port.unit, port.taper)}"


def _playing(port: Port, ends: tuple[float, float] | None) -> str:
    if ends is None or not port.numeric:
        return ""
    return f"{numbers.said(ends[0], '', port.taper)} to {numbers.said(ends[1], port.unit, port.taper)}"


def _class(facts: Facts, type: str, port: str) -> str:
    name, rate = facts.propagation(type, port), facts.rate(type, port)
    if not name:
        return ""
    if not rate:
        return CLASSES.get(name, name)
    return f"{name}: taken {rate:.3g} times a second"


def _out_range(out: Out) -> str:
    if out.type not in ("value", "curve") or not numbers.bounded(out.lo, out.hi):
        return ""
    return f"{numbers.said(out.lo)} to {numbers.said(out.hi, out.unit)}"


def cable_rows(seen: Seen, key: CableKey, acts: Acts) -> list[Row]:
    """Returns the lines on a cable."""
    cable, wire = seen.graph.cables_by_key[key], seen.wires.get(key)
    found = [
        Row(f"{seen.title(key.src)} → {seen.title(key.dst)}", bold=True,
            detail=f"{_spelled(key.out)} into {_spelled(key.port)}", do=lambda: acts.see_cable(key)),
    ]  # fmt: skip
    if remark := seen.remarks.get(key):
        found.append(Row(remark, tone="warning"))
    type = wire.type if wire is not None else ""
    adds = wire is not None and wire.depth is not None
    if wire is not None and (adds or wire.mode == "set"):
        how = "it replaces the knob" if wire.mode == "set" else "it is added to the knob"
        mode = cable.mode if cable.mode != "auto" else f"auto: {wire.mode}"
        found.append(Row("Mode", mode, detail=how, bright=True, at=lambda at: acts.cable(key, "mode", at)))
    if adds and wire is not None:
        said = f"{wire.depth or 0.0:+.2f}".replace("-", "−")
        usual = "" if cable.depth is not None else "the usual one"
        found.append(Row("Depth", said, detail=usual, bright=True, at=lambda at: acts.cable(key, "depth", at)))
        offset = f"{cable.offset:+.2f}".replace("-", "−")
        found.append(Row("Offset", offset, bright=bool(cable.offset), at=lambda at: acts.cable(key, "offset", at)))
    for part, title, on in (("muted", "Muted", cable.muted), ("solo", "Solo", cable.solo)):
        found.append(Row(title, "yes" if on else "no", bright=on, at=lambda at, part=part: acts.cable(key, part, at)))  # type: ignore[misc]
    found.append(Row("Carries", type, "label"))
    port = seen.facts.visible(seen.patch, seen.within).inputs(key.dst).get(key.port)
    if wire is not None and wire.adapter and port is not None:
        words = ADAPTERS.get((type, port.type), f"a {type} becomes a {port.type}")
        found.append(Row("Converted on its way", tone="label", detail=words))
    if port is not None and seen.graph.nodes[key.dst].type not in (SUBPATCH, REROUTE):
        words = _class(seen.facts, seen.graph.nodes[key.dst].type, key.port)
        if words:
            found.append(Row("Where it leads", tone="label", detail=words))
    found.append(Row("Unplug", tone="accent", at=lambda at: acts.cable(key, "unplug", at)))
    return found


def several_rows(seen: Seen, nodes: frozenset[str], wires: frozenset[CableKey], acts: Acts) -> list[Row]:
    """Returns the lines on a selection of several things."""
    whole = [cost for cost in map(seen.micros, nodes) if cost is not None]
    found = [Row(_joined(_many(len(nodes), "node"), _many(len(wires), "cable")), bold=True)]
    if whole:
        found.append(Row("Cost in a control frame", f"{sum(whole):.1f} µs", "label"))
    for id in sorted(nodes, key=seen.title):
        found.append(Row(seen.title(id), detail=_kind(seen, seen.graph.nodes[id]), do=lambda id=id: acts.see(id)))
    for key in sorted(wires):
        detail = f"{_spelled(key.out)} into {_spelled(key.port)}"
        found.append(
            Row(f"{seen.title(key.src)} → {seen.title(key.dst)}", detail=detail, do=lambda key=key: acts.see_cable(key))
        )
    return found


def _spelled(name: str, title: str = "") -> str:
    return title or name.replace("_", " ")


def _many(count: int, word: str) -> str:
    return "" if not count else f"{count} {word}{'' if count == 1 else 's'}"


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)
