"""The onset node on drum loops whose strokes are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from demon_patch.engine.families.nano.compose import ComposedSong, compose_song
from demon_patch.engine.families.nano.compose.instruments import StepGrid
from demon_patch.engine.families.nano.tags import Tags
from demon_patch.engine.sound.features import features
from demon_patch.nodes.library.analysis.analysis import onset
from tests.support.drum_kits import BEAT, DRAWN, PER, RATE, Kit, beat, drawn, held, recorded
from tests.support.nodes_by_hand import played

FRAMES = 400


def struck(song: ComposedSong, hears: str) -> np.ndarray:
    """The frames of the loop's second round with an onset."""
    found = features(np.tile(song.audio, 2)[:, None], 32_000, PER)
    fed = {"flux": found["flux"]} | {part: found[f"stroke_{part}"] for part in ("low", "middle", "high")}
    rises = played(onset, 2 * FRAMES, hears=hears, **fed)[1]
    return np.flatnonzero(rises[FRAMES:])


def strokes(song: ComposedSong, *drums: str) -> np.ndarray:
    """The frames in which these drums are struck, the snares of fills among them."""
    grid = StepGrid(song.composition, len(song.audio))
    levels = np.max([song.composition.drums[drum] for drum in drums], axis=0)[grid.beat_step] * grid.plays[:, 0]
    rolls = song.composition.fill & (grid.bar % 4 == 3) & (grid.beat_step >= 12) & (grid.plays[:, 0] > 0)
    return grid.position[(levels > 0.05) | (rolls & ("snare" in drums))] // PER


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


def rises(sound: np.ndarray, hears: str) -> np.ndarray:
    """The frames with an onset in a mono sound at 32 kHz."""
    found = features(sound[:, None], RATE, PER)
    fed = {"flux": found["flux"]} | {part: found[f"stroke_{part}"] for part in ("low", "middle", "high")}
    return np.flatnonzero(played(onset, len(found["flux"]), hears=hears, **fed)[1])


def found_and_false(hits: np.ndarray, strokes: np.ndarray) -> tuple[float, float]:
    """The share of strokes that were heard in their frame or the next, and of hits that are no strokes."""
    late = hits[:, None] - strokes
    near = (late >= 0) & (late <= 1)
    return float(near.any(axis=0).mean()) if len(strokes) else 1.0, float(np.mean(~near.any(axis=1))) if len(
        hits
    ) else 0.0


def told_apart(kit: Kit, name: str, levels: tuple[float, float, float], floor: float | None, late: float) -> None:
    sound, frames = beat(kit, name, levels, floor, late)
    for part, strokes in zip(("low", "middle", "high"), frames, strict=True):
        hits = rises(sound, part)
        if len(strokes) == 0:
            assert len(hits) == 0, part
        share, wrong = found_and_false(hits, strokes)
        assert share >= 0.9, (part, share)
        assert wrong <= 0.1, (part, wrong)


@pytest.mark.parametrize("name", BEAT)
@pytest.mark.parametrize("kit", DRAWN)
@pytest.mark.parametrize("floor", [None, -60.0, -50.0])
def test_kicks_snares_and_hats_are_told_apart(kit: str, name: str, floor: float | None) -> None:
    told_apart(DRAWN[kit], name, (0.8, 0.6, 0.25), floor, 0.0)


@pytest.mark.parametrize("name", ["kicks", "four on the floor", "break"])
@pytest.mark.parametrize("levels", [(0.8, 0.4, 0.15), (0.5, 0.8, 0.4), (0.25, 0.2, 0.1)])
def test_levels_and_places_in_a_frame_do_not_matter(name: str, levels: tuple[float, float, float]) -> None:
    for late in (0.013, 0.031):
        told_apart(DRAWN["soft"], name, levels, None, late)


def passed(kit: Kit, seed: int) -> tuple[list[bool], list[float]]:
    """For each beat and part, whether 90 % of its strokes are found with at most 10 % false ones; the shares found."""
    rng = np.random.default_rng(seed)
    good, shares = [], []
    for name in BEAT:
        levels = (rng.uniform(0.4, 0.9), rng.uniform(0.3, 0.8), rng.uniform(0.15, 0.4))
        floor = (None, -60.0, -50.0)[int(rng.integers(3))]
        sound, frames = beat(kit, name, levels, floor, rng.uniform(0, 0.04))
        for part, strokes in zip(("low", "middle", "high"), frames, strict=True):
            share, wrong = found_and_false(rises(sound, part), strokes)
            good.append(share >= 0.9 and wrong <= 0.1)
            shares.append(share)
    return good, shares


NAMED = (
    ("bd_haus", "drum_snare_soft", "drum_cymbal_closed"),
    ("bd_808", "sn_generic", "drum_cymbal_closed"),
    ("drum_heavy_kick", "drum_snare_hard", "drum_cymbal_closed"),
    ("bd_pure", "drum_snare_soft", "drum_cymbal_closed"),
)
"""Kits of one-shots that the network learnt from."""


@pytest.mark.parametrize("floor", [None, -60.0, -50.0])
@pytest.mark.parametrize("name", BEAT)
@pytest.mark.parametrize("names", NAMED)
def test_recorded_drums_are_told_apart(names: tuple[str, str, str], name: str, floor: float | None) -> None:
    told_apart(recorded(*names), name, (0.8, 0.6, 0.25), floor, 0.0)


def named(seed: int) -> Kit:
    return recorded(*NAMED[seed % len(NAMED)])


# The aim is 0.95 of the cases; for kits of HELD, which nothing was learnt from, this is what is reached, less a margin.
@pytest.mark.parametrize(
    ("kits", "cases", "found"),
    [(drawn, 0.95, 0.97), (named, 0.95, 0.97), (held, 0.7, 0.85)],
    ids=["drawn", "named", "held"],
)
def test_most_strokes_of_other_kits_are_told_apart(kits: Callable[[int], Kit], cases: float, found: float) -> None:
    told = [passed(kits(seed), seed) for seed in range(500, 506)]
    assert np.mean([good for good, _ in told]) >= cases
    assert np.mean([shares for _, shares in told]) >= found


@pytest.mark.parametrize("floor", [None, -60.0, -50.0])
@pytest.mark.parametrize(("name", "count"), [("kicks", 32), ("four on the floor", 64)])
def test_attacks_of_any_kind_are_all_heard(name: str, count: int, floor: float | None) -> None:
    sound, frames = beat(DRAWN["soft"], name, (0.8, 0.6, 0.25), floor)
    hits, struck = rises(sound, "all"), np.unique(np.concatenate(frames))
    hits = hits[hits > 0]  # the noise begins with the sound
    assert found_and_false(hits, struck) == (1.0, 0.0)
    assert len(hits) == len(struck) == count
