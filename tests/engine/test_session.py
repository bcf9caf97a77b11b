"""The public face, as the README shows it, and windows cut from whole songs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from demon_patch.engine import Session
from demon_patch.engine.window import decode_song, decode_window
from demon_patch.errors import DemonError
from tests.engine.toy import toy_family


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(toy_family())


def test_the_readmes_notebook_runs_as_it_stands() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    sound = names["sound"]
    assert isinstance(sound, np.ndarray)
    assert sound.shape == (50 * 1280, 1)
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


def test_a_prompt_glides_to_another_in_one_forward(session: Session) -> None:
    source = session.compose("toy", seconds=2, seed=1)
    warm, cold = session.prompt("warm"), session.prompt("cold")
    ends = [session.generate(prompt, source, seed=3) for prompt in (warm, cold)]
    glide = [session.generate(warm, source, seed=3, prompt_b=cold, prompt_blend=k) for k in (0.0, 0.5, 1.0)]
    assert torch.equal(glide[0], ends[0])
    assert torch.equal(glide[2], ends[1])
    torch.testing.assert_close(glide[1], (ends[0] + ends[1]) / 2, atol=1e-5, rtol=0)  # the toy is linear in its prompt


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"prompt_blend": 0.5}, "port prompt_blend.*no second prompt"),
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
