"""The route from timeline to song position: exact, without gaps, in any unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.runtime.graph.route import MAX_LEGS, Leg, Route


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Routes as a host makes them: seeks and loops at rising places of the timeline."""
    length = draw(st.integers(1, 200))
    route = Route.of_song(length, draw(st.integers(0, length - 1)), draw(st.integers(0, 20)))
    at = route.legs[0].start
    for _ in range(draw(st.integers(0, 6))):
        at += draw(st.integers(0, 80))
        if draw(st.booleans()):
            route = route.seek(at, draw(st.integers(0, length - 1)))
        else:
            lo = draw(st.integers(0, length - 1))
            route = route.loop(at, lo, draw(st.integers(lo + 1, length)))
    return route


def walk(route: Route, until: int) -> list[int]:
    """The positions from the first leg's start on, one step at a time, by the words of `Leg`."""
    starts = {leg.start: leg for leg in route.legs}
    n = route.legs[0].start
    out: list[int] = []
    leg, position, entered = route.legs[0], 0, False
    while n < until:
        if n in starts:
            leg = starts[n]
            position, entered = leg.position, leg.position < leg.hi
        out.append(position)
        position += 1
        if position == (leg.hi if entered else route.length):
            position, entered = leg.lo, True
        n += 1
    return out


@given(routes())
def test_a_route_is_what_a_walk_along_it_gives(route: Route) -> None:
    start = route.legs[0].start
    assert route.positions(start, 700).tolist() == walk(route, start + 700)


@given(routes(), st.integers(-50, 900), st.integers(0, 300))
def test_one_by_one_and_all_at_once_are_the_same(route: Route, n0: int, n: int) -> None:
    positions = route.positions(n0, n)
    assert positions.dtype == np.int64
    assert positions.tolist() == [route.position_at(k) for k in range(n0, n0 + n)]
    assert all(0 <= position < route.length for position in positions)


@given(routes(), st.integers(1, 1280), st.integers(0, 900), st.data())
def test_finer_units_agree_at_every_frame_and_between(route: Route, factor: int, n: int, data: st.DataObject) -> None:
    fine = route.scaled(factor)
    between = data.draw(st.integers(0, factor - 1))
    assert fine.position_at(n * factor + between) == route.position_at(n) * factor + between


@given(routes(), st.integers(0, 900))
def test_trimming_changes_nothing_that_is_still_to_come(route: Route, before: int) -> None:
    trimmed = route.trimmed(before)
    assert len([leg for leg in trimmed.legs if leg.start <= before]) <= 1
    np.testing.assert_array_equal(trimmed.positions(before, 500), route.positions(before, 500))


@given(routes(), st.integers(0, 900), st.data())
def test_a_seek_lands_there_and_keeps_the_past(route: Route, at: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, route.length - 1))
    sought = route.seek(at, position)
    assert sought.position_at(at) == position
    if at > route.legs[0].start:
        np.testing.assert_array_equal(sought.positions(0, at), route.positions(0, at))


@given(routes(), st.integers(0, 900), st.data())
def test_a_loop_begins_without_a_jump_and_holds(route: Route, at: int, data: st.DataObject) -> None:
    lo = data.draw(st.integers(0, route.length - 1))
    hi = data.draw(st.integers(lo + 1, route.length))
    looped = route.loop(at, lo, hi)
    assert looped.position_at(at) == route.position_at(at)
    assert looped.jumps(at, 1) == route.jumps(at, 1)
    later = looped.positions(at + 2 * route.length, 400)
    assert lo <= later.min() <= later.max() < hi
    assert set(np.diff(later).tolist()) <= {1, lo + 1 - hi}


@given(routes())
def test_jumps_are_where_the_song_does_not_run_on(route: Route) -> None:
    start = route.legs[0].start
    for jump in route.jumps(start, 900):
        assert route.cut_at(jump).position_at(jump) != route.position_at(jump)
    for leg in route.legs[1:]:
        if leg.start not in route.jumps(start, 900):
            assert route.cut_at(leg.start).position_at(leg.start) == leg.position


def test_past_the_region_the_song_plays_to_its_end_first() -> None:
    route = Route.of_song(10).loop(0, 2, 5).seek(3, 7)
    assert route.positions(0, 12).tolist() == [0, 1, 2, 7, 8, 9, 2, 3, 4, 2, 3, 4]


@pytest.mark.parametrize(
    "legs",
    [
        (),
        tuple(Leg(k, 0, 0, 10) for k in range(MAX_LEGS + 1)),
        (Leg(0, 10, 0, 10),),
        (Leg(0, 0, 5, 5),),
        (Leg(0, 0, 0, 11),),
        (Leg(3, 0, 0, 10), Leg(3, 0, 0, 10)),
    ],
)
def test_routes_that_make_no_sense_are_refused(legs: tuple[Leg, ...]) -> None:
    with pytest.raises(ValueError, match=r"leg|song"):
        Route(10, legs)
