"""Composes and synthesises songs from tags and a seed: loops that last an exact number of latent frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demon_patch.engine.families.nano.compose.as_score import score_of
from demon_patch.engine.families.nano.compose.composition import Composition, compose
from demon_patch.engine.families.nano.compose.render import render
from demon_patch.engine.families.nano.score.notes import Score
from demon_patch.engine.families.nano.tags import KEYS, Tags, parse

__all__ = ["ComposedSong", "Composition", "compose", "compose_song", "first_score", "render"]


@dataclass(frozen=True, slots=True)
class ComposedSong:
    """A composition and its sound.

    audio: float32 mono samples [T * 1280] at 32 kHz, T latent frames.
    title: style, key, mode and tempo as text.
    bpm: tempo in beats per minute.
    downbeat: the first downbeat, in seconds from the loop's start.
    """

    audio: np.ndarray
    composition: Composition
    title: str
    bpm: float
    downbeat: float = 0.0


def first_score(prompt: str, frames: int, seed: int) -> Score:
    """Returns the score of the song that `compose_song` plays for the tags of a prompt; equal arguments give equal
    scores."""
    tags, _ = parse(prompt)
    return score_of(compose(np.random.default_rng(seed), frames, tags), frames, seed)


def compose_song(tags: Tags, frames: int, seed: int) -> ComposedSong:
    """Returns a loop of `frames` latent frames, composed and rendered after `tags`.

    Equal arguments give equal samples.
    """
    composition = compose(np.random.default_rng(seed), frames, tags)
    key = f"{KEYS[composition.key].upper()} {composition.mode}"
    title = f"{composition.style} in {key}, {composition.bpm:.0f} bpm"
    audio = render(composition, composition.style, frames, seed)
    return ComposedSong(audio, composition, title, composition.bpm)
