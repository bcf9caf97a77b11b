"""What the nodes that listen to MIDI are fed with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.runtime.devices.feeds import Feeds
from demon_patch.runtime.devices.midi.decode import Decoder
from demon_patch.runtime.devices.midi.listener import Listeners
from demon_patch.runtime.graph.live_inputs import Fed, Listener

Message = Sequence[int]


class Bench:
    """One node, fed from one or more devices; what it gets, by port, in the last frame."""

    def __init__(self, type: str, **settings: Any) -> None:
        declared = {port.name: port.default for port in CATALOGUE[type].ports if port.fixed or port.type == "option"}
        self.listeners = Listeners()
        self.listeners.follow({"n": Listener(type, {**declared, **settings}, ())})
        self.decoders = {1: Decoder(), 2: Decoder()}
        self.frame = 0

    def send(self, *messages: Message, device: int = 1) -> Mapping[str, Fed]:
        """What messages of one control frame feed, by port."""
        self.frame += 1
        feeds, waiting = Feeds(), [(message, 0.0) for message in messages]
        self.decoders[device].wide = self.listeners.wide
        batch = self.decoders[device].read(lambda: waiting.pop(0) if waiting else None, 0.0)
        self.listeners.take(device, batch, self.frame, feeds)
        taken = feeds.take()
        self.later = {event.port: event.value for event in taken if event.frame == self.frame + 1}
        return {event.port: event.value for event in taken if event.frame == self.frame}

    def lose(self, device: int = 1) -> Mapping[str, Fed]:
        feeds = Feeds()
        self.listeners.lose(device, None, feeds)
        return {event.port: event.value for event in feeds.take()}


def test_notes_play_one_at_a_time() -> None:
    keys = Bench("midi_notes")
    assert keys.send((0x90, 60, 127)) == {"note": 60, "force": 1, "touch": 0, "held": (1, 1)}
    assert keys.send((0x90, 64, 127)) == {"note": 64, "held": (1, 1)}
    assert keys.send((0x80, 64, 0)) == {"note": 60}  # the one below sounds again, without a rise
    assert keys.send((0x90, 60, 0)) == {"held": (0, 0)}
    assert keys.send((0xB0, 7, 1)) == {}


def test_no_note_of_a_control_frame_is_lost() -> None:
    keys = Bench("midi_notes")
    run = [message for note in range(100) for message in ((0x90, note, 127), (0x80, note, 0))]
    assert keys.send(*run) == {"note": 99, "force": 1, "touch": 0, "held": (0, 100)}
    voices = Bench("midi_voices")
    fed = voices.send(*run)
    assert sum(value[1] for value in fed.values() if isinstance(value, tuple)) == 100
    assert all(value[0] == 0 for value in fed.values() if isinstance(value, tuple))


def test_channel_and_range_choose_what_is_heard() -> None:
    keys = Bench("midi_notes", channel="3", lowest=50, highest=60)
    assert keys.send((0x90, 55, 1), (0x92, 49, 1), (0x92, 61, 1)) == {
        "note": 60,
        "force": 0,
        "touch": 0,
        "held": (0, 0),
    }
    assert keys.send((0x92, 50, 127)) == {"note": 50, "force": 1, "held": (1, 1)}


def test_sustain_and_the_controllers_that_end_notes() -> None:
    keys = Bench("midi_notes")
    keys.send((0x90, 60, 127), (0xB0, 64, 127))
    assert keys.send((0x80, 60, 0)) == {}
    assert keys.send((0xB0, 64, 0)) == {"held": (0, 0)}
    keys.send((0x90, 60, 127), (0xB0, 64, 127), (0x80, 60, 0))
    assert keys.send((0xB0, 123, 0)) == {"held": (0, 0)}
    keys.send((0x90, 60, 127), (0xB0, 64, 127), (0x80, 60, 0))
    assert keys.send((0xB0, 121, 0)) == {"held": (0, 0)}  # all controllers at rest: the pedal too
    keys.send((0x90, 60, 127))
    assert keys.send((0xB0, 122, 0), (0xB1, 123, 0)) == {}


def test_pressure_of_the_keyboard_and_of_the_key_that_sounds() -> None:
    keys = Bench("midi_notes")
    keys.send((0x90, 60, 127), (0x90, 64, 127))
    assert keys.send((0xD0, 127)) == {"touch": 1}
    assert keys.send((0xA0, 64, 0)) == {"touch": 0}
    assert keys.send((0xA0, 60, 127)) == {}  # it does not sound


def test_voices_have_notes_of_their_own() -> None:
    voices = Bench("midi_voices", voices=2)
    assert voices.send((0x90, 60, 127), (0x90, 64, 127)) == {
        "note1": 60, "force1": 1, "held1": (1, 1),
        "note2": 64, "force2": 1, "held2": (1, 1),
    }  # fmt: skip
    assert voices.send((0x90, 67, 127)) == {"note1": 67, "force1": 1, "held1": (1, 1)}
    assert voices.send((0x80, 60, 0)) == {}  # it gave way
    assert voices.send((0x80, 67, 0), (0x80, 64, 0)) == {"held1": (0, 0), "held2": (0, 0)}


def test_a_device_that_is_gone_leaves_no_note_hanging() -> None:
    for type, ports in (("midi_notes", {"held": (0, 0)}), ("midi_voices", {"held1": (0, 0)})):
        keys = Bench(type)
        keys.send((0x90, 60, 127))
        assert keys.lose(2) == {}
        assert keys.lose(1) == ports
    wheel = Bench("midi_bend")
    wheel.send((0xE0, 127, 127))
    assert wheel.lose() == {"wheel": 0}


def test_a_controller_of_7_bits_and_one_of_14() -> None:
    knob = Bench("midi_cc", number=7)
    assert knob.send((0xB0, 7, 1), (0xB0, 7, 127)) == {"position": 1}
    assert knob.send((0xB0, 8, 1)) == {}
    wide = Bench("midi_cc", number=7, width="14 bit", channel="1")
    assert wide.send((0xB0, 7, 64), (0xB0, 39, 0)) == {"position": 8192 / 16383}
    assert wide.send((0xB0, 7, 127)) == {}  # its fine half comes
    assert wide.send((0xB0, 39, 127)) == {"position": 1}
    assert wide.send((0xB1, 7, 0), (0xB1, 39, 0)) == {}


def test_a_tap_within_a_control_frame_is_a_press_and_then_a_release() -> None:
    pedal = Bench("midi_cc", number=64)
    assert pedal.send((0xB0, 64, 127), (0xB0, 64, 0)) == {"position": 1}
    assert pedal.later == {"position": 0}
    pedal = Bench("midi_cc", number=64)
    pedal.send((0xB0, 64, 127), (0xB0, 64, 0))
    pedal.frame -= 1  # again in the same frame: the press comes after the release
    assert pedal.send((0xB0, 64, 127)) == {}
    assert pedal.later == {"position": 1}


def test_a_relative_controller_and_one_that_picks_up() -> None:
    turned = Bench("midi_cc", number=1, mode="relative")
    assert turned.send((0xB0, 1, 63), (0xB0, 1, 1)) == {"position": 64 / 127}
    assert turned.send((0xB0, 1, 127)) == {"position": 63 / 127}
    assert turned.send((0xB0, 1, 64), (0xB0, 1, 64)) == {"position": 0}
    picked = Bench("midi_cc", number=1, mode="pickup")
    assert picked.send((0xB0, 1, 0)) == {}
    assert picked.send((0xB0, 1, 100)) == {"position": 100 / 127}
    assert picked.send((0xB0, 1, 10), device=2) == {}  # another one has to come there first
    assert picked.send((0xB0, 1, 110), device=2) == {"position": 110 / 127}
    assert picked.send((0xB0, 1, 90)) == {}
    assert picked.send((0xB0, 1, 127)) == {"position": 1}  # it passed the place of the other on its way


def test_bend_and_pressure() -> None:
    assert Bench("midi_bend").send((0xE0, 0, 0)) == {"wheel": -1}
    assert Bench("midi_bend").send((0xE0, 0, 64)) == {"wheel": 0}
    assert Bench("midi_bend").send((0xE0, 127, 127)) == {"wheel": 1}
    assert Bench("midi_pressure").send((0xD0, 127), (0xA0, 60, 1)) == {"touch": 1}
    keys = Bench("midi_pressure", of="keys")
    assert keys.send((0xA0, 60, 127), (0xA0, 61, 0), (0xD0, 3)) == {"touch": 1}
    assert keys.send((0x80, 60, 0)) == {"touch": 0}


def test_nodes_that_an_edit_leaves_alone_keep_what_they_hold() -> None:
    keys = Bench("midi_notes")
    keys.send((0x90, 60, 127))
    (listener,) = keys.listeners._given.values()
    keys.listeners.follow(
        {"n": Listener(listener.type, dict(listener.settings), ()), "m": Listener("midi_bend", {}, ())}
    )
    assert keys.send((0x80, 60, 0)) == {"held": (0, 0)}
    keys.send((0x90, 60, 127))
    keys.listeners.follow({"n": Listener(listener.type, {**listener.settings, "channel": "2"}, ())})
    feeds = Feeds()
    keys.listeners.let_go(7, feeds)
    assert feeds.take() == [("n", "held", (0, 0), 7)]  # no note hangs
    assert keys.send((0x81, 60, 0)) == {"note": 60, "force": 0, "touch": 0, "held": (0, 0)}
