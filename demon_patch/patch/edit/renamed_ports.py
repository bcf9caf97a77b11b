"""Updates what names a port when that port has moved: dashboard, mappings, snapshots, probes and boundary ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import structs

from demon_patch.patch.edit.commands import (
    Command,
    SetInlet,
    SetMapping,
    SetOutlet,
    SetProbe,
    SetSnapshot,
    SetWidget,
)
from demon_patch.patch.model.dashboard import CableDepth, Snapshot
from demon_patch.patch.model.definition import Definition, Inlet, Target
from demon_patch.patch.model.document import Graph, Patch

End = tuple[str, str]
"""A node and one of its ports."""


def named_ends(graph: Graph) -> tuple[set[End], set[End]]:
    """Returns the inputs, and the outputs, that a patch or definition names other than in its cables.

    Of a patch: inputs of its dashboard, mappings and snapshots. Of a definition: ends of its boundary ports.
    """
    if isinstance(graph, Patch):
        knobs = {(piece.node, piece.port) for piece in (*graph.dashboard.values(), *graph.mappings.values())}
        for snapshot in graph.snapshots.values():
            for kept in (snapshot.values, snapshot.ranges):
                knobs |= {(id, port) for id, ports in kept.items() for port in ports}
        return knobs, set()
    if isinstance(graph, Definition):
        return (
            {(target.node, target.port) for inlet in graph.inputs.values() for target in inlet.to},
            {(outlet.node, outlet.out) for outlet in graph.outputs.values() if outlet.node},
        )
    return set(), set()


def redirecting_commands(
    graph: Graph, inputs: Mapping[End, Sequence[End]], outputs: Mapping[End, End], nodes: Mapping[str, Sequence[str]]
) -> Iterator[Command]:
    """Yields commands that replace old ends by new ones in all records of `graph` that name them.

    inputs: new inputs by old input.
    outputs: the new output by old output.
    nodes: by each removed node, the nodes that replace it.
    An end without a new one is dropped. Widgets and mappings take the first of several new inputs. A probe of an output
    without a new one is removed with its node.
    """
    yield from _probes(graph, outputs, nodes)
    if isinstance(graph, Patch):
        yield from _of_patch(graph, inputs, outputs, nodes)
    elif isinstance(graph, Definition):
        for id, inlet in graph.inputs.items():
            if any(target.node in nodes for target in inlet.to):
                yield SetInlet(id, _inlet(inlet, inputs, nodes))
        for id, outlet in graph.outputs.items():
            if outlet.node in nodes:
                node, out = outputs.get((outlet.node, outlet.out), ("", ""))
                yield SetOutlet(id, structs.replace(outlet, node=node, out=out))


def _probes(graph: Graph, outputs: Mapping[End, End], nodes: Mapping[str, Sequence[str]]) -> Iterator[Command]:
    for id, probe in graph.probes.items():
        if probe.node in nodes and (new := outputs.get((probe.node, probe.out))) is not None:
            yield SetProbe(id, structs.replace(probe, node=new[0], out=new[1]))


def _of_patch(
    patch: Patch, inputs: Mapping[End, Sequence[End]], outputs: Mapping[End, End], nodes: Mapping[str, Sequence[str]]
) -> Iterator[Command]:
    def first(record: Any) -> Any:
        ends = inputs.get((record.node, record.port), ())
        return structs.replace(record, node=ends[0][0], port=ends[0][1]) if ends else None

    for id, widget in patch.dashboard.items():
        if widget.node in nodes:
            yield SetWidget(id, first(widget))
    for id, mapping in patch.mappings.items():
        if mapping.node in nodes:
            yield SetMapping(id, first(mapping))
    for id, snapshot in patch.snapshots.items():
        if snapshot.nodes & nodes.keys():
            yield SetSnapshot(id, _snapshot(snapshot, inputs, outputs, nodes))


def _inlet(inlet: Inlet, inputs: Mapping[End, Sequence[End]], nodes: Mapping[str, Sequence[str]]) -> Inlet:
    to: dict[End, Target] = {}
    for target in inlet.to:
        end = (target.node, target.port)
        for node, port in inputs.get(end, ()) if target.node in nodes else (end,):
            to.setdefault((node, port), structs.replace(target, node=node, port=port))
    return structs.replace(inlet, to=tuple(to.values()))


def _snapshot(
    snapshot: Snapshot,
    inputs: Mapping[End, Sequence[End]],
    outputs: Mapping[End, End],
    nodes: Mapping[str, Sequence[str]],
) -> Snapshot:
    def moved(kept: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        made: dict[str, dict[str, Any]] = {}
        for id, ports in kept.items():
            if id not in nodes:
                made.setdefault(id, {}).update(ports)
                continue
            for port, value in ports.items():
                for node, name in inputs.get((id, port), ()):
                    made.setdefault(node, {})[name] = value
        return made

    depths: dict[tuple[str, ...], CableDepth] = {}
    for depth in snapshot.depths:
        start, end = (depth.src, depth.out), (depth.dst, depth.port)
        src = outputs.get(start) if depth.src in nodes else start
        for dst, port in inputs.get(end, ()) if depth.dst in nodes else (end,):
            if src is not None:
                new = structs.replace(depth, src=src[0], out=src[1], dst=dst, port=port)
                depths.setdefault(new.key, new)
    scope = snapshot.scope
    return structs.replace(
        snapshot,
        scope=None if scope is None else tuple(new for id in scope for new in nodes.get(id, (id,))),
        values=moved(snapshot.values),
        ranges=moved(snapshot.ranges),
        depths=tuple(depths.values()),
    )
