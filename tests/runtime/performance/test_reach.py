"""How much of the song is made, by a clock that a test winds: costs in, stretches out; then in a live performance."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.engine.contracts import FamilySpec
from demon_patch.engine.families.nano.spec import SPEC as NANO
from demon_patch.engine.ring.focus import before
from demon_patch.runtime.performance.reach import QUIET_SECONDS, WITHIN_SECONDS, Reach, after, ladder
from tests.support.toy_family import SPEC

STEPS, DEPTH = 8, 4
QUIET = round(QUIET_SECONDS * NANO.frame_rate)


def measured(per_frame: float, song: int = 1500, lanes: int = 1) -> Reach:
    """The reach in a song of which whole generations were made, at so many seconds a frame."""
    reach = Reach(NANO, song, lanes)
    for _ in range(4):
        reach.note_tick(per_frame * song * DEPTH / lanes, [song] * DEPTH)
    reach.choose_length(0, STEPS, DEPTH)
    return reach


@given(st.sampled_from([NANO, SPEC, replace(SPEC, quantum=6, border=5)]), st.integers(1, 400))
def test_lengths_grow_by_half_octaves_to_the_song_and_can_be_played(spec: FamilySpec, units: int) -> None:
    song = units * spec.quantum
    lengths = ladder(spec, song)
    assert lengths[-1] == song
    assert list(lengths) == sorted(set(lengths))
    for length in lengths[:-1]:
        assert length % spec.quantum == 0
        assert length >= max(spec.min_frames, before(spec) + after(spec))
    assert all(b <= a * 2**0.5 + spec.quantum for a, b in pairwise(lengths))


def test_what_nobody_has_touched_is_made_whole() -> None:
    for seconds in (1e-6, 1e-2):
        assert measured(seconds).is_whole


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("frames", [200, 330, 700, 1200])
def test_after_a_touch_a_generation_is_made_in_time(frames: int, lanes: int) -> None:
    """`frames` would take exactly as long as there is."""
    per_frame = WITHIN_SECONDS / STEPS / (DEPTH / lanes) / frames
    reach = measured(per_frame, lanes=lanes)
    reach.note_touch(10)
    reach.choose_length(10, STEPS, DEPTH)
    assert frames / 2**0.5 / 1.12 < reach.length <= frames
    assert reach.length == reach.quick
    whole = measured(WITHIN_SECONDS / STEPS / (DEPTH / lanes) / 1500 / 1.2, lanes=lanes)
    whole.note_touch(10)
    whole.choose_length(10, STEPS, DEPTH)
    assert whole.is_whole


@pytest.mark.parametrize(("steps", "depth", "rows"), [(16, 4, 1), (8, 8, 1), (8, 4, 2)])
def test_more_steps_generations_or_forwards_leave_less_of_the_song(steps: int, depth: int, rows: int) -> None:
    reach = measured(WITHIN_SECONDS / STEPS / DEPTH / 801)
    reach.note_touch(10)
    reach.choose_length(10, STEPS, DEPTH)
    assert reach.length == 800
    reach.choose_length(10, steps, depth, rows)
    assert reach.length == 400


def test_a_slow_machine_makes_the_least_that_the_family_plays() -> None:
    reach = measured(1.0)
    reach.note_touch(10)
    reach.choose_length(10, STEPS, DEPTH)
    assert reach.length == NANO.min_frames


def test_stretches_double_with_each_generation_once_it_is_quiet() -> None:
    reach = measured(1e-4)
    reach.note_touch(100)
    made: list[tuple[int, int]] = []
    for now in range(100, 100 + QUIET + 60, 10):
        reach.choose_length(now, STEPS, DEPTH)
        made.append((now, reach.length))
        reach.note_admission(now)
    assert {length for now, length in made if now < 100 + QUIET} == {200}
    assert [length for now, length in made if now >= 100 + QUIET][:5] == [200, 400, 800, 1500, 1500]
    reach.note_touch(made[-1][0])
    assert reach.length == 200


def test_what_long_stretches_took_is_only_a_guess_of_short_ones() -> None:
    """Half of a short tick is not the forward's: once it is measured, it counts for itself."""
    reach = measured(WITHIN_SECONDS / STEPS / DEPTH / 400)
    reach.note_touch(10)
    reach.choose_length(10, STEPS, DEPTH)
    assert reach.length == 400
    for _ in range(3):
        reach.note_tick(2 * WITHIN_SECONDS / STEPS, [400] * DEPTH)
    reach.choose_length(20, STEPS, DEPTH)
    assert reach.length == 200
    for _ in range(3):
        reach.note_tick(WITHIN_SECONDS / STEPS / 1.01, [200] * DEPTH)
    for now in range(30, 40):
        reach.choose_length(now, STEPS, DEPTH)
        assert reach.length == 200  # and it does not waver


def test_one_slow_tick_changes_nothing() -> None:
    reach = measured(1e-4 / 2)
    reach.note_tick(30.0, [1500] * DEPTH)
    reach.note_touch(10)
    reach.choose_length(10, STEPS, DEPTH)
    assert reach.length == ladder(NANO, 1500)[0]
    quiet = measured(WITHIN_SECONDS / STEPS / DEPTH / 801)
    quiet.note_tick(30.0, [1500] * DEPTH)
    quiet.note_touch(10)
    quiet.choose_length(10, STEPS, DEPTH)
    assert quiet.length == 800


def test_a_tick_of_several_lengths_is_foretold_from_what_each_took() -> None:
    reach = Reach(NANO, 1500, lanes=2)
    assert reach.seconds([200]) is None
    reach.note_tick(0.6, [1500] * 4)  # two a lane
    reach.note_tick(0.1, [200] * 4)
    reach.note_tick(9.0, [200, 1500])  # says nothing
    assert reach.seconds([1500]) == pytest.approx(0.3)
    assert reach.seconds([1500] * 3) == pytest.approx(0.6)
    assert reach.seconds([1500, 200, 200]) == pytest.approx(0.3)
    assert reach.seconds([400] * 2) == pytest.approx(0.1)  # the nearest that was measured


def test_what_only_delivers_its_source_takes_no_time() -> None:
    reach = Reach(NANO, 1500)
    reach.note_tick(0.6, [1500] * 4)
    assert reach.seconds([0, 0]) == 0.0
    assert reach.seconds([0, 1500]) == reach.seconds([1500]) == pytest.approx(0.15)
    assert reach.seconds([]) == 0.0
