"""Takeover, curves and relative codings, as arithmetic."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.errors import PatchError
from demon_patch.nodes.language.ports import Port
from demon_patch.nodes.language.taper import denorm, norm
from demon_patch.patch.model.dashboard import Coding, Controller, ControlMapping, Takeover
from demon_patch.runtime.devices.mapping.curve import Way, bent, number, position, straightened
from demon_patch.runtime.devices.mapping.relative import steps
from demon_patch.runtime.devices.mapping.takeover import Hold

FLAT = Port("x", "value", 0.0, 0.0, 1.0)
RATE = Port("rate", "value", 1.0, 0.01, 100.0, "log")
COUNT = Port("n", "value", 1, 1.0, 5.0, "int")
KIND = Port("kind", "option", "b", choices=("a", "b", "c", "d"))
CC = Controller("cc", number=7)


def followed(kind: Takeover, knob: float, *places: float) -> list[float | None]:
    """Where a knob goes that nobody else moves."""
    hold, found, written = Hold(kind), [], None
    for place in places:
        to = hold.moved(place, knob, knob == written, place == knob)
        if to is not None:
            knob = written = to
        found.append(to)
    return found


def test_jump_has_the_knob_at_once() -> None:
    assert followed("jump", 0.8, 0.1, 0.2) == [0.1, 0.2]


def test_pickup_waits_until_it_passes_and_follows_from_then_on() -> None:
    assert followed("pickup", 0.5, 0.1, 0.3, 0.7, 0.2) == [None, None, 0.7, 0.2]
    assert followed("pickup", 0.5, 0.9, 0.6, 0.5, 0.9) == [None, None, 0.5, 0.9]
    assert followed("pickup", 0.5, 0.505, 0.6) == [0.505, 0.6]  # it stands there already
    assert followed("pickup", 0.0, 1.0, 0.02, 0.0) == [None, None, 0.0]


def test_pickup_waits_again_when_another_hand_moved_the_knob() -> None:
    hold = Hold("pickup")
    assert hold.moved(0.5, 0.5, False, True) == 0.5
    assert hold.moved(0.6, 0.5, True, False) == 0.6
    assert hold.moved(0.7, 0.1, False, False) is None  # a snapshot put it to 0.1
    assert hold.moved(0.2, 0.1, False, False) is None
    assert hold.moved(0.05, 0.1, False, False) == 0.05


def test_scaled_meets_at_the_ends() -> None:
    first, half, top, back = followed("scaled", 0.2, 0.6, 0.8, 1.0, 0.5)
    assert first is None
    assert half == pytest.approx(0.6)  # half of what is left
    assert top == pytest.approx(1.0)
    assert back == 0.5
    assert followed("scaled", 0.8, 0.4, 0.2)[1] == pytest.approx(0.4)


@given(st.floats(0, 1), st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_scaled_never_leaves_the_way_and_moves_with_the_hand(knob: float, places: list[float]) -> None:
    at, last = knob, None
    for place, to in zip(places, followed("scaled", knob, *places), strict=True):
        if to is not None:
            assert -1e-9 <= to <= 1 + 1e-9
            if last is not None and place != last and abs(to - place) > 0.02:
                assert (to - at) * (place - last) >= -1e-9
            at = to
        last = place


@pytest.mark.parametrize(
    ("coding", "values"),
    [
        ("twos", {1: 1, 63: 63, 127: -1, 126: -2, 64: -64, 0: 0}),
        ("offset", {65: 1, 64: 0, 63: -1, 0: -64, 127: 63}),
        ("sign", {1: 1, 63: 63, 65: -1, 127: -63, 64: 0, 0: 0}),
    ],
)
def test_three_codings_of_steps(coding: Coding, values: dict[int, int]) -> None:
    assert {value: steps(value, coding) for value in values} == values


@given(st.floats(0, 1), st.floats(-1, 1))
def test_a_bend_goes_from_end_to_end_and_back(x: float, curve: float) -> None:
    assert (bent(0, curve), bent(1, curve)) == (0, 1)
    assert straightened(bent(x, curve), curve) == pytest.approx(x, abs=1e-6) or bent(x, curve) < 1e-200


def way(port: Port = FLAT, base: object = 0.5, **fields: object) -> Way:
    mapping = ControlMapping(CC, "a", port.name, **fields)  # type: ignore[arg-type]
    return Way.of(mapping, port, (port.lo, port.hi), base)  # type: ignore[arg-type]


def test_a_way_is_straight_on_the_knob() -> None:
    assert way(RATE).value(0.5) == pytest.approx(1.0)
    assert way(RATE).place(1.0) == pytest.approx(0.5)
    assert way(lo=0.2, hi=0.6).value(0.25) == pytest.approx(0.3)
    assert way(lo=0.9, hi=0.1).value(0.0) == pytest.approx(0.9)
    assert way(lo=0.9, hi=0.1).place(0.1) == pytest.approx(1.0)
    assert way(lo=0.2, hi=0.6).place(0.9) == 1.0  # outside: the nearer end
    assert way(curve=0.5).value(0.5) == pytest.approx(0.25)
    assert way(curve=-0.5).value(0.25) == pytest.approx(0.5)


@given(st.floats(0, 1), st.sampled_from([FLAT, RATE, COUNT]))
def test_positions_are_those_of_the_tapers(x: float, port: Port) -> None:
    there = float(denorm(x, port.lo, port.hi, port.taper))
    assert number(x, port) == pytest.approx(there, rel=1e-12)
    assert position(there, port) == pytest.approx(float(norm(there, port.lo, port.hi, port.taper)), abs=1e-12)


def test_the_middle_of_a_centred_way_is_the_base() -> None:
    centred = way(base=0.2, centred=True, lo=0.1, hi=0.9)
    assert [centred.value(x) for x in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([0.1, 0.15, 0.2, 0.55, 0.9])
    assert [centred.place(v) for v in (0.1, 0.15, 0.2, 0.55, 0.9)] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    turned = way(base=0.2, centred=True, lo=0.9, hi=0.1)
    assert [turned.value(x) for x in (0.0, 0.5, 1.0)] == pytest.approx([0.9, 0.2, 0.1])
    assert [turned.place(v) for v in (0.9, 0.2, 0.1)] == pytest.approx([0, 0.5, 1])


def test_whole_numbers_and_choices() -> None:
    assert [way(COUNT, 1).value(x / 8) for x in range(9)] == [1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [way(KIND, "a").value(x) for x in (0, 0.24, 0.25, 0.5, 0.75, 1)] == ["a", "a", "b", "c", "d", "d"]
    assert [way(KIND, "a", lo=2, hi=1).value(x) for x in (0, 0.49, 0.5, 1)] == ["c", "c", "b", "b"]
    for port in (COUNT, KIND):
        for value in port.choices or (1.0, 2.0, 3.0, 4.0, 5.0):
            place = way(port, value).place(value)
            assert place is not None
            assert way(port, value).value(place) == value


@given(st.floats(0, 1), st.floats(-1, 1), st.booleans(), st.floats(0, 1), st.floats(0, 1))
def test_a_way_leads_back(x: float, curve: float, centred: bool, lo: float, hi: float) -> None:
    made = way(base=(lo + hi) / 2, curve=curve, centred=centred, lo=lo, hi=hi)
    value = made.value(x)
    assert isinstance(value, float)
    place = made.place(value)
    assert place is not None
    assert made.value(place) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(
    "port",
    [Port("p", "prompt"), Port("t", "text", ""), Port("i", "value", 0.0, -math.inf, math.inf)],
)
def test_what_a_controller_cannot_turn_is_said(port: Port) -> None:
    with pytest.raises(PatchError, match="give the mapping lo and hi"):
        way(port)


def test_ends_outside_of_the_range_are_said() -> None:
    with pytest.raises(PatchError, match="out of range"):
        way(lo=-1.0)
