"""A control of one name means the same in every family: where it rests, which way it moves, what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Family, Source
from demon_patch.engine.controls import CONTROLS, TABLE
from demon_patch.engine.families import NAMES, load_family, spec_of
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from tests.support import random_nano2, tiny_acestep
from tests.support.toy_family import toy_family

FAMILIES: dict[str, Callable[[], Family]] = {
    "toy": toy_family,
    "nano": cache(lambda: load_family("nano")),
    "nano2": random_nano2.loaded,
    "acestep": tiny_acestep.loaded,
}


class Desk:
    """A session, and a clip of 8 s whose latents and hints are drawn, so that it is no silence in any family."""

    def __init__(self, family: Family) -> None:
        self.session = Session(family)
        clip = self.session.compose("house", seconds=8, seed=1)
        draw = torch.Generator().manual_seed(2)
        latent, hints = (torch.randn(part.shape, generator=draw) for part in (clip.latent, clip.hints))
        self.clip: Source = replace(clip, latent=latent, hints=hints)

    def made(self, prompt: str = "warm house", **controls: object) -> Tensor:
        given = {"strength": 1.0, "steps": 2, "seed": 3, "guidance_mode": "off", **controls}
        return self.session.generate(self.session.prompt(prompt), self.clip, **given)


@pytest.fixture(scope="module", params=FAMILIES)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(FAMILIES[request.param]())


def test_strength_0_is_the_source_and_more_of_it_leads_away(desk: Desk) -> None:
    assert torch.equal(desk.made(strength=0.0), desk.clip.latent)
    far = [float((desk.made(strength=each, timesteps="continuous") - desk.clip.latent).norm()) for each in (0.1, 1.0)]
    assert 0 < far[0] < far[1]


def test_a_mask_of_0_keeps_the_source_to_the_bit(desk: Desk) -> None:
    mask = torch.zeros(desk.clip.frames)
    mask[40:80] = 1.0
    found = desk.made(mask=mask)
    kept = mask == 0
    assert torch.equal(found[kept], desk.clip.latent[kept])
    assert not torch.equal(found[~kept], desk.clip.latent[~kept])
    assert torch.equal(desk.made(mask=1.0), desk.made())


def test_structure_0_does_not_know_the_structure(desk: Desk) -> None:
    free, bound = desk.made(structure=0.0), desk.made(structure=1.0)
    assert not torch.equal(free, bound)
    other = replace(desk.clip, hints=desk.clip.hints.flip(0))
    conditioner = desk.session.family.conditioner
    assert torch.equal(conditioner.context(desk.clip, 0.0), conditioner.context(other, 0.0))
    assert not torch.equal(conditioner.context(desk.clip, 1.0), conditioner.context(other, 1.0))


def test_prompt_blend_has_a_prompt_at_each_end(desk: Desk) -> None:
    second = desk.session.prompt("dark techno")
    assert torch.equal(desk.made(prompt_b=second, prompt_blend=0.0), desk.made())
    assert torch.equal(desk.made(prompt_b=second, prompt_blend=1.0), desk.made("dark techno"))
    assert not torch.equal(desk.made(prompt_b=second, prompt_blend=0.5), desk.made())


def test_equal_seeds_are_equal_music_and_others_other(desk: Desk) -> None:
    assert torch.equal(desk.made(seed=5), desk.made(seed=5))
    assert not torch.equal(desk.made(seed=5), desk.made(seed=6))


def test_a_control_without_its_part_says_so_on_its_port(desk: Desk) -> None:
    clip = desk.clip
    if desk.session.spec.timbre:
        assert torch.equal(desk.made(timbre_source=clip, timbre=0.0), desk.made())
        assert not torch.equal(desk.made(timbre_source=clip), desk.made())
        return
    with pytest.raises(DemonError, match="has no timbre") as caught:
        desk.made(timbre_source=clip)
    assert (caught.value.port, bool(caught.value.mend)) == ("timbre_source", True)


@pytest.mark.parametrize("name", NAMES)
def test_every_model_names_only_defaults_in_range_and_tells_what_it_lacks(name: str) -> None:
    spec = spec_of(name)  # which checks the ranges
    assert spec.name == name
    assert spec.samples_per_frame * spec.frame_rate == spec.sample_rate
    assert spec.min_frames % spec.quantum == spec.max_frames % spec.quantum == 0
    assert spec.timbre == spec.lyrics == name.startswith("acestep")
    lacking = [row.name for row in TABLE if not spec.has(row)]
    parts = {"timbre_source": spec.timbre, "timbre": spec.timbre, "score": spec.score, "score_mode": spec.score}
    assert lacking == [name for name, there in parts.items() if not there]
    assert all(spec.lacks(CONTROLS[each]).mend for each in lacking)
