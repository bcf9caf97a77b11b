"""`focus: auto` in a live performance whose forwards take time by the frame: quick after a touch, whole when quiet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from demon_patch.engine.ring.focus import before
from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.performance.reach import QUIET_SECONDS, WITHIN_SECONDS
from demon_patch.runtime.performance.touches import alike
from tests.support.timed_live import DEPTH, PER_FRAME, SONG, WHOLE_SECONDS, Timed, document
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import generated, likeness, square

QUIET_FRAMES = round(QUIET_SECONDS * SPEC.frame_rate)


def settled(focus: str = "auto", **values: Any) -> Timed:
    """A performance that has run for a while, and nobody has touched it."""
    live = Timed(document(focus=focus, **values))
    live.until(QUIET_FRAMES)
    assert live.made == {SONG}
    return live


def test_nobody_touches_it_and_it_is_song() -> None:
    auto, song = settled("auto"), settled("song")
    for live in (auto, song):
        live.until(400)
    assert auto.performer.trace.completions == song.performer.trace.completions
    np.testing.assert_array_equal(auto.latents(), song.latents())


def test_a_touch_makes_what_is_in_flight_short_and_quiet_makes_it_whole_again() -> None:
    live = settled()
    live.change(strength=0.3)
    reach, began = live.performer.admission.reach, live.now
    assert reach is not None
    assert live.made == {reach.quick}
    assert reach.quick < SONG / 10
    while live.now < began + QUIET_FRAMES - 5:
        live.step()
        assert live.made <= {*reach.lengths[:3]}
    while live.made != {SONG}:
        live.step()
    assert live.now < began + QUIET_FRAMES + 2 * WHOLE_SECONDS * SPEC.frame_rate
    assert live.starved == 0


def test_a_request_is_heard_within_what_auto_promises() -> None:
    seconds = {}
    for focus in ("song", "auto"):
        live = settled(focus)
        live.put(document(focus=focus, seed=99))
        moved = live.now
        while not any(take.values["seed"] == 99 for take in live.performer.queued):
            live.step()
        heard = min(take.heard_at for take in live.performer.queued if take.values["seed"] == 99)
        seconds[focus] = (heard - moved) / SPEC.frame_rate
    assert seconds["song"] > WHOLE_SECONDS
    rows = 2 * PER_FRAME * SONG  # that were begun
    lead = (live.performer.lead + 1) / SPEC.frame_rate
    assert seconds["auto"] < rows + WITHIN_SECONDS * (1 + 1 / DEPTH) + lead


def test_every_frame_after_a_touch_is_made_with_it_although_stretches_are_short() -> None:
    live = settled()
    sides = [generated(live.performer, strength=0.8, seed=seed) for seed in (42, 99)]
    live.put(document(seed=99))
    moved = live.now
    live.until(moved + 300)
    which = likeness(live.latents(), sides)
    first = moved + int(np.flatnonzero(which[moved:] == 1)[0])
    assert (which[first:] == 1).all()
    assert (first - moved) / SPEC.frame_rate < WHOLE_SECONDS / 2
    assert live.starved == 0


def test_what_is_in_flight_ends_soon_after_a_touch() -> None:
    """The controls of class `step` are heard by what is in flight, so it is not thrown away."""
    live = settled()
    done = live.performer.trace.completions
    slots = live.performer.ring.slots
    began = live.speaker.time
    live.change(strength=0.3)
    while live.performer.trace.completions < done + DEPTH:
        live.step()
    assert not set(slots) & set(live.performer.ring.slots)
    assert live.speaker.time - began < 2 * PER_FRAME * SONG + WITHIN_SECONDS * 1.5


def test_the_first_touch_takes_the_place_of_the_latest_generation() -> None:
    live = settled()
    ring = live.performer.ring
    while ring.slots[-1].step != 1:
        live.step()
    before = ring.slots
    live.put(document(seed=99))
    live.step()
    assert ring.slots[:-1] == tuple(slot for slot in before[:-1] if slot.remaining)
    latest = ring.slots[-1]
    assert (latest.request.controls.whole("seed"), latest.admitted) == (99, ring.tick_index - 1)
    for seed in (5, 6, 7):  # while something is touched, nothing is thrown away any more
        kept = ring.slots
        live.put(document(seed=seed))
        live.step()
        assert all(slot in ring.slots or slot.remaining == 0 for slot in kept)
    assert live.starved == 0


def test_words_that_come_while_rows_are_made_do_not_stop_the_generations() -> None:
    live = settled()
    live.during = lambda: live.post(lambda: None)
    done, began = live.performer.trace.completions, live.speaker.time
    while live.speaker.time < began + 4 * WHOLE_SECONDS:
        live.step()
    assert live.made == {SONG}
    assert live.performer.trace.completions - done >= 2 * DEPTH


@pytest.mark.parametrize("change", [{"seed": 8}, {"structure": 0.4}, {"shift": 4.0}, {"steps": 6}, {"strength": 0.7}])
def test_all_that_a_generation_is_asked_for_can_be_touched(change: dict[str, Any]) -> None:
    live = settled()
    live.change(**change)
    assert max(live.made) < SONG


def test_other_words_are_a_touch_and_a_moved_node_and_a_gain_are_not() -> None:
    live = settled()
    live.put(document({"words": Node("prompt", values={"text": "warm"}, at=(30.0, 4.0))}))
    live.put(document({"decoder": Node("decoder", values={"gain": -15.0})}))
    live.ticks(2)
    assert live.made == {SONG}
    live.put(document({"words": Node("prompt", values={"text": "cold"})}))
    live.ticks(2)
    assert max(live.made) < SONG


@pytest.mark.parametrize("port", ["strength", "source_blend", "seed"])
def test_a_devices_knob_is_a_touch_if_it_moves_what_is_made(port: str) -> None:
    """It glides: what it moves is still on its way when nothing more is sent."""
    nodes = {"cc": Node("midi_cc", values={}), "blend": Node("source_blend")}
    to = "blend" if port == "source_blend" else "scheduler"
    live = Timed(document(nodes, [Cable("cc", "value", to, port, mode="add", depth=-0.1)]))
    live.until(QUIET_FRAMES)
    assert live.made == {SONG}
    live.post(lambda: live.performer.feed("cc", "position", 0.6))
    live.ticks(3)
    assert max(live.made) < SONG
    live.until(live.now + QUIET_FRAMES)
    while live.made != {SONG}:
        live.step()


def test_a_devices_knob_that_moves_only_the_gain_is_no_touch() -> None:
    live = Timed(document({"cc": Node("midi_cc")}, [Cable("cc", "value", "decoder", "gain", mode="add", depth=-0.1)]))
    live.until(QUIET_FRAMES)
    live.post(lambda: live.performer.feed("cc", "position", 0.6))
    live.ticks(3)
    assert live.made == {SONG}


def test_what_is_forecast_is_no_touch() -> None:
    nodes, cables = square(0.4, "scheduler", "strength", cycles_per_beat=0.0625)
    live = Timed(document(nodes, cables, strength=0.5))
    while live.now < 700:
        live.step()
        assert live.made == {SONG}


def test_a_seek_within_a_whole_song_is_no_touch_and_in_a_half_made_one_is() -> None:
    live = settled()
    live.post(lambda: live.seek(700))
    live.ticks(2)
    assert live.made == {SONG}
    live.change(strength=0.3)
    live.until(live.now + QUIET_FRAMES // 2)
    live.post(lambda: live.seek(100))
    live.step()
    sought = live.now
    sides = [generated(live.performer, strength=x) for x in (0.8, 0.3)]
    live.until(sought + QUIET_FRAMES - 5)
    assert max(live.made) < SONG
    live.until(sought + 2 * QUIET_FRAMES)
    at = live.performer.transport.positions(sought, 2 * QUIET_FRAMES)
    heard = live.latents()[sought : sought + len(at)]
    distance = np.stack([np.abs(heard - side.numpy()[at[: len(heard)]]).max(axis=1) for side in sides])
    made = distance.argmin(axis=0)
    late = int(np.flatnonzero(made == 0)[-1]) if (made == 0).any() else 0
    assert late / SPEC.frame_rate < 2 * WITHIN_SECONDS + live.performer.lead / SPEC.frame_rate
    assert live.starved == 0


def test_a_loop_that_fits_is_made_all_at_once() -> None:
    live = settled()
    live.post(lambda: live.loop(400, 430))
    live.post(lambda: live.seek(400))
    live.change(strength=0.3)
    live.until(live.now + QUIET_FRAMES // 2)
    for slot in live.performer.ring.slots:
        request = slot.request
        assert request.frames < SONG
        assert request.start + before(SPEC) <= 400
        assert request.start + request.frames >= 430


def test_the_first_generation_is_whole_although_something_was_touched() -> None:
    live = Timed(document())
    live.ticks(2)
    live.put(document(strength=0.3))
    live.step()
    while not live.begun:
        live.step()
        if not live.performer.trace.completions:
            assert live.made == {SONG}
    live.ticks(2)
    assert max(live.made) < SONG


def test_what_a_clip_keeps_does_not_make_it_another_one() -> None:
    session = Session(toy_family())
    clip, same, other = (session.compose("toy", seconds=2, seed=seed) for seed in (3, 3, 4))
    assert alike(clip, same)
    session.request(session.prompt("warm"), clip, structure=0.5)  # keeps its context in the clip
    assert alike(clip, same)
    assert alike([clip], [replace(same)])
    assert not alike(clip, other)
