"""The table of what a denoiser can be told of a sound."""

from __future__ import annotations

import pytest

from demon_patch.engine.families.nano.sound_tags import ABSENT, FIRST, SLOTS, TOKENS, VOCABULARY, tokens


def test_every_value_of_every_slot_has_a_token_of_its_own() -> None:
    found = [tokens({slot: value})[place] for place, (slot, values) in enumerate(SLOTS.items()) for value in values]
    assert found == list(range(1, VOCABULARY))
    assert all(len(set(values)) == len(values) for values in SLOTS.values())


def test_nothing_said_is_all_zeros() -> None:
    assert tokens({}) == (0,) * TOKENS == tokens(dict.fromkeys(SLOTS))


@pytest.mark.parametrize(
    ("slot", "number", "value"),
    [
        ("tempo", 40, "65"), ("tempo", 74.9, "65"), ("tempo", 75, "75"), ("tempo", 128, "125"), ("tempo", 240, "185"),
        ("key", 0, "c"), ("key", 13, "c#"), ("brightness", -60, "dull"), ("brightness", -12, "bright"),
        ("brightness", 0, "sharp"), ("energy", 0, "calm"), ("energy", 1, "busy"), ("room", 0.2, "near"),
    ],
)  # fmt: skip
def test_numbers_are_sorted_into_values(slot: str, number: float, value: str) -> None:
    assert tokens({slot: number}) == tokens({slot: value})


def test_what_is_no_slot_or_no_value_is_refused() -> None:
    with pytest.raises(ValueError, match="no slot colour"):
        tokens({"colour": 1})
    with pytest.raises(ValueError, match="style takes one of techno"):
        tokens({"style": 1.0})
    with pytest.raises(ValueError, match="lead takes one of absent, piano"):
        tokens({"lead": "kazoo"})
    assert tokens({"lead": ABSENT})[8] == FIRST["lead"]
