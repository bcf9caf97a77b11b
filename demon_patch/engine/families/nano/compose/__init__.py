"""Composer and synthesiser: songs of an exact number of frames that loop, made from tags and a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demon_patch.engine.families.nano.compose.composition import Composition, compose
from demon_patch.engine.families.nano.compose.render import render
from demon_patch.engine.families.nano.tags import KEYS, Tags

__all__ = ["ComposedSong", "Composition", "compose", "compose_song", "render"]


@dataclass(frozen=True, slots=True)
class ComposedSong:
    """A rendered composition: float32 mono `audio` [T * 1280], `title`, tempo `bpm`, first `downbeat` in seconds."""

    audio: np.ndarray
    composition: Composition
    title: str
    bpm: float
    downbeat: float = 0.0


def compose_song(tags: Tags, frames: int, seed: int) -> ComposedSong:
    """Composes and renders a loop of `frames` latent frames after `tags`; equal arguments give equal samples."""
    composition = compose(np.random.default_rng(seed), frames, tags)
    key = f"{KEYS[composition.key].upper()} {composition.mode}"
    title = f"{composition.style} in {key}, {composition.bpm:.0f} bpm"
    audio = render(composition, composition.style, frames, seed)
    return ComposedSong(audio, composition, title, composition.bpm)
