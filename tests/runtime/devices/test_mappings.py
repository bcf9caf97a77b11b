"""Mappings turn the knobs of a live document."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.commands import SetRange, SetValue
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Node, Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.devices.mapping.learn import Learn, LearnTarget
from demon_patch.runtime.devices.mapping.mappings import Mappings
from demon_patch.runtime.devices.midi.decode import Batch, Decoder
from demon_patch.runtime.live.document import LiveDocument

NODES = {
    "a": Node("add", values={"a": 0.0}),
    "lfo": Node("lfo", values={"rate": 1.0}),
    "s": Node("scheduler", values={"strength": 0.5}),
    "b": Node("button"),
    "keys": Node("midi_notes"),
}
CC = Controller("cc", number=7)
RATE = CATALOGUE["lfo"].by_name["rate"]


def batch(*messages: tuple[int, ...], wide: frozenset[int] = frozenset()) -> Batch:
    waiting, decoder = [(message, 0.0) for message in messages], Decoder()
    decoder.wide = wide
    return decoder.read(lambda: waiting.pop(0) if waiting else None, 0.0)


class Desk:
    """Mappings on a document; what is sent turns its knobs."""

    def __init__(self, *mappings: ControlMapping) -> None:
        named = {f"m{n}": mapping for n, mapping in enumerate(mappings)}
        self.document = LiveDocument(Patch(nodes=NODES, mappings=named))
        self.mappings = Mappings(self.document)
        self.mappings.refresh()

    def send(self, *messages: tuple[int, ...], device: str = "Keys") -> dict[tuple[str, str], Value]:
        """What messages of a control frame turn."""
        self.mappings.note_batch(device, batch(*messages, wide=self.mappings.wide))
        return self.turned()

    def turned(self) -> dict[tuple[str, str], Value]:
        turns = self.mappings.turns()
        for turn in turns:
            self.document.turn(*turn)
        assert len({turn[:2] for turn in turns}) == len(turns)
        return {(node, port): value for node, port, value in turns}

    def cc(self, *values: int, number: int = 7, device: str = "Keys") -> Value | None:
        """What one knob becomes by a controller; None if it stays."""
        turned = self.send(*((0xB0, number, value) for value in values), device=device)
        assert len(turned) <= 1
        return next(iter(turned.values()), None)


def strength(**fields: Any) -> ControlMapping:
    return ControlMapping(**{"source": CC, "node": "s", "port": "strength", **fields})


def test_a_new_mapping_waits_until_it_passes_the_knob() -> None:
    desk = Desk(strength())
    assert desk.cc(0) is None
    (knob,) = desk.mappings.knobs.values()
    assert (knob.waits, knob.place, knob.aims_at) == (True, 0.0, 0.0)
    assert desk.mappings.take_changed() == {"m0"}
    assert desk.cc(32) is None
    assert desk.cc(96) == 96 / 127
    assert not knob.waits
    assert desk.cc(10, 20, 30) == 30 / 127  # of a control frame the last one
    assert desk.cc(30) is None  # it stands there


def test_an_old_mapping_jumps() -> None:
    assert Desk(strength(version=1)).cc(0) == 0.0


def test_it_waits_again_when_a_live_value_is_released() -> None:
    desk = Desk(strength())
    desk.cc(60)
    assert desk.cc(64, 127) == 1.0
    desk.document.release()
    assert desk.cc(120) is None
    assert desk.cc(60) == 60 / 127


def test_one_controller_turns_many_knobs_each_with_its_own_hold() -> None:
    desk = Desk(
        strength(), strength(node="a", port="a", lo=0.0, hi=10.0, takeover="jump"), strength(node="lfo", port="rate")
    )
    assert desk.send((0xB0, 7, 127)) == {("a", "a"): 10.0}
    assert desk.send((0xB0, 7, 0)) == {("a", "a"): 0.0, ("s", "strength"): 0.0, ("lfo", "rate"): RATE.lo}


def test_device_and_channel_choose_what_is_heard() -> None:
    source = structs.replace(CC, device="Pads*", channel=2)
    desk = Desk(strength(source=source, takeover="jump"))
    assert desk.send((0xB1, 7, 127), device="Keys") == {}
    assert desk.send((0xB0, 7, 127), device="Pads") == {}
    assert desk.send((0xB1, 7, 127), device="pads (2)") == {("s", "strength"): 1.0}
    assert desk.mappings.missing(["Keys"]) == {"Pads*": 1}
    assert desk.mappings.missing(["Keys", "Pads"]) == {}


def test_fourteen_bits() -> None:
    desk = Desk(strength(source=structs.replace(CC, wide=True), takeover="jump"))
    assert desk.send((0xB0, 7, 64)) == {("s", "strength"): (64 << 7 | 64) / 16383}
    assert desk.send((0xB0, 39, 1)) == {("s", "strength"): (64 << 7 | 1) / 16383}
    assert desk.send((0xB0, 7, 1)) == {}
    assert desk.send((0xB0, 39, 0), (0xB0, 7, 127), (0xB0, 39, 127)) == {("s", "strength"): 1.0}


def test_one_controller_is_read_with_7_and_with_14_bits() -> None:
    wide = strength(source=structs.replace(CC, wide=True), takeover="jump")
    desk = Desk(wide, strength(node="a", port="a", lo=0.0, hi=127.0, takeover="jump"))
    assert desk.send((0xB0, 7, 64), (0xB0, 39, 127)) == {("s", "strength"): (64 << 7 | 127) / 16383, ("a", "a"): 64.0}
    assert desk.send((0xB0, 39, 3)) == {("s", "strength"): (64 << 7 | 3) / 16383}


def test_bend_pressure_and_notes() -> None:
    desk = Desk(
        strength(source=Controller("bend"), node="a", port="a", lo=-2.0, hi=2.0),
        strength(source=Controller("pressure"), takeover="jump"),
    )
    assert desk.send((0xE0, 0, 64)) == {}  # it rests where the knob stands
    assert desk.send((0xE0, 127, 127), (0xD0, 0)) == {("a", "a"): 2.0, ("s", "strength"): 0.0}
    assert desk.send((0xE0, 0, 0)) == {("a", "a"): -2.0}
    struck = Desk(strength(source=Controller("note", number=60)))
    assert struck.send((0x90, 60, 127)) == {("s", "strength"): 1.0}
    assert struck.send((0x80, 60, 64)) == {("s", "strength"): 0.0}
    assert struck.send((0x90, 61, 64)) == {}


def test_endless_knobs_in_three_codings() -> None:
    for coding, up, down in (("twos", 1, 127), ("offset", 65, 63), ("sign", 1, 65)):
        desk = Desk(strength(source=structs.replace(CC, coding=coding), mode="relative"))
        turned = desk.cc(up, up)
        assert isinstance(turned, float)
        assert abs(turned - (0.5 + 2 / 127)) < 1e-12
        assert abs(float(desk.cc(down) or 0) - (0.5 + 1 / 127)) < 1e-12  # type: ignore[arg-type]
        assert desk.cc(*[down] * 200) == 0.0
        assert desk.cc(*[up] * 200) == 1.0


def test_an_endless_knob_steps_through_whole_numbers_and_choices() -> None:
    desk = Desk(strength(port="steps", mode="relative"))
    desk.document.turn("s", "steps", 4.0)
    assert [desk.cc(1), desk.cc(1), desk.cc(127)] == [5.0, 6.0, 5.0]
    desk = Desk(strength(node="keys", port="priority", mode="relative"))
    assert [desk.cc(1), desk.cc(1), desk.cc(127), desk.cc(127, 127)] == ["low", "high", "low", "last"]


def test_soft_takeover_of_whole_numbers_and_choices() -> None:
    desk = Desk(strength(node="keys", port="priority"))  # of four: last
    assert desk.cc(127) is None
    assert desk.cc(64) is None
    assert desk.cc(10) is None  # the knob is there
    assert desk.cc(127) == "first"
    desk = Desk(strength(port="steps", lo=1.0, hi=9.0))
    desk.document.turn("s", "steps", 5.0)
    assert desk.cc(0) is None
    assert desk.cc(60) is None  # that is 5 too
    assert desk.cc(0) == 1.0


def test_toggle_and_momentary() -> None:
    desk = Desk(strength(node="b", port="pressed", mode="toggle"))
    assert [desk.cc(127), desk.cc(0), desk.cc(127), desk.cc(0)] == [1.0, None, 0.0, None]
    assert desk.cc(127, 0, 127, 0) is None  # twice
    assert desk.cc(127, 0, 127, 0, 127) == 1.0
    desk = Desk(strength(mode="momentary", lo=0.2, hi=0.9))
    assert [desk.cc(127), desk.cc(0)] == [0.9, 0.2]
    desk = Desk(strength(source=Controller("note", number=1), node="b", port="pressed", mode="momentary"))
    assert desk.send((0x90, 1, 1)) == {("b", "pressed"): 1.0}
    assert desk.send((0x90, 1, 0)) == {("b", "pressed"): 0.0}


def test_a_toggle_follows_what_others_did_with_the_knob() -> None:
    desk = Desk(strength(mode="toggle", lo=0.0, hi=1.0))
    desk.document.turn("s", "strength", 1.0)
    assert desk.cc(127) == 0.0


def test_the_way_follows_the_document() -> None:
    desk = Desk(strength(takeover="jump"), strength(node="a", port="a", lo=0.0, hi=1.0, centred=True, takeover="jump"))
    assert desk.send((0xB0, 7, 127))["s", "strength"] == 1.0
    desk.document.do(SetRange("s", "strength", 0.2, 0.6))
    desk.document.do(SetValue("a", "a", 0.25))
    desk.mappings.refresh()
    desk.document.release()
    assert desk.send((0xB0, 7, 0)) == {("s", "strength"): 0.2, ("a", "a"): 0.0}
    assert desk.send((0xB0, 7, 127)) == {("s", "strength"): 0.6, ("a", "a"): 1.0}


def test_what_cannot_be_turned_says_why_and_the_others_play() -> None:
    desk = Desk(strength(port="source"), strength(node="a", port="a"), strength(takeover="jump"))
    assert desk.cc(127) == 1.0
    problems = [knob.problem for knob in desk.mappings.knobs.values()]
    assert ["cannot turn" in problems[0], "has no ends" in problems[1], problems[2]] == [True, True, ""]


def test_osc_and_keys() -> None:
    desk = Desk(strength(source=Controller("osc", address="/fader"), takeover="jump"))
    desk.mappings.note_place("osc", "/fader", 0.25)
    desk.mappings.note_place("osc", "/other", 0.5)
    assert desk.turned() == {("s", "strength"): 0.25}
    desk = Desk(strength(source=Controller("key", address="space"), mode="toggle", node="b", port="pressed"))
    for down in (1.0, 0.0):
        desk.mappings.note_place("key", "space", down)
    assert desk.turned() == {("b", "pressed"): 1.0}


# -- learning ---------------------------------------------------------------------------------------------------
def learned(*batches: tuple[str, Batch], patch: Patch | None = None, **target: Any) -> ControlMapping | None:
    """The mapping that is learned from what comes in successive control frames."""
    learn = Learn()
    learn.arm(LearnTarget("s", "strength", "me", **target))
    document = patch or Patch(nodes=NODES)
    for device, sent in (*batches, ("", Batch()), ("", Batch()), ("", Batch())):
        learn.offer(device, sent)
        if (found := learn.learned(document)) is not None:
            assert learn.target is None
            return found[1].mapping
    return None


def test_the_first_controller_that_moves_is_learned() -> None:
    found = learned(("Keys", batch((0xB1, 7, 10))), ("Keys", batch((0xB1, 7, 11))), ("Keys", batch((0xB1, 7, 15))))
    assert found == ControlMapping(Controller("cc", "Keys", 2, 7), "s", "strength")
    assert found is not None
    assert found.takes_over == "pickup"
    assert learned(("Keys", batch((0xB0, 7, 10))), ("Keys", batch((0xB0, 7, 11)))) is None  # it trembles
    pad = learned(("Pads (2)", batch((0x99, 36, 1))))
    assert pad is not None
    assert pad.source == Controller("note", "Pads (2)", 10, 36)


def test_a_controller_of_14_bits_is_recognised() -> None:
    found = learned(("K", batch((0xB0, 7, 10), (0xB0, 39, 5))), ("K", batch((0xB0, 7, 20), (0xB0, 39, 9))))
    assert found is not None
    assert found.source == Controller("cc", "K", 1, 7, wide=True)
    read_as_wide = frozenset({7})  # for a mapping that is there
    again = learned(*(("K", batch((0xB0, 7, n), (0xB0, 39, 5), wide=read_as_wide)) for n in (10, 20)))
    assert again == found
    narrow = learned(("K", batch((0xB0, 7, 10))), ("K", batch((0xB0, 7, 90))))
    assert narrow is not None
    assert not narrow.source.wide


def test_what_is_learned_takes_the_place_and_the_form_of_what_was_there() -> None:
    old = strength(lo=0.2, hi=0.4, curve=0.5, takeover="scaled")
    patch = Patch(nodes=NODES, mappings={"m": old})
    note = ("K", batch((0x90, 1, 1)))
    assert learned(note, patch=patch) == structs.replace(old, source=Controller("note", "K", 1, 1))
    first = structs.replace(old, version=1, takeover=None)
    relearned = learned(note, patch=Patch(nodes=NODES, mappings={"m": first}))
    assert relearned is not None
    assert relearned.takes_over == "jump"  # a mapping keeps its version
    high = learned(("K", batch((0xB0, 119, 10))), ("K", batch((0xB0, 119, 90), (0xB0, 7, 1))))
    assert high is not None
    assert high.source.number == 119
    fresh = ControlMapping(Controller("note", "K", 1, 1), "s", "strength")
    assert learned(note, patch=patch, add=True) == fresh
    form = strength(mode="relative", source=structs.replace(CC, coding="sign"))
    endless = learned(("K", batch((0xB0, 9, 65))), mapping=form)
    assert endless == strength(mode="relative", source=Controller("cc", "K", 1, 9, coding="sign"))
