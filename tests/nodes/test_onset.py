"""The onset node on drum loops whose strokes are known."""

from __future__ import annotations

import numpy as np
import pytest

from demon_patch.engine.families.nano.compose import Song, compose_song
from demon_patch.engine.families.nano.compose.instruments import Grid
from demon_patch.engine.families.nano.tags import Tags
from demon_patch.engine.features import features
from demon_patch.nodes.analysis import onset
from tests.nodes.by_hand import played

PER, FRAMES = 1280, 400


def struck(song: Song, hears: str) -> np.ndarray:
    """The frames of the loop's second round with an onset."""
    found = features(np.tile(song.audio, 2)[:, None], 32_000, PER)
    fed = {"flux": found["flux"]} | {part: found[f"stroke_{part}"] for part in ("low", "middle", "high")}
    rises = played(onset, 2 * FRAMES, hears=hears, **fed)[1]
    return np.flatnonzero(rises[FRAMES:])


def strokes(song: Song, *drums: str) -> np.ndarray:
    """The frames in which these drums are struck."""
    grid = Grid(song.composition, len(song.audio))
    levels = np.max([song.composition.drums[drum] for drum in drums], axis=0)[grid.beat_step] * grid.plays[:, 0]
    return grid.position[levels > 0.05] // PER


def share(frames: np.ndarray, of: np.ndarray) -> float:
    """The share of frames that are some of the others, or the one after."""
    gaps = (frames[:, None] - of + FRAMES // 2) % FRAMES - FRAMES // 2
    return float(np.mean((np.abs(gaps) <= 1).any(axis=1)))


@pytest.mark.parametrize(("style", "seed"), [("house", 1), ("techno", 1), ("dnb", 1), ("dnb", 3), ("hiphop", 1)])
def test_an_onset_that_hears_the_low_third_finds_the_kicks(style: str, seed: int) -> None:
    song = compose_song(Tags(style, instruments={"drums": True}), FRAMES, seed)
    kicks = strokes(song, "kick")
    hits, all_hits = struck(song, "low"), struck(song, "all")
    assert share(kicks, hits) >= 0.9
    assert share(hits, kicks) > share(all_hits, kicks) + 0.1


@pytest.mark.parametrize(("style", "seed"), [("house", 1), ("techno", 2), ("dnb", 2), ("hiphop", 1)])
def test_the_onsets_of_a_whole_clip_are_strokes(style: str, seed: int) -> None:
    song = compose_song(Tags(style, instruments={"drums": True}), FRAMES, seed)
    assert share(struck(song, "all"), strokes(song, *song.composition.drums)) >= 0.95
