"""Ids of nodes and of the other records of a patch: 8 random base-32 characters, or a word written by hand."""

from __future__ import annotations

import random
import re
from collections.abc import Container
from functools import lru_cache

from demon_patch.errors import PatchError
from demon_patch.patch.model.json_values import quoted

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
LENGTH = 8
FORM = r"[a-z0-9_-]{1,32}"
_ID = re.compile(FORM)


def fresh(taken: Container[str], rng: random.Random | None = None) -> str:
    """Returns a new random id of 8 characters that is not in `taken`. rng: the system's randomness by default."""
    rng = rng or random.SystemRandom()
    while (drawn := "".join(rng.choices(ALPHABET, k=LENGTH))) in taken:
        pass
    return drawn


def valid_id(given: object, kind: str = "node") -> str:
    """Returns the id if it has 1 to 32 characters of a-z 0-9 _ -; raises PatchError otherwise.

    kind: the kind of record that the id is of, for the message.
    """
    if not isinstance(given, str) or not _has_form(given):
        raise PatchError(f"{quoted(given)} is no id of a {kind}", mend="use 1 to 32 of a-z 0-9 _ -")
    return given


@lru_cache(maxsize=16384)
def _has_form(id: str) -> bool:
    return _ID.fullmatch(id) is not None
