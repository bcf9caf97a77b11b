from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import (
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
    Replace,
    ReplacePatch,
    SetCable,
    SetMuted,
    SetRange,
    SetSnapshot,
    SetSong,
    SetValue,
    apply,
)
from demon_patch.patch.edit.difference import difference
from demon_patch.patch.edit.field_paths import changes
from demon_patch.patch.edit.overlay import Overlay
from demon_patch.patch.model.dashboard import Snapshot
from demon_patch.patch.model.document import Cable, CableKey, Node, Patch

WIRE = Cable("lfo", "out", "knob", "value", depth=0.5)
PATCH = Patch(nodes={"lfo": Node("lfo", values={"rate": 1}), "knob": Node("knob")}, cables=(WIRE,))
RATE = ("lfo", "rate")
ALL = Overlay({RATE: 2.0, ("lfo", "shape"): "saw"}, {("knob", "value"): (0.2, 0.8)}, {WIRE.key: None})


def test_live_values_win_and_the_document_stays() -> None:
    sounding = ALL.sounding(PATCH)
    assert sounding.nodes["lfo"].values == {"rate": 2.0, "shape": "saw"}
    assert sounding.nodes["knob"].ranges == {"value": (0.2, 0.8)}
    assert sounding.cables[0].depth is None
    assert PATCH.nodes["lfo"].values == {"rate": 1}
    assert Overlay().sounding(PATCH) is PATCH


def test_what_is_kept_is_what_sounded_and_one_edit_takes_it_back() -> None:
    command = ALL.keeping_command(PATCH)
    assert command is not None
    kept, inverse = apply(command, PATCH)
    assert kept == ALL.sounding(PATCH)
    assert apply(inverse, kept)[0] == PATCH
    assert ALL.keeping_command(kept) is None


def test_a_value_is_turned_and_released() -> None:
    assert Overlay().turned("lfo", "rate", 2.0).turned("lfo", "rate", 3.0).values == {RATE: 3.0}
    left = ALL.released(RATE, WIRE.key)
    assert left == Overlay({("lfo", "shape"): "saw"}, {("knob", "value"): (0.2, 0.8)})
    assert not ALL.released(*ALL.keys)


def test_a_base_that_is_written_is_heard() -> None:
    written = ALL.without_overwritten(Batch((SetValue(*RATE, 5), SetCable(*WIRE.key, depth=1.0))))
    assert written.keys == {("lfo", "shape"), ("knob", "value")}
    assert ALL.without_overwritten(SetCable(*WIRE.key, offset=1.0)) == ALL
    assert not ALL.without_overwritten(SetRange("knob", "value")).ranges
    assert ALL.without_overwritten(SetValue(*RATE, 5), spared={RATE}) == ALL


def left_by(command: Command) -> Overlay:
    """What is left of all live values after a command."""
    return ALL.without_overwritten(command, changes(PATCH, apply(command, PATCH)[0]))


FASTER = structs.replace(PATCH.nodes["lfo"], values={"rate": 3}, extra={"later": 1})
DEEPER = structs.replace(WIRE, depth=0.9)
AGAIN = structs.replace(PATCH, nodes={**PATCH.nodes, "lfo": FASTER})
WRITES: list[tuple[Command, set[Any]]] = [
    (SetValue(*RATE, 5), {RATE}),
    (SetValue(*RATE, 1), {RATE}),
    (SetRange("knob", "value", 0.1, 0.2), {("knob", "value")}),
    (SetCable(*WIRE.key, depth=0.9), {WIRE.key}),
    (SetCable(*WIRE.key, offset=0.9), set()),
    (Replace("lfo", FASTER, (WIRE.key,)), {RATE}),
    (ReplacePatch(AGAIN), {RATE}),
    (Batch((Disconnect(*WIRE.key), Connect(DEEPER))), {WIRE.key}),
    (Batch((RemoveNode("lfo"), AddNode("lfo", FASTER), Connect(WIRE))), {RATE}),
    (Batch((RemoveNodes(("lfo",)), AddNodes({"lfo": FASTER}, (DEEPER,)))), {RATE, WIRE.key}),
    (Disconnect(*WIRE.key), {WIRE.key}),
    (Rename("lfo", "slow"), set()),
    (SetMuted("lfo", True), set()),
    (Move({"lfo": (1.0, 2.0)}), set()),
    (SetSong(bpm=90.0), set()),
    (SetSnapshot("one", Snapshot("One", values={"lfo": {"rate": 9}})), set()),
]


@pytest.mark.parametrize(("command", "written"), WRITES)
def test_whatever_the_command_what_it_writes_is_heard_and_the_rest_stays(command: Command, written: set[Any]) -> None:
    assert left_by(command).keys == ALL.keys - written


def test_a_file_that_brings_an_unknown_key_and_a_number_is_heard() -> None:
    command = difference(PATCH, AGAIN)
    assert command is not None
    assert left_by(command).keys == ALL.keys - {RATE}


def test_what_is_gone_is_not_brought_back() -> None:
    gone = Overlay({("gone", "x"): 1.0}, {}, {CableKey("gone", "out", "lfo", "rate"): 1.0})
    assert gone.sounding(PATCH) == PATCH


@pytest.mark.parametrize(
    ("node", "port", "value"), [("lfo", "rate", float("nan")), ("No", "rate", 1.0), ("lfo", "", 1.0)]
)
def test_what_no_port_can_have_is_refused(node: str, port: str, value: float) -> None:
    with pytest.raises(PatchError):
        Overlay().turned(node, port, value)
