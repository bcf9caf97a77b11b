"""Thousands of damaged files: each is read as a valid patch, or refused in one line that names the file."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.format import dumps, loads

CASES = 2500
TOKENS = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"-", b"NaN", b"-Infinity", b"1e999", b"null", b"true", b"\\u",
    b"\\ud800", b"\x00", b"\xff", b"\xef\xbb\xbf", b'"type":', b'"format":2,', b"9" * 5000, b"[" * 2000,
)  # fmt: skip
DATA: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, 2**64, float("nan"), float("inf"), "", "a\nb", "x" * 300, "\ud800", [], {}, [[]], {"": 0},
    {"type": "lfo"}, [1, 2], ["a", "b"], {"a\nb": {"c": None}}, [[[[0]]]], {"extra": {"extra": 1}},
)  # fmt: skip


def torn(rng: random.Random, text: bytes) -> bytes:
    """Cuts, doubles, overwrites or fills a few places of the text."""
    for _ in range(rng.randint(1, 4)):
        a, b = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        b = min(b, a + rng.choice((0, 1, 2, 40)))
        filling = rng.choice((b"", text[a:b] * 2, rng.choice(TOKENS), rng.randbytes(1)))
        text = text[:a] + filling + text[b:]
    return text if rng.random() < 0.9 else text[: rng.randrange(len(text) + 1)]


def grafted(rng: random.Random, text: bytes) -> bytes:
    """Puts strange data and strange keys into places of the document, which stays JSON."""
    document = json.loads(text)
    for _ in range(rng.randint(1, 3)):
        at = document
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(at[key], dict | list) and rng.random() < 0.8:
                at = at[key]
                continue
            if isinstance(at, dict) and rng.random() < 0.3:
                at[rng.choice(("a\nb", "extra", "A", "x" * 300, "\ud800", ""))] = at.pop(key)
            else:
                at[key] = copy.deepcopy(rng.choice(DATA))
            break
    return json.dumps(document).encode()


def outcome(text: bytes) -> str | None:
    """What the refusal says; None for a patch, which must survive being saved."""
    try:
        patch = loads(text, "some.dpatch.json")
    except PatchError as error:
        return str(error)
    assert loads(dumps(patch)) == patch
    return None


@pytest.mark.parametrize("damage", [torn, grafted])
def test_no_damage_gets_through(path: Path, damage: Callable[[random.Random, bytes], bytes]) -> None:
    whole, rng, refused = path.read_bytes(), random.Random(2), 0
    for _ in range(CASES):
        text = damage(rng, whole)
        told = outcome(text)
        refused += told is not None
        if told is not None:
            assert told.startswith("some.dpatch.json: ")
            assert told.isprintable()
            assert len(told) < 1000
    assert 50 < refused < CASES - 50
