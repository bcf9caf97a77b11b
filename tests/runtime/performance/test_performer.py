"""The performer on the exact toy family: what is asked for is heard, in the frame in which it was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.ring.request import Request
from demon_patch.engine.session import Session
from demon_patch.errors import PatchError, SourceError
from demon_patch.patch.edit.commands import Disconnect, apply
from demon_patch.patch.files.embed import extract
from demon_patch.patch.model.document import Cable, Node, Patch, Song
from demon_patch.runtime.performance.admission import HeldControls
from demon_patch.runtime.performance.prepare import perform, with_seed
from demon_patch.runtime.render import render, write
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import BAR, QUIET, generated, likeness, patch, played, square


def test_a_still_patch_plays_its_one_generation_from_the_first_frame() -> None:
    performer, heard = played(patch({}, [], strength=0.6, seed=5), 20.0)
    expected = generated(performer, strength=0.6, seed=5, structure=1.0).numpy()
    at = np.arange(len(heard)) % len(expected)
    np.testing.assert_allclose(heard, expected[at], atol=1e-5)
    assert performer.trace.late == performer.trace.missed == 0


def test_the_same_patch_gives_the_same_samples() -> None:
    nodes, cables = square(0.4, "scheduler", "strength")
    document = patch(nodes, cables, strength=0.5)
    np.testing.assert_array_equal(*(render(perform(document, Session(toy_family())), 6.0) for _ in range(2)))


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_a_strength_step_is_cut_on_the_beat_at_any_depth(depth: int) -> None:
    nodes, cables = square(0.4, "scheduler", "strength")
    performer, heard = played(patch(nodes, cables, strength=0.5, depth=depth), 24.0)
    sides = [generated(performer, strength=strength) for strength in (0.9, 0.1)]
    which = likeness(heard, sides)
    expected = (np.arange(len(heard)) // BAR) % 2
    edges = np.flatnonzero(np.diff(expected)) + 1
    found = np.flatnonzero(np.diff(which)) + 1
    # A join is half a frame long on either side of the edge, so the frame before it may already sound new.
    assert len(found) == len(edges)
    assert np.abs(found - edges).max() <= 1
    assert performer.trace.missed == 0


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_per_frame_source_blend_switches_in_its_frame(depth: int) -> None:
    nodes, cables = square(0.5, "blend", "source_blend")
    nodes["blend"] = Node("source_blend", values={"source_blend": 0.5})
    performer, heard = played(patch(nodes, cables, strength=1.0, depth=depth), 20.0)
    source = performer.source.latent.numpy()
    from_source = np.abs(heard - source[np.arange(len(heard)) % len(source)]).max(axis=1) < 1e-4
    np.testing.assert_array_equal(from_source, (np.arange(len(heard)) // BAR) % 2 == 1)


def test_strength_zero_plays_the_source() -> None:
    performer, heard = played(patch({}, [], strength=0.0), 10.0)
    source = performer.source.latent.numpy()
    np.testing.assert_allclose(heard, source[np.arange(len(heard)) % len(source)], atol=1e-5)


def test_a_slow_lfo_on_strength_is_followed_without_a_lag() -> None:
    """A generation takes its scalars at the middle of what is heard of it, so that steps of 12 frames are not late."""
    nodes = {"lfo": Node("lfo", values={"rate": 0.25})}
    cables = [Cable("lfo", "out", "scheduler", "strength", mode="add", depth=0.4)]
    performer, heard = played(patch(nodes, cables, strength=0.5), 24.0)
    song = np.arange(len(heard)) % 200
    source, far = performer.source.latent.numpy(), generated(performer, strength=0.9).numpy()
    distance, whole = (np.sqrt(((sound - source[song]) ** 2).mean(axis=1)) for sound in (heard, far[song]))
    share, strength = distance / whole, performer.curve("strength", len(heard))
    lags = range(-12, 13)
    alike = [np.corrcoef(strength[12:-12], np.roll(share, -lag)[12:-12])[0, 1] for lag in lags]
    assert max(alike) > 0.8
    assert abs(lags[int(np.argmax(alike))]) <= 1


@pytest.mark.parametrize("frames", [3, 8, 20])
def test_windows_follow_each_other_whatever_their_length(frames: int) -> None:
    document = patch({"decoder": Node("decoder", values={"window": frames / 25, "gain": QUIET})}, [])
    performer, heard = played(document, 10.0)
    starts = [start for start, _, _ in performer.trace.windows]
    assert starts == [0, *[stop for _, stop, _ in performer.trace.windows][:-1]]
    assert max(stop - start for start, stop, _ in performer.trace.windows) <= frames
    np.testing.assert_allclose(heard, played(patch({}, []), 10.0)[1], atol=1e-5)


def test_steps_that_move_from_the_first_generation_on_never_stop_the_sound() -> None:
    nodes = {"lfo": Node("lfo", values={"rate": 0.5, "phase": 0.75})}
    cables = [Cable("lfo", "uni", "scheduler", "steps", mode="add", depth=0.5)]
    performer, heard = played(patch(nodes, cables, steps=1), 8.0)
    assert len(heard) == 200
    assert len({int(values["steps"]) for _, values in performer.trace.as_admitted}) > 3


def test_two_edges_closer_than_a_completion_are_counted_as_missed() -> None:
    nodes, cables = square(0.4, "scheduler", "strength", cycles_per_beat=2.0)
    performer, _ = played(patch(nodes, cables, strength=0.5), 6.0)
    assert performer.trace.missed > 0


@pytest.mark.parametrize("cycles", [0.125, 0.25, 0.5])
def test_every_edge_that_no_generation_begins_on_is_missed_once_where_ticks_are_measured(
    cycles: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, cables = square(0.5, "scheduler", "structure", cycles_per_beat=cycles)
    performer = perform(patch(nodes, cables, strength=1.0, depth=2, structure=0.5), Session(toy_family()))
    edges, performer.pace = performer.soundings.edges(1, 2000), 9.0
    submit, taken = performer.ring.submit, [0]

    def noted(request: Request) -> None:
        assert isinstance(request.tag, HeldControls)
        taken.append(request.tag.edge or 0)
        submit(request)

    monkeypatch.setattr(performer.ring, "submit", noted)
    lengths = np.random.default_rng(1).choice([7, 9, 11], 180)
    for length in lengths.tolist():
        performer.begin(performer.now)
        performer.forward()
        performer.finish(performer.now + length)
    assert performer.trace.missed == len(set(edges[edges <= max(taken)].tolist()) - set(taken))


def test_the_ring_follows_a_depth_control_and_nothing_is_lost() -> None:
    values = {"shape": "square", "sync": "lock", "rate": 0.0625}
    nodes = {"lfo": Node("lfo", values=values)}
    cables = [Cable("lfo", "out", "scheduler", "depth", mode="add", depth=0.4)]
    performer, heard = played(patch(nodes, cables, depth=4), 20.0)
    assert len({float(value) for value in performer.curve("depth", 500)}) == 2
    expected = generated(performer, strength=0.7).numpy()
    np.testing.assert_allclose(heard, expected[np.arange(len(heard)) % len(expected)], atol=1e-5)


def test_gains_of_decoder_and_speaker_set_the_level() -> None:
    document = patch({"decoder": Node("decoder", values={"gain": QUIET - 6.0})}, [])
    louder = render(perform(patch({}, []), Session(toy_family())), 4.0)
    softer = render(perform(document, Session(toy_family())), 4.0)
    np.testing.assert_allclose(softer, louder * 10 ** (-6 / 20), atol=1e-5)
    quiet = patch({"speaker": Node("speaker", values={"gain": -12.0})}, [])
    np.testing.assert_allclose(render(perform(quiet, Session(toy_family())), 4.0), louder * 10 ** (-12 / 20), atol=1e-5)


def test_a_bypassed_decoder_plays_the_raw_source() -> None:
    performer, heard = played(patch({"decoder": Node("decoder", values={"gain": QUIET}, bypass=True)}, []), 10.0)
    source = performer.source.latent.numpy()
    np.testing.assert_allclose(heard, source[np.arange(len(heard)) % len(source)], atol=1e-5)


def test_recorder_nodes_write_what_is_heard(tmp_path: Path) -> None:
    nodes = {"tape": Node("recorder", values={"file": "takes/one.wav"}), "idle": Node("recorder")}
    document = patch(nodes, [Cable("decoder", "audio", "tape", "audio")])
    sound = render(perform(document, Session(toy_family()), folder=tmp_path), 4.0)
    heard, rate = soundfile.read(tmp_path / "takes" / "one.wav")
    assert rate == 48_000
    assert len(heard) == pytest.approx(4.0 * rate, abs=200)
    # The resampler takes the last of the band below the toy's 200 Hz.
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(np.sqrt(np.mean(sound**2)), rel=0.15)
    assert [path.name for path in tmp_path.iterdir()] == ["takes"]
    assert extract(tmp_path / "takes" / "one.wav") == document


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_what_is_rendered_carries_the_patch_that_it_is(tmp_path: Path, name: str) -> None:
    document = with_seed(patch({}, [], strength=0.6), 17)
    write(perform(document, Session(toy_family())), 2.0, tmp_path / name)
    assert extract(tmp_path / name) == document
    write(perform(extract(tmp_path / name), Session(toy_family())), 2.0, tmp_path / f"again.{name}")
    np.testing.assert_array_equal(*(soundfile.read(tmp_path / file)[0] for file in (name, f"again.{name}")))


def test_a_recording_stays_in_the_patchs_folder(tmp_path: Path) -> None:
    document = patch(
        {"tape": Node("recorder", values={"file": "../one.wav"})}, [Cable("decoder", "audio", "tape", "audio")]
    )
    with pytest.raises(SourceError, match="outside the patch's folder"):
        perform(document, Session(toy_family()), folder=tmp_path)


def test_without_a_wire_to_a_speaker_the_patch_is_refused() -> None:
    document = patch({}, [])
    silent = apply(Disconnect("decoder", "audio", "speaker", "audio"), document)[0]
    with pytest.raises(PatchError, match="nothing is heard"):
        perform(silent, Session(toy_family()))


def test_a_source_that_cannot_be_read_names_its_node(tmp_path: Path) -> None:
    document = patch({"source": Node("audio_source", values={"file": "gone.wav"})}, [])
    with pytest.raises(SourceError, match=r"node source: port file: there is no such file: gone\.wav"):
        perform(document, Session(toy_family()), folder=tmp_path)
    outside = patch({"source": Node("audio_source", values={"file": "../gone.wav"})}, [])
    with pytest.raises(SourceError, match=r"node source: .*outside the patch's folder"):
        perform(outside, Session(toy_family()), folder=tmp_path)


def test_without_a_tempo_of_its_own_a_patch_has_its_clips(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "clip.wav", np.zeros(22_050 * 9), 22_050)
    for given, expected in (({"bpm": 93.0, "downbeat": 0.5}, (93.0, 93.0, 0.5)), ({}, (120.0, None, 0.0))):
        document = patch({"source": Node("audio_source", values={"file": "clip.wav", **given})}, [])
        free = Patch(song=Song(), nodes=document.nodes, cables=document.cables)
        performer = perform(free, Session(toy_family()), folder=tmp_path)
        assert (performer.transport.bpm, performer.source.bpm, performer.source.downbeat) == expected


def test_a_longer_song_has_a_longer_nominal_tick() -> None:
    spec = toy_family().spec
    assert [spec.nominal_tick(4, frames) for frames in (200, 600, 601, 1500)] == [6, 6, 7, 15]


def test_the_limiter_holds_its_ceiling_and_a_longer_lead_changes_no_sample() -> None:
    loud = {"decoder": Node("decoder", values={"gain": 6.0, "limiter": -6.0})}
    sound = render(perform(patch(loud, []), Session(toy_family())), 6.0)
    assert 10 ** (-7 / 20) < np.abs(sound).max() <= 10 ** (-6 / 20) + 1e-6
    far = {"decoder": Node("decoder", values={"gain": QUIET, "lead": 1.5})}
    near = {"decoder": Node("decoder", values={"gain": QUIET, "lead": 0.1})}
    sounds = [render(perform(patch(nodes, []), Session(toy_family())), 6.0) for nodes in (far, near)]
    np.testing.assert_allclose(*sounds, atol=1e-6)
