from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.errors import PatchError
from demon_patch.patch import wire
from demon_patch.patch.commands import (
    ABSENT,
    AddNode,
    Batch,
    Command,
    Connect,
    Disconnect,
    Move,
    RemoveNode,
    Rename,
    Replace,
    SetBypass,
    SetCable,
    SetMeta,
    SetRange,
    SetSong,
    SetValue,
    apply,
)
from demon_patch.patch.document import Cable, Node, Patch, Socket
from demon_patch.patch.format import dumps
from tests.patch.strategies import commands, patches

PLUGGED = Socket("slow", "uni", "cover", "strength")
NEW = Cable("slow", "bi", "cover", "shift", depth=-0.5)

EDITS: list[tuple[Command, Any]] = [
    (AddNode("fresh", Node("adsr")), lambda p: p.nodes["fresh"] == Node("adsr")),
    (RemoveNode("slow"), lambda p: "slow" not in p.nodes and [c.src for c in p.cables] == ["later"]),
    (RemoveNode("later"), lambda p: p.cables == (p.cable(PLUGGED),)),
    (Replace("slow", Node("ramp"), (PLUGGED,)), lambda p: p.nodes["slow"] == Node("ramp") and len(p.cables) == 2),
    (Replace("slow", Node("ramp")), lambda p: p.cables_of("slow") == ()),
    (Connect(NEW), lambda p: p.cable(NEW.socket) == NEW and len(p.cables) == 4),
    (Disconnect(*PLUGGED), lambda p: len(p.cables) == 2),
    (SetCable(*PLUGGED, depth=None, muted=True), lambda p: p.cable(PLUGGED) == Cable(*PLUGGED, muted=True)),
    (SetCable(*PLUGGED, mode="set", offset=1), lambda p: p.cable(PLUGGED) == Cable(*PLUGGED, "set", 0.4, 1)),
    (SetValue("slow", "rate", 2.5), lambda p: p.nodes["slow"].values["rate"] == 2.5),
    (SetValue("slow", "width", None), lambda p: p.nodes["slow"].values["width"] is None),
    (SetValue("slow", "rate", ABSENT), lambda p: "rate" not in p.nodes["slow"].values),
    (SetValue("slow", "nothing", ABSENT), lambda p: "nothing" not in p.nodes["slow"].values),
    (SetRange("slow", "rate", 0, 1), lambda p: p.nodes["slow"].ranges == {"rate": (0, 1)}),
    (SetRange("cover", "strength", 0.5, 0.5), lambda p: p.nodes["cover"].ranges["strength"] == (0.5, 0.5)),
    (SetRange("cover", "strength"), lambda p: p.nodes["cover"].ranges == {}),
    (Move({"slow": (1, 2), "later": (3, 4)}), lambda p: (p.nodes["slow"].at, p.nodes["later"].at) == ((1, 2), (3, 4))),
    (Rename("cover", "♪"), lambda p: p.nodes["cover"].label == "♪"),
    (SetBypass("slow", False), lambda p: not p.nodes["slow"].bypass),
    (SetMeta(title="", tags=("a",)), lambda p: (p.meta.title, p.meta.tags, p.meta.author) == ("", ("a",), "Ada")),
    (SetSong(bpm=None), lambda p: (p.song.bpm, p.song.beats_per_bar) == (None, 4)),
    (SetSong(beats_per_bar=3), lambda p: (p.song.bpm, p.song.beats_per_bar) == (120.5, 3)),
    (
        Batch((AddNode("fresh", Node("knob")), Connect(Cable("fresh", "value", "slow", "rate")), RemoveNode("cover"))),
        lambda p: set(p.nodes) == {"fresh", "later", "slow"} and len(p.cables) == 2,
    ),
    (Batch(()), lambda p: True),
]


@pytest.mark.parametrize(("command", "holds"), EDITS, ids=lambda case: type(case).__name__)
def test_a_command_edits_and_its_inverse_takes_it_back(patch: Patch, command: Command, holds: Any) -> None:
    before = dumps(patch)
    edited, inverse = apply(command, patch)
    assert holds(edited)
    assert dumps(patch) == before
    restored, again = apply(inverse, edited)
    assert restored == patch
    assert dumps(restored) == before
    assert apply(again, restored)[0] == edited


@pytest.mark.parametrize(("command", "holds"), EDITS, ids=lambda case: type(case).__name__)
def test_commands_and_their_inverses_travel_as_json(patch: Patch, command: Command, holds: Any) -> None:
    sent = wire.decode(wire.encode(command))
    assert sent == command
    edited, inverse = apply(sent, patch)
    assert holds(edited)
    assert wire.decode(wire.encode(inverse)) == inverse


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_a_command_does_its_inverse_takes_back(data: st.DataObject) -> None:
    patch = data.draw(patches())
    command = data.draw(commands(patch))
    assert wire.decode(wire.encode(command)) == command
    try:
        edited, inverse = apply(command, patch)
    except PatchError:
        return
    assert wire.decode(wire.encode(inverse)) == inverse
    restored, again = apply(inverse, edited)
    assert restored == patch
    assert dumps(restored) == dumps(patch)
    assert apply(again, restored)[0] == edited


def test_a_message_is_readable() -> None:
    assert wire.encode(SetValue("slow", "rate", 2.5)) == b'{"do":"set_value","node":"slow","name":"rate","value":2.5}'
    assert wire.decode(
        '{"do": "set_cable", "src": "a", "out": "o", "dst": "b", "port": "x", "depth": null}'
    ) == SetCable("a", "o", "b", "x", depth=None)


def test_replacing_keeps_extra_cables_of_the_others(patch: Patch) -> None:
    edited, inverse = apply(Replace("later", Node("knob"), (patch.cables[0].socket,)), patch)
    assert edited.cables_of("later") == (patch.cables[0],)
    assert edited.cable(PLUGGED) == patch.cable(PLUGGED)
    assert apply(inverse, edited)[0] == patch


def test_a_batch_is_done_wholly_or_not_at_all(patch: Patch) -> None:
    before = dumps(patch)
    with pytest.raises(PatchError, match="node gone: is not in the patch"):
        apply(Batch((RemoveNode("slow"), RemoveNode("gone"))), patch)
    assert dumps(patch) == before


def test_batches_are_flat() -> None:
    one, two = RemoveNode("a"), RemoveNode("b")
    assert Batch((Batch((one,)), Batch((Batch((two,)), one)))) == Batch((one, two, one))


def test_a_command_does_not_share_what_it_was_made_of() -> None:
    points, positions = [[0, 1]], {"a": (0.0, 0.0)}
    setting, moving = SetValue("a", "points", points), Move(positions)
    points.append([1, 0])
    positions["b"] = (1.0, 1.0)
    assert setting == SetValue("a", "points", [[0, 1]])
    assert set(moving.positions) == {"a"}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: AddNode("slow", Node("lfo")), "node slow: is in the patch already"),
        (lambda: AddNode("a b", Node("lfo")), '"a b" is no id of a node'),
        (lambda: RemoveNode("gone"), "node gone: is not in the patch"),
        (lambda: RemoveNode("a\nb"), "is no id of a node"),
        (lambda: Replace("gone", Node("lfo")), "node gone: is not in the patch"),
        (lambda: Replace("slow", Node("lfo"), (Socket("later", "value", "cover", "shift"),)), "does not touch it"),
        (lambda: Replace("slow", Node("lfo"), (Socket("slow", "o", "cover", "x"),)), "no cable comes from slow.o"),
        (lambda: Connect(Cable(*PLUGGED)), "node cover: port strength: a cable from slow.uni is plugged in already"),
        (lambda: Connect(Cable("gone", "o", "slow", "rate")), "names the node gone, which is not in the patch"),
        (lambda: Disconnect("slow", "bi", "cover", "x"), "node cover: port x: no cable comes from slow.bi"),
        (lambda: SetCable("slow", "bi", "cover", "x"), "no cable comes from slow.bi"),
        (lambda: SetCable(*PLUGGED, depth=float("nan")), "depth is nan"),
        (lambda: SetCable(*PLUGGED, mode="mul"), 'mode is "mul"'),  # type: ignore[arg-type]
        (lambda: SetValue("gone", "rate", 1), "node gone: is not in the patch"),
        (lambda: SetValue("slow", "ra te", 1), '"ra te" is no name of a port'),
        (lambda: SetValue("slow", "rate", float("inf")), "node slow: port rate: value is inf"),
        (lambda: SetRange("slow", "rate", 1, 0), "node slow: port rate: the range runs from 1 down to 0"),
        (lambda: SetRange("slow", "rate", 1), "node slow: port rate: a range has one end"),
        (lambda: SetRange("slow", "rate", float("nan"), 1), "node slow: port rate: lo is nan"),
        (lambda: Move({"slow": (0, 0), "gone": (1, 1)}), "node gone: is not in the patch"),
        (lambda: Move({"slow": (0, float("nan"))}), "at is nan"),
        (lambda: Rename("slow", "x" * 201), "node slow: label has 201 characters"),
        (lambda: SetBypass("gone", True), "node gone: is not in the patch"),
        (lambda: SetMeta(title="x" * 201), "title has 201 characters"),
        (lambda: SetSong(bpm=-1), "bpm is -1"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(patch: Patch, make: Any, says: str) -> None:
    before = dumps(patch)
    with pytest.raises(PatchError) as caught:
        apply(make(), patch)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.mend
    assert dumps(patch) == before


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"do":"format_disk"}',
        b'{"do":"rename","node":"a"}',
        b'{"do":"rename","node":"a","label":5}',
        b'{"do":"rename","node":"a","label":"\\ud800"}',
        b'{"do":"rename","node":"a","label":"b","more":1}',
        b'{"do":"add_node","id":"a","node":{"type":"a b"}}',
        b'{"do":"set_value","node":"a","name":"x","value":1e999}',
        b'{"do":"batch","commands":[' * 5000 + b"]}" * 5000,
        '{"do":"\n\ud800"}',
    ],
    ids=range(13),
)
def test_other_messages_are_refused_in_one_line(message: bytes | str) -> None:
    with pytest.raises(PatchError) as caught:
        wire.decode(message)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
