"""The public face, as the README shows it, and windows cut from whole songs."""

from __future__ import annotations

import gc
import re
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from demon_patch.engine import Session
from demon_patch.engine.contracts import Conditioning, Handle
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.session import CONTEXTS
from demon_patch.engine.sound.window import decode_song, decode_window
from demon_patch.errors import DemonError
from tests.support.paths import ROOT
from tests.support.toy_family import toy_family


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(toy_family())


@pytest.mark.slow
def test_the_readmes_notebooks_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = ROOT
    call, code = re.findall(r"```python\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "patches").symlink_to(root / "patches")
    monkeypatch.chdir(tmp_path)
    exec(call, {})
    assert (tmp_path / "first-light.wav").stat().st_size > 100_000
    names: dict[str, object] = {}
    exec(code, names)
    sound = names["sound"]
    assert isinstance(sound, np.ndarray)
    assert sound.shape == (50 * 1920, 2)
    assert 0.02 < float(np.sqrt(np.mean(sound**2))) < 0.5


def test_a_window_is_the_same_stretch_of_the_whole_song_and_crosses_the_seam(session: Session) -> None:
    codec, spec = session.family.codec, session.spec
    latent = torch.randn(40, spec.latent_channels, generator=torch.Generator().manual_seed(0))
    whole = decode_song(codec, spec, latent)
    per = spec.samples_per_frame
    for start, frames in ((0, 8), (17, 5), (36, 8), (-3, 6), (83, 4)):
        window = decode_window(codec, spec, latent, start, frames)
        at = torch.arange(start * per, (start + frames) * per) % len(whole)
        torch.testing.assert_close(window, whole[at], atol=1e-6, rtol=0)


def test_generate_equals_the_same_request_streamed_through_a_full_ring(session: Session) -> None:
    source = session.compose("toy", seconds=2, seed=1)
    warm, cold = session.prompt("warm"), session.prompt("cold")
    alone = session.generate(warm, source, strength=0.7, seed=3)
    ring = session.ring(source, depth=4)
    heard = []
    for k in range(24):
        mine = k == 8
        ring.submit(session.request(warm if mine else cold, source, strength=0.7 if mine else 0.4, seed=3, tag=mine))
        heard += [done for done in ring.tick() if done.slot.request.tag]
    heard += [done for done in ring.drain() if done.slot.request.tag]
    for done in heard:
        torch.testing.assert_close(done.latent, alone, atol=0, rtol=0)


def test_equal_prompts_and_contexts_are_made_once(session: Session) -> None:
    source = session.compose("toy", seconds=2, seed=1)
    first, second = (session.request(session.prompt("warm"), source, structure=0.5) for _ in range(2))
    assert first.conditioning is second.conditioning
    assert first.context is second.context


def test_a_clip_that_nothing_plays_any_more_is_not_kept(session: Session) -> None:
    def played(seed: int) -> weakref.ref[Any]:
        prompt, clip = session.prompt("warm"), session.compose("toy", seconds=4, seed=seed)
        for structure in (0.25, 0.5, 1.0):
            assert session.request(prompt, clip, structure=structure).context.shape[0] == clip.frames
        return weakref.ref(clip.audio)

    seen = [played(seed) for seed in range(12)]
    gc.collect()
    assert [each() is None for each in seen] == [True] * 12


def test_contexts_of_a_moving_structure_do_not_fill_the_memory(session: Session) -> None:
    clip, prompt = session.compose("toy", seconds=4, seed=3), session.prompt("warm")
    made = [weakref.ref(session.request(prompt, clip, structure=n / 200).context) for n in range(200)]
    gc.collect()
    assert sum(each() is not None for each in made) <= CONTEXTS


def test_a_prompt_glides_to_another_in_one_forward(session: Session) -> None:
    source = session.compose("toy", seconds=2, seed=1)
    warm, cold = session.prompt("warm"), session.prompt("cold")
    ends = [session.generate(prompt, source, seed=3) for prompt in (warm, cold)]
    glide = [session.generate(warm, source, seed=3, prompt_b=cold, prompt_blend=k) for k in (0.0, 0.5, 1.0)]
    assert torch.equal(glide[0], ends[0])
    assert torch.equal(glide[2], ends[1])
    torch.testing.assert_close(glide[1], (ends[0] + ends[1]) / 2, atol=1e-5, rtol=0)  # the toy is linear in its prompt


def test_prompts_are_mixed_by_their_shares_in_any_number(session: Session) -> None:
    source = session.compose("bench", seconds=2.0)
    prompts = [session.prompt(text) for text in ("warm", "cold", "dry")]
    tokens = sum(share * prompt.tokens for prompt, share in zip(prompts, (0.5, 0.2, 0.3), strict=True))
    assert isinstance(tokens, torch.Tensor)
    expected = session.generate(Conditioning(tokens, "all three"), source)
    mixed = session.generate(tuple(zip(prompts, (1.0, 0.4, 0.6), strict=True)), source)
    torch.testing.assert_close(mixed, expected, atol=1e-5, rtol=0)
    alone = session.generate(((prompts[0], 0.0), (prompts[2], 3.0)), source)
    assert torch.equal(alone, session.generate(prompts[2], source))
    with pytest.raises(DemonError, match="no prompt has a share"):
        session.request(((prompts[0], 0.0),), source)


def test_a_prompt_is_prepared_once_and_ahead_of_its_request() -> None:
    session = Session(toy_family())
    warm = session.prompt("warm")
    session.prepare(warm)
    handle = session._prompts.kept.get(session._prompts.key(warm), lambda: pytest.fail("it is not kept"))
    session.prepare(session.prompt("warm"))
    assert session.request(warm, session.compose("bench", seconds=2.0)).conditioning is handle


def test_no_more_than_64_small_prompts_are_kept() -> None:
    session = Session(toy_family())
    for n in range(200):
        session.prepare(session.prompt(f"{n} bpm"))
    assert len(session._prompts.kept._kept) == 64


def test_prompts_of_one_text_and_other_tokens_are_prepared_apart(session: Session) -> None:
    source, clip = (session.compose(style, seconds=2, seed=1) for style in ("toy", "other"))
    warm, cold = session.prompt("warm"), session.prompt("cold")
    tinted: dict[str, Any] = {"timbre_source": clip, "timbre": 0.5}
    for given in ({}, tinted, {**tinted, "timbre": 1.0}):
        plain = [session.generate(prompt, source, seed=3, **given) for prompt in (warm, cold)]
        assert not torch.equal(*plain)
        for prompt, wanted in zip((warm, cold), plain, strict=True):
            mine = Conditioning(prompt.tokens.clone(), "mine")
            assert torch.equal(session.generate(mine, source, seed=3, **given), wanted)


def test_the_key_of_a_prompt_tells_all_that_is_prepared_of_it(session: Session) -> None:
    tokens = torch.tensor([[1.0, 2.0]])
    same, *others = (
        Conditioning(tokens.clone(), "mine", ("mine",)),
        Conditioning(tokens + 1e-7, "mine"),
        Conditioning(tokens[0], "mine"),
        Conditioning(tokens.to(torch.bfloat16), "mine"),
        Conditioning(tokens.to(torch.int32), "mine"),
        Conditioning(tokens, "yours"),
    )
    key = session._prompts.key(Conditioning(tokens, "mine"))
    assert session._prompts.key(same) == key
    assert all(session._prompts.key(other) != key for other in others)


def test_a_prompt_borrows_its_share_of_a_timbre(session: Session) -> None:
    source, clip = (session.compose(style, seconds=2, seed=1) for style in ("toy", "other"))
    warm = session.prompt("warm")
    plain = session.generate(warm, source, seed=3)
    share = [session.generate(warm, source, seed=3, timbre_source=clip, timbre=k) for k in (0.0, 0.5, 1.0)]
    assert torch.equal(share[0], plain)
    tinted = session.family.conditioner.timbre(warm, clip)
    whole = Session(toy_family()).generate(tinted, source, seed=3)
    assert torch.equal(share[2], whole)
    assert float((whole - plain).abs().max()) > 0.05
    torch.testing.assert_close(share[1], (plain + whole) / 2, atol=1e-5, rtol=0)  # the toy is linear in its prompt
    assert torch.equal(session.generate(warm, source, seed=3, timbre_source=clip), share[2])


def test_both_prompts_borrow_the_timbre(session: Session) -> None:
    source, clip = (session.compose(style, seconds=2, seed=1) for style in ("toy", "other"))
    warm, cold = session.prompt("warm"), session.prompt("cold")
    tinted = {"seed": 3, "timbre_source": clip, "timbre": 0.5}
    ends = [session.generate(prompt, source, **tinted) for prompt in (warm, cold)]
    glide = session.generate(warm, source, prompt_b=cold, prompt_blend=0.5, **tinted)
    torch.testing.assert_close(glide, (ends[0] + ends[1]) / 2, atol=1e-5, rtol=0)
    request = session.request(warm, source, prompt_b=cold, guidance_mode="full", **tinted)
    assert request.second is session.request(cold, source, **tinted).conditioning
    assert request.negative is session.request(session.prompt(""), source).conditioning


def test_equal_timbres_are_made_once_and_never_outlive_the_weights() -> None:
    session = Session(toy_family())
    source, clip = (session.compose(style, seconds=2, seed=1) for style in ("toy", "other"))

    def prepared(amount: float) -> Handle:
        return session.request(session.prompt("warm"), source, timbre_source=clip, timbre=amount).conditioning

    first = {amount: prepared(amount) for amount in (0.25, 1.0)}
    for step in range(100):  # shares come and go; the whole timbre is asked for each time and stays
        prepared(step / 100)
    assert prepared(1.0) is first[1.0]
    assert prepared(0.99) is prepared(0.99)
    assert isinstance(session.executor, TorchExecutor)
    session.executor.weights_changed()
    assert prepared(1.0).epoch == session.executor.weights_epoch


def test_a_family_without_timbre_says_so() -> None:
    family = toy_family()
    session = Session(replace(family, spec=replace(family.spec, timbre=False)))
    source = session.compose("toy", seconds=2, seed=1)
    with pytest.raises(DemonError, match=r"port timbre_source: the model family toy has no timbre .*unwire timbre"):
        session.request(session.prompt("warm"), source, timbre_source=source)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"prompt_blend": 0.5}, "port prompt_blend.*no prompt b"),
        ({"prompt_blend": 1.5}, "port prompt_blend"),
        ({"guidance_mode": "loud"}, "port guidance_mode"),
        ({"target_gate": 0.5}, "port target_gate.*no target"),
    ],
)
def test_requests_that_lack_a_part(session: Session, fields: dict[str, Any], says: str) -> None:
    source = session.compose("toy", seconds=2, seed=1)
    with pytest.raises(DemonError, match=says):
        session.generate(session.prompt("warm"), source, **fields)


def test_guidance_takes_the_null_prompt(session: Session) -> None:
    source, warm = session.compose("toy", seconds=2, seed=1), session.prompt("warm")
    request = session.request(warm, source, guidance_mode="full")
    assert request.negative is session.request(session.prompt(""), source).conditioning
    assert session.request(warm, source, guidance_mode="self").negative is None
