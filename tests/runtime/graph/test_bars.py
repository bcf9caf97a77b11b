"""Bars after changes of the metre: a new one begins a bar, for frames, grids, nodes and the song."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.edit.grid import Grid
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from tests.support.beats import frame_of_beat
from tests.support.effort import examples
from tests.support.node_bench import BENCH, playable
from tests.support.nodes_by_hand import played

BAR = Grid("bar")
PLAIN = Transport(25.0, 120.0, 4, 600)  # 12.5 frames a beat


def frame(beat: float, transport: Transport = PLAIN) -> int:
    """The control frame in which a beat falls."""
    return int(np.ceil(frame_of_beat(transport, beat) - 1e-6))


def grid_beats(transport: Transport, k: int, grid: Grid | float, count: int) -> list[float]:
    """The beats of the next lines of a grid, to the nearest half."""
    found: list[float] = []
    for _ in range(count):
        k = transport.next_grid(k, grid)
        found.append(round(2 * (float(transport.frame(k).beat) - 0.2 * float(transport.frame(k).dbeat))) / 2)
        k += 1
    return found


def test_a_new_metre_begins_a_bar() -> None:
    changed = PLAIN.at_metre(frame(16), 3)
    assert grid_beats(changed, frame(13), BAR, 4) == [16, 19, 22, 25]
    assert grid_beats(changed, frame(0), BAR, 6) == [0, 4, 8, 12, 16, 19]
    assert grid_beats(changed, frame(16), Grid("bar", 2), 3) == [16, 22, 28]
    assert grid_beats(changed, frame(17), Grid("bar", 4), 2) == [28, 40]  # bars 8 and 12
    assert grid_beats(changed, frame(17), 3.0, 2) == [19, 22]  # beats count from the metre's begin
    assert [float(changed.frame(frame(b)).bar) for b in (12, 16, 19, 22)] == pytest.approx([3, 4, 5, 6], abs=0.03)
    assert (changed.metre(frame(18)).beats, changed.beats_per_bar) == (3, 3)


def test_beat_position_begins_a_bar_with_the_metre() -> None:
    changed = PLAIN.at_metre(frame(8), 3)
    rows = played(CATALOGUE["beat_position"], frame(18), changed)
    beat, bar, on_bar = rows[0], rows[1], rows[-1]
    assert np.flatnonzero(on_bar).tolist() == [frame(b) for b in (0, 4, 8, 11, 14, 17)]
    assert on_bar.max() == 1
    assert bar[[frame(b) for b in (7.9, 8, 11, 14)]].tolist() == [1, 2, 3, 4]
    assert beat[[frame(b) for b in (4, 8, 10, 11)]] == pytest.approx([0, 0, 2, 0], abs=0.081)


def test_within_a_bar_the_next_beat_begins_one() -> None:
    changed = PLAIN.at_metre(frame(9.3), 3)
    assert grid_beats(changed, frame(5), BAR, 5) == [8, 10, 13, 16, 19]
    assert changed.metre(frame(9.5)).beats == 4
    on_bar = played(CATALOGUE["beat_position"], frame(15), changed)[-1]
    assert np.flatnonzero(on_bar).tolist() == [frame(b) for b in (0, 4, 8, 10, 13)]
    on_a_beat = PLAIN.at_metre(frame(9), 3)
    assert grid_beats(on_a_beat, frame(5), BAR, 3) == [8, 9, 12]


def test_taken_back_before_its_bar_nothing_has_changed() -> None:
    undone = PLAIN.at_metre(frame(9.3), 3).at_metre(frame(9.6), 4)
    assert grid_beats(undone, frame(5), BAR, 4) == [8, 12, 16, 20]
    later = PLAIN.at_metre(frame(8), 3).at_metre(frame(14), 4)
    assert grid_beats(later, frame(5), BAR, 6) == [8, 11, 14, 18, 22, 26]


def test_the_same_metre_again_is_no_change() -> None:
    assert PLAIN.at_metre(frame(8), 4) == PLAIN
    assert PLAIN.at_metre(frame(9), 4) == PLAIN


@pytest.mark.parametrize("bpm", [97.0, 126.0, 173.3])
def test_a_line_within_a_frame_belongs_to_it(bpm: float) -> None:
    plain = Transport(25.0, bpm, 4, 600)
    landing = plain.next_grid(frame(13, plain), BAR)
    changed = plain.at_metre(landing, 3)
    assert changed.metre(landing).beat == 16.0
    assert changed.next_grid(landing, BAR) == landing == frame(16, plain)
    assert [changed.next_grid(frame(b, plain) + 1, BAR) for b in (16, 19)] == [frame(19, plain), frame(22, plain)]


def test_bars_go_on_through_changes_of_the_tempo() -> None:
    changed = PLAIN.at_metre(frame(8), 3).at_tempo(frame(9), 60.0)
    assert changed.frame(frame(9) + 49).bar == pytest.approx(3.0)  # at 9.04 it turns to 25 frames a beat
    assert changed.next_grid(frame(8) + 1, BAR) == frame(9) + 49
    slow = PLAIN.at_tempo(frame(6), 60.0)
    assert slow.next_grid(frame(5), BAR) == frame(6) + 50  # beat 8


def test_a_song_that_is_followed_has_the_metre_of_its_place() -> None:
    song = Transport(25.0, 120.0, 4, 600, follow=True)  # 48 beats
    changed = song.at_metre(frame(16), 3)
    assert grid_beats(changed, frame(14), BAR, 3) == [16, 19, 22]
    assert grid_beats(changed, 600 + frame(1), BAR, 5) == [4, 8, 12, 16, 19]  # the next pass
    back = changed.sought(frame(20), 25)  # beat 2
    assert grid_beats(back, frame(20), BAR, 4) == [4, 8, 12, 16]
    assert back.metre(frame(20)).beats == 4
    looped = changed.looped(frame(17), frame(16), frame(22))
    assert grid_beats(looped, frame(17), BAR, 4) == [19, 16, 19, 16]
    assert grid_beats(changed, frame(46.5), BAR, 2) == [0, 4]  # 46 + 3 lies beyond the end
    late = song.at_metre(frame(47.5), 3)
    assert late.metre(frame(47.7)).beats == 4
    assert grid_beats(late, frame(47.5), BAR, 3) == [0, 3, 6]


def test_following_and_not_each_have_their_bars_in_the_metre_that_was_set() -> None:
    changed = PLAIN.at_metre(frame(17), 3)
    on = replace(changed, follow=True)
    assert grid_beats(on, frame(20), BAR, 3) == [21, 24, 27]
    assert grid_beats(changed, frame(18), BAR, 2) == [20, 23]
    followed = replace(PLAIN, follow=True).at_metre(frame(16), 5)
    off = replace(followed, follow=False)
    assert grid_beats(off, frame(17), BAR, 2) == [21, 26]


def test_what_is_trimmed_is_equal_from_there_on() -> None:
    for follow in (False, True):
        changed = replace(PLAIN, follow=follow).at_metre(frame(8), 3).at_metre(frame(15.5), 5).at_metre(frame(21), 2)
        for k in (0, frame(9), frame(16), frame(30)):
            assert [changed.frame(k + i) for i in range(800)] == [changed.trimmed(k).frame(k + i) for i in range(800)]


def test_bar_lines_lie_between_frames() -> None:
    changed = PLAIN.at_metre(frame(8), 3)
    assert changed.bar_lines(0, 250) == pytest.approx([0, 50, 100, 137.5, 175, 212.5])
    followed = replace(PLAIN, follow=True).at_metre(100, 3).looped(0, 100, 175)
    assert followed.bar_lines(0, 330) == pytest.approx([0, 50, 100, 137.5, 175, 212.5, 250, 287.5, 325])


# -- against a list of lines ------------------------------------------------------------------------------------
@dataclass
class Lines:
    """Bar lines one by one, as a person counts them."""

    beats: int
    begun: list[int] = field(default_factory=lambda: [0])  # the lines so far, of all beats before `now`
    now: int = 0

    def count(self, to: int) -> None:
        while self.begun[-1] + self.beats <= to:
            self.begun.append(self.begun[-1] + self.beats)
        self.now = to

    def change(self, beat: int, beats: int) -> None:
        self.count(beat)
        if beats != self.beats and self.begun[-1] != beat:
            self.begun.append(beat)
        self.beats = beats


@settings(deadline=None, max_examples=examples(60))
@given(
    st.lists(st.tuples(st.integers(1, 13), st.integers(1, 7)), min_size=1, max_size=6),
    st.sampled_from([120.0, 97.3, 174.0]),
    st.integers(1, 4),
    st.booleans(),
)
def test_random_changes_of_the_metre(changes: list[tuple[int, int]], bpm: float, count: int, tempo: bool) -> None:
    lines, transport, beat = Lines(4), Transport(25.0, bpm, 4, 600), 0
    for ahead, beats in changes:
        beat += ahead
        k = frame(beat, transport)
        if beats != lines.beats:
            transport = transport.at_metre(k, beats)
        lines.change(beat, beats)
        if tempo:
            transport = transport.at_tempo(k, 60.0 + 13 * ahead)
    lines.count(beat + 40)
    end = frame(beat + 40, transport)
    frames = [frame(line, transport) for line in lines.begun]
    rows = played(CATALOGUE["beat_position"], end, transport)
    assert np.flatnonzero(rows[-1]).tolist() == [k for k in frames if k < end]
    assert rows[1].tolist() == [sum(line <= k for line in frames) - 1 for k in range(end)]
    found = [transport.next_grid(k, Grid("bar", count)) for k in range(0, end, 7)]
    every = [k for number, k in enumerate(frames) if number % count == 0]
    assert all(at == min((k for k in every if k >= 7 * i), default=at) for i, at in enumerate(found))
    exact = [frame_of_beat(transport, line) for line in lines.begun]
    assert transport.bar_lines(0, end) == pytest.approx([k for k in exact if k < end - 1e-6], abs=1e-5)
    many = [transport.frames(k, transport.steady(k, 60)) for k in range(0, end, 60)]
    for each in many:
        for i, k in enumerate(each.k):
            one = transport.frame(int(k))
            assert all(np.asarray(a).flat[min(i, np.size(a) - 1)] == b for a, b in zip(each, one, strict=True))


def test_the_forecast_of_bar_nodes_is_what_comes() -> None:
    nodes = {"b": Node("probe"), "pos": Node("beat_position"), "song": Node("song_position")}
    cables = [Cable("pos", "bar_phase", "b", "x0"), Cable("pos", "beat", "b", "x1"), Cable("song", "bar", "b", "x2"),
              Cable("pos", "on_bar", "b", "g0")]  # fmt: skip
    for follow in (False, True):
        transport = replace(PLAIN, follow=follow).at_metre(frame(5), 3).at_metre(frame(17.4), 7)
        program = compile(playable(nodes, tuple(cables)), BENCH, Geometry(25, 600))
        forecast = Forecast(program, transport)
        sinks = range(len(program.engine_ports))
        said = np.array([forecast.span(sink, 0, 900) for sink in sinks])
        forecast.advance(900)
        came = np.array([forecast.span(sink, 0, 900) for sink in sinks])
        assert np.abs(said - came).max() <= 1e-9
        assert np.ptp(came[program.engine_port("b", "x2")]) > 3
