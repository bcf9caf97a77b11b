"""Prompts of nano2: what words say by slot, who plays which part, and what is unread."""

from __future__ import annotations

import pytest

from demon_patch.engine.families import words_of
from demon_patch.engine.families.nano import words as nano_words
from demon_patch.engine.families.nano.score import PARTS, STYLES
from demon_patch.engine.families.nano.sound_tags import ABSENT, SLOTS
from demon_patch.engine.families.nano.sound_tags import tokens as slot_tokens
from demon_patch.engine.families.nano.tags import parse as parse_nano
from demon_patch.engine.families.nano2.tags import Tags, parse, unread
from demon_patch.engine.families.nano2.words import ANY_PART, IMPLIED, LEXICON, NEAR, PLAYS
from tests.support.paths import DOCS

OWN_STYLES = {"trance": "trance", "disco": "disco"}
"""Words of nano that name a style of their own here."""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", {}),
        ("trance in f# lydian, 138 bpm", {"style": "trance", "key": 6.0, "mode": "lydian", "tempo": 138.0}),
        ("flute lead", {"lead": "pipe"}),
        ("lead guitar", {"lead": "guitar"}),
        ("piano chords", {"chords": "piano"}),
        ("piano", {"chords": "piano"}),
        ("piano, strings, flute", {"chords": "piano", "lead": "ensemble", "arp": "pipe"}),
        ("flute lead, piano", {"lead": "pipe", "chords": "piano"}),
        ("upright bass", {"bass": "bass"}),
        ("808", {"bass": "synth sine"}),
        ("808 drums", {"drums": "drum kit", "kit": "808"}),
        ("brushed drums", {"drums": "drum kit", "kit": "brush"}),
        ("gated drums", {"drums": "synth drum machine", "kit": "gated"}),
        ("techno, no drums", {"style": "techno", "drums": ABSENT}),
        ("no piano", {"chords": ABSENT}),
        ("no drums, 808 drums", {"drums": "drum kit", "kit": "808"}),
        ("bright, dry, busy, polished", {"brightness": "bright", "room": "dry", "energy": "busy", "finish": "mastered",
                                         "mode": "major"}),
        ("warm reverb", {"brightness": "dark", "room": "wet"}),
        ("calm jazz", {"energy": "calm", "style": "jazz"}),
        ("calm", {"energy": "calm", "style": "ambient"}),
        ("dark, a major", {"brightness": "dark", "mode": "major", "key": 9.0}),
        ("dark acid", {"brightness": "dark", "mode": "minor", "style": "acid"}),
        ("acid jazz", {"style": "jazz"}),
    ],
)  # fmt: skip
def test_what_is_read(text: str, said: dict[str, str | float]) -> None:
    tags, unknown = parse(text)
    assert dict(tags.said) == said
    assert unknown == ()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("techno with a kazoo", ("kazoo",)),
        ("ambient techno", ("techno",)),
        ("not techno", ("techno",)),
        ("900 bpm", ("900 bpm",)),
        ("dry, wet", ("wet",)),
        ("flute, piccolo, whistle", ()),
    ],
)
def test_what_cannot_be_read_is_named(text: str, unknown: tuple[str, ...]) -> None:
    assert parse(text)[1] == unknown


def test_what_is_unread_comes_with_what_is_near() -> None:
    told = dict(unread("flugelhorn, tecno, ambient techno"))
    assert told["flugelhorn"] == 'the nearest that it knows: "trumpet"'
    assert told["tecno"] == 'the nearest that it knows: "techno"'
    assert told["techno"].startswith("each is said once")


def test_every_value_that_words_say_is_one_of_its_slot() -> None:
    for meaning in LEXICON.phrases.values():
        for slot, value in (*meaning.says, *meaning.implies):
            if slot == "tempo":
                assert 40 <= float(value) <= 240
            elif slot != ANY_PART:
                assert value in SLOTS[slot] or (value == PLAYS and slot in PARTS)
    named = {value for meaning in LEXICON.phrases.values() for slot, value in meaning.says if slot == "style"}
    assert named == set(STYLES)
    assert set(IMPLIED) <= set(SLOTS)


def test_words_of_nano_keep_their_meanings() -> None:
    for phrase, (kind, _) in nano_words.PHRASES.items():
        word = " ".join(phrase)
        if kind == "other" or word in OWN_STYLES:
            continue
        was, (now, unknown) = parse_nano(word)[0], parse(word)
        assert unknown == (), word
        assert was.style in (None, now.style), word
        assert was.mode in (None, now.said.get("mode")), word
        assert was.bpm in (None, now.said.get("tempo")), word
        assert was.instruments.items() <= now.parts.items(), word


def test_every_near_word_is_known_and_what_it_stands_for_is_not() -> None:
    for known, words in NEAR.items():
        assert parse(known)[1] == ()
        for word in words.split("|"):
            assert parse(word)[1], word


def test_the_empty_prompt_is_the_null_condition_and_others_are_not() -> None:
    assert parse("")[0] == Tags()
    assert not any(Tags().tokens())
    tokens = parse("flute lead, no drums")[0].tokens()
    assert len(tokens) == len(SLOTS)
    assert sum(token > 0 for token in tokens) == 2


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("trance", {}),
        ("trance, flute lead, no arp", {"lead": "pipe", "arp": ABSENT}),
        ("trance without drums", {"drums": ABSENT, "kit": None}),
        ("trance with drums", {}),
        ("trance, 808 drums", {"drums": "drum kit", "kit": "808"}),
    ],
)
def test_a_style_is_played_by_its_usual_instruments_unless_others_are_named(
    text: str, more: dict[str, str | None]
) -> None:
    usual = {"style": "trance", "bass": "synth saw", "chords": "synth saw", "arp": "synth saw", "lead": "synth saw"}
    usual |= {"drums": "synth drum machine", "kit": "machine"}
    assert parse(text)[0].tokens() == slot_tokens({**usual, **more})


def test_the_composer_is_asked_for_what_is_said() -> None:
    wishes = parse("techno in d dorian, 130 bpm, no drums, flute lead, bass")[0].wishes()
    assert (wishes.mode, wishes.key, wishes.bpm) == ("dorian", 2, 130.0)
    assert dict(wishes.parts) == {"drums": False, "lead": True, "bass": True}


def test_the_page_of_words_is_current() -> None:
    page = DOCS / "words-nano2.md"
    current = "demon-patch model info nano2 --words > docs/words-nano2.md"
    assert page.read_text(encoding="utf-8") == words_of("nano2"), current
