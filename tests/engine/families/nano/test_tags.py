"""Prompts: words to tags, and the words that nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.engine.families.nano.tags import INSTRUMENTS, KEYS, MODES, STYLES, VOCABULARY_SIZE, Tags, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Tags()),
        ("techno", Tags("techno")),
        ("a techno track in f# minor at 126 bpm", Tags("techno", "minor", 126.0, 6)),
        ("126bpm Drum & Bass", Tags("dnb", bpm=126.0)),
        ("drum'n'bass", Tags("dnb")),
        ("drum and bass, dm", Tags("dnb", "minor", key=2)),
        ("lo-fi hip hop", Tags("hiphop")),
        ("an 8-bit tune in C major", Tags("chiptune", "major", key=0, instruments={"lead": True})),
        ("TB-303 acid, tempo 128", Tags("acid", bpm=128.0)),
        ("80s, b flat dorian", Tags("synthwave", "dorian", key=10)),
        ("ambient in a", Tags("ambient", key=9)),
        ("a sad song", Tags(mode="minor")),
        ("a minor", Tags(mode="minor", key=9)),
        ("key of a", Tags(key=9)),
        ("e♭", Tags(key=3)),
        ("slow deep house", Tags("house", bpm=80.0)),
        ("house with a bass line", Tags("house", instruments={"bass": True})),
        ("techno, no drums", Tags("techno", instruments={"drums": False})),
        (
            "without drums or lead, arpeggio",
            Tags(instruments={"drums": False, "lead": False, "arp": True}),
        ),
        ("no drums, bass", Tags(instruments={"drums": False, "bass": True})),
        ("beatless pads", Tags(instruments={"drums": False, "chords": True})),
    ],
)
def test_what_is_read(text: str, expected: Tags) -> None:
    assert parse(text) == (expected, ())


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("techno with a flugelhorn and kazoo", ("flugelhorn", "kazoo")),
        ("ambient techno", ("techno",)),
        ("kazoo kazoo", ("kazoo",)),
        ("900 bpm", ("900 bpm",)),
        ("not techno", ("techno",)),
        ("42", ("42",)),
    ],
)
def test_what_cannot_be_read_is_named(text: str, unknown: tuple[str, ...]) -> None:
    assert parse(text)[1] == unknown


def test_the_empty_prompt_is_the_null_condition() -> None:
    assert parse("")[0].tokens() == (0,) * 9


def test_every_tag_has_its_own_token() -> None:
    seen: list[int] = []
    seen += [Tags(style=style).tokens()[0] for style in STYLES]
    seen += [Tags(mode=mode).tokens()[1] for mode in MODES]
    seen += [Tags(bpm=bpm).tokens()[2] for bpm in range(65, 195, 10)]
    seen += [Tags(key=key).tokens()[3] for key in range(len(KEYS))]
    for i, name in enumerate(INSTRUMENTS):
        seen += [Tags(instruments={name: on}).tokens()[4 + i] for on in (False, True)]
    assert len(set(seen)) == len(seen) == 8 + 4 + 13 + 12 + 10
    assert min(seen) == 1
    assert max(seen) < VOCABULARY_SIZE


def test_tokens_are_those_the_weights_were_trained_with() -> None:
    full = Tags("acid", "phrygian", 128.0, 11, {name: name != "arp" for name in INSTRUMENTS})
    assert full.tokens() == (8, 12, 29, 47, 18, 19, 20, 16, 22)
    assert (Tags(bpm=41.0).tokens()[2], Tags(bpm=239.0).tokens()[2]) == (23, 35)


@given(st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    tags, unknown = parse(text)
    assert len(tags.tokens()) == 9
    assert all(0 <= token < VOCABULARY_SIZE for token in tags.tokens())
    assert len(set(unknown)) == len(unknown)
