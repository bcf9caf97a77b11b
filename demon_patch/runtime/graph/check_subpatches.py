"""Finds mistakes of subpatches and reroutes, which the flat patch does not contain any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.nodes.editing.subpatches import AT_TOP
from demon_patch.nodes.language.declare import Declaration
from demon_patch.patch.model.definition import Definition, Inlet, Outlet
from demon_patch.patch.model.document import Cable, Graph, Node, Patch
from demon_patch.patch.model.graph import REROUTE, REROUTE_IN, REROUTE_OUT, SUBPATCH


def nesting(patch: Patch, catalogue: Mapping[str, Declaration]) -> Iterator[PatchError]:
    """Yields the mistakes of subpatches: promoted ports that do not exist, and nodes that cannot stand within a
    subpatch. Nodes are named by their paths."""
    if any(node.type in (SUBPATCH, REROUTE) for node in patch.nodes.values()):
        yield from _graph(patch, catalogue, patch, "")


def promoted(patch: Patch, catalogue: Mapping[str, Declaration]) -> Iterator[PatchError]:
    """Yields the promoted inputs and outputs that lead to ports which do not exist. A node is named by its path in the
    first instance of the definition; where there is no instance, by the id of the definition."""
    paths = dict(_paths(patch, patch, ""))
    for name, definition in sorted(patch.definitions.items()):
        prefix = paths.get(name, name)
        for id, inlet in sorted(definition.inputs.items()):
            for target in inlet.to:
                known = _ports_of(patch, catalogue, definition.nodes[target.node], inputs=True)
                if known is not None and target.port not in known:
                    what = f"input {id} of the subpatch leads to a port that is not there"
                    yield PatchError(what, node=f"{prefix}/{target.node}", port=target.port, mend=_listed(known))
        for id, outlet in sorted(definition.outputs.items()):
            if not outlet.node:
                continue
            known = _ports_of(patch, catalogue, definition.nodes[outlet.node], inputs=False)
            if known is not None and outlet.out not in known:
                what = f"output {id} of the subpatch comes from {outlet.out}, which is not there"
                yield PatchError(what, node=f"{prefix}/{outlet.node}", mend=_listed(known))


def _paths(patch: Patch, graph: Graph, prefix: str) -> Iterator[tuple[str, str]]:
    """Yields the definitions in a graph, each with the path of an instance; the first instance comes last."""
    for id, node in sorted(graph.nodes.items(), reverse=True):
        if node.type == SUBPATCH:
            yield from _paths(patch, patch.definitions[node.definition], f"{prefix}{id}/")
            yield node.definition, prefix + id


def _ports_of(patch: Patch, catalogue: Mapping[str, Declaration], node: Node, *, inputs: bool) -> list[str] | None:
    """Returns the names of a node's inputs or outputs; None for a node of unknown type."""
    if node.type == SUBPATCH:
        definition = patch.definitions[node.definition]
        return sorted(definition.inputs if inputs else definition.outputs)
    if node.type == REROUTE:
        return [REROUTE_IN if inputs else REROUTE_OUT]
    declaration = catalogue.get(node.type)
    return None if declaration is None else list(declaration.by_name if inputs else declaration.outs_by_name)


def _listed(known: list[str]) -> str:
    return f"it has {', '.join(known)}" if known else "it has none"


def _graph(patch: Patch, catalogue: Mapping[str, Declaration], graph: Graph, prefix: str) -> Iterator[PatchError]:
    for id, node in sorted(graph.nodes.items()):
        path = prefix + id
        declaration = catalogue.get(node.type)
        if prefix and declaration is not None and declaration.kind in AT_TOP:
            yield PatchError(
                f"a {declaration.title} cannot stand within a subpatch", node=path, mend="put it into the patch itself"
            )
        if node.type == SUBPATCH:
            definition = patch.definitions[node.definition]
            yield from _promoted(path, node, definition)
            yield from _graph(patch, catalogue, definition, f"{path}/")
    for cable in graph.cables:
        yield from _cable(patch, graph, prefix, cable)


def _promoted(path: str, node: Node, definition: Definition) -> Iterator[PatchError]:
    for name in sorted({*node.values, *node.ranges} - definition.inputs.keys()):
        yield PatchError("the subpatch has no such input", node=path, port=name, mend=_near(name, definition.inputs))


def _cable(patch: Patch, graph: Graph, prefix: str, cable: Cable) -> Iterator[PatchError]:
    source, target = graph.nodes[cable.src], graph.nodes[cable.dst]
    outs = ins = None
    if source.type == SUBPATCH:
        outs = patch.definitions[source.definition].outputs
    elif source.type == REROUTE:
        outs = {REROUTE_OUT: Outlet()}
    if target.type == SUBPATCH:
        ins = patch.definitions[target.definition].inputs
    elif target.type == REROUTE:
        ins = {REROUTE_IN: Inlet()}
    if outs is not None and cable.out not in outs:
        yield PatchError(
            f"a {source.type} has no output {cable.out}", node=prefix + cable.src, mend=_near(cable.out, outs)
        )
    if ins is not None and cable.port not in ins:
        yield PatchError(
            f"a {target.type} has no such input", node=prefix + cable.dst, port=cable.port, mend=_near(cable.port, ins)
        )


def _near(name: str, ports: Mapping[str, Inlet] | Mapping[str, Outlet]) -> str:
    return did_you_mean(name, ports, _known(ports))


def _known(ports: Mapping[str, Inlet] | Mapping[str, Outlet]) -> str:
    told = [f"{id} ({port.title})" if port.title else id for id, port in sorted(ports.items())]
    return f"it has {', '.join(told)}" if told else "it has none"
