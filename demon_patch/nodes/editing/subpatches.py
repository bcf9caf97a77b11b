"""Turns nodes into subpatches and subpatches into nodes. Each function returns one command that does it.

within, rng: as in `edits`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import (
    AddNodes,
    Command,
    RemoveNode,
    RemoveNodes,
    Replace,
    SetDefinition,
    SetFrame,
    SetInlet,
    SetNote,
    SetOutlet,
    SetProbe,
)
from demon_patch.patch.edit.renamed_ports import End, named_ends, redirecting_commands
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target, instances
from demon_patch.patch.model.document import Graph, Node, Patch
from demon_patch.patch.model.flatten import SWITCHES
from demon_patch.patch.model.graph import REROUTE, SUBPATCH
from demon_patch.patch.model.json_values import moved

AT_TOP = ("engine", "sink")
"""Kinds of node that may be in the patch itself only, not in a subpatch."""


def subpatch(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    chosen: Iterable[str],
    title: str = "",
    within: str | None = None,
    rng: random.Random | None = None,
) -> Command:
    """Returns the command that moves nodes into a new definition and puts an instance of it in their place.

    Its boundary ports are those where cables cross its border, and those that the dashboard, a mapping, a snapshot or
    the subpatch around it names. PatchError for engine nodes and output nodes, which no subpatch may contain.
    """
    draft = CommandBuilder(patch, within, rng)
    graph, inside = draft.graph, sorted(set(chosen))
    nodes = {id: graph.node(id) for id in inside}
    if not nodes:
        raise PatchError("there is nothing to put into a subpatch", mend="choose some nodes")
    for id, node in nodes.items():
        declaration = catalogue.get(node.type)
        if declaration is not None and declaration.kind in AT_TOP:
            raise PatchError(
                f"a {declaration.title} cannot stand within a subpatch", node=id, mend="leave it out of the choice"
            )
    coming = [cable for cable in graph.cables if cable.dst in nodes and cable.src not in nodes]
    going = [cable for cable in graph.cables if cable.src in nodes and cable.dst not in nodes]
    ins, outs = named_ends(graph)
    ins = {end for end in ins if end[0] in nodes} | {(cable.dst, cable.port) for cable in coming}
    outs = {end for end in outs if end[0] in nodes} | {(cable.src, cable.out) for cable in going}

    faces = VisiblePorts(patch, catalogue, within)
    definition_id, id = draft.fresh(patch.definitions), draft.fresh(graph.nodes)
    inlets: dict[End, str] = {end: draft.fresh(()) for end in sorted(ins, key=_reading(nodes))}
    outlets: dict[End, str] = {end: draft.fresh(()) for end in sorted(outs, key=_reading(nodes))}
    definition = Definition(
        title=title,
        nodes=nodes,
        cables=tuple(cable for cable in graph.cables if cable.src in nodes and cable.dst in nodes),
        inputs={
            name: Inlet(_title(faces, end, faces.inputs(end[0])), (Target(*end),), float(i))
            for i, (end, name) in enumerate(inlets.items())
        },
        outputs={
            name: Outlet(_title(faces, end, faces.outputs(end[0])), *end, float(i))
            for i, (end, name) in enumerate(outlets.items())
        },
        probes={name: probe for name, probe in graph.probes.items() if probe.node in nodes},
    )
    at = _middle(node.at for node in nodes.values())
    draft.do_on_patch(SetDefinition(definition_id, definition))
    locked = tuple(name for (node, port), name in inlets.items() if port in nodes[node].locked)
    instance = Node(SUBPATCH, definition=definition_id, at=at, locked=locked)
    into = (structs.replace(c, dst=id, port=inlets[c.dst, c.port]) for c in coming)
    out_of = (structs.replace(c, src=id, out=outlets[c.src, c.out]) for c in going)
    draft.do(RemoveNodes(tuple(inside)), AddNodes({id: instance}, (*into, *out_of)))
    draft.do(
        *redirecting_commands(
            graph,
            {end: [(id, name)] for end, name in inlets.items()},
            {end: (id, name) for end, name in outlets.items()},
            {name: [id] for name in inside},
        )
    )
    return draft.command


def expanded(patch: Patch, id: str, within: str | None = None, rng: random.Random | None = None) -> Command:
    """Returns the command that replaces a subpatch by its contents, under fresh ids and with the instance's settings.

    Of several cables between the same two ports, the first is kept. A definition without other instances is removed.
    """
    draft = CommandBuilder(patch, within, rng)
    graph = draft.graph
    instance = _instance(graph, id)
    definition = patch.definitions[instance.definition]
    middle = _middle(node.at for node in definition.nodes.values())
    shift = (instance.at[0] - middle[0], instance.at[1] - middle[1])
    taken = {*graph.nodes, *graph.frames, *graph.notes}
    new = {name: draft.fresh(taken) for name in definition.nodes}
    inlets: dict[End, list[End]] = {
        (id, name): [(new[target.node], target.port) for target in inlet.to]
        for name, inlet in definition.inputs.items()
    }
    outlets: dict[End, End] = {
        (id, name): (new[outlet.node], outlet.out) for name, outlet in definition.outputs.items() if outlet.node
    }
    nodes = {
        new[name]: _set_as(instance, definition, name, _moved(node, shift)) for name, node in definition.nodes.items()
    }
    cables = [structs.replace(cable, src=new[cable.src], dst=new[cable.dst]) for cable in definition.cables]
    for cable in graph.cables_of(id):
        start = (cable.src, cable.out) if cable.src != id else outlets.get((id, cable.out))
        ends = [(cable.dst, cable.port)] if cable.dst != id else inlets.get((id, cable.port), [])
        if start is not None:
            cables += [structs.replace(cable, src=start[0], out=start[1], dst=dst, port=port) for dst, port in ends]
    first = {cable.key: cable for cable in reversed(cables)}
    draft.do(RemoveNode(id), AddNodes(nodes, tuple(first.values())))
    for frame in definition.frames.values():
        draft.do(SetFrame(draft.fresh(taken), _moved(frame, shift)))
    for note in definition.notes.values():
        draft.do(SetNote(draft.fresh(taken), _moved(note, shift)))
    for probe in definition.probes.values():
        draft.do(SetProbe(draft.fresh(graph.probes), structs.replace(_moved(probe, shift), node=new[probe.node])))
    draft.do(*redirecting_commands(graph, inlets, outlets, {id: list(new.values())}))
    rest = (draft.patch, *draft.patch.definitions.values())
    if not any(node.definition == instance.definition for other in rest for _, node in instances(other)):
        draft.do_on_patch(SetDefinition(instance.definition))
    return draft.command


def unique(patch: Patch, id: str, within: str | None = None, rng: random.Random | None = None) -> Command:
    """Returns the command that gives a subpatch its own copy of its definition, which no other subpatch shares."""
    draft = CommandBuilder(patch, within, rng)
    instance = _instance(draft.graph, id)
    own = draft.fresh(patch.definitions)
    keep = tuple(cable.key for cable in draft.graph.cables_of(id))
    draft.do_on_patch(SetDefinition(own, patch.definitions[instance.definition]))
    draft.do(Replace(id, structs.replace(instance, definition=own), keep))
    return draft.command


def promoted(
    patch: Patch, definition: str, node: str, port: str, title: str = "", rng: random.Random | None = None
) -> Command:
    """Returns the command that adds a boundary port for an input of a node in a definition, below the present ones."""
    draft = CommandBuilder(patch, definition, rng)
    inside = patch.definition(definition)
    inside.node(node)
    order = max((inlet.order for inlet in inside.inputs.values()), default=-1.0) + 1.0
    draft.do(SetInlet(draft.fresh(inside.inputs), Inlet(title, (Target(node, port),), order)))
    return draft.command


def promoted_output(
    patch: Patch, definition: str, node: str, out: str, title: str = "", rng: random.Random | None = None
) -> Command:
    """Returns the command that adds a boundary output for an output of a node in a definition, below the present
    ones."""
    draft = CommandBuilder(patch, definition, rng)
    inside = patch.definition(definition)
    inside.node(node)
    order = max((outlet.order for outlet in inside.outputs.values()), default=-1.0) + 1.0
    draft.do(SetOutlet(draft.fresh(inside.outputs), Outlet(title, node, out, order)))
    return draft.command


def _instance(graph: Graph, id: str) -> Node:
    node = graph.node(id)
    if node.type != SUBPATCH:
        raise PatchError(f"is a {node.type}, not a subpatch", node=id, mend="choose a subpatch")
    return node


def _set_as(instance: Node, definition: Definition, name: str, node: Node) -> Node:
    """Returns the node `name` of a definition with the values, ranges, locks, bypass and mute that the instance gives
    it."""
    values, ranges, locked = dict(node.values), dict(node.ranges), {*node.locked}
    for inlet_id, inlet in sorted(definition.inputs.items()):
        for target in inlet.to:
            if target.node == name:
                values.update({target.port: instance.values[inlet_id]} if inlet_id in instance.values else {})
                ranges.update({target.port: instance.ranges[inlet_id]} if inlet_id in instance.ranges else {})
                locked |= {target.port} if inlet_id in instance.locked else set()
    switches = {name: getattr(node, name) or getattr(instance, name) for name in SWITCHES}
    return structs.replace(node, values=values, ranges=ranges, locked=tuple(locked), **switches)


def _title(faces: VisiblePorts, end: End, shown: Mapping[str, Any]) -> str:
    """Returns the title of a boundary port: the node's label, if any, and the port's title; "" for a port of a
    reroute."""
    node = faces.graph.nodes[end[0]]
    if node.type == REROUTE:
        return ""
    port = getattr(shown.get(end[1]), "title", "") or end[1].replace("_", " ").capitalize()
    return f"{node.label[:100]} {port}".strip()


def _reading(nodes: Mapping[str, Node]) -> Any:
    """Returns a sort key for ports: by the place of their nodes on the canvas, from top to bottom, then left to
    right."""
    return lambda end: (nodes[end[0]].at[1], nodes[end[0]].at[0], end)


def _middle(places: Iterable[tuple[float, float]]) -> tuple[float, float]:
    found = list(places) or [(0.0, 0.0)]
    return sum(x for x, _ in found) / len(found), sum(y for _, y in found) / len(found)


def _moved(piece: Any, by: tuple[float, float]) -> Any:
    return structs.replace(piece, at=moved(piece.at, by))
