"""Whole covers: the music stays, the sound changes, and strength moves it evenly."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.contracts import Family, Source
from tools.train_nano.evaluate import decoded
from tools.train_nano.judges import chroma_correlation, onset_correlation
from tools.train_nano.measure import cover, strength_distances, warp


def test_a_cover_in_another_style_keeps_the_music(family: Family, song: Source) -> None:
    prompts = [family.conditioner.prompt("synthwave"), family.conditioner.prompt("acid")]
    first, second = cover(family, song, prompts, [1.0, 1.0], seed=1)
    audio, source = decoded(family, first), song.audio[:, 0]
    assert onset_correlation(audio, source) > 0.6
    assert chroma_correlation(audio, source) > 0.4
    away = (first - song.latent).square().mean().sqrt()
    assert away > 0.5
    assert (first - second).square().mean().sqrt() > 0.3
    stranger = family.conditioner.compose("hiphop", 8.0, 77).audio[:, 0]
    assert onset_correlation(audio, stranger) < 0.4


def test_strength_zero_is_the_source(family: Family, song: Source) -> None:
    latent = cover(family, song, [family.conditioner.prompt("acid")], [0.0], seed=1)[0]
    assert (latent - song.latent).abs().max() < 1e-5


def test_warp_in_float64() -> None:
    import torch

    t = torch.linspace(0, 1, 101, dtype=torch.float64)
    plain = np.array([2.0 * u / (1 + (2.0 - 1) * u) for u in t.tolist()])
    assert np.abs(warp(t, 2.0).numpy() - plain).max() < 1e-15


@pytest.mark.slow
def test_equal_turns_of_the_knob_move_the_sound_equally_far(family: Family) -> None:
    found = strength_distances(family, family.spec.strength_taper, range(100, 108), seconds=8.0)
    steps = np.diff(found.distance) / (found.distance[-1] - found.distance[0])
    assert steps.min() > 0.07
    assert steps.max() < 0.13
