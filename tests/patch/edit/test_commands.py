from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import (
    ABSENT,
    AddNode,
    AddNodes,
    Batch,
    Command,
    Connect,
    Disconnect,
    Move,
    RemoveNode,
    RemoveNodes,
    Rename,
    RenameDefinition,
    Replace,
    ReplacePatch,
    SetBookmark,
    SetBypass,
    SetCable,
    SetColour,
    SetDefinition,
    SetFolded,
    SetFrame,
    SetInlet,
    SetLocked,
    SetMapping,
    SetMeta,
    SetMuted,
    SetNote,
    SetOutlet,
    SetProbe,
    SetRange,
    SetSnapshot,
    SetSong,
    SetValue,
    SetWidget,
    Within,
    apply,
)
from demon_patch.patch.files import command_json
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.canvas import CanvasBookmark, CanvasFrame, CanvasNote, Probe
from demon_patch.patch.model.dashboard import Controller, ControlMapping, Snapshot, Widget
from demon_patch.patch.model.definition import Definition, Inlet, Outlet, Target
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch
from tests.support.effort import examples
from tests.support.patch_strategies import commands, patches

PLUGGED = CableKey("slow", "uni", "cover", "strength")
NEW = Cable("slow", "bi", "cover", "shift", depth=-0.5)

FRAME = CanvasFrame((1, 2), title="New", colour="#00ff00")
PAIR = {"x": Node("knob"), "y": Node("add")}
TO_PAIR, IN_PAIR = Cable("slow", "uni", "y", "a"), Cable("x", "out", "y", "b")
OUTLET = Outlet("", "turn", "out")
LOOP = Definition(nodes={"t": Node("subpatch", definition="tail")})
VIEW = CanvasBookmark(at=(1, 2), zoom=3, title="x")
NOTE = CanvasNote("other", (5, 6))

EDITS: list[tuple[Command, Any]] = [
    (AddNode("fresh", Node("adsr")), lambda p: p.nodes["fresh"] == Node("adsr")),
    (RemoveNode("slow"), lambda p: "slow" not in p.nodes and [c.src for c in p.cables] == ["later"]),
    (RemoveNodes(("slow", "later")), lambda p: set(p.nodes) == {"cover"} and p.cables == ()),
    (RemoveNodes(()), lambda p: True),
    (
        AddNodes(PAIR, (TO_PAIR, IN_PAIR)),
        lambda p: p.nodes["y"] == PAIR["y"] and p.cables_of("y") == (TO_PAIR, IN_PAIR),
    ),
    (RemoveNode("later"), lambda p: p.cables == (p.cable(PLUGGED),)),
    (Replace("slow", Node("ramp"), (PLUGGED,)), lambda p: p.nodes["slow"] == Node("ramp") and len(p.cables) == 2),
    (Replace("slow", Node("ramp")), lambda p: p.cables_of("slow") == ()),
    (Connect(NEW), lambda p: p.cable(NEW.key) == NEW and len(p.cables) == 4),
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
    (SetMuted("slow", True), lambda p: p.nodes["slow"].muted),
    (SetColour("slow", "#123abc"), lambda p: p.nodes["slow"].colour == "#123abc"),
    (SetColour("later", ""), lambda p: p.nodes["later"].colour == ""),
    (SetFolded("later", "brass", False), lambda p: p.nodes["later"].folded == ()),
    (SetFolded("slow", "rate", True), lambda p: p.nodes["slow"].folded == ("rate",)),
    (SetBookmark("here"), lambda p: p.bookmarks == {}),
    (Within("tail", SetBookmark("b", VIEW)), lambda p: p.definitions["tail"].bookmarks["b"] == VIEW),
    (SetProbe("new", Probe("later", "out", (1, 2))), lambda p: p.probes["new"].node == "later"),
    (ReplacePatch(Patch(nodes={"a": Node("lfo")})), lambda p: set(p.nodes) == {"a"}),
    (SetBypass("slow", False), lambda p: not p.nodes["slow"].bypass),
    (SetMeta(title="", tags=("a",)), lambda p: (p.meta.title, p.meta.tags, p.meta.author) == ("", ("a",), "Ada")),
    (SetSong(bpm=None), lambda p: (p.song.bpm, p.song.beats_per_bar) == (None, 4)),
    (SetSong(beats_per_bar=3), lambda p: (p.song.bpm, p.song.beats_per_bar) == (120.5, 3)),
    (SetCable(*PLUGGED, solo=True), lambda p: p.cable(PLUGGED).solo and p.cable(PLUGGED).depth == 0.4),
    (SetLocked("slow", "rate", True), lambda p: p.nodes["slow"].locked == ("rate",)),
    (SetLocked("slow", "rate", False), lambda p: p.nodes["slow"].locked == ()),
    (SetFrame("f1"), lambda p: p.frames == {}),
    (SetFrame("f3", FRAME), lambda p: p.frames["f3"] == FRAME and len(p.frames) == 2),
    (SetNote("n1", NOTE), lambda p: p.notes == {"n1": NOTE}),
    (SetWidget("w1", Widget("slow", "rate", (0, 0))), lambda p: p.dashboard["w1"].node == "slow"),
    (SetMapping("m1"), lambda p: set(p.mappings) == {"m2"}),
    (SetMapping("m3", ControlMapping(Controller("bend"), "slow", "rate")), lambda p: len(p.mappings) == 3),
    (SetSnapshot("b"), lambda p: set(p.snapshots) == {"a"}),
    (SetSnapshot("c", Snapshot("New", ("slow",))), lambda p: p.snapshots["c"].nodes == {"slow"}),
    (SetDefinition("tail"), lambda p: set(p.definitions) == {"echo"}),
    (SetDefinition("new", Definition(nodes={})), lambda p: len(p.definitions) == 3),
    (RenameDefinition("tail", "Head"), lambda p: p.definitions["tail"].title == "Head"),
    (Within("tail", SetInlet("speed")), lambda p: p.definitions["tail"].inputs == {}),
    (
        Within("tail", SetOutlet("none", Outlet("", "turn", "out"))),
        lambda p: p.definitions["tail"].outputs["none"].node,
    ),
    (Within("tail", SetFrame("f2", FRAME)), lambda p: p.definitions["tail"].frames == {"f2": FRAME}),
    (Within("tail", AddNode("x", Node("lfo"))), lambda p: len(p.definitions["tail"].nodes) == 3 and len(p.nodes) == 3),
    (Within("tail", SetValue("inner", "t", 3)), lambda p: p.definitions["tail"].nodes["inner"].values == {"t": 3}),
    (Within("tail", Replace("turn", Node("lfo"))), lambda p: p.definitions["tail"].cables == ()),
    (
        Batch((AddNode("fresh", Node("knob")), Connect(Cable("fresh", "value", "slow", "rate")), RemoveNode("cover"))),
        lambda p: set(p.nodes) == {"fresh", "later", "slow"} and len(p.cables) == 2,
    ),
    (Batch(()), lambda p: True),
]


def test_every_command_is_among_the_examples_and_among_the_random_ones() -> None:
    """The union of commands is derived from the base class; so is what is tried here."""
    every = {kind.__name__ for kind in get_args(Command)}
    assert len(every) > 30
    inner = [command.command for command, _ in EDITS if isinstance(command, Within)]
    assert {type(command).__name__ for command in [*(command for command, _ in EDITS), *inner]} == every
    random_ones = (Path(__file__).parents[2] / "support" / "patch_strategies.py").read_text(encoding="utf-8")
    drawn = {name for name in every if len(re.findall(rf"\b{name}\b", random_ones)) > 1}  # imported, and used
    assert drawn == every - {"Batch", "ReplacePatch"}  # a session makes the one, and the other draws nothing new


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
    sent = command_json.decode(command_json.encode(command))
    assert sent == command
    edited, inverse = apply(sent, patch)
    assert holds(edited)
    assert command_json.decode(command_json.encode(inverse)) == inverse


@settings(max_examples=examples(300), deadline=None)
@given(st.data())
def test_whatever_a_command_does_its_inverse_takes_back(data: st.DataObject) -> None:
    patch = data.draw(patches())
    command = data.draw(commands(patch))
    assert command_json.decode(command_json.encode(command)) == command
    try:
        edited, inverse = apply(command, patch)
    except PatchError:
        return
    assert command_json.decode(command_json.encode(inverse)) == inverse
    restored, again = apply(inverse, edited)
    assert restored == patch
    assert dumps(restored) == dumps(patch)
    assert apply(again, restored)[0] == edited


def test_a_message_is_readable() -> None:
    assert (
        command_json.encode(SetValue("slow", "rate", 2.5))
        == b'{"do":"set_value","node":"slow","name":"rate","value":2.5}'
    )
    assert command_json.decode(
        '{"do": "set_cable", "src": "a", "out": "o", "dst": "b", "port": "x", "depth": null}'
    ) == SetCable("a", "o", "b", "x", depth=None)


def test_a_removed_node_leaves_no_name_behind_and_comes_back_with_all_of_them(patch: Patch) -> None:
    edited, inverse = apply(RemoveNode("cover"), patch)
    assert (edited.dashboard, set(edited.mappings), edited.snapshots["b"].nodes) == ({}, {"m1"}, {"slow"})
    assert edited.snapshots["a"] == patch.snapshots["a"]
    assert edited.snapshots["b"].depths == ()
    assert apply(inverse, edited)[0] == patch
    edited, inverse = apply(Within("tail", RemoveNode("turn")), patch)
    tail = edited.definitions["tail"]
    assert [target.node for target in tail.inputs["speed"].to] == ["inner"]
    assert (tail.outputs["wave"].node, tail.outputs["wave"].order) == ("", -1)
    assert apply(inverse, edited)[0] == patch


def test_what_overwrites_what() -> None:
    turn = [SetValue("a", "x", 1), SetValue("a", "x", 2), SetValue("a", "y", 2)]
    assert turn[0].target == turn[1].target != turn[2].target
    assert Within("d", turn[0]).target == Within("d", turn[1]).target
    assert Within("d", turn[0]).target not in (turn[0].target, Within("e", turn[0]).target, Within("d", turn[2]).target)
    assert Batch((turn[0], SetFrame("f", FRAME))).target == Batch((turn[1], SetFrame("f"))).target is not None
    assert Batch((turn[0], RemoveNode("a"))).target is None
    assert Batch(()).target is None


def test_replacing_keeps_extra_cables_of_the_others(patch: Patch) -> None:
    edited, inverse = apply(Replace("later", Node("knob"), (patch.cables[0].key,)), patch)
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
        (lambda: AddNodes({"x": Node("lfo"), "slow": Node("lfo")}), "node slow: is in the patch already"),
        (lambda: AddNodes(PAIR, (NEW,)), "port shift: the cable from slow.bi touches none of the new nodes"),
        (lambda: AddNodes({"a b": Node("lfo")}), '"a b" is no id of a node'),
        (lambda: RemoveNodes(("slow", "gone")), "node gone: is not in the patch"),
        (lambda: RemoveNode("gone"), "node gone: is not in the patch"),
        (lambda: RemoveNode("a\nb"), "is no id of a node"),
        (lambda: Replace("gone", Node("lfo")), "node gone: is not in the patch"),
        (lambda: Replace("slow", Node("lfo"), (CableKey("later", "value", "cover", "shift"),)), "does not touch it"),
        (lambda: Replace("slow", Node("lfo"), (CableKey("slow", "o", "cover", "x"),)), "no cable comes from slow.o"),
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
        (lambda: SetFrame("a b", FRAME), '"a b" is no id of a frame'),
        (
            lambda: SetWidget("w", Widget("gone", "x", (0, 0))),
            "widget w names the node gone, which is not in the patch",
        ),
        (lambda: SetMapping("m", ControlMapping(Controller("bend"), "gone", "x")), "control mapping m names the node"),
        (lambda: SetSnapshot("s", Snapshot(values={"gone": {"x": 1}})), "snapshot s names the node gone, which is not"),
        (lambda: SetDefinition("echo"), "node inner: its definition echo is not in the patch (add the definition, or"),
        (lambda: SetDefinition("echo", LOOP), "node inner: the subpatch echo contains itself: echo -> tail -> echo (t"),
        (lambda: AddNode("x", Node("subpatch", definition="gone")), "node x: its definition gone is not in the patch"),
        (lambda: RenameDefinition("gone", ""), "the definition gone is not in the patch"),
        (lambda: Within("gone", Rename("slow", "")), "the definition gone is not in the patch"),
        (lambda: Within("tail", Rename("slow", "")), "node slow: in subpatch tail: is not in the patch"),
        (lambda: Within("tail", SetMeta()), "Set meta is nothing to do within a subpatch"),
        (lambda: Within("tail", Batch(())), "Batch is nothing to do within a subpatch"),
        (lambda: Within("tail", SetInlet("i", Inlet("", (Target("gone", "x"),)))), "its input i names the node gone"),
        (lambda: SetInlet("speed"), "Set inlet is nothing to do on the patch itself"),
        (lambda: Batch((SetOutlet("wave"),)), "Set outlet is nothing to do on the patch itself"),
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
        command_json.decode(message)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400
