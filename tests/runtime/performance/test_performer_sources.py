"""Clips beside the source, and finished generations fed back into it, on the exact toy family."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.performance.admission import held_controls
from demon_patch.runtime.performance.feedback import Drift, Feedback, drifted
from demon_patch.runtime.performance.prepare import perform
from demon_patch.runtime.performance.resources import fitted
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import generated, patch, play, played


def test_feedback_mixes_the_generation_finished_so_many_taps_ago_into_the_source() -> None:
    history = Feedback()
    source = torch.zeros(6, 2)
    assert history.mixed(source, 0.5, 1) is None
    latents = [torch.full((6, 2), float(n)) for n in range(1, 11)]
    for latent in latents[:2]:
        history.add(latent)
    for tap, expected in ((1, 1.0), (2, 0.5), (8, 0.5)):  # a tap that is not there yet is the oldest
        mixed = history.mixed(source, 0.5, tap)
        assert mixed is not None
        assert torch.equal(mixed, torch.full((6, 2), expected))
    for latent in latents[2:]:
        history.add(latent)
    oldest = history.mixed(source, 1.0, 8)
    assert oldest is not None
    assert torch.equal(oldest, latents[2])
    assert history.mixed(source, 0.0, 1) is None


def test_a_patch_with_feedback_covers_what_it_played() -> None:
    performer = perform(patch({}, [], strength=0.6, depth=1, feedback=0.5), Session(toy_family()))
    finished: list[torch.Tensor] = []
    while len(finished) < 3:
        play(performer)
        if len(performer.trace.as_admitted) > len(finished):
            finished.append(performer.queued[-1].latent)
    made = [generated(performer, strength=0.6)]
    for _ in range(2):
        fed = torch.lerp(performer.source.latent, made[-1], 0.5)
        made.append(generated(performer, strength=0.6, source_latent=fed))
    for latent, expected in zip(finished, made, strict=True):
        torch.testing.assert_close(latent, expected, atol=1e-5, rtol=0)
    assert (made[1] - made[0]).abs().max() > 0.01


def test_the_drift_is_the_sum_of_keys_a_bar_over_the_bars_passed() -> None:
    nodes = {"lfo": Node("lfo", values={"rate": 0.5, "sync": "lock"})}
    cables = [Cable("lfo", "out", "scheduler", "structure", mode="add", depth=0.5)]
    program = compile(patch(nodes, cables, structure=0.5), CATALOGUE, Geometry.of_family(SPEC))
    transport = Transport(25, 120, 4, 200)
    forecast = Forecast(program, transport)
    sink = program.engine_port("scheduler", "structure")
    drift = Drift()
    speeds = Forecast(program, transport).span(sink, 0, 400)
    for now in (0, 10, 37, 200):
        forecast.advance(now)
        for frame in (now, now + 1, now + 60, now + 150):
            found = drift.position_at(now, frame, lambda lo, hi: drifted(forecast, sink, lo, hi))
            assert found == pytest.approx(speeds[:frame].sum() / 50, abs=1e-9)
    assert Drift().position_at(0, -5, lambda lo, hi: drifted(forecast, sink, lo, hi)) == 0.0


def test_a_structure_source_is_followed_in_place_of_the_source() -> None:
    nodes = {"other": Node("composed_source", 2, values={"style": "other", "seconds": 12.0, "seed": 8})}
    wire = Cable("other", "source", "scheduler", "structure_source")
    performer, heard = played(patch(nodes, [wire], strength=1.0), 10.0)
    clip = fitted(performer.session.compose("other", seconds=12.0, seed=8), performer.source.frames, 16)
    expected = generated(performer, strength=1.0, structure_source=clip).numpy()
    np.testing.assert_allclose(heard, expected[np.arange(len(heard)) % len(expected)], atol=1e-5)
    assert np.abs(expected - generated(performer, strength=1.0).numpy()).max() > 0.1


def test_a_structure_source_of_another_length_is_refused() -> None:
    session = Session(toy_family())
    source, other = session.compose("a", seconds=8.0), session.compose("b", seconds=12.0)
    with pytest.raises(DemonError, match=r"structure_source: a clip of 300 frames beside a source of 200"):
        session.request(session.prompt("warm"), source, structure_source=other)


def test_a_drifting_seed_is_heard_where_the_drift_has_brought_it() -> None:
    performer = perform(patch({}, [], strength=1.0, depth=1, noise_drift=1.0), Session(toy_family()))
    finished: list[torch.Tensor] = []
    while len(finished) < 3:
        play(performer)
        if len(performer.trace.as_admitted) > len(finished):
            finished.append(performer.queued[-1].latent)
    for (heard_at, _), latent in zip(performer.trace.as_admitted, finished, strict=True):
        expected = generated(performer, strength=1.0, noise_position=heard_at / 50)
        torch.testing.assert_close(latent, expected, atol=1e-4, rtol=0)
    assert (finished[2] - finished[0]).abs().max() > 0.1


def test_a_drift_that_is_to_change_on_the_bar_drifts_as_before_until_then() -> None:
    made = [patch({}, [], strength=1.0, depth=1, noise_drift=drift) for drift in (0.5, 4.0)]
    performer = perform(made[0], Session(toy_family()))
    play(performer, 12)
    at = performer.next_free_frame + 30
    performer.swap(perform(made[1], Session(toy_family())).program, at=at)
    positions: list[tuple[int, float]] = []
    while performer.now < at + 100:
        play(performer)
        for slot in performer.ring.slots:
            positions.append((held_controls(slot).heard_at, slot.request.noise_position))
    for heard_at, position in positions:
        expected = (min(heard_at, at) * 0.5 + max(heard_at - at, 0) * 4.0) / 50
        assert position == pytest.approx(expected, abs=1e-9), (heard_at, at)
    assert {heard_at < at for heard_at, _ in positions} == {True, False}


@pytest.mark.parametrize("strength", [0.3, 0.5, 0.9])
def test_proportional_steps_are_heard_when_they_were_meant_to_be(strength: float) -> None:
    performer, heard = played(patch({}, [], strength=strength, steps_mode="proportional"), 10.0)
    expected = generated(performer, strength=strength, steps_mode="proportional").numpy()
    np.testing.assert_allclose(heard, expected[np.arange(len(heard)) % len(expected)], atol=1e-5)
    assert performer.trace.late == 0


def test_a_moving_number_of_steps_keeps_its_appointments() -> None:
    nodes = {"lfo": Node("lfo", values={"rate": 0.25})}
    cables = [Cable("lfo", "out", "scheduler", "strength", mode="add", depth=0.4)]
    performer, heard = played(patch(nodes, cables, strength=0.5, steps_mode="proportional"), 16.0)
    assert len(heard) == 400
    assert performer.trace.late <= len(performer.trace.as_admitted) // 4


@pytest.mark.parametrize("focus", ["8 s", "20 s"])
def test_a_focused_song_sounds_as_the_whole_one(focus: str) -> None:
    long = {"source": Node("composed_source", 2, values={"style": "toy", "seconds": 24.0, "seed": 3})}
    performer, heard = played(patch(long, [], strength=0.6, focus=focus), 50.0)
    expected = generated(performer, strength=0.6).numpy()
    np.testing.assert_allclose(heard, expected[np.arange(len(heard)) % len(expected)], atol=1e-5)
    assert performer.trace.late == 0
    whole = perform(patch(long, [], strength=0.6), Session(toy_family()))
    assert performer.tick_frames < whole.tick_frames or focus == "20 s"


def test_feedback_of_a_stretch_is_the_song_with_that_stretch_in_it() -> None:
    long = {"source": Node("composed_source", 2, values={"style": "toy", "seconds": 24.0, "seed": 3})}
    performer = perform(patch(long, [], strength=0.6, depth=1, focus="8 s", feedback=0.5), Session(toy_family()))
    while not performer.trace.as_admitted:
        play(performer)
    first = performer.queued[-1].latent
    assert not (first == performer.source.latent).all(dim=1).any()  # the first is whole: the raw source is never heard
    while len(performer.trace.as_admitted) < 2:
        play(performer)
    changed = (performer.queued[-1].latent != first).any(dim=1)
    assert 200 - 2 * performer.spec.border == int(changed.sum())
