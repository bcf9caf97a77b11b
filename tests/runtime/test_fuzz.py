"""Damaged patches and packs to the end: refused in one line, or run, or written within their folder."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import numpy as np
import pytest

from demon_patch.engine.families import spec_of
from demon_patch.errors import DemonError, PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.update import updated
from demon_patch.patch.files.format import dumps, loads
from demon_patch.patch.files.pack import packed
from demon_patch.patch.model.document import Node, Patch
from demon_patch.runtime.assets.asset_store import FOLDER
from demon_patch.runtime.assets.assets import load_patch, unpack
from demon_patch.runtime.graph.check import problems
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.warnings import warnings_of
from tests.support.damage import EXAMPLES, FUZZ
from tests.support.sounds import wav

CASES = 150 * FUZZ
FRAMES = 40
SPEC = spec_of("nano")
TRANSPORT = Transport(SPEC.frame_rate, 120.0, 4, 400)
NUMBERS = (0, -1, 1e-9, 0.5, 1, 2, 7, 1e6, -1e9, 1e39, 1e300)
FORMULAS = ("a/b", "1if a<b else 2", "exp(a*1e3)", "log(a-1e9)", "a<b<c", "min(a,max(b,c))**9", "hash01(k,a)%b", "(")


def mutated(rng: random.Random) -> dict[str, Any]:
    """An example with numbers, types, formulas, ports and cables of others."""
    whole = json.loads(rng.choice(EXAMPLES))
    types = sorted(CATALOGUE)
    for _ in range(rng.randint(1, 6)):
        nodes, cables = whole["nodes"], whole["cables"]
        id = rng.choice(sorted(nodes))
        ports = [p.name for p in CATALOGUE[nodes[id]["type"]].ports] if nodes[id]["type"] in CATALOGUE else ["in"]
        match rng.randrange(7):
            case 0:
                nodes[id].setdefault("values", {})[rng.choice(ports or ["x"])] = rng.choice(NUMBERS)
            case 1:
                nodes[f"new{rng.randrange(99)}"] = {"type": rng.choice(types)}
            case 2:
                nodes[f"f{rng.randrange(99)}"] = {"type": "expression", "values": {"formula": rng.choice(FORMULAS)}}
            case 3 if cables:
                cables.pop(rng.randrange(len(cables)))
            case 4:
                other = rng.choice(sorted(nodes))
                known = CATALOGUE.get(nodes[other]["type"])
                out = rng.choice([out.name for out in known.outs] if known and known.outs else ["out"])
                cable = {"src": other, "out": out, "dst": id, "port": rng.choice(ports or ["x"])}
                cables.append({**cable, "depth": rng.choice(NUMBERS)})
            case 5:
                nodes[id].setdefault("ranges", {})[rng.choice(ports or ["x"])] = sorted(rng.choices(NUMBERS, k=2))
            case _:
                nodes[id]["bypass"] = True
    return whole


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_mutated_patch_is_refused_in_one_line_or_runs() -> None:
    rng, ran, began = random.Random(5), 0, time.process_time()
    geometry = Geometry.of_family(SPEC, 400, 120.0)
    for _ in range(CASES):
        text = json.dumps(mutated(rng))
        try:
            patch = updated(loads(text))
            assert loads(dumps(patch)) == patch
            wrong = problems(patch, CATALOGUE, SPEC)
            told = wrong or warnings_of(patch, CATALOGUE)
            assert all(str(error).isprintable() for error in told)
            program = compile(patch, CATALOGUE, geometry)
        except PatchError:
            continue
        state = program.state()
        values = np.array([program.run(state, TRANSPORT.frame(k)) for k in range(FRAMES)])
        assert np.isfinite(values).all()
        assert np.isfinite(program.scan(program.state(), 0, FRAMES, TRANSPORT)).all()
        ran += 1
    assert ran > CASES // 10
    assert time.process_time() - began < 60 * FUZZ


WRITES = {
    "open",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.link",
    "os.symlink",
    "os.rmdir",
    "subprocess.Popen",
    "os.exec",
}


class Watchman:
    """Notes what is written, and what is started; a hook of Python cannot be taken out, so there is one."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in WRITES and (event != "open" or _writes(arguments)):
            self.seen.append(f"{event} {arguments[0]}")


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    return not isinstance(path, int) and (any(c in "wax+" for c in mode or "") or (mode is None and bool(flags & 3)))


@pytest.fixture(scope="module")
def watchman() -> Iterator[Watchman]:
    it = Watchman()
    yield it
    it.on = False


NAMES = (
    "x.wav", "../x.wav", "soxr.py", ".bashrc", "/etc/x.wav", "a/../../x.wav", "nul.wav", "x.wav.tempo.json", "X.WAV",
    "a\u202e.wav", "x.wav/y.wav", "y.lnk", "", "sha256:" + "0" * 64 + ".wav", "b" * 300 + ".wav", 7, None, ["x"],
)  # fmt: skip


def damaged(rng: random.Random, whole: dict[str, Any]) -> bytes:
    """A pack with other names, sizes, hashes, codings, orders and bits."""
    whole = msgpack.unpackb(msgpack.packb(whole))
    for _ in range(rng.randint(1, 3)):
        asset = rng.choice(whole["assets"]) if whole["assets"] else {}
        match rng.randrange(9):
            case 0:
                asset["name"] = rng.choice(NAMES)
            case 1:
                asset["size"] = rng.choice((0, 1, -1, 2**31, 2**63, asset.get("size", 0), 10**6, "7"))
            case 2:
                asset["sha256"] = rng.choice(("", "0" * 64, "../x", 5))
            case 3:
                asset["coding"] = rng.choice(("plain", "flac", "zip"))
            case 4:
                asset["head"], asset["tail"] = rng.randbytes(rng.randrange(50)), rng.randbytes(rng.randrange(50))
            case 5 if whole["assets"]:
                whole["assets"].append(dict(asset))
            case 6:
                whole["patch"] = rng.choice(("", "{}", "[" * 5000, json.dumps(mutated(rng)), whole["patch"]))
            case 7:
                asset[rng.choice(("x", "name", "data"))] = rng.choice((None, [], {"a": [[]]}, b"", "\x1b[2J"))
            case _:
                whole["pack"] = rng.choice((1, 0, 2, "1", None))
    content = bytearray(msgspec.msgpack.encode(whole))
    for _ in range(rng.choice((0, 0, 1, 5))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content[: rng.choice((None, None, None, rng.randrange(len(content))))])


def test_a_damaged_pack_writes_only_what_it_may(
    tmp_path: Path, watchman: Watchman, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "store"))
    files = {"x.wav": wav("PCM_16", seconds=0.2), "d/y.wav": wav("FLOAT", seconds=0.1), "x.wav.tempo.json": b"{}"}
    files["l.safetensors"] = bytes(100)
    nodes = {f"n{i}": Node("audio_source", values={"file": name}) for i, name in enumerate(("x.wav", "d/y.wav"))}
    nodes["l"] = Node("lora", values={"file": "l.safetensors"})
    whole = msgpack.unpackb(packed(Patch(nodes=nodes), files))
    rng, taken, began = random.Random(6), 0, time.process_time()
    for number in range(2 * CASES):
        path, into = tmp_path / f"{number}.dpatch", tmp_path / f"into{number}"
        path.write_bytes(damaged(rng, whole))
        watchman.seen.clear()
        watchman.on = True
        told: list[Path] = []
        mistakes: list[str] = []
        try:
            load_patch(path)
            unpack(path, into, wrote=told.append, to_store=number % 5 == 0)
            taken += 1
        except DemonError as error:
            mistakes.append(str(error))
        finally:
            watchman.on = False
        assert all(mistake.isprintable() for mistake in mistakes)
        outside = [seen for seen in watchman.seen if not any(str(p) in seen for p in (into, tmp_path / "store"))]
        assert outside == []
        there = {file for file in into.rglob("*") if not file.is_dir()}
        assert there <= set(told)
        assert {file.suffix for file in told} <= {".wav", ".safetensors", ".json"}
    assert 0 < taken < CASES
    assert time.process_time() - began < 60 * FUZZ
