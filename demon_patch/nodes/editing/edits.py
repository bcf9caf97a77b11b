"""Edits that need the catalogue. Each function changes nothing; it returns one command that does the edit.

These commands consist of primitive commands only, so clients and undo need no catalogue.
within: the id of the definition whose graph is edited; None for the patch itself.
rng: the source of fresh ids; the system's randomness by default.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping

from msgspec import structs

from demon_patch.nodes.editing.update import loads
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import SINGLE, misfit
from demon_patch.patch.edit import clipboard
from demon_patch.patch.edit.command_builder import CommandBuilder
from demon_patch.patch.edit.commands import AddNode, Command, Connect, Disconnect, RemoveNode, RemoveNodes, Replace
from demon_patch.patch.model.document import Cable, CableKey, Graph, Node, Patch
from demon_patch.patch.model.graph import REROUTE, REROUTE_IN, REROUTE_OUT


def paste(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    text: str,
    at: tuple[float, float],
    within: str | None = None,
    rng: random.Random | None = None,
) -> Command:
    """Returns the command that pastes a clipboard text (`clipboard.paste`), after updating older formats and node
    versions in it. PatchError if it is no patch."""
    return clipboard.paste(patch, text, at, within, rng, lambda given, file: loads(given, file, catalogue))


def plug(patch: Patch, catalogue: Mapping[str, Declaration], cable: Cable, within: str | None = None) -> Command:
    """Returns the command that adds a cable. If the port takes one cable only, the command removes the cable that is
    there. PatchError if the cable does not fit."""
    faces, draft = VisiblePorts(patch, catalogue, within), CommandBuilder(patch, within)
    for end in (cable.src, cable.dst):
        draft.graph.node(end)
    faces.check_cable(*cable.key)
    if any(port.type in SINGLE for port in faces.ahead(cable.dst, cable.port) or []):
        draft.do(*(Disconnect(*old.key) for old in draft.graph.cables_into(cable.dst, cable.port)))
    draft.do(Connect(cable))
    return draft.command


def removal(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    chosen: Iterable[str],
    heal: bool = True,
    within: str | None = None,
) -> Command:
    """Returns the command that removes nodes.

    heal: the cables on both sides of a removed node become one cable, if it fits. This is done for a reroute, for a
        value or gate output that passes a port on (`Out.passes`), and for a ring, prompt, source, surface or sound
        output with an input of the same type.
    """
    draft, rest = CommandBuilder(patch, within), []
    for id in sorted(set(chosen)):
        if heal and (healing := _healed(VisiblePorts(draft.patch, catalogue, within), id)):
            draft.do(RemoveNode(id), *map(Connect, healing))
        else:
            rest.append(id)
    if rest:
        draft.do(RemoveNodes(tuple(rest)))
    return draft.command


def _healed(faces: VisiblePorts, id: str) -> list[Cable]:
    """Returns the cables that replace a node and the cables at it."""
    graph = faces.graph
    made: dict[CableKey, Cable] = {}
    for after in graph.cables_from(id):
        port = _passed(faces, id, after.out)
        for before in graph.cables_into(id, port) if port is not None else ():
            cable = structs.replace(
                after, src=before.src, out=before.out, muted=before.muted or after.muted
            )  # the settings are those of the input where it ends
            if id in (before.src, after.dst) or cable.key in graph.cables_by_key:
                continue
            if faces.joins(*cable.key):
                made.setdefault(cable.key, cable)
    return list(made.values())


def _passed(faces: VisiblePorts, id: str, name: str) -> str | None:
    """Returns the name of the input whose signal a node passes on to its output `name`; None if there is none."""
    if faces.graph.node(id).type == REROUTE:
        return REROUTE_IN
    out = faces.outputs(id).get(name)
    if out is None or out.passes is not None:
        return None if out is None else out.passes
    same = (port.name for port in faces.inputs(id).values() if port.type == out.type)
    return next(same, None) if out.type in SINGLE else None


def replacement(
    patch: Patch, catalogue: Mapping[str, Declaration], id: str, new: Node, within: str | None = None
) -> Command:
    """Returns the command that replaces a node by another one and keeps what fits.

    Kept are place, label, bypass, muted, colour; values, playing ranges, locked and folded ports that both nodes have;
    and cables, if necessary moved to the first free port where they fit.
    new: type, definition, and values and ranges that win over the kept ones.
    """
    draft = CommandBuilder(patch, within)
    old, graph = draft.graph.node(id), draft.graph
    bare = CommandBuilder(patch, within)
    bare.do(Replace(id, new))
    faces = VisiblePorts(bare.patch, catalogue, within)
    ports = faces.inputs(id)
    values = {name: kept for name, kept in old.values.items() if name in ports and not misfit(ports[name], kept)}
    ranges = {
        name: ends
        for name, ends in old.ranges.items()
        if name in ports and ports[name].numeric and not any(misfit(ports[name], end) for end in ends)
    }
    version = catalogue[new.type].version if new.type in catalogue else new.version
    fitted = structs.replace(
        new,
        version=version,
        at=old.at,
        label=old.label,
        bypass=old.bypass,
        muted=old.muted,
        colour=old.colour,
        locked=tuple(name for name in old.locked if name in ports),
        folded=tuple(name for name in old.folded if name in ports),
        values={**values, **new.values},
        ranges={**ranges, **new.ranges},
    )
    wanted = _refitted(faces, graph, id)
    keep = tuple(cable.key for cable, found in wanted if found == cable)
    draft.do(Replace(id, fitted, keep))
    draft.do(*(Connect(found) for cable, found in wanted if found is not None and found != cable))
    return draft.command


def _refitted(faces: VisiblePorts, graph: Graph, id: str) -> list[tuple[Cable, Cable | None]]:
    """Returns (cable, new cable) for each cable of a replaced node; the new cable is None if no port takes it. Cables
    that fit at their old port have precedence."""
    ports, outs = list(faces.inputs(id)), list(faces.outputs(id))
    cables = graph.cables_of(id)
    found: dict[CableKey, Cable] = {}
    used: set[str] = set()

    def ends(cable: Cable, at_home: bool) -> Iterable[Cable]:
        """Versions of a cable: with its old ends if `at_home`, else with its end at the node on each possible port."""
        ins = [cable.port] if cable.dst != id or at_home else [name for name in ports if name not in used]
        out = [cable.out] if cable.src != id or at_home else outs
        return (structs.replace(cable, out=o, port=p) for p in ins for o in out)

    for at_home in (True, False):
        for cable in cables:
            if cable.key in found:
                continue
            for moved in ends(cable, at_home):
                if faces.joins(*moved.key) and moved.key not in {c.key for c in found.values()}:
                    found[cable.key] = moved
                    used.update({moved.port} if cable.dst == id else ())
                    break
    return [(cable, found.get(cable.key)) for cable in cables]


def bend(
    patch: Patch,
    key: CableKey,
    at: tuple[float, float],
    within: str | None = None,
    rng: random.Random | None = None,
) -> Command:
    """Returns the command that puts a reroute into a cable, at a place of the canvas. The new cable into the old input
    keeps the settings of the old cable."""
    draft = CommandBuilder(patch, within, rng)
    cable = draft.graph.cable(key)
    id = draft.fresh(draft.graph.nodes)
    draft.do(
        Disconnect(*key),
        AddNode(id, Node(REROUTE, at=at)),
        Connect(Cable(key.src, key.out, id, REROUTE_IN)),
        Connect(structs.replace(cable, src=id, out=REROUTE_OUT)),
    )
    return draft.command
