"""Ways to damage a patch file, and how much of it a run tries."""

from __future__ import annotations

import copy
import json
import os
import random
from typing import Any

from tests.support.paths import ROOT

EXAMPLES = [path.read_bytes() for path in sorted(ROOT.glob("patches/*.dpatch.json"))]
FUZZ = int(os.environ.get("DEMON_PATCH_FUZZ", "1"))
"""DEMON_PATCH_FUZZ=100 makes every run over damaged files so many times longer."""

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


def spliced(rng: random.Random, text: bytes) -> bytes:
    """The beginning of one example patch and the end of another, or a piece of it in the middle."""
    other = rng.choice(EXAMPLES)
    a, b = rng.randrange(len(text) + 1), rng.randrange(len(other) + 1)
    return text[:a] + other[b : b + rng.choice((20, 200, len(other)))] + (text[a:] if rng.random() < 0.5 else b"")


def doubled(rng: random.Random, text: bytes) -> bytes:
    """Repeats, drops or swaps whole lines, so that keys and cables stand twice and brackets are missing."""
    lines = text.split(b"\n")
    for _ in range(rng.randint(1, 3)):
        a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
        lines = rng.choice(([*lines[:a], lines[b], *lines[a:]], [*lines[:a], *lines[a + 1 :]], lines[:a] + lines[b:]))
        lines = lines or [b""]
    return b"\n".join(lines)
