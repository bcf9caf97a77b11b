"""All devices of a performance, in virtual time."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from demon_patch.errors import DeviceError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetMapping, SetRange
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.runtime.devices.hub import DevicesHub
from demon_patch.runtime.devices.status import MappingStatus
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.runtime.devices.room import LOOK, Room
from tests.support.devices import PATCH, RATE, SONG, Cables, Stage


def test_an_event_is_stamped_with_its_frame_and_read_by_the_next_tick() -> None:
    room = Room()
    room.pass_time(0.5)
    room.cables.send("Keys", (0x90, 64, 127))
    room.pass_time(0.048)
    events = [event for event in room.stage.fed if event.node == "keys"]
    assert {event.frame for event in events} == {int(0.504 * RATE)}
    held = room.stage.program.live_inputs.port("keys", "held")
    assert room.stage.forecast._live.bus[held.slots[0]] == 1


def test_what_came_for_a_node_that_an_edit_takes_away_is_left_out() -> None:
    room = Room()
    room.pass_time(0.5)
    room.cables.send("Keys", (0x90, 64, 127))
    room.now += LOOK
    room.look()
    assert room.stage.posted == 1
    kept = structs.replace(PATCH, nodes={id: node for id, node in PATCH.nodes.items() if id != "keys"})
    kept = structs.replace(kept, cables=tuple(cable for cable in kept.cables if "keys" not in (cable.src, cable.dst)))
    room.stage.program = compile(kept, CATALOGUE, Geometry(RATE, SONG))
    room.stage.forecast.swap(room.stage.program)
    room.stage.tick(20)
    assert [event for event in room.stage.fed if event.node == "keys"] == []
    assert not [text for text in room.stage.messages if "live input" in text]


@pytest.mark.parametrize("tick", [1, 3, 12])
def test_notes_are_never_dropped_and_controllers_come_once_a_frame(tick: int) -> None:
    """20,000 messages a second for a second."""
    room = Room()
    number = 0
    for _ in range(round(1 / LOOK)):
        for _ in range(20):
            number += 1
            note = number % 128
            room.cables.send(
                "Keys", (0x90, note, 100), (0xB0, 1, number % 128), (0x80, note, 0), (0xB0, 7, number % 128)
            )
        room.pass_time(LOOK, tick)
    room.pass_time(0.6, tick)
    assert room.hub.status.inputs[0].messages == 20_000
    gates = [event for event in room.stage.fed if event.node == "keys" and event.port == "held"]
    assert sum(event.value[1] for event in gates) == 5_000  # type: ignore[index]
    voices = [event for event in room.stage.fed if event.node == "voices" and event.port.startswith("held")]
    assert sum(event.value[1] for event in voices) == 5_000  # type: ignore[index]
    for read in room.stage.ticks:  # of a controller, one number a control frame
        moved = [event.frame for event in read if event.port == "position"]
        assert len(moved) == len(set(moved)) <= tick + 1
    assert room.stage.posted <= len(room.stage.ticks)
    assert len(room.stage.ticks) <= 1.6 * RATE / tick


def test_a_knob_is_turned_once_a_control_frame() -> None:
    room = Room()
    turned: list[float] = []
    turn = room.stage.turn
    room.stage.turn = lambda *what: (turned.append(what[2]), turn(*what))[1]  # type: ignore[assignment, func-returns-value]
    for value in range(128):
        room.cables.send("Keys", (0xB0, 7, value))
        room.pass_time(LOOK)
    assert 5 <= len(turned) <= 8  # 64 values in 0.26 s, of 128 of which it catches those from the middle on
    room.pass_time(0.05)
    assert room.live == {("s", "strength"): 1.0}


def test_the_place_of_the_hardware_is_told_until_it_catches() -> None:
    room = Room()
    room.cables.send("Keys", (0xB0, 7, 127))
    room.pass_time(0.05)
    assert room.hub.status.mappings == {"m": MappingStatus(1.0, 1.0, caught=False)}
    assert room.live == {}
    room.cables.send("Keys", (0xB0, 7, 100))
    room.pass_time(0.05)
    room.cables.send("Keys", (0xB0, 7, 60))
    room.pass_time(0.05)
    room.cables.send("Keys", (0xB0, 7, 61))
    room.pass_time(0.05)
    told = [(event.kind, event.value) for event in room.hub.events_since(0) if event.mapping]
    assert told == [("waiting", 1.0), ("waiting", 100 / 127), ("caught", 60 / 127)]
    assert room.hub.status.mappings["m"].caught
    assert room.live == {("s", "strength"): 61 / 127}


def test_the_value_that_the_hardware_stands_at_follows_the_range() -> None:
    room = Room()
    room.cables.send("Keys", (0xB0, 7, 127))
    room.pass_time(0.05)
    room.stage.document.do(SetRange("s", "strength", 0.0, 0.8))
    room.pass_time(0.05)
    assert room.hub.status.mappings["m"].value == 0.8
    room.stage.document.do(SetMapping("m"))
    room.pass_time(0.05)
    assert room.hub.status.mappings == {}


def test_a_device_that_is_pulled_out_is_told_and_picked_up_again() -> None:
    room = Room()
    room.cables.send("Keys", (0x90, 60, 127), (0xB0, 7, 64))
    room.pass_time(0.1)
    assert room.live == {("s", "strength"): 64 / 127}
    room.cables.pull("Keys")
    room.pass_time(1.2)
    assert room.stage.messages[-1] == "the MIDI device Keys is gone; a mapping waits for it"
    assert room.stage.fed[-1].value[0] == 0  # type: ignore[index] # no note hangs
    assert room.hub.status.missing == {"Keys*": 1}
    assert not room.hub.status.mappings["m"].connected
    assert room.cables.closed == ["Keys"]
    room.cables.plug("Keys")
    room.pass_time(1.2)
    assert room.stage.messages[-1] == "the MIDI device Keys is heard"
    room.cables.send("Keys", (0xB0, 7, 90))
    room.pass_time(0.1)
    assert room.live == {("s", "strength"): 90 / 127}
    assert [kind for kind in room.events if kind in ("connected", "gone")] == ["connected", "gone", "connected"]


def test_a_device_that_is_missing_is_told_once() -> None:
    room = Room(devices=())
    room.pass_time(3.0)
    (told,) = room.stage.messages
    assert told.startswith("no MIDI device is called Keys*: a mapping waits for it")
    room.cables.plug("Keys 2")
    room.pass_time(1.2)
    assert room.hub.status.missing == {}


def test_two_devices_of_one_name_are_told_apart() -> None:
    mapping = ControlMapping(Controller("cc", device="Pads (2)", number=7), "s", "strength", takeover="jump")
    room = Room(structs.replace(PATCH, mappings={"m": mapping}), devices=("Pads 20:0", "Pads 24:0"))
    assert [device.name for device in room.hub.status.inputs] == ["Pads", "Pads (2)"]
    room.cables.send("Pads 20:0", (0xB0, 7, 127))
    room.pass_time(0.1)
    assert room.live == {}
    room.cables.send("Pads 24:0", (0xB0, 7, 127))
    room.pass_time(0.1)
    assert room.live == {("s", "strength"): 1.0}


def test_a_device_that_cannot_be_opened_is_told_once_and_tried_again() -> None:
    room = Room(devices=("Keys", "Busy"))
    room.cables.pull("Busy")
    room.cables.refused.add("Busy")
    room.pass_time(1.2)
    room.cables.plug("Busy")
    room.pass_time(3.0)
    assert sum("refuses" in message for message in room.stage.messages) == 1
    room.cables.refused.clear()
    room.pass_time(1.2)
    assert [device.name for device in room.hub.status.inputs] == ["Keys", "Busy"]


def test_only_the_devices_that_are_wanted_are_heard() -> None:
    room = Room(devices=("Keys", "Pads"), only=("pad*",))
    assert [device.name for device in room.hub.status.inputs] == ["Pads"]


def test_learning_is_an_edit_that_can_be_undone() -> None:
    room = Room()
    room.hub.learn("d", "gain", client="me")
    room.pass_time(0.1)
    assert room.hub.status.learning is not None
    for value in (10, 20, 30):
        room.cables.send("Keys", (0xB0, 20, value))
    room.pass_time(0.2)
    (learned,) = [event for event in room.hub.events_since(0) if event.kind == "learned"]
    assert (learned.node, learned.port, learned.device) == ("d", "gain", "Keys")
    made = room.stage.document.patch.mappings[learned.mapping]
    assert (made.source, made.takes_over) == (Controller("cc", "Keys", 1, 20), "pickup")
    assert room.hub.status.learning is None
    room.stage.document.undo("me")
    assert room.stage.document.patch == PATCH
    assert room.events[1:3] == ["armed", "learned"]


def test_learning_can_be_cancelled_and_needs_a_knob() -> None:
    room = Room()
    room.hub.learn("s", "focus")
    room.pass_time(0.1)
    room.hub.cancel_learn()
    room.cables.send("Keys", (0x90, 60, 1))
    room.pass_time(0.2)
    assert room.events[1:] == ["armed", "cancelled"]
    for node, port in (("s", "source"), ("s", "nope"), ("cc", "position"), ("gone", "x")):
        with pytest.raises(PatchError):
            room.hub.learn(node, port)


def test_a_program_recalls_a_snapshot_by_its_place() -> None:
    room = Room()
    room.cables.send("Keys", (0xC0, 0))
    room.pass_time(0.1)
    assert room.live == {("s", "strength"): 0.9}  # Verse 2 comes before Verse 10
    room.cables.send("Keys", (0xC0, 1))
    room.pass_time(0.1)
    assert room.live == {("s", "strength"): 0.1}
    room.cables.send("Keys", (0xC0, 2), (0xC0, 2))
    room.pass_time(0.1)
    assert room.stage.messages[-1] == "MIDI program 3: the patch has 2 snapshots (send 1 to 2)"


def test_a_computers_key_plays_its_mapping() -> None:
    mapping = ControlMapping(Controller("key", address="a"), "s", "strength", mode="momentary", lo=0.2, hi=0.8)
    room = Room(structs.replace(PATCH, mappings={"m": mapping}))
    room.hub.key("a", True)
    room.pass_time(0.1)
    assert room.live == {("s", "strength"): 0.8}
    room.hub.key("a", False)
    room.pass_time(0.1)
    assert room.live == {("s", "strength"): 0.2}


def test_osc_turns_knobs_and_its_port_can_be_taken() -> None:
    from pythonosc.udp_client import SimpleUDPClient

    from tests.support import jack_server

    room, other = Room(), Room()
    answer = room.hub.listen_osc(0)
    room.pass_time(0.01)
    where = answer.result(1)
    taken = other.hub.listen_osc(int(where.rpartition(":")[2]))
    other.pass_time(0.01)
    assert isinstance(taken.exception(1), DeviceError)
    client = SimpleUDPClient("127.0.0.1", int(where.rpartition(":")[2]))
    client.send_message("/patch/s/strength", 0.25)
    assert jack_server.until(lambda: room.pass_time(0.05) or room.live == {("s", "strength"): 0.25})
    assert room.hub.status.osc == where
    room.hub.stop_osc()
    room.pass_time(0.1)
    assert room.hub.status.osc == ""


def test_a_hub_that_runs_ends_and_closes_its_devices() -> None:
    from tests.support import jack_server

    cables, stage = Cables("Keys"), Stage(PATCH)
    hub = DevicesHub(stage, RATE, system=lambda: cables)
    hub.start()
    assert jack_server.until(lambda: hub.status.inputs)
    hub.close()
    hub.close()
    assert cables.closed == ["Keys"]


def test_an_error_in_a_look_is_told_and_the_devices_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support import jack_server

    cables, stage = Cables("Keys"), Stage(PATCH)
    hub = DevicesHub(stage, RATE, system=lambda: cables)
    heard, failed = stage.heard, []

    def fail(now: float) -> Any:
        if len(failed) < 3:
            failed.append(now)
            raise RuntimeError("once in a while")
        return heard(now)

    monkeypatch.setattr(stage, "heard", fail)
    hub.start()
    assert jack_server.until(lambda: hub.status.inputs)
    hub.close()
    assert sum("once in a while" in message for message in stage.messages) == 1


def test_a_deaf_hub_lets_go_of_held_keys_and_hears_nothing_until_it_hears_again() -> None:
    room = Room()
    held = room.stage.program.live_inputs.port("keys", "held").slots[0]
    room.pass_time(0.1)
    room.cables.send("Keys", (0x90, 64, 127))
    room.pass_time(0.1)
    assert room.stage.forecast._live.bus[held] == 1
    room.hub.set_deaf(True)
    room.pass_time(0.1)
    assert room.stage.forecast._live.bus[held] == 0
    room.cables.send("Keys", (0x90, 65, 127), *((0xB0, 7, value) for value in range(128)))
    room.pass_time(0.2)
    assert (room.stage.forecast._live.bus[held], room.live) == (0, {})
    room.hub.set_deaf(False)
    room.cables.send("Keys", (0x90, 66, 127))
    room.pass_time(0.2)
    assert (room.stage.forecast._live.bus[held], room.live) == (1, {})
