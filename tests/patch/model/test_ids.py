from __future__ import annotations

import random

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.model.ids import ALPHABET, fresh, valid_id


def test_fresh_ids_are_eight_base_32_characters_and_are_valid() -> None:
    drawn = fresh(())
    assert len(drawn) == 8
    assert set(drawn) <= set(ALPHABET)
    assert len(set(ALPHABET)) == 32
    assert valid_id(drawn) == drawn


def test_a_taken_id_is_not_drawn_again() -> None:
    first = fresh((), random.Random(5))
    second = fresh({first}, random.Random(5))
    assert first == fresh((), random.Random(5))
    assert second != first


@pytest.mark.parametrize("given", ["a", "first-light_2", "x" * 32])
def test_readable_ids_are_accepted(given: str) -> None:
    assert valid_id(given) == given


@pytest.mark.parametrize("given", ["", "A", "a b", "x" * 33, "a\n", "é", 5, None])
def test_other_ids_are_refused(given: object) -> None:
    with pytest.raises(PatchError, match="is no id of a node"):
        valid_id(given)
