"""Notes that the music is told: replaced or added, cut with the stretch, summed with the clips, and refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from demon_patch.engine.contracts import Source
from demon_patch.engine.families.nano.spec import SPEC as NANO
from demon_patch.engine.score import PARTS, VOICES, Notes
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.runtime.performance.resources import fitted
from tests.support.toy_family import HINTS, toy_family

T = 24


def notes(*played: tuple[str, int, float, int, int], frames: int = T) -> Notes:
    """Notes of (part, voice, pitch, first frame, frames)."""
    pitch, sounding, starting = torch.full((len(PARTS), VOICES, frames), 60.0), *torch.zeros(2, 4, VOICES, frames)
    for part, voice, key, first, length in played:
        at = PARTS.index(part), voice
        pitch[at][first : first + length], sounding[at][first : first + length] = key, 1
        starting[at][first] = 1
    return Notes(pitch, sounding, starting)


@pytest.fixture
def session() -> Session:
    return Session(toy_family())


@pytest.fixture
def clip(session: Session) -> Source:
    return session.compose("song", seconds=T / 25, seed=1)


def context(session: Session, clip: Source, **controls: Any) -> Tensor:
    return session.request(session.prompt("warm"), clip, **controls).context


def moved(a: Tensor, b: Tensor) -> list[int]:
    """The frames in which two tensors [T, X] differ."""
    return (a != b).any(1).nonzero().flatten().tolist()


def test_a_note_moves_the_latent_at_its_frames(session: Session, clip: Source) -> None:
    prompt, played = session.prompt("warm"), notes(("lead", 2, 72.0, 5, 4))
    silent, told = (session.generate(prompt, clip, score=score, seed=3) for score in (notes(), played))
    assert moved(silent, told) == [5, 6, 7, 8]
    assert torch.equal(session.generate(prompt, clip, seed=3), silent)  # the clip's own score is not known


def test_notes_replace_the_score_of_the_clip_or_are_added_to_it(session: Session, clip: Source) -> None:
    own = torch.zeros(T, HINTS)
    own[2:4, 0], own[9:12, 1] = 0.5, 0.25
    scored = replace(clip, score=own)
    played = notes(("bass", 0, 127 / 2, 10, 1), ("drums", 1, 38.0, 20, 1))  # of half a height, rounded to 64
    plain = context(session, clip)
    assert moved(context(session, scored), plain) == [2, 3, 9, 10, 11]
    assert moved(context(session, scored, score=played), plain) == [10, 20]
    added = context(session, scored, score=played, score_mode="add")
    assert moved(added, plain) == [2, 3, 9, 10, 11, 20]
    assert added[10, 1] - plain[10, 1] == pytest.approx(64 / 127)  # the louder of the two
    assert torch.equal(context(session, clip, score=played, score_mode="add"), context(session, clip, score=played))


def test_the_score_of_a_structure_clip_is_that_which_is_added_to(session: Session, clip: Source) -> None:
    own = torch.zeros(T, HINTS)
    own[7, 2] = 0.5
    other = replace(session.compose("other", seconds=T / 25, seed=2), score=own)
    played = notes(("chords", 7, 64.0, 3, 1))
    both = context(session, clip, structure_source=other, score=played, score_mode="add")
    assert moved(both, context(session, clip, structure_source=replace(other, score=None))) == [3, 7]


def test_a_stretch_has_the_notes_of_its_frames(session: Session) -> None:
    clip = session.compose("song", seconds=4, seed=1)
    played = notes(("lead", 0, 70.0, 95, 5), ("lead", 0, 60.0, 2, 3), frames=100)
    whole = context(session, clip, score=played)
    part = context(session, clip, score=played, stretch=(90, 20))
    assert torch.equal(part, torch.cat((whole[90:], whole[:10])))


def test_a_clip_that_is_cut_or_repeated_keeps_its_score(session: Session, clip: Source) -> None:
    scored = replace(clip, score=torch.arange(T * HINTS).view(T, HINTS) / 100)
    longer = fitted(scored, T + 5, 16)
    assert longer.score is not None
    assert torch.equal(longer.score[T:], scored.score[:5])  # type: ignore[index]


@pytest.mark.parametrize(
    ("score", "says"),
    [
        (notes(frames=T + 1), rf"port score.*{T} frames"),
        (replace(notes(), pitch=torch.full((4, VOICES, T), 128.0)), r"port score.*no MIDI note"),
        (replace(notes(), pitch=torch.full((4, VOICES, T), torch.nan)), r"port score.*no MIDI note"),
        (replace(notes(), sounding=torch.full((4, VOICES, T), 0.5)), r"port score.*neither 0 nor 1"),
        (replace(notes(), starting=torch.full((4, VOICES, T), torch.nan)), r"port score.*neither 0 nor 1"),
    ],
)
def test_what_is_no_score_is_refused(session: Session, clip: Source, score: Notes, says: str) -> None:
    with pytest.raises(DemonError, match=says):
        context(session, clip, score=score)


def test_what_are_no_notes_is_refused(session: Session, clip: Source) -> None:
    with pytest.raises(DemonError, match=r"port score: 'c4' are no notes"):
        context(session, clip, score="c4")


def test_without_notes_there_is_nothing_to_add(session: Session, clip: Source) -> None:
    with pytest.raises(DemonError, match=r"port score_mode.*no score"):
        context(session, clip, score_mode="add")


def test_a_family_without_a_score_says_so(session: Session, clip: Source) -> None:
    plain = Session(replace(toy_family(), spec=replace(session.spec, score=False)))
    assert not NANO.score
    with pytest.raises(DemonError, match=r"port score: the model family toy has no score"):
        context(plain, clip, score=notes())
