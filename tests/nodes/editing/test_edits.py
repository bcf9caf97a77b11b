"""Edits that know what nodes are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.edits import bend, plug, removal, replacement
from demon_patch.nodes.editing.inserting import insertion
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.patch.edit.commands import Command, apply
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch
from tests.support.effort import examples
from tests.support.patch_strategies import patches

PATCH = Patch(
    nodes={
        "lfo": Node("lfo", values={"rate": 2.0, "shape": "saw"}, ranges={"rate": (1, 4)}, at=(5, 6), label="L"),
        "glide": Node("slew"),
        "s": Node("scheduler"),
        "b": Node("source_blend"),
        "d": Node("decoder"),
        "o": Node("speaker"),
        "words": Node("prompt"),
    },
    cables=(
        Cable("lfo", "out", "glide", "x", depth=0.9),
        Cable("glide", "out", "s", "strength", depth=0.4, offset=0.1),
        Cable("s", "ring", "b", "ring"),
        Cable("b", "ring", "d", "ring"),
        Cable("d", "audio", "o", "audio"),
        Cable("words", "prompt", "s", "prompt"),
    ),
)  # fmt: skip


def done(command: Command, patch: Patch = PATCH) -> Patch:
    edited, inverse = apply(command, patch)
    assert apply(inverse, edited)[0] == patch
    assert loads(dumps(edited)) == edited
    return edited


def test_a_cable_through_a_removed_node_is_healed() -> None:
    edited = done(removal(PATCH, CATALOGUE, ("glide", "b")))
    assert edited.cables == (
        Cable("d", "audio", "o", "audio"),
        Cable("lfo", "out", "s", "strength", depth=0.4, offset=0.1),
        Cable("s", "ring", "d", "ring"),
        Cable("words", "prompt", "s", "prompt"),
    )
    assert len(done(removal(PATCH, CATALOGUE, ("glide", "b"), heal=False)).cables) == 2


def test_what_a_node_makes_itself_is_not_healed() -> None:
    patch = Patch(nodes={**PATCH.nodes, "k": Node("knob")}, cables=(*PATCH.cables, Cable("k", "out", "lfo", "rate")))
    assert not done(removal(patch, CATALOGUE, ("lfo",)), patch).cables_into("glide")


def test_a_bend_is_put_in_and_taken_out_again() -> None:
    socket = CableKey("glide", "out", "s", "strength")
    bent = done(bend(PATCH, socket, (1, 2), rng=random.Random(1)))
    (point,) = bent.nodes.keys() - PATCH.nodes.keys()
    assert bent.nodes[point] == Node("reroute", at=(1, 2))
    assert bent.cables_into(point) == (Cable("glide", "out", point, "in"),)
    assert bent.cables_from(point) == (Cable(point, "out", "s", "strength", depth=0.4, offset=0.1),)
    assert bent.flat.cables == PATCH.cables
    assert done(removal(bent, CATALOGUE, (point,)), bent) == PATCH
    with pytest.raises(PatchError, match="node s: port strength: no cable comes from lfo"):
        bend(PATCH, CableKey("lfo", "out", "s", "strength"), (0, 0))


def test_a_node_is_put_into_a_cable_where_it_fits() -> None:
    socket = CableKey("glide", "out", "s", "strength")
    edited = done(insertion(PATCH, CATALOGUE, socket, "scale", (3, 4), "more"))
    assert edited.nodes["more"].at == (3, 4)
    assert edited.cables_into("more") == (Cable("glide", "out", "more", "x"),)
    assert edited.cables_from("more") == (Cable("more", "out", "s", "strength", depth=0.4, offset=0.1),)
    with pytest.raises(PatchError, match="does not fit into this cable"):
        insertion(PATCH, CATALOGUE, socket, "prompt")
    with pytest.raises(PatchError, match="did you mean scale"):
        insertion(PATCH, CATALOGUE, socket, "scal")
    with pytest.raises(PatchError, match="no cable"):
        insertion(PATCH, CATALOGUE, CableKey("lfo", "out", "s", "strength"), "scale")


def test_a_replaced_node_keeps_what_fits() -> None:
    edited = done(replacement(PATCH, CATALOGUE, "glide", Node("scale", values={"out_hi": 3.0})))
    assert edited.nodes["glide"] == Node("scale", values={"out_hi": 3.0})
    assert edited.cables == PATCH.cables
    edited = done(replacement(PATCH, CATALOGUE, "lfo", Node("knob")))
    assert edited.nodes["lfo"] == Node("knob", at=(5, 6), label="L")
    assert edited.cables == PATCH.cables
    same = done(replacement(PATCH, CATALOGUE, "lfo", Node("lfo")))
    assert same == PATCH


def test_cables_of_a_replaced_node_move_to_ports_that_fit() -> None:
    edited = done(replacement(PATCH, CATALOGUE, "glide", Node("multiply")))
    assert edited.cables_into("glide") == (Cable("lfo", "out", "glide", "a", depth=0.9),)
    edited = done(replacement(PATCH, CATALOGUE, "words", Node("knob")))
    assert not edited.cables_into("s", "prompt")


def test_a_replaced_node_drops_values_that_do_not_fit() -> None:
    patch = Patch(nodes={"a": Node("future", values={"rate": 99, "shape": "star", "width": 0.2}, locked=("rate", "x"))})
    assert done(replacement(patch, CATALOGUE, "a", Node("lfo")), patch).nodes["a"] == Node(
        "lfo", values={"width": 0.2}, locked=("rate",)
    )


def test_a_cable_takes_the_place_of_the_one_in_an_input_for_one() -> None:
    patch = Patch(nodes={**PATCH.nodes, "more": Node("prompt")}, cables=PATCH.cables)
    edited = done(plug(patch, CATALOGUE, Cable("more", "prompt", "s", "prompt")), patch)
    assert [c.src for c in edited.cables_into("s", "prompt")] == ["more"]
    edited = done(plug(PATCH, CATALOGUE, Cable("lfo", "out", "s", "strength")))
    assert len(edited.cables_into("s", "strength")) == 2


@pytest.mark.parametrize(
    ("cable", "says"),
    [
        (Cable("lfo", "bi", "s", "strength"), "node lfo: has no output bi (it has out, uni)"),
        (Cable("lfo", "out", "glide", "z"), "node glide: port z: has no such input (it has x, rise, fall)"),
        (Cable("words", "prompt", "glide", "x"), "node glide: port x: a cable from words.prompt does not fit (choose"),
        (Cable("lfo", "out", "words", "text"), "node words: port text: a cable from lfo.out does not fit"),
        (Cable("gone", "out", "glide", "x"), "node gone: is not in the patch"),
    ],
)
def test_a_cable_that_does_not_fit_is_refused(cable: Cable, says: str) -> None:
    with pytest.raises(PatchError) as caught:
        plug(PATCH, CATALOGUE, cable)
    assert str(caught.value).startswith(says)


def test_what_a_reroute_and_a_subpatch_show() -> None:
    inside = Definition(
        nodes={"l": Node("lfo", values={"rate": 3.0}), "r": Node("reroute")},
        inputs={"speed": Inlet("Speed", (Target("l", "rate"),)), "any": Inlet("Any", (Target("r", "in"),), 1.0)},
        outputs={"wave": Outlet("Wave", "l", "uni"), "quiet": Outlet("Quiet")},
    )
    patch = Patch(
        nodes={**PATCH.nodes, "sub": Node("subpatch", definition="d"), "r": Node("reroute"), "free": Node("reroute")},
        cables=(*PATCH.cables, Cable("words", "prompt", "r", "in")),
        definitions={"d": inside},
    )
    faces = VisiblePorts(patch, CATALOGUE)
    assert [(p.name, p.title, p.default, p.hi) for p in faces.inputs("sub").values()] == [("speed", "Speed", 3.0, 12.5)]
    assert [(o.name, o.type, o.lo) for o in faces.outputs("sub").values()] == [("wave", "value", 0.0)]
    assert (faces.inputs("r")["in"].type, faces.outputs("r")["out"].type) == ("prompt", "prompt")
    assert (faces.inputs("free"), faces.outputs("free")) == ({}, {})
    assert faces.joins("r", "out", "s", "prompt")
    assert not faces.joins("r", "out", "s", "strength")
    assert faces.joins("free", "out", "s", "strength")
    assert faces.joins("words", "prompt", "sub", "any")
    assert not faces.joins("words", "prompt", "sub", "speed")
    assert faces.joins("sub", "quiet", "s", "prompt")
    assert not faces.joins("sub", "gone", "s", "prompt")


@settings(max_examples=examples(80), deadline=None)
@given(patches(), st.data())
def test_removing_and_replacing_anything_can_be_undone(patch: Patch, data: st.DataObject) -> None:
    within = data.draw(st.sampled_from((None, *sorted(patch.definitions))))
    nodes = sorted(patch.graph(within).nodes)
    if not nodes:
        return
    chosen = data.draw(st.lists(st.sampled_from(nodes), min_size=1, unique=True))
    edited = done(removal(patch, CATALOGUE, chosen, within=within), patch)
    assert edited.graph(within).nodes.keys() == set(nodes) - set(chosen)
    new = data.draw(st.sampled_from((Node("lfo"), Node("slew"), Node("decoder"), Node("reroute"))))
    edited = done(replacement(patch, CATALOGUE, chosen[0], new, within), patch)
    assert edited.graph(within).nodes[chosen[0]].type == new.type
    faces = VisiblePorts(edited, CATALOGUE, within)
    assert all(faces.joins(*cable.key) for cable in edited.graph(within).cables_of(chosen[0]))
