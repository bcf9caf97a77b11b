"""Prompts, sources and contexts as the denoiser takes them."""

from __future__ import annotations

import pytest
import torch

from demon_patch.engine.contracts import Family, Source
from demon_patch.errors import DemonError


def test_prompts(family: Family) -> None:
    said = family.conditioner.prompt("dark techno with flugelhorn")
    assert said.tokens.tolist() == [1, 9, 0, 0, 0, 0, 0, 0, 0]
    assert said.tokens.dtype == torch.int64
    assert (said.text, said.unknown) == ("dark techno with flugelhorn", ("flugelhorn",))
    assert not family.conditioner.prompt("").tokens.any()


def test_composed_sources(family: Family) -> None:
    source = family.conditioner.compose("chiptune, 140 bpm", 12.0, 5)
    again = family.conditioner.compose("chiptune, 140 bpm", 12.0, 5)
    assert source.frames == 300
    assert source.audio.shape == (300 * family.spec.samples_per_frame, 1)
    assert torch.equal(source.latent, again.latent)
    assert torch.equal(source.hints, again.hints)
    assert source.bpm == pytest.approx(140.0)
    assert source.downbeat == 0.0
    assert "chiptune" in source.title


@pytest.mark.parametrize(
    ("asked", "frames"), [(1.0, 200), (12.0, 300), pytest.param(999.0, 1500, marks=pytest.mark.slow)]
)
def test_lengths_are_brought_into_range(family: Family, asked: float, frames: int) -> None:
    assert family.conditioner.compose("ambient, no drums", asked, 1).frames == frames


def test_context_layout(family: Family, song: Source) -> None:
    context = family.conditioner.context(song, 0.25)
    assert context.shape == (song.frames, family.spec.context_channels)
    assert not context[:, :65].any()
    assert torch.allclose(context[:, 65:102], song.hints * 0.25)
    assert (context[:, 102] == 0.25).all()


def test_the_family_has_no_timbre(family: Family, song: Source) -> None:
    assert not family.spec.timbre
    with pytest.raises(DemonError, match=r"port timbre_source: the model family nano has no timbre"):
        family.conditioner.timbre(family.conditioner.prompt("acid"), song)


def test_no_structure_is_no_hints(family: Family, song: Source) -> None:
    assert not family.conditioner.context(song, 0.0).any()
