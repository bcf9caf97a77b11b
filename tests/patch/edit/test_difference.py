from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from demon_patch.patch.edit.commands import (
    AddNodes,
    Command,
    Connect,
    Move,
    RemoveNodes,
    ReplacePatch,
    SetCable,
    SetMeta,
    SetValue,
    apply,
)
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.edit.history import primitives
from demon_patch.patch.model.document import Cable, Node, Patch
from tests.support import patch_strategies as some
from tests.support.effort import examples


def edits(old: Patch, new: Patch) -> tuple[Command, ...]:
    command = difference(old, new)
    assert command is not None
    return primitives(command)


@given(some.patches(), some.patches())
@settings(max_examples=examples(60), deadline=None)
def test_it_makes_the_one_of_the_other_and_its_inverse_takes_it_back(old: Patch, new: Patch) -> None:
    command = difference(old, new)
    if command is None:
        assert old == new
        return
    made, inverse = apply(command, old)
    assert made == new
    assert apply(inverse, made)[0] == old


def test_equal_documents_differ_in_nothing(patch: Patch) -> None:
    assert difference(patch, structs.replace(patch)) is None


def test_each_edit_is_as_small_as_it_can_be() -> None:
    wire = Cable("a", "out", "b", "x", depth=0.5)
    old = Patch(nodes={"a": Node("lfo", values={"rate": 1, "shape": "saw"}), "b": Node("add")}, cables=(wire,))
    expected = (
        SetMeta(title="t"),
        AddNodes({"c": Node("lfo")}),
        SetValue("a", "rate", 2),
        SetCable(*wire.key, depth=None),
        Connect(Cable("c", "out", "b", "y")),
    )
    new = old
    for command in expected:
        new, _ = apply(command, new)
    assert set(map(repr, edits(old, new))) == set(map(repr, expected))
    assert set(map(type, edits(new, old))) == {SetMeta, RemoveNodes, SetValue, SetCable}


def test_nodes_that_come_go_or_move_together_are_one_edit_each() -> None:
    old = Patch(nodes={id: Node("lfo") for id in "abcd"})
    moved = {id: Node("lfo", at=(1, 2)) for id in "ab"}
    new = Patch(nodes={**moved, "x": Node("lfo"), "y": Node("lfo")})
    assert set(map(repr, edits(old, new))) == {
        repr(RemoveNodes(("c", "d"))),
        repr(AddNodes({"x": Node("lfo"), "y": Node("lfo")})),
        repr(Move({"a": (1.0, 2.0), "b": (1.0, 2.0)})),
    }


@given(some.patches(), st.data())
@settings(max_examples=examples(60), deadline=None)
def test_what_commands_can_make_needs_no_whole_document(old: Patch, data: st.DataObject) -> None:
    new, _ = apply(data.draw(st.builds(SetMeta, title=some.lines)), old)
    for id in sorted(old.nodes):
        new, _ = apply(SetValue(id, data.draw(some.ports), data.draw(some.values)), new)
    if new != old:
        assert not any(isinstance(edit, ReplacePatch) for edit in edits(old, new))
