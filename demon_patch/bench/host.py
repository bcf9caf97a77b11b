"""Measures what a host costs its clients, and what they cost it, at 200 nodes: answers, programs, telemetry, a crowd.

A host process plays a patch of 200 nodes; the client that measures is another process. The same is done beside a stub
engine, whose forwards wait and compute nothing, so that the share of the wire is seen. "answer": from the call to the
reply; "host": of that, from the arrival on the host to the reply that waits to be sent. "program": from the edit in the
document to the program that has it, on the host. Ratios and medians tell more than seconds where other programs want
the processors.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from demon_patch.bench.crowd import crowd
from demon_patch.bench.knobs import NODES, patch
from demon_patch.bench.measured_host import MeasuredProcess
from demon_patch.bench.played_host import DUMMY, dummy_card, until
from demon_patch.bench.process_figures import busy_seconds
from demon_patch.bench.silent_client import SilentClient
from demon_patch.bench.soak_actions import watched_points
from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import AddNode, Command, RemoveNode, SetValue
from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Node
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages import edits, session
from demon_patch.runtime.remote.messages.telemetry import Watch

COMMANDS, PAUSE_SECONDS = 200, 0.03
POINTS, RATE = 200, 30.0
READING, STALLED = 6, 2
Row = dict[str, Any]


def measure(folder: Path, seconds: float = 15.0, device: str | None = None) -> Iterator[Row]:
    """Yields a row for each question and engine.

    folder: for the patch file. seconds: of each stretch of telemetry and of the crowd. device: as in `soak`.
    """
    device = device or (DUMMY if shutil.which("jackd") and shutil.which("jack_lsp") else "none")
    file = folder / "host.dpatch.json"
    file.write_text(dumps(patch(NODES)), encoding="utf-8")
    with ExitStack() as ends:
        silent: SilentClient | None = None
        if device == DUMMY:
            ends.enter_context(dummy_card())
            silent = SilentClient()
            ends.callback(silent.close)
        for engine in ("nano", "stub"):
            with MeasuredProcess(engine, file, device) as host, Client(host.url, name="bench") as client:
                if not until(lambda: client.status.get("completions", 0) > 8):
                    raise DemonError(f"nothing plays: {client.status}")
                for row in _asked(host, client, seconds, silent):
                    yield {"clip": f"{engine}, {row.pop('what')}", "device": device, **row}


def _asked(host: MeasuredProcess, client: Client, seconds: float, silent: SilentClient | None) -> Iterator[Row]:
    rates = sorted(id for id, node in client.patch.nodes.items() if node.type == "lfo")
    busy, began = busy_seconds(), perf_counter()

    def knob(number: int) -> Command:
        return SetValue(rates[number % len(rates)], "rate", 0.5 + 0.001 * number)

    def node(number: int) -> Command:
        return RemoveNode(f"new{number - 1}") if number % 2 else AddNode(f"new{number}", Node("lfo"))

    yield {"what": "a ping", **_answers(host, lambda: client.ask(session.Ping()))}
    yield {"what": "a knob of the document", **_commands(host, client, knob)}
    yield {"what": "a node", **_commands(host, client, node)}
    yield {"what": f"{POINTS} signals, {RATE:g} Hz", **_telemetry(host, client, seconds)}
    yield {"what": "no other client", **_beside(host, seconds, silent)}
    with crowd(host.url, READING, STALLED):
        what = f"{READING + STALLED} clients, {STALLED} of them stalled"
        yield {"what": what, **_beside(host, seconds, silent)}
    passed = perf_counter() - began
    share = (busy_seconds() - busy) / passed / (os.cpu_count() or 1)
    yield {"what": "the machine meanwhile", "seconds": passed, "busy_share": share}


def _answers(host: MeasuredProcess, ask: Callable[[], object]) -> Row:
    times, before = [], len(host.figures()["handled"])
    for _ in range(COMMANDS):
        began = perf_counter()
        ask()
        times.append(perf_counter() - began)
        sleep(PAUSE_SECONDS)
    return {**_spread("answer", times), **_spread("host", host.figures()["handled"][before:])}


def _commands(host: MeasuredProcess, client: Client, command: Callable[[int], Command]) -> Row:
    """Sends edits, one after the other; returns how long answers took, and programs."""
    first, numbers = len(host.figures()["times"]), iter(range(COMMANDS))
    row = _answers(host, lambda: client.ask(edits.Do(command=command(next(numbers))), edits.Edited))
    until(lambda: all("playing" in each for each in host.figures()["times"]), 20.0)
    times = host.figures()["times"][first:]
    for name, what in (("compiled", "program"), ("playing", "playing")):
        found = [each[name] - each["edited"] for each in times if name in each]
        row |= _spread(what, found) if found else {}
    return row


def _spread(what: str, seconds: list[float]) -> Row:
    values = 1e3 * np.array(seconds)
    return {f"{what}_ms": float(np.median(values)), f"{what}_p99_ms": float(np.percentile(values, 99))}


def _telemetry(host: MeasuredProcess, client: Client, seconds: float) -> Row:
    """Returns the share of a core that the thread of the wire, and the tick thread, take with and without signals."""
    points = watched_points(client.patch, POINTS)
    shares: dict[str, float] = {}
    for name, rate in (("without", 0.0), ("with", RATE)):
        client.watch(Watch(what="signals", rate=rate, points=points if rate else ()))
        sleep(1.0)
        before, began = host.figures()["threads"], perf_counter()
        sleep(seconds)
        after, passed = host.figures()["threads"], perf_counter() - began
        for thread in ("wire", "tick"):
            shares[f"{thread}_{name}"] = (after[thread] - before[thread]) / passed
    client.watch(Watch(what="signals", rate=0.0))
    return {"points": len(points), **shares, "more": shares["wire_with"] - shares["wire_without"]}


def _beside(host: MeasuredProcess, seconds: float, silent: SilentClient | None) -> Row:
    """Returns what starved within some seconds, and whether the silent client was late in them."""
    before, quiet = host.figures(), silent.read() if silent else {}
    sleep(seconds)
    after, later = host.figures(), silent.read() if silent else {}
    row = {name: after[name] - before[name] for name in ("starved_s", "shortfalls", "xruns", "completions")}
    return {**row, "tick_ms": after["tick_ms"], **{f"beside_{k}": later[k] - quiet[k] for k in later}}
