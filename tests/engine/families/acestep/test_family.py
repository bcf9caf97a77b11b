"""The family plays: text to music, covers, masks and windows, through ring and render, with patches of the gallery."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import demon_patch
from demon_patch.arrays import Samples
from demon_patch.engine.contracts import Denoiser, Family, Source
from demon_patch.engine.families import NAMES, layers_of, load_family, spec_of, weights_bytes
from demon_patch.engine.lora.merge import layers_of as layers_in
from demon_patch.engine.session import Session
from demon_patch.engine.sound.window import decode_song
from demon_patch.errors import WeightsError
from demon_patch.patch.files.format import save
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.performance.prepare import load_playable, perform
from demon_patch.runtime.render import stream
from demon_patch.small_cache import SmallCache
from tests.support import paths
from tests.support import tiny_acestep as tiny


@pytest.fixture(scope="module")
def session(family: Family) -> Session:
    return Session(family)


@pytest.fixture(scope="module")
def clip(session: Session) -> Source:
    """A clip of 8 s whose latents are drawn, so that none has to be encoded."""
    silence = session.compose("house", seconds=8)
    latent = torch.randn(200, 64, generator=torch.Generator().manual_seed(6))
    sound = decode_song(session.family.codec, session.spec, latent).numpy()
    hints = session.family.conditioner.hints(latent)  # pyright: ignore[reportAttributeAccessIssue]
    return Source(latent, hints, sound, "drawn", 120.0, notes=silence.notes)


def test_models_are_found_by_name_and_told_when_they_are_not_here(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(models))
    assert tiny.NAME in NAMES
    family = load_family(tiny.NAME)
    assert family.spec is spec_of(tiny.NAME)
    assert isinstance(family.denoiser, Denoiser)
    assert weights_bytes(tiny.NAME) > 10_000
    assert weights_bytes(tiny.XL) == 0
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(tmp_path))
    with pytest.raises(WeightsError, match="not on this machine"):
        load_family(tiny.NAME)


def test_the_layers_that_a_lora_can_change_are_told_without_loading(
    models: Path, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMON_PATCH_MODELS", str(models))
    layers_of.cache_clear()
    told = layers_of(tiny.NAME)
    layers_of.cache_clear()
    loaded = {name: tuple(layer.weight.shape) for name, layer in layers_in(family.denoiser).items()}
    assert told == loaded


def test_text_only_is_music_over_silence(session: Session) -> None:
    silence = session.compose("house", seconds=8, seed=1)
    assert silence.notes
    assert not silence.audio.any()
    a, b = (session.generate(session.prompt(text), silence, strength=1.0, seed=3) for text in ("warm", "dark techno"))
    assert a.shape == (200, 64)
    assert bool(a.isfinite().all())
    assert not torch.equal(a, b)
    assert torch.equal(a, session.generate(session.prompt("warm"), silence, strength=1.0, seed=3))


def test_a_cover_follows_structure_and_strength(session: Session, clip: Source) -> None:
    def made(**controls: float) -> torch.Tensor:
        return session.generate(session.prompt("warm"), clip, seed=3, **controls)

    assert torch.equal(made(strength=0.0), clip.latent)
    full = made(strength=1.0)
    assert not torch.equal(made(strength=1.0, structure=0.0), full)
    near, far = (float((made(strength=each) - clip.latent).norm()) for each in (0.3, 1.0))
    assert near < far


def test_masked_frames_stay_the_source(session: Session, clip: Source) -> None:
    mask = torch.zeros(200)
    mask[60:90] = 1
    found = session.generate(session.prompt("warm"), clip, strength=1.0, seed=3, mask=mask)
    assert torch.equal(found[:60], clip.latent[:60])
    assert torch.equal(found[90:], clip.latent[90:])
    assert not torch.equal(found[60:90], clip.latent[60:90])


def test_a_borrowed_timbre_is_heard_by_its_share(session: Session, clip: Source) -> None:
    silence = session.compose("house", seconds=8)

    def made(share: float) -> torch.Tensor:
        return session.generate(session.prompt("warm"), silence, strength=1.0, seed=3, timbre_source=clip, timbre=share)

    none, half, all_of_it = made(0.0), made(0.5), made(1.0)
    plain = session.generate(session.prompt("warm"), silence, strength=1.0, seed=3)
    assert torch.equal(none, plain)
    assert not torch.equal(half, none)
    assert not torch.equal(half, all_of_it)


def test_two_prompts_of_different_lengths_play_in_one_ring(session: Session) -> None:
    silence = session.compose("house", seconds=8)
    short, long = session.prompt("warm"), session.prompt("dark techno " * 60)
    assert len(short.tokens) < len(long.tokens)
    results = {}
    for depth in (1, 4, 8):
        ring, found = session.ring(silence, depth), []
        waiting = [short, long, ((short, 0.5), (long, 0.5)), short]
        while waiting:
            if ring.admits():
                ring.submit(session.request(waiting.pop(0), silence, strength=1.0, seed=5))
            found += [each.latent.clone() for each in ring.tick()]
        results[depth] = [*found, *(each.latent.clone() for each in ring.drain())]
    for depth in (4, 8):
        for got, expected in zip(results[depth], results[1], strict=True):
            torch.testing.assert_close(got, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    first, second, mixed, again = results[1]
    torch.testing.assert_close(first, again, rtol=0, atol=1e-5 * float(first.abs().max()))
    assert not torch.allclose(mixed, first)
    assert not torch.allclose(mixed, second)


def test_no_text_is_encoded_while_it_plays(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    path = paths.ROOT / "patches" / "two-tongues.dpatch.json"
    monkeypatch.setattr(session.family.conditioner, "_made", SmallCache(2**30))  # nothing of other tests
    performer = perform(load_playable(path), session)

    def encode(*what: object) -> None:
        raise AssertionError(f"{what} is encoded on the thread of the performer")

    monkeypatch.setattr(session.family.conditioner, "_encode", encode)
    assert sum(len(block) for block in stream(performer, 1.0)) == 48000


@pytest.mark.parametrize("name", ["first-light", "two-tongues", "stencil"])
def test_patches_of_the_gallery_play_unchanged(session: Session, name: str) -> None:
    patch = paths.ROOT / "patches" / f"{name}.dpatch.json"
    found = demon_patch.render(patch, seconds=1.5, session=session)
    assert (found.rate, found.sound.shape) == (48000, (72000, 2))
    assert 1e-3 < float(np.abs(found.sound).max()) <= 1.0
    assert np.array_equal(found.sound, demon_patch.render(patch, seconds=1.5, session=session).sound)
    assert any("from the prompt alone" in note for note in found.notes)


def covered(file: str, x: float, strength: float) -> Patch:
    """A file, covered in the words of two prompts of different lengths; x: where the listener is between them."""
    nodes = {
        "file": Node("audio_source", values={"file": file}),
        "short": Node("prompt", values={"text": "acid"}),
        "long": Node("prompt", values={"text": "slow strings over a wide field, " * 6}),
        "map": Node("prompt_surface", values={"x": x, "y": 0.9}),
        "scheduler": Node("scheduler", values={"strength": strength, "steps": 2, "seed": 3}),
        "decoder": Node("decoder"),
        "speaker": Node("speaker"),
    }
    cables = (
        Cable("short", "prompt", "map", "prompt_1"),
        Cable("long", "prompt", "map", "prompt_2"),
        Cable("map", "prompt", "scheduler", "prompt"),
        Cable("file", "source", "scheduler", "source"),
        Cable("scheduler", "ring", "decoder", "ring"),
        Cable("decoder", "audio", "speaker", "audio"),
    )
    return Patch(nodes=nodes, cables=cables)


def test_a_sound_file_is_covered_in_the_words_of_a_prompt_surface(session: Session, tmp_path: Path) -> None:
    seconds = np.arange(8 * 48000) / 48000
    tones = 0.2 * np.stack([np.sin(2 * np.pi * hertz * seconds) for hertz in (220.0, 330.0)], 1)
    soundfile.write(tmp_path / "tones.wav", tones, 48000)

    def heard(x: float, strength: float) -> Samples:
        document = tmp_path / "cover.dpatch.json"
        save(covered("tones.wav", x, strength), document)
        played = demon_patch.render(document, seconds=1.0, session=session)
        assert not any("from the prompt alone" in note for note in played.notes)
        return played.sound

    kept, short, between, long = heard(0.1, 0.0), heard(0.1, 0.8), heard(0.5, 0.8), heard(0.9, 0.8)
    decoded = session.covered(session.encode(tones.astype(np.float32)), None).sound(0, 25)
    assert np.corrcoef(kept[:, 0], decoded[:, 0])[0, 1] > 0.99, "at strength 0 the file is decoded again"
    for one, other in pairwise((kept, short, between, long)):
        assert np.abs(one - other).max() > 1e-4
    assert np.array_equal(short, heard(0.1, 0.8))
