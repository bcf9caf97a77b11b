"""Edits that need to know what nodes are: each looks at a patch and gives the one command that does it.

What travels and is undone is made of primitive commands alone. within: the definition whose graph is edited, none for
the patch itself. rng: where fresh ids come from; the system's randomness by default.
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
    """Puts in what the text of a clipboard holds, of whatever format and versions; see `clipboard.paste`."""
    return clipboard.paste(patch, text, at, within, rng, lambda given, file: loads(given, file, catalogue))


def plug(patch: Patch, catalogue: Mapping[str, Declaration], cable: Cable, within: str | None = None) -> Command:
    """Plugs a cable in, in the place of the one in an input that takes only one; PatchError where it does not fit."""
    faces, draft = VisiblePorts(patch, catalogue, within), CommandBuilder(patch, within)
    for end in (cable.src, cable.dst):
        draft.graph.node(end)
    faces.checked(*cable.key)
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
    """Takes nodes out; where one passed a signal through, the cables on both sides become one that fits.

    What is passed through: a ring, prompt, source, surface or sound of one type, the input that an output is like, and
    all that goes through a reroute.
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
    """The cables that take the place of a node."""
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
    """The input whose signal goes through a node to one of its outputs."""
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
    """Puts another node in the place of one, and keeps what fits: place, label, bypass, mute, colour, values, ranges,
    locked and folded ports that both have, and cables, if need be at the first free port where they fit.

    new: its type, definition and what it is to have in any case.
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
    """Each cable of a node that is replaced, and what becomes of it; those whose port is still there come first."""
    ports, outs = list(faces.inputs(id)), list(faces.outputs(id))
    cables = graph.cables_of(id)
    found: dict[CableKey, Cable] = {}
    used: set[str] = set()

    def ends(cable: Cable, at_home: bool) -> Iterable[Cable]:
        """The cable with its ends at this node moved: where they were, or anywhere."""
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
    """Puts a reroute point into a cable; the half that ends in the input keeps the cable's settings."""
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
