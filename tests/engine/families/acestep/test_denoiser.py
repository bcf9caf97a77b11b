"""The denoiser equals diffusers' own forward, for prompts of any length, and mixes prompts without a jump."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Denoiser
from demon_patch.engine.families.acestep.build import Parts
from demon_patch.engine.families.acestep.denoiser import LENGTHS, AceStepDenoiser
from demon_patch.engine.prompt_contracts import MixesPrompts
from tests.support import tiny_acestep as tiny

FRAMES = 40


def prompt(length: int, seed: int) -> Tensor:
    states = torch.randn(length, 16, generator=torch.Generator().manual_seed(seed))
    return torch.cat((states, torch.ones(length, 1)), 1)


class Desk:
    """A denoiser, and inputs of three rows."""

    def __init__(self, parts: Parts) -> None:
        self.model, self.denoiser = parts.transformer, AceStepDenoiser(parts.transformer)
        draw = torch.Generator().manual_seed(3)
        self.x = torch.randn(3, FRAMES, 64, generator=draw)
        self.context = torch.randn(3, FRAMES, 128, generator=draw)
        self.t = torch.tensor([1.0, 0.9, 0.3])
        self.prompts = [prompt(length, length) for length in (5, 9, 23)]

    @torch.inference_mode()
    def plain(self, row: int, states: Tensor) -> Tensor:
        """The model's own velocity of a row's inputs [T, 64], for the states of a prompt [L, E]."""
        at = slice(row, row + 1)
        return self.model(self.x[at], self.t[at], self.t[at], states[None], self.context[at], return_dict=False)[0][0]

    @torch.inference_mode()
    def ours(self, row: int, condition: tuple[Tensor, ...]) -> Tensor:
        at = slice(row, row + 1)
        time = self.denoiser.embed_time(self.t[at])
        return self.denoiser.velocity(self.x[at], time, self.context[at], tuple(part[None] for part in condition))[0]


@pytest.fixture(scope="module", params=[tiny.NAME, tiny.XL])
def desk(request: pytest.FixtureRequest, parts_of: Callable[[str], Parts]) -> Desk:
    return Desk(parts_of(request.param))


def close(got: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_the_velocity_is_the_models_own(desk: Desk) -> None:
    assert isinstance(desk.denoiser, Denoiser)
    assert isinstance(desk.denoiser, MixesPrompts)
    for row, tokens in enumerate(desk.prompts):
        close(desk.ours(row, desk.denoiser.condition(tokens)), desk.plain(row, tokens[:, :-1]))


def test_a_batch_of_prompts_of_different_lengths_equals_each_alone(desk: Desk) -> None:
    padded = [desk.denoiser.padded(desk.denoiser.condition(tokens), 32) for tokens in desk.prompts]
    with torch.inference_mode():
        time = desk.denoiser.embed_time(desk.t)
        together = tuple(torch.stack(parts) for parts in zip(*padded, strict=True))
        got = desk.denoiser.velocity(desk.x, time, desk.context, together)
    for row, tokens in enumerate(desk.prompts):
        close(got[row], desk.plain(row, tokens[:, :-1]))


def test_padding_that_counted_would_be_heard(desk: Desk) -> None:
    tokens = desk.prompts[0]
    more = torch.cat((tokens, torch.zeros(4, tokens.shape[1])))
    more[-4:, -1] = 1
    heard = (desk.ours(0, desk.denoiser.condition(more)) - desk.plain(0, tokens[:, :-1])).abs().max()
    assert heard > 1e-3


@pytest.mark.parametrize("lengths", [(0, 1), (1, 0), (2, 2)])
def test_a_mix_is_each_prompt_at_its_end_and_moves_evenly_between(desk: Desk, lengths: tuple[int, int]) -> None:
    first, second = (desk.denoiser.condition(desk.prompts[at]) for at in lengths)
    close(desk.ours(0, desk.denoiser.mixed(first, second, 0.0)), desk.ours(0, first))
    close(desk.ours(0, desk.denoiser.mixed(first, second, 1.0)), desk.ours(0, second))
    steps = [desk.ours(0, desk.denoiser.mixed(first, second, at / 100)) for at in range(101)]
    jumps = [float((b - a).norm()) for a, b in pairwise(steps)]
    whole = float((steps[-1] - steps[0]).norm())
    assert max(jumps) <= 0.2 * whole + 1e-5 * float(steps[0].norm())


def test_of_equal_lengths_a_mix_is_the_mix_of_the_states(desk: Desk) -> None:
    one, other = prompt(9, 1), prompt(9, 2)
    mixed = desk.denoiser.mixed(desk.denoiser.condition(one), desk.denoiser.condition(other), 0.3)
    close(desk.ours(1, mixed), desk.plain(1, torch.lerp(one, other, 0.3)[:, :-1]))


def test_a_mix_of_mixes_takes_each_prompt_by_its_share(desk: Desk) -> None:
    a, b, c = (desk.denoiser.condition(tokens) for tokens in desk.prompts)
    mixed = desk.denoiser.mixed
    one = mixed(mixed(a, b, 0.5), c, 0.2)
    other = mixed(mixed(a, c, 0.2 / 0.6), b, 0.4)
    close(desk.ours(0, one), desk.ours(0, other))


def test_timesteps_are_not_rounded_to_the_16_bits_of_the_weights(desk: Desk) -> None:
    low = AceStepDenoiser(deepcopy(desk.model).to(torch.bfloat16))
    t = torch.linspace(0.9, 0.91, 8)  # of which 16 bits keep three or four
    with torch.inference_mode():
        exact, found, rounded = desk.denoiser.embed_time(t), low.embed_time(t), desk.denoiser.embed_time(t.bfloat16())
    assert found.dtype == torch.float32
    assert len(found.unique(dim=0)) == len(t)
    assert float((found - exact).norm()) < 0.5 * float((rounded - exact).norm())


def test_tables_are_kept_for_some_lengths_only(desk: Desk) -> None:
    condition = tuple(part[None] for part in desk.denoiser.condition(desk.prompts[0]))
    with torch.inference_mode():
        time = desk.denoiser.embed_time(desk.t[:1])
        for frames in range(2, 4 * LENGTHS, 2):
            desk.denoiser.velocity(desk.x[:1, :frames], time, desk.context[:1, :frames], condition)
    assert 0 < len(desk.denoiser._tables) <= LENGTHS
    close(desk.ours(0, desk.denoiser.condition(desk.prompts[0])), desk.plain(0, desk.prompts[0][:, :-1]))
