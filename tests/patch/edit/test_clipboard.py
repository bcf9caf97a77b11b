"""Copies: as text between patches and machines, and in place."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.clipboard import copy_text, duplicate, paste
from demon_patch.patch.edit.commands import AddNode, Command, SetDefinition, Within, apply
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.canvas import CanvasFrame, CanvasNote
from demon_patch.patch.model.definition import Definition, Inlet, Target
from demon_patch.patch.model.document import Cable, Node, Patch
from tests.support.effort import examples
from tests.support.patch_strategies import patches

ECHO = Definition(title="Echo", nodes={"d": Node("delay")}, inputs={"t": Inlet("Time", (Target("d", "time"),))})
TAIL = Definition(title="Tail", nodes={"e": Node("subpatch", definition="echo"), "x": Node("slew")})
PATCH = Patch(
    nodes={
        "slow": Node("lfo", at=(10, 20), label="slow"),
        "cover": Node("scale", at=(30, 15), label="cover"),
        "tail": Node("subpatch", definition="tail", at=(50, 60), values={"t": 2}),
    },
    cables=(
        Cable("slow", "out", "cover", "x", depth=0.5),
        Cable("slow", "out", "tail", "t", muted=True),
        Cable("cover", "out", "tail", "t"),
        Cable("cover", "out", "cover", "curve"),
    ),
    frames={"f": CanvasFrame((0, 0), title="All")},
    notes={"n": CanvasNote("hello", (100, 100))},
    definitions={"echo": ECHO, "tail": TAIL},
)


def done(command: Command, patch: Patch) -> Patch:
    edited, inverse = apply(command, patch)
    assert apply(inverse, edited)[0] == patch
    assert loads(dumps(edited)) == edited
    return edited


def added(before: Patch, after: Patch, table: str = "nodes") -> dict[str, Any]:
    """What is in the later patch alone."""
    return {id: piece for id, piece in getattr(after, table).items() if id not in getattr(before, table)}


def test_pasting_puts_copies_where_they_are_wanted() -> None:
    edited = done(paste(PATCH, copy_text(PATCH, ("slow", "cover", "f", "n")), (1000, 2000)), PATCH)
    new = {node.label: (id, node) for id, node in added(PATCH, edited).items()}
    assert {label: node.at for label, (_, node) in new.items()} == {"slow": (1010, 2020), "cover": (1030, 2015)}
    assert [f.at for f in added(PATCH, edited, "frames").values()] == [(1000, 2000)]
    assert [n.at for n in added(PATCH, edited, "notes").values()] == [(1100, 2100)]
    slow, cover = new["slow"][0], new["cover"][0]
    assert edited.cables_of(slow) == (Cable(slow, "out", cover, "x", depth=0.5),)
    assert edited.cables_from(cover) == (Cable(cover, "out", cover, "curve"),)
    assert len(edited.cables) == len(PATCH.cables) + 2


def test_a_subpatch_brings_its_definitions_or_shares_those_that_are_equal() -> None:
    text = copy_text(PATCH, ("tail",))
    elsewhere = done(paste(Patch(), text, (0, 0)), Patch())
    assert elsewhere.definitions == PATCH.definitions
    assert [node.at for node in elsewhere.nodes.values()] == [(0, 0)]
    assert done(paste(PATCH, text, (0, 0)), PATCH).definitions == PATCH.definitions


def test_an_equal_definition_is_shared_under_another_id_and_another_one_gets_its_own() -> None:
    other = Patch(definitions={"echo": structs.replace(ECHO, title="Other"), "mine": ECHO})
    edited = done(paste(other, copy_text(PATCH, ("tail",)), (0, 0)), other)
    assert set(edited.definitions) == {"echo", "mine", "tail"}
    assert edited.definitions["tail"].nodes["e"].definition == "mine"
    taken = Patch(definitions={"echo": structs.replace(ECHO, title="Other")})
    edited = done(paste(taken, copy_text(PATCH, ("tail",)), (0, 0), rng=random.Random(4)), taken)
    (fresh,) = edited.definitions.keys() - {"echo", "tail"}
    assert edited.definitions[fresh] == ECHO
    assert edited.definitions["tail"].nodes["e"].definition == fresh


def test_duplicating_keeps_the_cables_that_come_in() -> None:
    edited = done(duplicate(PATCH, ("cover", "tail"), (5, 7)), PATCH)
    new = {node.type: id for id, node in added(PATCH, edited).items()}
    cover, tail = new["scale"], new["subpatch"]
    assert edited.nodes[cover].at == (35, 22)
    new_cables = [cable for cable in edited.cables if cable not in PATCH.cables]
    assert new_cables == sorted(
        [
            Cable("slow", "out", cover, "x", depth=0.5),
            Cable("slow", "out", tail, "t", muted=True),
            Cable(cover, "out", tail, "t"),
            Cable(cover, "out", cover, "curve"),
        ],
        key=lambda cable: cable.key,
    )
    assert edited.definitions == PATCH.definitions


def test_copies_can_be_made_within_a_subpatch() -> None:
    edited = done(duplicate(PATCH, ("e", "x"), within="tail"), PATCH)
    assert sorted(node.type for node in edited.definitions["tail"].nodes.values()) == [
        "slew", "slew", "subpatch", "subpatch",
    ]  # fmt: skip
    moved = done(paste(PATCH, copy_text(PATCH, ("x",), "tail"), (0, 0), "echo"), PATCH)
    assert "slew" in {node.type for node in moved.definitions["echo"].nodes.values()}
    with pytest.raises(PatchError, match="contains itself"):
        paste(PATCH, copy_text(PATCH, ("tail",)), (0, 0), "echo")


def test_the_same_randomness_draws_the_same_ids() -> None:
    text = copy_text(PATCH, PATCH.nodes)
    assert paste(PATCH, text, (0, 0), rng=random.Random(5)) == paste(PATCH, text, (0, 0), rng=random.Random(5))
    assert paste(PATCH, text, (0, 0)) != paste(PATCH, text, (0, 0))


@settings(max_examples=examples(60), deadline=None)
@given(patches(), patches(), st.data())
def test_anything_can_be_copied_anywhere(one: Patch, other: Patch, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(sorted(one.nodes)), unique=True)) if one.nodes else []
    text = copy_text(one, chosen)
    if not chosen:
        with pytest.raises(PatchError, match="nothing to paste"):
            paste(other, text, (0, 0))
        return
    edited = done(paste(other, text, (0, 0)), other)
    new = added(other, edited)
    bare = [structs.replace(node, at=(0, 0), definition="x" * bool(node.definition)) for node in new.values()]
    there = [one.nodes[id] for id in chosen]
    for node in there:
        assert structs.replace(node, at=(0, 0), definition="x" * bool(node.definition)) in bare
    assert len(new) == len(chosen)
    inner = [cable for cable in one.cables if cable.src in chosen and cable.dst in chosen]
    assert len(edited.cables) - len(other.cables) == len(inner)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the clipboard: line 1, column 1 is no JSON"),
        ("nodes: a", "the clipboard: line 1"),
        ('{"format": 1}', "the clipboard: there is nothing to paste (copy some nodes first)"),
        ('{"format": 1, "nodes": {"a/b": {"type": "lfo"}}}', 'the clipboard: "a/b" is no id of a node'),
        ('{"format": 1, "nodes": {"a": {"type": "subpatch", "definition": "d"}}}', "its definition d is not in the"),
    ],
)
def test_a_text_that_is_no_patch_is_refused(text: str, says: str) -> None:
    with pytest.raises(PatchError) as caught:
        paste(PATCH, text, (0, 0))
    assert says in str(caught.value)


def test_what_is_not_there_cannot_be_copied() -> None:
    with pytest.raises(PatchError, match="node gone: is not in the patch"):
        copy_text(PATCH, ("slow", "gone"))
    with pytest.raises(PatchError, match="the definition gone is not in the patch"):
        copy_text(PATCH, ("slow",), "gone")


def test_a_definition_cannot_go_while_it_is_needed_or_contain_itself() -> None:
    with pytest.raises(PatchError, match="node e: its definition echo is not in the patch"):
        apply(SetDefinition("echo"), PATCH)
    with pytest.raises(PatchError, match="node y: the subpatch tail contains itself: tail -> tail"):
        apply(Within("tail", AddNode("y", Node("subpatch", definition="tail"))), PATCH)


def test_what_is_pasted_from_the_edge_stays_on_the_canvas() -> None:
    far = Patch(nodes={"a": Node("lfo", at=(-1e9, -1e9)), "b": Node("lfo", at=(1e9, 1e9))})
    edited = done(paste(far, copy_text(far, ["a", "b"]), (5e8, 0.0)), far)
    assert sorted(node.at for node in added(far, edited).values()) == [(5e8, 0.0), (1e9, 1e9)]
    with pytest.raises(PatchError, match="at is 2e"):
        loads('{"format": 1, "nodes": {"a": {"type": "lfo", "at": [0, 2e9]}}}')
