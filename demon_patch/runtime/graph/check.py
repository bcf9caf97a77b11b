"""Finds everything that can be wrong with a patch before it runs; each mistake is one line with its mend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import is_
from typing import TypeAlias

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.controls import CONTROLS, MOST_LORAS, MOST_STEERS
from demon_patch.engine.families import DEFAULT_MODEL, spec_of
from demon_patch.errors import DemonError, PatchError
from demon_patch.nearest import of_these
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import SIGNALS, SINGLE, Port, fits, misfit, wanted
from demon_patch.nodes.library.engine.engine import CHAIN, LORA, STEER, STEP_WINDOW
from demon_patch.nodes.search import in_place_of
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.flatten import Flat
from demon_patch.patch.model.graph import Cables
from demon_patch.runtime.graph.check_subpatches import nesting
from demon_patch.runtime.graph.mix_plan import mix_problems
from demon_patch.runtime.graph.order import arrange
from demon_patch.runtime.graph.wiring import Wiring
from demon_patch.small_cache import SmallCache


def problems(
    patch: Patch,
    catalogue: Mapping[str, Declaration],
    family: FamilySpec | None = None,
    wiring: Wiring | None = None,
) -> list[PatchError]:
    """Returns the mistakes of a patch: of nodes, then of cables, ports, the chain and loops. Nodes within subpatches
    are named by their paths.

    family: the family that plays the patch; by default the one that the patch names, or the first.
    wiring: the wiring of the patch, if it exists already.
    """
    try:
        wiring = wiring or Wiring(patch, catalogue)
    except PatchError as error:
        return [error]
    _fit(_NODES, len(wiring.patch.nodes))
    _fit(_CABLES, len(wiring.patch.cables))
    nodes, cables = _since_good(wiring)
    found = [*nesting(patch, catalogue), *_nodes(nodes, catalogue), *_cables(cables, wiring)]
    if found:
        return found
    _LATEST_GOOD.put("", (wiring.patch, wiring.known))
    found = [*_ports(wiring), *_chain(wiring), *_loops(wiring), *mix_problems(wiring)]
    return [*found, *_family_parts(patch, wiring, family)]


def no_source(scheduler: str) -> PatchError:
    """Returns the error for a patch in which nothing is wired to the Scheduler's source, and no file takes its
    place."""
    return PatchError(
        "the Scheduler has no source", node=scheduler, port="source", mend="wire a source node to it, or unmute it"
    )


def ring_nodes(wiring: Wiring, last: str | None = None) -> list[str]:
    """Returns the node ids of the ring chain in its order, back from its last node as far as it is wired. last: that
    node; by default the Decoder."""
    id = last or next((id for id, d in wiring.known.items() if d.id == CHAIN[-1]), None)
    chain: list[str] = []
    while id is not None and id not in chain:
        chain.append(id)
        id = next((c.src for c in wiring.into.get((id, "ring"), [])), None)
    return chain[::-1]


def ring_chain(wiring: Wiring, last: str | None = None) -> dict[str, str]:
    """Returns the node ids of the ring chain by type of engine node, in its order, without LoRAs, steering and step
    windows. last: as for `ring_nodes`."""
    return {type: id for id in ring_nodes(wiring, last) if (type := wiring.known[id].id) in CHAIN}


LEAST, VERSIONS = 256, 4

KnownGood: TypeAlias = SmallCache[tuple[object, ...]]
"""Immutable objects without mistakes, with the objects together with which they were checked, by `id`. After an edit,
the objects that it did not touch need no new check."""

_NODES: KnownGood = SmallCache(LEAST)
_CABLES: KnownGood = SmallCache(LEAST)


def _fit(known: KnownGood, things: int) -> None:
    """Gives a cache room for the objects of a few versions of the document that is checked now, which has so many of
    them: what older ones alone had is not kept alive."""
    known.fit(VERSIONS * things + LEAST)


def _known_good(known: KnownGood, *things: object) -> bool:
    """Returns whether the first object was checked together with the others and has no mistake."""
    found = known.find(id(things[0]))
    return found is not None and all(map(is_, found, things))


def _note_good(known: KnownGood, *things: object) -> None:
    known.put(id(things[0]), things)


_LATEST_GOOD: SmallCache[tuple[Flat, Mapping[str, Declaration]]] = SmallCache(1)
"""The latest flat patch whose nodes and cables had no mistake, with its declarations."""


def _since_good(wiring: Wiring) -> tuple[Mapping[str, Node], Sequence[Cable]]:
    """Returns the nodes and the cables that an edit may have spoiled since the latest patch without mistakes."""
    patch, known = wiring.patch, wiring.known
    good, before = _LATEST_GOOD.find("") or (Flat({}, ()), {})
    kept, none = good.nodes, object()
    others = {id for id in patch.nodes if before.get(id) is not known.get(id, none)} | (before.keys() - known.keys())
    nodes = {id: node for id, node in patch.nodes.items() if kept.get(id) is not node or id in others}
    ends = patch.cables.ends if others and isinstance(patch.cables, Cables) else others
    return nodes, () if good.cables is patch.cables and others.isdisjoint(ends) else patch.cables


# -- nodes ------------------------------------------------------------------------------------------------------
def _nodes(nodes: Mapping[str, Node], catalogue: Mapping[str, Declaration]) -> Iterator[PatchError]:
    for id, node in sorted(nodes.items()):
        declaration = catalogue.get(node.type)
        if _known_good(_NODES, node, declaration):
            continue
        found = list(_node(id, node, declaration, catalogue))
        if not found:
            _note_good(_NODES, node, declaration)
        yield from found


def _node(
    id: str, node: Node, declaration: Declaration | None, catalogue: Mapping[str, Declaration]
) -> Iterator[PatchError]:
    if declaration is None:
        yield PatchError(
            f"unknown node {node.type!r}; its data is kept",
            node=id,
            mend=in_place_of(node.type, catalogue, "install the version that has it, or remove it"),
        )
        return
    if node.version > declaration.version:
        yield PatchError(
            f"{node.type} is of version {node.version}, this program knows {declaration.version}",
            node=id,
            mend="update demon_patch",
        )
    yield from _values(id, node, declaration)
    yield from _texts(id, node, declaration)


def _values(id: str, node: Node, declaration: Declaration) -> Iterator[PatchError]:
    for name in sorted({*node.values, *node.ranges}):
        port = declaration.by_name.get(name)
        if port is None:
            yield PatchError(
                f"{declaration.title} has no such port", node=id, port=name, mend=of_these(name, declaration.by_name)
            )
        else:
            if name in node.values and (what := misfit(port, node.values[name])):
                yield PatchError(what, node=id, port=name, mend=wanted(port, node.values[name]))
            if name in node.ranges and (what := _bad_range(port, node.ranges[name])):
                yield PatchError(what, node=id, port=name, mend=wanted(port))


def _texts(id: str, node: Node, declaration: Declaration) -> Iterator[PatchError]:
    """Yields the mistake that a node finds in its own texts, files and points."""
    settled = {p.name for p in declaration.settings if not misfit(p, node.values.get(p.name, p.default))}
    if len(settled) != len(declaration.settings):
        return
    try:
        if declaration.has_body:
            declaration.body_for(node.values)
        elif declaration.kind == "resource":
            known = {n: v for n, v in node.values.items() if n in declaration.by_name}
            if not any(misfit(declaration.by_name[n], v) for n, v in known.items()):
                declaration.resolve(known)
    except PatchError as error:
        error.node = id
        yield error


def _bad_range(port: Port, ends: tuple[float, float]) -> str:
    if not port.numeric or port.fixed:
        return "it has no playing range"
    for end in ends:
        if what := misfit(port, end):
            return f"playing range {ends[0]:g} to {ends[1]:g}: {what}"
    return "" if ends[0] <= ends[1] else f"playing range {ends[0]:g} to {ends[1]:g} is upside down"


# -- cables -----------------------------------------------------------------------------------------------------
def _cables(cables: Sequence[Cable], wiring: Wiring) -> Iterator[PatchError]:
    for cable in cables:
        source, target = wiring.known.get(cable.src), wiring.known.get(cable.dst)
        if source is None or target is None or _known_good(_CABLES, cable, source, target):
            continue
        if (error := _cable(cable, source, target)) is not None:
            yield error
        else:
            _note_good(_CABLES, cable, source, target)


def _cable(cable: Cable, source: Declaration, target: Declaration) -> PatchError | None:
    out, port = source.outs_by_name.get(cable.out), target.by_name.get(cable.port)
    if out is None:
        return PatchError(
            f"{source.title} has no output {cable.out}", node=cable.src, mend=of_these(cable.out, source.outs_by_name)
        )
    if port is None:
        return PatchError(
            f"{target.title} has no such port",
            node=cable.dst,
            port=cable.port,
            mend=of_these(cable.port, target.by_name),
        )
    what, mend = "", ""
    if not port.wireable:
        what = f"it takes no cable, but one comes from {cable.src}.{cable.out}"
        mend = "take the cable out" if port.live else "set it on the node"
    elif not fits(out, port):
        what = f"a {out.type} from {cable.src}.{cable.out} does not fit a {port.type} input"
        mend = f"wire {_article(port)} to it"
    elif target.kind == "resource" and source.kind != "resource":
        what = f"{cable.src}.{cable.out} is not known before it is played"
        mend = "wire a curve that is drawn to it, or one made of such"
    elif cable.depth is not None and port.bounded and abs(cable.depth) > 1:
        what = f"depth {cable.depth:g} of the cable from {cable.src}.{cable.out} is out of range"
        mend = "use -1 to 1"
    return PatchError(what, node=cable.dst, port=cable.port, mend=mend) if what else None


def _article(port: Port) -> str:
    if port.type in SIGNALS:
        return "a value, gate or curve output"
    return f"{'an' if port.type[0] in 'aeiou' else 'a'} {port.type} output"


def _ports(wiring: Wiring) -> Iterator[PatchError]:
    for (id, name), cables in sorted((end, cables) for end, cables in wiring.into.items() if len(cables) > 1):
        port = wiring.known[id].by_name[name]
        if port.type in SINGLE:
            yield PatchError(f"{_ends(cables)} both end here", node=id, port=name, mend="keep one cable")
        sets = [c for c in cables if port.numeric and wiring.sets(c)]
        if len(sets) > 1:
            yield PatchError(f"{_ends(sets)} both set it", node=id, port=name, mend="let one of them add")


def _ends(cables: list[Cable]) -> str:
    return " and ".join(f"{c.src}.{c.out}" for c in cables)


# -- the whole --------------------------------------------------------------------------------------------------
def _chain(wiring: Wiring) -> Iterator[PatchError]:
    for type in CHAIN:
        ids = [id for id, d in wiring.known.items() if d.id == type]
        title = type.replace("_", " ").title()
        if len(ids) > 1:
            yield PatchError(f"the patch has {len(ids)} nodes {title}: {', '.join(ids)}", node=ids[1], mend="keep one")
        if not ids and type in CHAIN[::3]:
            yield PatchError(f"the patch has no {title}", mend=f"add one: {' -> '.join(CHAIN)}")
            return
    for id, declaration in wiring.known.items():
        if declaration.id not in CHAIN or (id, "ring") not in wiring.into:
            continue
        *_, before, here = ["", *ring_chain(wiring, id)]
        if before and CHAIN.index(before) >= CHAIN.index(here):
            yield PatchError(
                f"{before} cannot come before {here}", node=id, port="ring", mend=f"wire {' -> '.join(CHAIN)}"
            )
            return
    yield from _between(wiring)
    if "scheduler" not in (chain := ring_chain(wiring)):
        first = next(iter(chain.values()))
        yield PatchError(
            "no chain leads from the Scheduler to it", node=first, port="ring", mend=f"wire {' -> '.join(CHAIN)}"
        )
    elif not (heard := [(id, c) for (id, name), (c, *_) in wiring.into.items() if takes_heard_sound(wiring, id, name)]):
        yield PatchError(
            "nothing is heard: no sound is wired anywhere", node=chain["decoder"], mend="wire its audio to a Speaker"
        )
    else:
        for id, cable in heard:
            if wiring.known[cable.src].id != CHAIN[-1]:
                yield PatchError(
                    f"it plays what the model makes, not the sound of {cable.src}",
                    node=id,
                    port="audio",
                    mend="wire the Decoder's audio to it; bypass the Decoder to hear the source",
                )


def takes_heard_sound(wiring: Wiring, id: str, name: str) -> bool:
    """Returns whether the port `name` of a node takes a sound that is heard or written to a file."""
    return wiring.known[id].kind == "sink" and wiring.known[id].by_name[name].type == "audio"


def _between(wiring: Wiring) -> Iterator[PatchError]:
    """Yields the mistakes of the nodes that may stand anywhere in the chain: LoRAs, steering and step windows."""
    for kind, what, most in ((LORA, "LoRA", MOST_LORAS), (STEER, "steering vector", MOST_STEERS)):
        ids = [id for id in ring_nodes(wiring) if wiring.known[id].id == kind]
        for id in ids:
            if not str(wiring.patch.nodes[id].values.get("file", "")).strip():
                yield PatchError(f"no {what} is named", node=id, port="file", mend="name one, or take the node out")
        if len(ids) > most:
            yield PatchError(f"the chain has {len(ids)} {what}s", node=ids[most], mend=f"keep {most}")
    windows = [id for id in ring_nodes(wiring) if wiring.known[id].id == STEP_WINDOW]
    if len(windows) > 1:
        yield PatchError(f"the chain has {len(windows)} nodes Step Window", node=windows[1], mend="keep one")


def _loops(wiring: Wiring) -> Iterator[PatchError]:
    """Yields the first loop that no delay can cut: through a ring, prompt, source or audio cable, or of drawn curves. A
    live node cuts a loop, since its live inputs are of the control frame before."""
    cables = [c for group in wiring.into.values() for c in group if not wiring.only_listens(c)]
    stiff = [c for c in cables if wiring.port(c).type in SINGLE or wiring.known[c.dst].kind == "resource"]
    if not any(wiring.reaches(c.dst, c.src) for c in stiff):
        return
    order = arrange(tuple(wiring.known), tuple((c.src, c.dst) for c in cables))
    for cable in sorted(stiff, key=lambda c: c.key):
        loop = order.loops.get(cable.src)
        kind = wiring.port(cable).type
        if loop is not None and loop == order.loops.get(cable.dst):
            round_trip = [id for id in order.nodes if order.loops.get(id) == loop]
            way = " -> ".join([*round_trip, round_trip[0]])
            yield PatchError(
                f"a loop leads through the {kind} cable from {cable.src}.{cable.out}: {way}",
                node=cable.dst,
                port=cable.port,
                mend="take out one of its cables",
            )
            return


def _family_parts(patch: Patch, wiring: Wiring, family: FamilySpec | None) -> Iterator[PatchError]:
    """Yields a mistake for each cable to a port whose control the family does not have."""
    try:
        spec = family or spec_of(patch.meta.model or DEFAULT_MODEL)
    except DemonError as error:
        yield PatchError(error.what, mend=error.mend)
        return
    for id, name in sorted(end for end in wiring.into if wiring.known[end[0]].by_name[end[1]].control):
        row = CONTROLS.get(wiring.known[id].by_name[name].control or "")
        if row is not None and row.part is not None and row.stops and not spec.has(row):
            error = spec.lacks(row)
            yield PatchError(error.what, node=id, port=name, mend=error.mend)
