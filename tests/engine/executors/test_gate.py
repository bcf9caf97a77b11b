"""The gate for low precision: right scales pass, a wrong layout of scales does not."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from demon_patch.engine import Session
from demon_patch.engine.executors.gate import LIMITS, PROMPTS, Distance, Limits, Verdict, distances, judge
from demon_patch.engine.families import load_family
from demon_patch.errors import DemonError

RATE = 32_000


def float8(weight: Tensor, layout: str) -> Tensor:
    """A weight as float8 with a scale for each output channel, read back with the scales in a layout."""
    scale = weight.abs().amax(1, keepdim=True) / 448
    stored = (weight / scale).to(torch.float8_e4m3fn).float()
    return stored * (scale if layout == "right" else scale.roll(1, 0))


def session_in(layout: str) -> Session:
    family = load_family("nano")
    denoiser: Any = deepcopy(family.denoiser)
    with torch.no_grad():
        for name, layer in denoiser.named_modules():
            if isinstance(layer, nn.Linear) and "blocks" in name:
                layer.weight.copy_(float8(layer.weight, layout))
    return Session(replace(family, denoiser=denoiser))


@pytest.fixture(scope="module")
def reference() -> Session:
    torch.set_num_threads(1)
    return Session.load("nano", threads=1)


def test_weights_in_float8_with_their_right_scales_pass(reference: Session) -> None:
    verdict = judge(reference, session_in("right"), PROMPTS[:4])
    verdict.check()
    assert len(verdict.distances) == 4
    assert all(each.mel > 0 for each in verdict.distances)


def test_scales_of_the_neighbouring_channel_do_not(reference: Session) -> None:
    verdict = judge(reference, session_in("wrong"), PROMPTS[:4])
    assert not any(Verdict("nano", LIMITS["nano"], (each,)).passed for each in verdict.distances)
    with pytest.raises(DemonError, match="does not sound as in float32"):
        verdict.check()


def test_a_model_passes_against_itself_without_distance(reference: Session) -> None:
    (only,) = judge(reference, Session.load("nano", threads=1), PROMPTS[:1]).distances
    assert (only.mel, only.onset) == (0, 0)


def test_there_are_twelve_prompts() -> None:
    assert len(set(PROMPTS)) == 12


def test_louder_is_far_in_the_spectrum_and_near_in_the_onsets() -> None:
    draw = np.random.default_rng(1)
    sound = (draw.standard_normal((RATE, 1)) * np.repeat([0.1, 0.01], RATE // 2)[:, None]).astype(np.float32)
    mel, onset = distances(sound, 2 * sound, RATE)
    assert mel == pytest.approx(6.02, abs=0.1)
    assert onset < 0.02


def test_a_beat_that_is_late_is_far_in_the_onsets() -> None:
    draw = np.random.default_rng(1)
    hits = np.zeros((RATE, 1), np.float32)
    for at in range(0, RATE, 8000):
        hits[at : at + 800, 0] = draw.standard_normal(800) * np.exp(-np.arange(800) / 200)
    hits += 1e-3 * draw.standard_normal(hits.shape)
    assert distances(hits, np.roll(hits, 1600, 0).astype(np.float32), RATE)[1] > 1
    assert distances(hits, hits, RATE) == (0, 0)


@pytest.mark.parametrize(("mel", "onset"), [(2.0, 0.1), (0.1, 2.0), (float("nan"), 0.1)])
def test_one_prompt_that_is_out_is_enough(mel: float, onset: float) -> None:
    good = Distance("good", 0.1, 0.1)
    assert Verdict("nano", Limits(1, 1), (good,)).passed
    assert not Verdict("nano", Limits(1, 1), (good, Distance("bad", mel, onset))).passed
