"""nano2 plays what nano plays: in stereo at 48 kHz, from a score as well as from structure hints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from demon_patch.engine.contracts import Family, Source
from demon_patch.engine.families import layers_of, load_family, nano2, spec_of, weights_bytes
from demon_patch.engine.families.nano.compose import first_score
from demon_patch.engine.families.nano.score import score_hints
from demon_patch.engine.families.nano.sound_tags import ABSENT, FIRST, SLOTS
from demon_patch.engine.families.nano2.denoiser import SHAPE, denoiser
from demon_patch.engine.families.nano2.spec import HINTS, HINTS_WEIGHT, KNOWN, KNOWN_MASK, SCORE, SCORE_WEIGHT, SPEC
from demon_patch.engine.prompt_contracts import ReadsSong, Repaints
from demon_patch.engine.score import Notes
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError, WeightsError
from demon_patch.offline import render
from demon_patch.runtime.performance.resources import fitted
from tests.support import random_nano2
from tests.support.paths import PATCHES


@pytest.fixture(scope="module")
def family() -> Family:
    return random_nano2.loaded()


@pytest.fixture(scope="module")
def session(family: Family) -> Session:
    return Session(family)


@pytest.fixture(scope="module")
def clip(session: Session) -> Source:
    return session.compose("house in a minor, 120 bpm", seconds=8, seed=3)


@pytest.fixture(scope="module")
def stereo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tone of 220 Hz on the left and of 330 Hz on the right, with a stroke every half second."""
    path = tmp_path_factory.mktemp("sound") / "two tones.wav"
    time = np.arange(9 * 44100) / 44100
    strokes = np.exp(-(time % 0.5) * 12)[:, None]
    tones = np.sin(2 * np.pi * time[:, None] * np.array([220.0, 330.0]))
    soundfile.write(path, 0.3 * tones * strokes, 44100)
    return path


def test_its_geometry_is_that_of_what_it_was_trained_on() -> None:
    spec = spec_of("nano2")
    assert (spec.sample_rate, spec.channels, spec.latent_channels, spec.context_channels) == (48000, 2, 64, 248)
    assert (spec.min_frames, spec.max_frames, spec.quantum, spec.steps) == (200, 1500, 2, 4)
    assert spec.samples_per_frame == random_nano2.fitted_codec().grid.hop * 4
    parts = [KNOWN, KNOWN_MASK, HINTS, HINTS_WEIGHT, SCORE, SCORE_WEIGHT]
    assert [(part.start, part.stop) for part in parts] == [
        (0, 64),
        (64, 65),
        (65, 102),
        (102, 103),
        (103, 247),
        (247, 248),
    ]
    assert (SHAPE.width, SHAPE.depth, SHAPE.heads, SHAPE.context) == (320, 5, 5, 248)


def test_without_its_weights_it_says_so_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nano2, "WEIGHTS", tmp_path)
    with pytest.raises(
        WeightsError, match=r"the weights of nano2 are not here: codec\.safetensors and denoiser"
    ) as got:
        load_family("nano2")
    assert "\n" not in str(got.value)
    assert weights_bytes("nano2") == 0
    layers_of.cache_clear()
    with pytest.raises(WeightsError, match="are not here"):
        layers_of("nano2")


def test_it_is_found_by_its_name_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nano2, "WEIGHTS", random_nano2.written(tmp_path / "weights"))
    family = load_family("nano2")
    assert family.spec is SPEC
    layers_of.cache_clear()
    assert layers_of("nano2").keys() >= {"tokens_in", "blocks.4.mlp_out"}
    layers_of.cache_clear()
    assert weights_bytes("nano2") > 10_000_000
    assert family.denoiser.networks()[0].model == "nano2"  # pyright: ignore[reportAttributeAccessIssue]
    (tmp_path / "weights" / "codec.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"are not here: codec\.safetensors"):
        load_family("nano2")


def test_a_composed_song_has_its_exact_score_and_is_stereo(session: Session, clip: Source) -> None:
    assert clip.audio.shape == (200 * 1920, 2)
    assert not np.array_equal(clip.audio[:, 0], clip.audio[:, 1])
    assert clip.score is not None
    assert clip.score.shape == (200, 144)
    assert 0 < float(clip.score.max()) <= 1
    assert (clip.bpm, clip.downbeat) == (120.0, 0.0)
    again = session.compose("house in a minor, 120 bpm", seconds=8, seed=3)
    assert torch.equal(again.latent, clip.latent)
    assert again.score is not None
    assert torch.equal(again.score, clip.score)


def test_the_first_composer_keeps_the_scores_of_older_patches(session: Session, clip: Source) -> None:
    first = session.compose("house in d minor, 120 bpm", seconds=8, seed=3, composer="first")
    written = torch.from_numpy(score_hints(first_score("house in d minor, 120 bpm", 200, 3)))
    assert first.score is not None
    assert torch.equal(first.score, written)
    assert first.audio.shape == (200 * 1920, 2)
    assert first.bpm == pytest.approx(120.0)
    wide = session.compose("house in d minor, 120 bpm", seconds=8, seed=3)
    assert wide.score is not None
    assert not torch.equal(wide.score, written)


def test_the_composer_plays_the_parts_that_are_asked_for(session: Session) -> None:
    drumless = session.compose("house, no drums", seconds=8, seed=3)
    assert drumless.score is not None
    assert not drumless.score[:, -24:].any()
    assert drumless.score[:, :-24].any()


def test_a_file_keeps_its_two_sides(family: Family, stereo_file: Path) -> None:
    source = family.conditioner.load(stereo_file, seconds=8.0)
    left, right = (np.abs(np.fft.rfft(side)).argmax() * 48000 / len(source.audio) for side in source.audio.T)
    assert left == pytest.approx(220.0, abs=1.0)
    assert right == pytest.approx(330.0, abs=1.0)
    assert source.hints.shape == (source.frames, 37)
    assert source.score is None


def test_the_transcriber_hears_the_score_of_a_file(tmp_path: Path, stereo_file: Path) -> None:
    family = nano2.load(random_nano2.written(tmp_path, transcriber=True))
    source = family.conditioner.load(stereo_file, seconds=8.0)
    assert source.score is not None
    assert source.score.shape == (source.frames, 144)
    assert family.conditioner.context(source, 1.0)[:, SCORE_WEIGHT].eq(1.0).all()


def test_structure_weighs_hints_and_score(family: Family, clip: Source, stereo_file: Path) -> None:
    assert clip.score is not None
    half = family.conditioner.context(clip, 0.5)
    assert half.shape == (200, 248)
    assert torch.equal(half[:, HINTS], clip.hints * 0.5)
    assert torch.equal(half[:, SCORE], clip.score * 0.5)
    assert half[:, [HINTS_WEIGHT.start, SCORE_WEIGHT.start]].eq(0.5).all()
    assert not half[:, :65].any()
    assert not family.conditioner.context(clip, 0.0).any()
    scoreless = family.conditioner.context(family.conditioner.load(stereo_file, seconds=8.0), 1.0)
    assert scoreless[:, HINTS_WEIGHT].eq(1.0).all()
    assert not scoreless[:, 103:].any()


def test_a_mask_shows_the_model_what_is_kept(family: Family, clip: Source) -> None:
    assert isinstance(family.conditioner, Repaints)
    mask = torch.ones(200)
    mask[:40] = 0.0
    shown = family.conditioner.repaint(family.conditioner.context(clip, 1.0), clip.latent, mask)
    assert torch.equal(shown[:40, KNOWN], clip.latent[:40])
    assert shown[:40, KNOWN_MASK].eq(1.0).all()
    assert not shown[40:, :65].any()
    assert torch.equal(shown[:, 65:], family.conditioner.context(clip, 1.0)[:, 65:])


def test_the_score_changes_what_is_played(session: Session, clip: Source) -> None:
    assert clip.score is not None
    other = session.compose("house in a minor, 120 bpm", seconds=8, seed=3)
    moved = Source(other.latent, other.hints, other.audio, score=clip.score.roll(3, 1))
    prompt = session.prompt("house")
    assert not torch.equal(session.generate(prompt, moved, strength=1.0), session.generate(prompt, clip, strength=1.0))


def test_notes_stand_in_place_of_the_score_or_beside_it(session: Session, clip: Source) -> None:
    pitch, sounding, starting = (torch.zeros(4, 8, 200) for _ in range(3))
    pitch[1, 0], sounding[1, 0, 40:60], starting[1, 0, 40] = 72.0, 1.0, 1.0
    notes = Notes(pitch, sounding, starting)
    replaced = session.request(session.prompt("house"), clip, score=notes).context[:, SCORE]
    assert replaced.count_nonzero() == 2 * 20  # a key of the roll and one of the lead
    assert replaced[40:60].any(1).all()
    added = session.request(session.prompt("house"), clip, score=notes, score_mode="add").context[:, SCORE]
    assert clip.score is not None
    assert torch.equal(added, replaced.maximum(clip.score))


@pytest.mark.parametrize("structure", [0.0, 0.3])
def test_notes_count_in_full_however_much_structure_is_kept(session: Session, clip: Source, structure: float) -> None:
    pitch, sounding, starting = (torch.zeros(4, 8, 200) for _ in range(3))
    pitch[0, 0], sounding[0, 0, 10:30], starting[0, 0, 10] = 40.0, 1.0, 1.0
    notes = Notes(pitch, sounding, starting)
    full = session.request(session.prompt("house"), clip, score=notes).context
    less = session.request(session.prompt("house"), clip, score=notes, structure=structure).context
    assert torch.equal(less[:, SCORE], full[:, SCORE])
    assert less[:, SCORE_WEIGHT].eq(1.0).all()
    assert torch.equal(less[:, HINTS], full[:, HINTS] * structure)
    plain = session.request(session.prompt("house"), clip, structure=structure).context
    assert plain[:, SCORE_WEIGHT].eq(structure).all()


def test_a_prompt_says_which_parts_the_score_does_not_play(session: Session) -> None:
    full = session.compose("house in a minor, 120 bpm", seconds=8, seed=3)
    quiet = session.compose("house in a minor, 120 bpm, no drums", seconds=8, seed=3)
    conditioner, prompt = session.family.conditioner, session.prompt("house, flute lead")
    assert isinstance(conditioner, ReadsSong)

    def said(clip: Source, structure: float = 1.0) -> dict[str, str]:
        tokens = conditioner.for_song(prompt, clip, structure, False).tokens.tolist()
        names = zip(SLOTS, tokens, strict=True)
        return {slot: SLOTS[slot][token - FIRST[slot]] for slot, token in names if token}

    usual = said(full)
    assert usual.pop("kit") == "machine"
    assert said(quiet) == usual | {"drums": ABSENT}
    assert said(quiet, 0.0)["drums"] == "synth drum machine"  # no score is followed
    assert conditioner.for_song(prompt, quiet, 1.0, False) is conditioner.for_song(prompt, quiet, 0.5, True)
    null = session.prompt("")
    assert conditioner.for_song(null, quiet, 1.0, False) is null


def test_a_clip_that_is_fitted_keeps_its_score(clip: Source) -> None:
    longer = fitted(clip, 250, SPEC.samples_per_frame)
    assert longer.score is not None
    assert clip.score is not None
    assert torch.equal(longer.score[200:], clip.score[:50])


def test_strength_0_is_the_recording_in_stereo(session: Session, clip: Source) -> None:
    same = session.generate(session.prompt("acid"), clip, strength=0.0)
    heard = session.covered(same, clip).sound(20, 30)
    assert np.abs(heard - clip.audio[20 * 1920 : 50 * 1920]).max() < 1e-6


def test_a_window_equals_the_whole(session: Session, clip: Source) -> None:
    whole = session.decode(clip.latent)
    window = session.decode(clip.latent, start=190, frames=20, margin=SPEC.exact_margin)  # over the seam
    wanted = np.roll(whole, -190 * 1920, axis=0)[: 20 * 1920]
    assert np.abs(window - wanted).max() < 2e-6 * np.abs(whole).max()


def test_decoded_music_is_about_as_loud_as_the_clip(session: Session, clip: Source) -> None:
    rms = [float(np.sqrt(np.square(sound).mean())) for sound in (session.decode(clip.latent), clip.audio)]
    assert 20 * abs(np.log10(rms[0] / rms[1])) < 3.0


def test_a_sound_colour_of_a_clip_is_refused(session: Session, clip: Source) -> None:
    with pytest.raises(DemonError, match="the model family nano2 has no timbre"):
        session.generate(session.prompt("acid"), clip, timbre_source=clip, timbre=1.0)


def test_a_patch_of_nano_plays_on_it(session: Session) -> None:
    first, again = (render(PATCHES / "first-light.dpatch.json", seconds=1.2, session=session).sound for _ in range(2))
    assert first.shape == (round(1.2 * 48000), 2)
    assert np.isfinite(first).all()
    assert np.abs(first).max() > 0.01
    assert np.array_equal(first, again)


def test_its_denoiser_has_the_sizes_of_the_trained_weights() -> None:
    assert sum(each.numel() for each in denoiser().parameters()) == pytest.approx(7.8e6, rel=0.05)
