"""Thousands of damaged files: each is read as a valid patch, or refused in one line that names the file."""

from __future__ import annotations

import copy
import json
import random
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demon_patch.errors import PatchError
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.model.graph import CABLES, NODES
from tests.support.damage import DATA, FUZZ, doubled, grafted, spliced, torn
from tests.support.effort import some

CASES = 1500 * FUZZ  # of each kind of damage


def outcome(text: bytes) -> str | None:
    """What the refusal says; None for a patch, which must survive being saved."""
    try:
        patch = loads(text, "some.dpatch.json")
    except PatchError as error:
        return str(error)
    assert loads(dumps(patch)) == patch
    return None


def in_one_line(told: str) -> bool:
    return told.startswith("some.dpatch.json: ") and told.isprintable() and len(told) < 1000


@pytest.mark.parametrize("damage", [torn, grafted, spliced, doubled])
def test_no_damage_gets_through(path: Path, damage: Callable[[random.Random, bytes], bytes]) -> None:
    whole, rng, refused = path.read_bytes(), random.Random(3), 0
    for _ in range(CASES):
        told = outcome(damage(rng, whole))
        refused += told is not None
        assert told is None or in_one_line(told)
    assert 0.02 < refused / CASES < 0.995


def spots(at: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every place of a document."""
    for key in at if isinstance(at, dict) else range(len(at)) if isinstance(at, list) else ():
        yield (*way, key)
        yield from spots(at[key], (*way, key))


def test_the_wrong_data_at_every_place_is_a_patch_or_one_line(path: Path) -> None:
    whole = json.loads(path.read_bytes())
    for way in some([*spots(whole)]):
        for wrong in DATA:
            document = copy.deepcopy(whole)
            inner = document
            for key in way[:-1]:
                inner = inner[key]
            inner[way[-1]] = wrong
            told = outcome(json.dumps(document).encode())
            assert told is None or in_one_line(told), way


@pytest.mark.parametrize("at", range(0, 1200, 7))
def test_a_file_that_breaks_off_is_refused(path: Path, at: int) -> None:
    assert in_one_line(outcome(path.read_bytes()[:at]) or "")


MANY = 200_000
BOMBS: dict[str, bytes] = {
    "a key twice among many": b'{"format":1,"x":{%s,"k7":1}}' % b",".join(b'"k%d":0' % n for n in range(MANY)),
    "a key twice behind a long text": b'{"format":1,"x":"%s","y":{"a":1,"a":2}}' % (b'\\"' * 4_000_000),
    "a number of many digits": b'{"format":1,"x":0.%s}' % (b"1" * 8_000_000),
    "a power of many digits": b'{"format":1,"x":1e%s}' % (b"1" * 8_000_000),
    "lists side by side": b'{"format":1,"x":[%s0]}' % (b"[]," * 5_000_000),
    "nodes without end": b'{"format":1,"nodes":{%s}}' % b",".join(b'"n%d":{"type":"l"}' % n for n in range(50_000)),
    "cables without end": b'{"format":1,"cables":[%s]}'
    % b",".join([b'{"src":"a","out":"o","dst":"b","port":"x"}'] * 60_000),
    "tags without end": b'{"format":1,"meta":{"tags":[%s""]}}' % (b'"",' * 500_000),
    "brackets without end": b'{"a":' * 1_000_000,
    "space without end": b" " * 2**24,
    "a text without end": b'{"format":1,"x":"' + b'\\"' * 8_000_000,
}


BOMBS |= {
    "three hundred thousand nodes": b'{"format":1,"nodes":{%s}}'
    % b",".join(b'"n%d":{"type":"l"}' % n for n in range(300_000)),
    "numbers in a key of another": b'{"format":1,"x":[%s0]}' % (b"0," * 1_900_000),
    "keys in a key of another": b'{"format":1,"x":{%s}}' % b",".join(b'"k%d":0' % n for n in range(1_100_000)),
    "points": b'{"format":1,"nodes":{"c":{"type":"drawn_curve","values":{"points":[%s]}}}}'
    % b",".join(b"[%d,1]" % n for n in range(600_000)),
    "definitions": b'{"format":1,"definitions":{%s}}' % b",".join(b'"d%d":{"nodes":{}}' % n for n in range(90_000)),
    "snapshots": b'{"format":1,"snapshots":{%s}}' % b",".join(b'"s%d":{}' % n for n in range(190_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_no_file_takes_long_or_much_memory(name: str) -> None:
    """CPU seconds and memory of the whole process, some times what these take, and far below what harms."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    outcome(BOMBS[name])
    assert time.process_time() - began < 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # kB


def test_the_largest_patch_is_within_the_bounds_of_a_file() -> None:
    nodes = {f"n{n}": {"type": "add", "values": {"a": 1.5, "b": n}, "at": [n, n], "label": "x"} for n in range(NODES)}
    cables = [
        {"src": f"n{n % NODES}", "out": "out", "dst": f"n{n * 7 % NODES}", "port": f"p{n // NODES}", "depth": 0.5}
        for n in range(CABLES)
    ]
    assert len(loads(json.dumps({"format": 1, "nodes": nodes, "cables": cables})).cables) == CABLES
    told = outcome(json.dumps({"format": 1, "x": [0] * 250_000}).encode())
    assert told == "some.dpatch.json: x makes more than 200000 items (keep the data elsewhere)"
