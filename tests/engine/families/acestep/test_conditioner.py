"""Prompts are encoded as the published model encodes them; structure, timbre and silence are what they should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Family, Source
from demon_patch.engine.families.acestep.build import Parts
from demon_patch.engine.families.acestep.codec import AceStepCodec
from demon_patch.engine.families.acestep.conditioner import LENGTHS, AceStepConditioner, reference
from demon_patch.engine.families.acestep.key import key_of
from demon_patch.engine.families.acestep.spec import spec
from demon_patch.engine.families.acestep.text import Metas, caption_text, lyric_text, metas_of
from demon_patch.engine.prompt_contracts import ReadsSong
from tests.support import tiny_acestep as tiny


@pytest.fixture(scope="module")
def conditioner(family: Family) -> AceStepConditioner:
    assert isinstance(family.conditioner, AceStepConditioner)
    return family.conditioner


def made(parts: Parts, name: str) -> AceStepConditioner:
    return AceStepConditioner(parts, AceStepCodec(parts.vae), spec(name))


def clip(conditioner: AceStepConditioner, frames: int = 203) -> Source:
    """A clip of random latents, with silent sound."""
    latent = torch.randn(frames, 64, generator=torch.Generator().manual_seed(6))
    return Source(latent, conditioner.hints(latent), np.zeros((frames * 1920, 2), np.float32), "clip", bpm=98.0)


def ids(parts: Parts, text: str) -> Tensor:
    return torch.tensor([parts.tokenizer.encode(text).ids])


@torch.inference_mode()
def packed(parts: Parts, text: str, metas: Metas) -> Tensor:
    """The positions [L, E] of diffusers' own condition encoder for a prompt without lyrics: lyrics, timbre, text."""
    caption = parts.text_encoder(ids(parts, caption_text(text, metas, "text2music"))).last_hidden_state
    lyrics = parts.text_encoder.embed_tokens(ids(parts, lyric_text("", "unknown")))
    masks = [torch.ones(part.shape[:2], dtype=torch.long) for part in (caption, lyrics)]
    states, mask = parts.condition_encoder(
        caption, masks[0], lyrics, masks[1], parts.silence[None, :750], torch.zeros(1, dtype=torch.long)
    )
    assert bool(mask.all())
    return states[0]


def test_a_prompt_has_the_positions_of_the_models_own_encoder(parts_of: Callable[[str], Parts]) -> None:
    parts = parts_of(tiny.NAME)
    text = "dark techno"
    expected = packed(parts, text, Metas())
    tokens = made(parts, tiny.NAME).prompt(text).tokens
    assert len(tokens) in LENGTHS
    weights = tokens[:, -1]
    assert (int(weights.sum()), set(weights.tolist())) == (len(expected), {0.0, 1.0})
    found = tokens[weights > 0, :-1]
    words = int((lyric_text("", "unknown") != "") and ids(parts, lyric_text("", "unknown")).shape[1])
    lyrics, timbre, caption = expected[:words], expected[words : words + 1], expected[words + 1 :]
    torch.testing.assert_close(found, torch.cat((timbre, caption, lyrics)), rtol=0, atol=1e-5)


def test_the_timbre_encoder_of_a_wide_model_begins_with_its_token(parts_of: Callable[[str], Parts]) -> None:
    def colour(parts: Parts, name: str) -> Tensor:
        return made(parts, name).prompt("warm").tokens[0, :-1]

    wide = parts_of(tiny.XL)
    encoder = wide.condition_encoder.timbre_encoder
    before = colour(wide, tiny.XL)
    with torch.inference_mode():
        own = encoder.embed_tokens(wide.silence[None, :750])
        assert own.shape[1] == 751
        assert torch.equal(own[:, :1], encoder.special_token)
        plain = encoder.embed_tokens.layer(wide.silence[None, :750])
    assert torch.equal(own[:, 1:], plain)
    encoder.special_token += 1.0
    assert not torch.allclose(colour_again(wide), before)
    narrow = parts_of(tiny.NAME)
    kept = colour(narrow, tiny.NAME)
    narrow.condition_encoder.timbre_encoder.special_token += 1.0
    assert torch.equal(colour(narrow, tiny.NAME), kept)


@torch.inference_mode()
def colour_again(parts: Parts) -> Tensor:
    order = torch.zeros(1, dtype=torch.long)
    return parts.condition_encoder.timbre_encoder(parts.silence[None, :750], order)[0][0, 0]


def test_guided_models_have_the_learned_null_prompt(parts_of: Callable[[str], Parts]) -> None:
    parts = parts_of(tiny.NAME)
    base = made(parts, "acestep-v15-base")
    null = base.prompt("").tokens
    assert int(null[:, -1].sum()) == 1
    assert torch.equal(null[0, :-1], parts.condition_encoder.null_condition_emb[0, 0])
    assert int(base.prompt("warm").tokens[:, -1].sum()) > 1
    assert int(made(parts, tiny.NAME).prompt("").tokens[:, -1].sum()) > 1


def test_structure_is_that_of_groups_of_five_and_of_the_models_own(
    conditioner: AceStepConditioner, parts_of: Callable[[str], Parts]
) -> None:
    parts, latent = parts_of(tiny.NAME), torch.randn(203, 64, generator=torch.Generator().manual_seed(8))
    found = conditioner.hints(latent)
    with torch.inference_mode():
        codes, _ = parts.audio_tokenizer.tokenize(latent[None], parts.silence[None])
        expected = parts.audio_token_detokenizer(codes)[0, :203]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 * float(expected.abs().max()))
    changed = latent.clone()
    changed[52] += 1.0
    moved = (conditioner.hints(changed) != found).any(1).nonzero().flatten().tolist()
    assert moved
    assert set(moved) <= set(range(50, 55))


def test_a_context_is_structure_or_silence_and_a_full_mask(conditioner: AceStepConditioner) -> None:
    source = clip(conditioner)
    silence = tiny.silence()[0].T[:203]
    full, none, half = (conditioner.context(source, structure) for structure in (1.0, 0.0, 0.5))
    torch.testing.assert_close(full[:, :64], source.hints)
    torch.testing.assert_close(none[:, :64], silence)
    torch.testing.assert_close(half[:, :64], (silence + source.hints) / 2)
    assert all(bool((each[:, 64:] == 1).all()) for each in (full, none, half))


def test_lyrics_are_positions_of_their_own(conditioner: AceStepConditioner, parts_of: Callable[[str], Parts]) -> None:
    parts, lines = parts_of(tiny.NAME), "[verse]\nlove the dark"
    plain, sung = conditioner.prompt("warm"), conditioner.sung("warm", lines, "en")
    words = [ids(parts, lyric_text(text, code)).shape[1] for text, code in (("", "unknown"), (lines, "en"))]
    more = int(sung.tokens[:, -1].sum() - plain.tokens[:, -1].sum())
    assert more == words[1] - words[0]
    rest = int(plain.tokens[:, -1].sum()) - words[0]  # timbre and caption
    assert torch.equal(sung.tokens[:rest], plain.tokens[:rest])
    assert not torch.equal(conditioner.sung("warm", lines, "c").tokens, sung.tokens)
    over = conditioner.for_song(sung, clip(conditioner), 1.0, False)
    assert (over.text, over.lyrics, over.language) == ("warm", lines, "en")
    assert not torch.equal(over.tokens, conditioner.for_song(plain, clip(conditioner), 1.0, False).tokens)


def test_repainting_shows_the_source_outside_its_mask(conditioner: AceStepConditioner) -> None:
    source = clip(conditioner)
    mask = torch.zeros(203)
    mask[60:90], mask[90:100] = 1.0, 0.4
    full = conditioner.context(source, 0.0)
    found = conditioner.repaint(full, source.latent, mask)
    assert torch.equal(found[60:100], full[60:100])
    for kept in (slice(None, 60), slice(100, None)):
        assert torch.equal(found[kept, :64], source.latent[kept])
        assert not found[kept, 64:].any()


def test_a_borrowed_timbre_changes_one_position(conditioner: AceStepConditioner) -> None:
    source, prompt = clip(conditioner), conditioner.prompt("warm")
    tinted = conditioner.timbre(prompt, source)
    assert tinted.tokens.shape == prompt.tokens.shape
    assert (tinted.tokens != prompt.tokens).any(1).nonzero().flatten().tolist() == [0]
    silent = replace(source, latent=tiny.silence()[0].T[:750])
    torch.testing.assert_close(conditioner.timbre(prompt, silent).tokens, prompt.tokens)


def test_a_timbre_reference_has_begin_middle_and_end() -> None:
    latent = torch.arange(2000.0)[:, None].expand(-1, 64)
    found = reference(latent)[:, 0].tolist()
    assert found == [*range(250), *range(875, 1125), *range(1750, 2000)]
    short = reference(latent[:100])[:, 0].tolist()
    assert len(short) == 750
    assert short[:250] == [at % 100 for at in range(250)]


def test_a_prompt_says_what_the_song_is(conditioner: AceStepConditioner) -> None:
    assert isinstance(conditioner, ReadsSong)
    source, prompt = clip(conditioner), conditioner.prompt("warm house")
    cover = conditioner.for_song(prompt, source, 1.0, False)
    assert cover is conditioner.for_song(prompt, source, 0.6, False)
    assert not torch.equal(conditioner.for_song(prompt, source, 1.0, True).tokens, cover.tokens)
    assert not torch.equal(cover.tokens, prompt.tokens)
    free = conditioner.for_song(prompt, source, 0.0, False)
    assert not torch.equal(free.tokens, cover.tokens)  # the instruction of another task
    slower = conditioner.for_song(prompt, replace(source, bpm=70.0), 1.0, False)
    assert not torch.equal(slower.tokens, cover.tokens)
    silence = conditioner.compose("house", 8.0, 1)
    over = conditioner.for_song(prompt, silence, 1.0, False)
    assert torch.equal(over.tokens, conditioner.for_song(prompt, silence, 0.0, False).tokens)
    assert cover.text == prompt.text == "warm house"


def test_words_of_a_prompt_win_over_the_clip() -> None:
    song = Metas(98.0, "C major", None, 24)
    assert metas_of("warm house", song) == song
    found = metas_of("house, 124 bpm, F# min, 3/4", song)
    assert found == Metas(124.0, "F# minor", 3, 24)
    assert metas_of("999 bpm, a flat minor", song) == Metas(98.0, "Ab minor", None, 24)
    assert metas_of("be major about it", song).key is None or song.key == "C major"


def test_the_texts_are_those_of_the_training() -> None:
    assert caption_text("warm", Metas(123.6, "A minor", 4, 24), "cover") == (
        "# Instruction\nGenerate audio semantic tokens based on the given conditions:\n\n# Caption\nwarm\n\n# Metas\n"
        "- bpm: 124\n- timesignature: 4\n- keyscale: A minor\n- duration: 24 seconds\n<|endoftext|>\n"
    )
    assert "- bpm: N/A\n- timesignature: N/A\n- keyscale: N/A\n- duration: 30 seconds" in caption_text(
        "", Metas(), "text2music"
    )
    assert lyric_text("", "en") == "# Languages\nen\n\n# Lyric\n[Instrumental]<|endoftext|>"


@pytest.mark.parametrize(
    ("notes", "key"),
    [((57, 60, 64, 62, 65, 69, 64, 68, 71, 57), "A minor"), ((60, 64, 67, 65, 69, 72, 67, 71, 74, 60), "C major")],
)
def test_a_key_is_heard(notes: tuple[int, ...], key: str) -> None:
    at = np.arange(24000) / 48000
    tones = [sum(np.sin(2 * np.pi * part * 440 * 2 ** ((n - 69) / 12) * at) / part for part in (1, 2)) for n in notes]
    sound = np.concatenate(tones).astype(np.float32)[:, None].repeat(2, 1)
    assert key_of(sound, 48000) == key
    noise = np.random.default_rng(1).standard_normal((96000, 2)).astype(np.float32)
    assert key_of(np.zeros_like(noise), 48000) is None


def test_a_mix_of_clips_is_said_with_the_metas_of_its_leader(conditioner: AceStepConditioner) -> None:
    slow, fast = clip(conditioner), replace(clip(conditioner), bpm=124.0)
    prompt = conditioner.prompt("warm")

    def said(source: Source) -> Tensor:
        return conditioner.for_song(prompt, source, 1.0, False).tokens

    mixes = [replace(slow, leader=leader) for leader in (slow, fast)]
    assert not torch.equal(said(slow), said(fast))
    assert torch.equal(said(mixes[0]), said(slow))
    assert torch.equal(said(mixes[1]), said(fast))
