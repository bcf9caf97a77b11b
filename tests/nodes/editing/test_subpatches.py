"""Subpatches made of nodes, and nodes made of subpatches: nothing sounds otherwise, and nothing is lost on the way."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.subpatches import AT_TOP, expanded, promoted, promoted_output, subpatch, unique
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.patch.edit.commands import AddNode, Command, Connect, SetMapping, SetSnapshot, SetValue, Within, apply
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.dashboard import Controller, ControlMapping, Snapshot
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, Graph, Node, Patch
from demon_patch.patch.model.flatten import Flat
from tests.support.effort import examples
from tests.support.patch_strategies import patches

CHAIN = Patch(
    nodes={
        "slow": Node("lfo", values={"rate": 0.1}, at=(0, 0), label="Slow"),
        "fast": Node("lfo", at=(0, 100)),
        "size": Node("scale", at=(200, 0), locked=("out_hi",)),
        "ear": Node("scheduler", at=(400, 0)),
    },
    cables=(
        Cable("slow", "out", "size", "x", depth=0.5),
        Cable("fast", "uni", "slow", "rate", offset=0.1),
        Cable("fast", "uni", "size", "x", muted=True),
        Cable("size", "out", "ear", "strength", mode="add"),
    ),
)


def done(command: Command, patch: Patch) -> Patch:
    """The edited patch, after the command was taken back once and its file read."""
    edited, inverse = apply(command, patch)
    assert apply(inverse, edited)[0] == patch
    assert loads(dumps(edited)) == edited
    return edited


def made(patch: Patch, *chosen: str, **where: Any) -> tuple[Patch, str]:
    """The patch with a subpatch of those nodes, and its id."""
    edited = done(subpatch(patch, CATALOGUE, chosen, "Part", rng=random.Random(1), **where), patch)
    before, after = patch.graph(where.get("within")), edited.graph(where.get("within"))
    (new,) = after.nodes.keys() - before.nodes.keys()
    return edited, new


def told(cable: Cable, names: dict[str, str]) -> tuple[Any, ...]:
    """A cable as data, its nodes under other names."""
    return (
        names[cable.src], cable.out, names[cable.dst], cable.port, cable.mode, cable.depth, cable.offset, cable.muted,
        cable.solo, repr(cable.extra),
    )  # fmt: skip


def played(flat: Flat, inside: str) -> tuple[dict[str, Any], list[str]]:
    """What is played, with the nodes of one instance under their own names."""
    names = {path: path.removeprefix(f"{inside}/") for path in flat.nodes}
    nodes = {names[path]: (n.type, n.values, n.ranges, n.bypass) for path, n in flat.nodes.items()}
    return nodes, sorted(repr(told(cable, names)) for cable in flat.cables)


@st.composite
def choices(draw: st.DrawFn) -> tuple[Patch, list[str], str | None]:
    """A patch whose nodes have labels of their own, and some of them that may stand in a subpatch; at times within a
    definition."""
    patch = draw(patches().filter(lambda p: any(movable(graph) for graph in (p, *p.definitions.values()))))
    within = draw(st.sampled_from([w for w in (None, *sorted(patch.definitions)) if movable(patch.graph(w))]))
    graph = patch.graph(within)
    nodes = {id: structs.replace(node, label=id, at=(0, 0)) for id, node in graph.nodes.items()}
    graph = structs.replace(graph, nodes=nodes)
    if isinstance(graph, Definition):
        patch = structs.replace(patch, definitions={**patch.definitions, str(within): graph})
    elif isinstance(graph, Patch):
        patch = graph
    return patch, draw(st.lists(st.sampled_from(movable(graph)), min_size=1, unique=True)), within


def movable(graph: Graph) -> list[str]:
    """The nodes of a graph that may stand in a subpatch."""
    top = {id for id, declaration in CATALOGUE.items() if declaration.kind in AT_TOP}
    return sorted(id for id, node in graph.nodes.items() if node.type not in top)


@settings(max_examples=examples(80), deadline=None)
@given(choices(), st.randoms(use_true_random=False))
def test_a_subpatch_made_and_expanded_gives_the_same_graph(
    choice: tuple[Patch, list[str], str | None], rng: random.Random
) -> None:
    patch, chosen, within = choice
    folded = done(subpatch(patch, CATALOGUE, chosen, within=within, rng=rng), patch)
    (id,) = folded.graph(within).nodes.keys() - patch.graph(within).nodes.keys()
    if within is None:
        assert played(folded.flat, id) == played(patch.flat, id)
    back = done(expanded(folded, id, within, rng), folded)
    before, after = patch.graph(within), back.graph(within)
    names = {id: node.label for id, node in after.nodes.items()}
    assert {names[id]: structs.replace(node, at=(0, 0)) for id, node in after.nodes.items()} == before.nodes
    same = {id: id for id in before.nodes}
    assert sorted(repr(told(c, names)) for c in after.cables) == sorted(repr(told(c, same)) for c in before.cables)
    if isinstance(before, Definition):
        assert isinstance(after, Definition)
        assert ends(after, names) == ends(before, same)
        return
    assert back.definitions == patch.definitions
    assert (back.frames, back.notes, back.meta, back.extra) == (patch.frames, patch.notes, patch.meta, patch.extra)
    for table in ("dashboard", "mappings"):
        kept = getattr(back, table)
        assert {id: structs.replace(piece, node=names[piece.node]) for id, piece in kept.items()} == getattr(
            patch, table
        )
    for key, snapshot in back.snapshots.items():
        assert {names[id]: kept for id, kept in snapshot.values.items()} == patch.snapshots[key].values
        assert {names[id]: kept for id, kept in snapshot.ranges.items()} == patch.snapshots[key].ranges


def ends(definition: Definition, names: dict[str, str]) -> tuple[Any, ...]:
    """What promoted ports lead to, by the names of the nodes."""
    inputs = {
        id: (inlet.title, inlet.order, [(names[t.node], t.port) for t in inlet.to])
        for id, inlet in definition.inputs.items()
    }
    outputs = {id: (o.title, o.order, names[o.node] if o.node else "", o.out) for id, o in definition.outputs.items()}
    return inputs, outputs


def test_what_crosses_the_border_is_promoted_under_good_names() -> None:
    edited, id = made(CHAIN, "slow", "size")
    faces = VisiblePorts(edited, CATALOGUE)
    assert [(port.title, port.default, port.unit) for port in faces.inputs(id).values()] == [
        ("Slow Rate", 0.1, ""), ("X", 0.0, ""),
    ]  # fmt: skip
    assert [out.type for out in faces.outputs(id).values()] == ["value"]
    assert edited.nodes[id].at == (100, 0)
    assert {c.depth for c in edited.cables_of(id)} == {None}
    assert edited.definitions[edited.nodes[id].definition].cables == (Cable("slow", "out", "size", "x", depth=0.5),)


def test_mappings_and_snapshots_follow_into_a_subpatch() -> None:
    turned = ControlMapping(Controller("cc", number=1), "slow", "rate", hi=3.0)
    kept = Snapshot(scope=("slow", "ear"), values={"slow": {"rate": 2.0}, "ear": {"strength": 0.5}})
    patch, _ = apply(SetMapping("m", turned), CHAIN)
    patch, _ = apply(SetSnapshot("s", kept), patch)
    edited, id = made(patch, "slow")
    (name,) = (port for port, inlet in edited.definitions[edited.nodes[id].definition].inputs.items() if inlet.to)
    assert edited.mappings["m"] == structs.replace(turned, node=id, port=name)
    assert edited.snapshots["s"].values == {id: {name: 2.0}, "ear": {"strength": 0.5}}
    assert edited.snapshots["s"].scope == tuple(sorted((id, "ear")))


def test_expanding_writes_what_the_instance_is_set_to() -> None:
    edited, id = made(CHAIN, "slow", "size")
    speed = next(name for name, port in VisiblePorts(edited, CATALOGUE).inputs(id).items() if port.title == "Slow Rate")
    edited, _ = apply(SetValue(id, speed, 5.0), edited)
    back = done(expanded(edited, id, rng=random.Random(2)), edited)
    (slow,) = (node for node in back.nodes.values() if node.label == "Slow")
    assert slow.values == {"rate": 5.0}
    assert back.definitions == {}


def test_the_definition_stays_as_long_as_another_subpatch_needs_it() -> None:
    edited, id = made(CHAIN, "slow")
    edited, _ = apply(AddNode("twin", structs.replace(edited.nodes[id], at=(9, 9))), edited)
    assert set(done(expanded(edited, id), edited).definitions) == set(edited.definitions)


def test_a_unique_subpatch_is_changed_alone() -> None:
    edited, id = made(CHAIN, "slow")
    shared = edited.nodes[id].definition
    edited, _ = apply(AddNode("twin", structs.replace(edited.nodes[id], at=(9, 9))), edited)
    forked = done(unique(edited, "twin", rng=random.Random(3)), edited)
    own = forked.nodes["twin"].definition
    assert own != shared
    assert forked.definitions[own] == forked.definitions[shared]
    changed, _ = apply(Within(own, SetValue("slow", "rate", 9.0)), forked)
    assert changed.definitions[shared] == edited.definitions[shared]
    assert (changed.flat.nodes["twin/slow"].values, changed.flat.nodes[f"{id}/slow"].values) == (
        {"rate": 9.0}, {"rate": 0.1},
    )  # fmt: skip
    assert forked.cables == edited.cables


def test_promoted_ports_come_below_the_others() -> None:
    inside = Definition(
        nodes={"l": Node("lfo")}, inputs={"a": Inlet("", (Target("l", "rate"),), 3.0)}, outputs={"w": Outlet("W")}
    )
    patch = Patch(nodes={"s": Node("subpatch", definition="d")}, definitions={"d": inside})
    edited = done(promoted(patch, "d", "l", "width", "Wide"), patch)
    edited = done(promoted_output(edited, "d", "l", "uni"), edited)
    faces = VisiblePorts(edited, CATALOGUE)
    assert [port.title for port in faces.inputs("s").values()] == ["Rate", "Wide"]
    assert len(faces.outputs("s")) == 1
    with pytest.raises(PatchError, match="node x: is not in the patch"):
        promoted(patch, "d", "x", "rate")


def test_what_cannot_be_a_subpatch_is_refused() -> None:
    with pytest.raises(PatchError, match="node ear: a Scheduler cannot stand within a subpatch"):
        subpatch(CHAIN, CATALOGUE, ("slow", "ear"))
    with pytest.raises(PatchError, match="nothing to put into a subpatch"):
        subpatch(CHAIN, CATALOGUE, ())
    with pytest.raises(PatchError, match="node slow: is a lfo, not a subpatch"):
        expanded(CHAIN, "slow")
    with pytest.raises(PatchError, match="node slow: is a lfo, not a subpatch"):
        unique(CHAIN, "slow")


def test_a_subpatch_within_a_subpatch_keeps_what_was_promoted() -> None:
    edited, id = made(CHAIN, "slow", "size")
    definition = edited.nodes[id].definition
    deeper, inner = made(edited, "slow", within=definition)
    assert deeper.definitions[definition].nodes[inner].type == "subpatch"
    assert f"{id}/{inner}/slow" in deeper.flat.nodes
    assert {c.key[2:] for c in deeper.flat.cables} >= {(f"{id}/{inner}/slow", "rate"), ("ear", "strength")}
    looped = apply(Connect(Cable(id, next(iter(deeper.definitions[definition].outputs)), "fast", "rate")), deeper)[0]
    assert ("fast", "rate") in {(c.dst, c.port) for c in looped.flat.cables}
