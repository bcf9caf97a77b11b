"""Live playing in heard time, by a virtual clock: what is patched at a moment is heard at that moment."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.arrays import Samples
from demon_patch.engine.sound.window import Window
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.graph.compile import Geometry, compile
from tests.support.toy_family import SPEC
from tests.support.virtual_live import VirtualLive
from tests.support.virtual_stage import BAR, QUIET, generated, likeness, patch, square

PACES = [(1, 0.011), (1, 0.037), (4, 0.037), (8, 0.037)]
PACES += [pytest.param(depth, 0.011, marks=pytest.mark.slow) for depth in (4, 8)]
"""Depths, and seconds of a row: two lengths of tick, neither a whole number of frames."""


@pytest.mark.parametrize(("depth", "row"), PACES)
def test_a_strength_step_is_heard_on_the_beat(depth: int, row: float) -> None:
    nodes, cables = square(0.4, "scheduler", "strength", cycles_per_beat=0.0625)
    live = VirtualLive(patch(nodes, cables, strength=0.5, depth=depth), row * 4 / depth)
    live.until(700)
    heard, sides = live.latents(), [generated(live.performer, strength=x) for x in (0.9, 0.1)]
    which = likeness(heard, sides)
    edges = np.flatnonzero(np.diff((np.arange(len(heard)) // (2 * BAR)) % 2)) + 1
    found = np.flatnonzero(np.diff(which)) + 1
    assert len(found) == len(edges)
    assert np.abs(found - edges).max() <= 1
    assert live.starved == 0


def test_an_edge_that_a_slow_spell_makes_late_is_counted() -> None:
    """Every few edges a row takes three times as long for a while, as beside another program."""
    nodes, cables = square(0.4, "scheduler", "strength", cycles_per_beat=0.0625)
    live = VirtualLive(patch(nodes, cables, strength=0.5, depth=4), 0.02)
    while live.now < 1100:
        live.row = 0.06 if live.now % (6 * BAR) > 5 * BAR else 0.02
        live.step()
    heard, sides = live.latents(), [generated(live.performer, strength=x) for x in (0.9, 0.1)]
    which = likeness(heard, sides)
    edges = np.flatnonzero(np.diff((np.arange(len(heard)) // (2 * BAR)) % 2)) + 1
    found = np.flatnonzero(np.diff(which)) + 1
    away = np.array([np.abs(found - edge).min() for edge in edges])
    trace = live.performer.trace
    assert np.count_nonzero(away > 1) <= trace.late + trace.missed
    assert trace.late > 0


@pytest.mark.parametrize(("depth", "row"), PACES)
def test_a_per_frame_control_is_heard_in_its_frame(depth: int, row: float) -> None:
    nodes, cables = square(0.5, "blend", "source_blend")
    nodes["blend"] = Node("source_blend", values={"source_blend": 0.5})
    live = VirtualLive(patch(nodes, cables, strength=1.0, depth=depth), row * 4 / depth)
    live.until(600)
    heard, source = live.latents(), live.performer.source.latent.numpy()
    from_source = np.abs(heard - source[np.arange(len(heard)) % len(source)]).max(axis=1) < 1e-4
    expected = (np.arange(len(heard)) // BAR) % 2 == 1
    edges = np.flatnonzero(np.diff(expected))
    wrong = np.flatnonzero(from_source != expected)
    assert all(np.abs(edges - at).min() <= 1 for at in wrong)


def test_the_song_is_heard_along_its_route_through_seeks_and_loops() -> None:
    live = VirtualLive(patch({}, [], strength=0.6, depth=4), 0.02)
    live.until(130)
    live.seek(20)
    live.until(180)
    live.loop(40, 120)
    live.until(420)
    live.seek(150, beats=4)
    live.until(520)
    live.loop(0, 200)
    live.until(800)
    transport, heard = live.performer.transport, live.latents()
    assert transport.loop == (0, 200)
    song = generated(live.performer, strength=0.6).numpy()
    near = np.abs(heard[:, None] - song[None]).max(axis=2)
    where = near.argmin(axis=1)
    clean = near.min(axis=1) < 1e-4
    assert clean.mean() > 0.98  # all but the frames that a jump fades through
    k, at = np.flatnonzero(clean), where[clean]
    jumps = np.flatnonzero((np.diff(at) - np.diff(k)) % 200)
    runs = [(int(k[i]) + 1, int(at[i]) + 1, int(at[i + 1]) + int(k[i]) + 1 - int(k[i + 1])) for i in jumps]
    assert [to for _, _, to in runs[:5]] == [20, 39, 39, 39, 150]
    assert [end for _, end, _ in runs[1:4]] == [119, 119, 119]  # the region's seam, of which 119 and 40 fade
    assert runs[4][0] == 450  # on the bar
    assert live.starved == 0


def test_a_loop_plays_its_controls_in_the_transports_time() -> None:
    nodes, cables = square(0.5, "blend", "source_blend")
    nodes["blend"] = Node("source_blend", values={"source_blend": 0.5})
    live = VirtualLive(patch(nodes, cables, strength=1.0, depth=4), 0.02)
    live.until(100)
    live.loop(60, 145)
    live.until(900)
    heard, source = live.latents(), live.performer.source.latent.numpy()
    at = np.array([live.performer.transport.song_frame(k) for k in range(len(heard))])
    from_source = np.abs(heard - source[at]).max(axis=1) < 1e-4
    expected = (np.arange(len(heard)) // BAR) % 2 == 1
    edges = np.flatnonzero(np.diff(expected))
    wrong = [k for k in np.flatnonzero(from_source != expected) if at[k] not in (60, 144)]  # the seam
    assert all(np.abs(edges - k).min() <= 1 for k in wrong)


def test_a_loop_shorter_than_what_is_decoded_ahead_is_refused_by_name() -> None:
    live = VirtualLive(patch({}, [], strength=0.6), 0.02)
    live.until(20)
    with pytest.raises(DemonError, match=r"loop: a loop from 1 to 1.4 s"):
        live.loop(25, 35)
    with pytest.raises(DemonError, match="loop"):
        live.loop(25, 2000)


def test_a_change_of_tempo_moves_the_beats_that_are_still_to_come() -> None:
    nodes, cables = square(0.5, "blend", "source_blend")
    nodes["blend"] = Node("source_blend", values={"source_blend": 0.5})
    live = VirtualLive(patch(nodes, cables, strength=1.0, depth=4), 0.02)
    live.until(170)
    live.tempo(90.0, beats=4)
    live.until(700)
    heard, source = live.latents(), live.performer.source.latent.numpy()
    frames = np.arange(len(heard))
    from_source = np.abs(heard - source[frames % 200]).max(axis=1) < 1e-4
    change = 200
    beat = np.where(frames < change, frames / 12.5, 16 + (frames - change) * 90 / 1500)
    expected = (beat // 4) % 2 == 1
    edges = np.flatnonzero(np.diff(expected))
    assert all(np.abs(edges - k).min() <= 1 for k in np.flatnonzero(from_source != expected))


def test_a_host_that_hangs_is_heard_as_the_last_pass_and_counted() -> None:
    live = VirtualLive(patch({}, [], strength=0.6), 0.02)
    live.until(260)
    live.speaker.pass_time(3.0)
    live.until(500)
    song = generated(live.performer, strength=0.6).numpy()
    heard = live.latents()
    np.testing.assert_allclose(heard[1:], song[np.arange(1, len(heard)) % 200], atol=1e-4)  # it fades in over 10 ms
    assert 40 < live.starved < 80


@pytest.mark.parametrize("frame", [1, 12, 40, 90, 130])
def test_a_host_that_hangs_on_the_first_pass_is_no_silence(frame: int) -> None:
    live = VirtualLive(patch({}, [], strength=0.6), 0.02)
    live.until(frame)
    live.speaker.pass_time(3.0)
    live.until(200)
    song = generated(live.performer, strength=0.6).numpy()
    heard = live.latents()
    np.testing.assert_allclose(heard[1:200], song[np.arange(1, 200)], atol=1e-4)


def test_while_the_timeline_stands_changes_are_made_and_the_music_goes_on_where_it_stood() -> None:
    live = VirtualLive(patch({}, [], strength=0.6), 0.02)
    live.until(120)
    live.play(False)
    stood = live.now
    made = []
    live.post(lambda: made.append(live.now))
    live.step()
    live.speaker.pass_time(2.0)
    assert made == [stood] == [live.now]
    live.play(True)
    live.until(300)
    song = generated(live.performer, strength=0.6).numpy()
    heard = live.latents()
    np.testing.assert_allclose(heard[1:], song[np.arange(1, len(heard)) % 200], atol=1e-4)  # it fades in over 10 ms


def test_sound_that_is_being_decoded_does_not_count_as_laid(monkeypatch: pytest.MonkeyPatch) -> None:
    live = VirtualLive(patch({}, [], strength=0.6), 0.02)
    live.until(260)
    assert not live.is_behind
    seen: list[bool] = []
    sound = live.performer.sound

    def decoded(window: Window) -> Samples:
        seen.append(live.is_behind)
        return sound(window)

    monkeypatch.setattr(live.performer, "sound", decoded)
    left = live.performer.planner.next_start - live.now - live.performer.lead * 0.4
    live.speaker.pass_time(left / SPEC.frame_rate - live.row)
    live.serve()
    assert seen[0]
    assert not live.is_behind, "all is laid"


def test_the_lead_follows_what_waiting_and_decoding_take() -> None:
    slow, fast = (VirtualLive(patch({}, [], strength=0.6, depth=4), row) for row in (0.12, 0.004))
    for live in (slow, fast):
        live.until(450)
        assert live.starved == 0
    assert fast.performer.lead < 8 < slow.performer.lead + 4
    assert fast.performer.lead < slow.performer.lead


def test_what_is_read_ahead_of_the_loudspeaker_is_part_of_the_lead() -> None:
    live = VirtualLive(patch({}, [], strength=0.6, depth=4), 0.01, ahead=100)
    live.until(450)
    assert live.performer.lead > 7
    assert live.starved == 0


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_a_quantised_edit_lands_on_its_bar(depth: int) -> None:
    def document(strength: float, blend: float) -> Patch:
        nodes = {"blend": Node("source_blend", values={"source_blend": blend})}
        return patch(nodes, [], strength=strength, depth=depth)

    live = VirtualLive(document(0.9, 1.0), 0.08 / depth)
    live.until(130)
    old = live.performer.queued[-1].latent.numpy()
    after = document(0.3, 0.6)
    geometry = Geometry.of_family(live.performer.spec, live.performer.source.frames)
    live.swap(compile(after, CATALOGUE, geometry), live.performer.soundings.now.parts, beats=4)
    assert live.performer.soundings.next is not None
    landing = live.performer.soundings.next[0]
    assert landing % BAR == 0
    live.until(landing + 300)
    assert live.performer.soundings.next is None
    heard = live.latents()
    at = np.arange(len(heard)) % 200
    is_old = np.abs(heard - old[at]).max(axis=1) < 1e-4
    assert is_old[1 : landing - 1].all()
    assert not is_old[landing + 1 :].any()
    last = live.performer.queued[-1].latent.numpy()
    np.testing.assert_allclose(heard[landing + 1 :], last[at[landing + 1 :]], atol=1e-4)


def test_phases_go_on_through_a_quantised_edit_and_it_can_be_taken_back() -> None:
    nodes, cables = square(0.4, "scheduler", "structure", cycles_per_beat=0.3)
    before = patch(nodes, cables, strength=0.9, structure=0.5)
    live, untouched = (VirtualLive(before, 0.02) for _ in range(2))
    live.until(110)
    geometry = Geometry.of_family(live.performer.spec, live.performer.source.frames)
    edited = compile(patch(nodes, cables, strength=0.3, structure=0.5), CATALOGUE, geometry)
    parts = live.performer.soundings.now.parts
    live.swap(edited, parts, beats=16)
    live.swap(compile(before, CATALOGUE, geometry), parts)  # before it landed
    assert live.performer.soundings.next is None
    live.swap(edited, parts, beats=4)
    live.until(500)
    untouched.until(500)
    structure = [one.performer.curve("structure", 480) for one in (live, untouched)]
    np.testing.assert_allclose(*structure, atol=1e-12)
    assert set(np.round(live.performer.curve("strength", 480), 3)) == {0.9, 0.3}


@pytest.mark.parametrize("depth", [1, 4, pytest.param(8, marks=pytest.mark.slow)])
def test_edges_stay_on_the_beat_through_loops_and_seeks(depth: int) -> None:
    nodes, cables = square(0.4, "scheduler", "strength", cycles_per_beat=0.0625)
    live = VirtualLive(patch(nodes, cables, strength=0.5, depth=depth), 0.1 / depth)
    live.until(330)
    live.loop(30, 170)
    live.until(620)
    live.seek(5)
    live.until(1100)
    heard, sides = live.latents(), [generated(live.performer, strength=x) for x in (0.9, 0.1)]
    at = live.performer.transport.positions(0, len(heard))
    at[:331] = np.arange(331) % 200
    distance = np.stack([np.abs(heard - side.numpy()[at]).max(axis=1) for side in sides])
    clear = distance.min(axis=0) < 1e-3  # not a frame of a join
    which = distance.argmin(axis=0)
    expected = (np.arange(len(heard)) // (2 * BAR)) % 2
    wrong = np.flatnonzero(clear & (which != expected))
    edges = np.flatnonzero(np.diff(expected)) + 1
    away = np.array([np.abs(edges - k).min() for k in wrong])
    assert clear[350:].mean() > 0.9
    assert (away <= 1).all(), (wrong, live.performer.trace.late)


@pytest.mark.parametrize(("depth", "ticks"), [(1, 8), (4, 2), (8, 1)])
def test_a_turned_knob_of_class_step_is_heard_within_its_forwards(depth: int, ticks: int) -> None:
    def document(blend: float) -> Patch:
        nodes = {
            "blend": Node("source_blend", values={"source_blend": blend}),
            "decoder": Node("decoder", values={"gain": QUIET, "preview": 0.0}),
        }
        return patch(nodes, [], strength=1.0, depth=depth)

    live = VirtualLive(document(1.0), 0.08 / depth)
    geometry = Geometry.of_family(live.performer.spec, live.performer.source.frames)
    live.until(150)
    old = live.performer.queued[-1].latent.numpy()
    turned, pace, lead = live.now, live.performer.tick_frames, live.performer.lead
    live.swap(compile(document(0.2), CATALOGUE, geometry), live.performer.soundings.now.parts)
    live.until(turned + 200)
    heard = live.latents()[: turned + 200]
    other = np.abs(heard - old[np.arange(len(heard)) % 200]).max(axis=1) > 1e-3
    first = int(np.flatnonzero(other[1:])[0]) + 1
    assert turned < first <= turned + np.ceil(ticks * pace) + lead + live.performer.window_frames + 2


@pytest.mark.parametrize("seed", range(4))
def test_edits_at_any_moment_starve_nothing(seed: int) -> None:
    """Also where generations are late, and where the next one is heard later than a window that is decoded again."""

    def document(strength: float) -> Patch:
        decoder = Node("decoder", values={"gain": QUIET, "window": 0.8, "preview": float(seed % 2)})
        return patch({"decoder": decoder}, [], strength=strength, depth=1, steps=2)

    random = np.random.default_rng(seed)
    live = VirtualLive(document(0.5), 0.012, ahead=60)
    geometry = Geometry.of_family(live.performer.spec, live.performer.source.frames)
    live.until(100)
    for strength in random.uniform(0.1, 1.0, 60):
        live.swap(compile(document(strength), CATALOGUE, geometry), live.performer.soundings.now.parts)
        live.until(live.now + int(random.integers(1, 30)))
    assert live.starved == 0
