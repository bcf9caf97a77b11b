"""Malformed, truncated, oversized, nested and wrongly typed messages change nothing and end nothing."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import pytest

from demon_patch.errors import DemonError
from demon_patch.patch.files.format import dumps, loads
from demon_patch.runtime.remote.messages.base import Request
from demon_patch.runtime.remote.verbs import VERBS, decoded, number_of
from tests.support.edited_performance import strength
from tests.support.wired_host import RawClient, WiredHost

MESSAGES = 5000
HARMLESS = {"verb": "watch", "what": "status", "rate": 1.0}
GOOD: list[dict[str, Any]] = [
    HARMLESS,
    {"verb": "do", "command": {"do": "set_value", "node": "scheduler", "name": "strength", "value": 0.5}},
    {"verb": "do", "command": {"do": "add_node", "id": "x", "node": {"type": "lfo", "values": {"rate": 1.0}}}},
    {"verb": "do", "command": {"do": "batch", "commands": [{"do": "remove_node", "id": "lfo"}]}},
    {
        "verb": "do",
        "command": {"do": "connect", "cable": {"src": "lfo", "out": "out", "dst": "decoder", "port": "gain"}},
    },
    {"verb": "turn", "values": [["scheduler", "strength", 0.5]]},
    {"verb": "feed", "values": [["lfo", "rate", [1.0, 0.0]]]},
    {"verb": "upload", "hash": "0" * 64, "bytes": 10, "suffix": ".wav"},
    {"verb": "piece", "hash": "0" * 64, "content": b"abc"},
    {"verb": "insert", "cable": ["lfo", "out", "scheduler", "structure"], "type": "slew"},
    {"verb": "folder", "folder": "x"},
    {"verb": "live_mute", "on": True, "nodes": ["lfo"], "cables": [["lfo", "out", "scheduler", "structure"]]},
    {"verb": "focus", "stretch": "8 s"},
    {"verb": "peaks", "node": "source", "columns": 10, "known": "0"},
    {"verb": "clear", "until": 3},
    {"verb": "render", "seconds": 1.0, "file": "x.wav", "format": "wav", "seed": 1},
]
ODD: list[Any] = [
    None, True, -1, 2**63, -(2**63), 1e308, math.nan, math.inf, -math.inf, "", "x" * 500, "\x1b[2J", "\u202e", "\0",
    b"", b"\xff" * 9, [], {}, [[]], {"do": "no_such"}, ["lfo"] * 50, {"a": {"b": {"c": [1, 2]}}}, "../../etc/passwd",
    "/etc/passwd", "__import__('os').system('true')", [1e999], {"": ""}, "sha256:" + "0" * 64, "\ud7ff",
]  # fmt: skip


def hostile(rng: random.Random) -> bytes:
    """A message that is not one: it would be one by a chance of nearly nothing, and then a harmless one."""
    kind = rng.randrange(8)
    message = dict(rng.choice(GOOD))
    if kind < 3:
        return nonsense(kind, message, rng)
    if kind == 6:
        return msgspec.msgpack.encode({**message, rng.choice(["extra", "__class__", "id2", "verbs"]): rng.choice(ODD)})
    if kind == 3:
        name = rng.choice([key for key in message if key != "verb"])
        return msgspec.msgpack.encode({**message, name: wrong(message[name], rng)})
    if kind == 4:
        return msgspec.msgpack.encode({**message, "verb": rng.choice([*ODD, "eval", "Do", "do ", "__init__"])})
    data = bytearray(msgspec.msgpack.encode({**HARMLESS, "id": 7}))
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def nonsense(kind: int, message: dict[str, Any], rng: random.Random) -> bytes:
    """Bytes by chance, the beginning of a message, or lists in lists."""
    data = msgspec.msgpack.encode(message)
    deep = bytes([0x91] * rng.randrange(100, 3000)) + b"\xc0"
    return (rng.randbytes(rng.randrange(0, 200)), data[: rng.randrange(len(data))], deep)[kind]


def wrong(given: Any, rng: random.Random) -> Any:
    """Something in the place of a field, or deep within it."""
    if isinstance(given, dict) and given and rng.random() < 0.7:
        key = rng.choice(list(given))
        return {**given, key: wrong(given[key], rng)}
    if isinstance(given, list) and given and rng.random() < 0.7:
        at = rng.randrange(len(given))
        return [*given[:at], wrong(given[at], rng), *given[at + 1 :]]
    return rng.choice([each for each in ODD if type(each) is not type(given) or is_nan(each)])


def is_nan(each: Any) -> bool:
    return isinstance(each, float) and math.isnan(each)


def refusal_of(data: bytes) -> str | None:
    """What is said of a message that is no request; None for a request."""
    try:
        found = decoded(data)
    except DemonError as error:
        return str(error)
    assert isinstance(found, Request)
    assert type(found) in VERBS
    return None


def test_what_is_no_request_is_refused_and_nothing_else_happens() -> None:
    rng = random.Random(5)
    messages = [hostile(rng) for _ in range(MESSAGES)]
    assert all(isinstance(number_of(data), int) for data in messages)
    refused = [told for data in messages if (told := refusal_of(data)) is not None]
    assert len(refused) > 0.7 * MESSAGES
    assert max(map(len, refused)) < 2000


@pytest.mark.parametrize("seed", [1, 2])
def test_a_host_survives_them_with_its_document_as_it_was(wired: WiredHost, seed: int) -> None:
    rng = random.Random(seed)
    before = dumps(wired.host.patch)
    with RawClient(wired.url) as raw, wired.client("ann") as ann:
        sent = replies = 0
        for _ in range(MESSAGES // 2):
            data = hostile(rng)
            if refusal_of(data) is None:
                continue  # a request by chance: it may do what it says
            raw.send(data)
            sent += 1
            if sent % 50 == 0:
                raw.send({"verb": "ping", "id": 10**6 + sent})
                while (found := raw.receive()).get("id") != 10**6 + sent:
                    replies += found["is"] == "refused"
        assert replies == sent - sent % 50
        assert sent > 1500
        assert dumps(wired.host.patch) == before
        ann.do(strength(0.3))
        assert loads(dumps(wired.host.patch)) == ann.patch
    assert not wired.stage.live.faults


def test_paths_that_lead_out_are_refused(wired: WiredHost) -> None:
    names = ["../x.wav", "/etc/passwd", "a/../../x.wav", "..", "C:\\x.wav", "\\\\host\\x.wav", "\0", ".hidden.wav"]
    with RawClient(wired.url) as raw:
        for number, name in enumerate(names, 10):
            for message in (
                {"verb": "record", "file": name},
                {"verb": "save_take", "file": name},
                {"verb": "save", "file": name},
                {"verb": "folder", "folder": name},
                {"verb": "about", "file": name},
                {"verb": "render", "file": name, "seconds": 1.0},
            ):
                told = raw.ask({**message, "id": number})
                assert told["is"] == "refused", (name, message)
                assert told["kind"] == "refused", told
    (left,) = wired.server.served.host.folder.iterdir()
    assert left.name == "first.dpatch.json"
    assert not wired.host._recordings.names
