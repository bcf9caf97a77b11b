"""Times the patching runtime (control frames, edits, and curves over a song) against a baseline of objects with
dictionaries.

The graph is a third LFOs, a third mixes and a third slews, each with cables from two nodes before it. The baseline runs
the same declarations as objects in order: each keeps its inputs, outputs and state in dictionaries.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.codegen.frame import Gate
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.edit.commands import AddNode, Connect, SetValue, apply
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.runtime.graph.clock import Transport
from demon_patch.runtime.graph.compile import Geometry, compile
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.graph.timeline import NEAR
from demon_patch.threads import quiet_gc, restore_gc

RATE, SONG = 25.0, 1500
FRAMES = 1500
EDITS = 60
SWITCH = 1e-3  # seconds after which a thread gives way, as in the host
CURVES = 60
TICK = 6  # control frames of a tick
TRANSPORT = Transport(RATE, 126.0, 4, SONG)

probe = Declaration(
    "probe", "Probe", "Shows curves.", "sink", "bench", (),
    tuple(Port(f"x{i}", "curve", 0.0, -math.inf, math.inf, doc="A signal.") for i in range(CURVES)), (),
)  # fmt: skip
NODES: Mapping[str, Declaration] = {**CATALOGUE, "probe": probe}
CHAIN = {"zs": Node("scheduler"), "zd": Node("decoder"), "zo": Node("speaker")}
CABLES = (Cable("zs", "ring", "zd", "ring"), Cable("zd", "audio", "zo", "audio"))


def graph(n: int) -> Patch:
    """Returns a patch of n nodes without loops, one of which moves an engine port."""
    random = np.random.default_rng(n)
    nodes, cables = dict(CHAIN), list(CABLES)
    for i in range(n):
        id = f"n{i:04d}"
        nodes[id] = _node(i, float(random.uniform(0.1, 2.0)))
        ports = {"lfo": ("phase",), "add": ("a", "b"), "slew": ("x",)}[nodes[id].type]
        for port in ports if i > 2 else ():
            src = f"n{int(random.integers(max(i - 12, 0), i)):04d}"
            cables.append(Cable(src, "out", id, port, mode="add", depth=0.3))
    cables.append(Cable(f"n{n - 1:04d}", "out", "zs", "structure", mode="add", depth=0.3))
    return Patch(nodes=nodes, cables=tuple(cables))


def _node(i: int, rate: float) -> Node:
    kinds = (Node("lfo", values={"rate": rate}), Node("add"), Node("slew", values={"rise": rate, "fall": 2.0 * rate}))
    return kinds[i % 3]


class Plain:
    """The baseline: a patch as objects with dictionaries. Each port is its knob plus depth times signal of every
    cable."""

    def __init__(self, patch: Patch) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        for id, node in patch.nodes.items():
            declaration = NODES[node.type]
            if declaration.kind == "computed":
                numbers = [p for p in declaration.ports if p.numeric or (p.live and p.type != "gate")]
                knobs = {p.name: float(node.values.get(p.name, p.default)) for p in numbers}  # type: ignore[arg-type]
                options: dict[str, Any] = {p.name: node.values.get(p.name, p.default) for p in declaration.settings}
                options |= {p.name: Gate() for p in declaration.ports if p.type == "gate"}
                into = [c for c in patch.cables if c.dst == id]
                self.nodes[id] = {
                    "run": declaration, "knobs": knobs, "options": options, "into": into,
                    "state": dict(declaration.states), "outs": dict.fromkeys(declaration.outs_by_name, 0.0),
                }  # fmt: skip

    def run(self, k: int) -> None:
        """Computes control frame k."""
        frame = TRANSPORT.frame(k)
        for node in self.nodes.values():
            inputs = dict(node["knobs"])
            for cable in node["into"]:
                depth = 1.0 if cable.depth is None else cable.depth
                inputs[cable.port] += depth * self.nodes[cable.src]["outs"][cable.out]
            made = node["run"](frame, **inputs, **node["options"], **node["state"])
            values = made if isinstance(made, tuple) else (made,)
            outs = node["outs"]
            for name, value in zip(outs, values, strict=False):
                outs[name] = value
            for name, value in zip(node["state"], values[len(outs) :], strict=True):
                node["state"][name] = value


def measure() -> Iterator[dict[str, Any]]:
    """Yields one row for each question, with times in microseconds (`_us`) or milliseconds (`_ms`). As in the host,
    objects that exist before are kept from garbage collection."""
    geometry = Geometry(RATE, SONG)
    quiet_gc()
    try:
        yield from _measured(geometry)
    finally:
        restore_gc()


def _measured(geometry: Geometry) -> Iterator[dict[str, Any]]:
    yield from (_frames(geometry, n, aim) for n, aim in ((200, 40.0), (1000, 250.0)))
    yield from (_edits(geometry, name, edit) for name, edit in (("a knob", _turned), ("a node and a cable", _grown)))
    yield _beside(geometry)
    yield from _curves(geometry)
    yield _fed(geometry)


def _frames(geometry: Geometry, n: int, aim: float) -> dict[str, Any]:
    """Returns the row of times, in microseconds, of one control frame of a patch of n nodes. aim: microseconds to stay
    below."""
    patch = graph(n)
    program = compile(patch, NODES, geometry)
    state, plain = program.state(), Plain(patch)
    frames = [TRANSPORT.frame(k) for k in range(FRAMES)]
    times = 1e6 * _timed(lambda k: program.run(state, frames[k]), FRAMES)
    base = 1e6 * _timed(plain.run, 200)
    median, p99 = np.percentile(times, (50, 99))
    return {
        "nodes": n,
        "frame_us": float(median),
        "aim_us": aim,
        "p99_us": float(p99),
        "p99/median": float(p99 / median),
        "aim": 2.5,
        "baseline_us": float(np.median(base)),
        "times_faster": float(np.median(base) / median),
    }


def _turned(patch: Patch, i: int) -> Patch:
    return apply(SetValue(f"n{3 * i:04d}", "rate", 0.1 + 0.01 * i), patch)[0]


def _grown(patch: Patch, i: int) -> Patch:
    with_node = apply(AddNode(f"m{i:04d}", Node("lfo")), patch)[0]
    return apply(Connect(Cable(f"m{i:04d}", "out", f"n{3 * i + 1:04d}", "a", mode="add", depth=0.3)), with_node)[0]


def _edits(geometry: Geometry, name: str, edit: Callable[[Patch, int], Patch]) -> dict[str, Any]:
    """Returns the row of times, in ms, from an edit of a patch of 200 nodes to the published program, for successive
    edits. The baseline builds all its objects again."""
    patch = graph(200)
    forecast = Forecast(compile(patch, NODES, geometry), TRANSPORT)
    forecast.advance(100)

    def run(i: int) -> None:
        nonlocal patch
        patch = edit(patch, i)
        forecast.swap(compile(patch, NODES, geometry, forecast.program))

    times = 1e3 * _timed(run, EDITS)
    base = 1e3 * float(np.median(_timed(lambda _: Plain(patch), 10)))
    median, p99 = np.percentile(times, (50, 99))
    return {
        "edit to program, 200 nodes": name, "median_ms": float(median), "p99_ms": float(p99), "aim_ms": 20.0,
        "baseline_ms": base, "times_faster": base / float(median),
    }  # fmt: skip


def _beside(geometry: Geometry) -> dict[str, Any]:
    """Returns the row of how late, in ms, a thread that wants to run every millisecond is at most while another thread
    edits: an edit may delay a tick by this time. The baseline is the thread alone. The host's switch interval of
    threads is used."""
    patch, late = graph(200), 0.0
    program = compile(patch, NODES, geometry)
    stop = threading.Event()

    def tick() -> None:
        nonlocal late
        due = perf_counter()
        while not stop.is_set():
            due = max(due + 1e-3, perf_counter())
            time.sleep(max(due - perf_counter(), 0.0))
            late = max(late, perf_counter() - due)

    def measured(run: Callable[[int], object]) -> NDArray[np.float64]:
        nonlocal late
        worst = np.empty(EDITS)
        for i in range(EDITS):
            late = 0.0
            run(i)
            worst[i] = late
        return 1e3 * worst

    def edit(i: int) -> None:
        nonlocal patch, program
        patch = _grown(patch, i)
        program = compile(patch, NODES, geometry, program)

    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    thread = threading.Thread(target=tick)
    thread.start()
    try:
        alone = measured(lambda _: time.sleep(5e-3))
        beside = measured(edit)
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(before)
    return {
        "thread beside edits": "late by", "median_ms": float(np.median(beside)), "most_ms": float(beside.max()),
        "baseline_ms": float(np.median(alone)), "baseline_most_ms": float(alone.max()),
    }  # fmt: skip


def _curves(geometry: Geometry) -> Iterator[dict[str, Any]]:
    """Yields the rows of times, in ms, that 60 curves take in one tick: three nodes each, over 1,500 control frames; 20
    of them have a state that needs a loop. The baseline runs its objects over the frames that have to be computed
    again."""
    nodes, cables = {**CHAIN, "p": Node("probe")}, list(CABLES)
    for i in range(CURVES):
        last = "slew" if i % 3 == 0 else "scale"
        nodes |= {f"a{i}": Node("lfo", values={"rate": 0.1 + 0.01 * i}), f"b{i}": Node("scale"), f"c{i}": Node(last)}
        cables += [Cable(f"a{i}", "out", f"b{i}", "x", mode="add"), Cable(f"b{i}", "out", f"c{i}", "x", mode="add")]
        cables.append(Cable(f"c{i}", "out", "p", f"x{i}", mode="add"))
    patch = Patch(nodes=nodes, cables=tuple(cables))
    program = compile(patch, NODES, geometry)
    forecast, plain = Forecast(program, TRANSPORT), Plain(patch)
    engine_ports = [program.engine_port("p", f"x{i}") for i in range(CURVES)]
    now = 0

    def tick(_: int) -> None:
        nonlocal now
        now += TICK
        forecast.advance(now)
        forecast.curves(engine_ports, now, 12)

    def turned(i: int) -> None:
        forecast.invalidate()
        tick(i)

    tick(0)
    frame = float(np.median(_timed(plain.run, 200)))
    for name, run, aim, anew in (
        ("nothing changes", tick, 0.5, TICK),
        ("after a knob moved", turned, 3.0, TICK + NEAR),
    ):
        times = 1e3 * _timed(run, 60)
        median, p99 = np.percentile(times, (50, 99))
        base = 1e3 * frame * anew
        yield {
            "60 curves, 20 stateful": name, "median_ms": float(median), "aim_ms": aim, "p99_ms": float(p99),
            "baseline_ms": base, "times_faster": base / float(median),
        }  # fmt: skip


def _fed(geometry: Geometry) -> dict[str, Any]:
    """Returns the row of times, in ms, that one tick takes for 200 nodes and 20 curves, where 20 nodes and half of the
    curves are reached by a live source written in every control frame. The baseline runs its objects over the frames
    that have to be computed again."""
    patch = graph(180)
    nodes, cables = {**patch.nodes, "p": Node("probe"), "cc": Node("midi_cc")}, list(patch.cables)
    for i in range(20):
        id, before = f"r{i:02d}", f"r{i - 1:02d}" if i % 5 else "cc"
        nodes[id] = Node("slew") if i % 5 == 2 else Node("add")
        port = "x" if i % 5 == 2 else "a"
        cables += [
            Cable(before, "out" if i % 5 else "value", id, port, mode="add", depth=0.5),
            Cable(f"n{9 * i:04d}", "out", id, "rise" if port == "x" else "b", mode="add", depth=0.1),
            Cable(f"n{179 - i:04d}" if i % 2 else id, "out", "p", f"x{i}", mode="add"),
        ]
    patch = Patch(nodes=nodes, cables=tuple(cables))
    program = compile(patch, NODES, geometry)
    forecast, plain = Forecast(program, TRANSPORT), Plain(patch)
    engine_ports = [program.engine_port("p", f"x{i}") for i in range(20)]
    now = 0

    def tick(_: int) -> None:
        nonlocal now
        for frame in range(now, now + TICK):
            forecast.feed("cc", "position", 0.5 + 0.5 * math.sin(frame / 50.0), at=frame)
        now += TICK
        forecast.advance(now)
        forecast.feed("cc", "position", 0.5 + 0.5 * math.sin(now / 50.0))
        forecast.curves(engine_ports, now, 12)

    tick(0)
    times = 1e3 * _timed(tick, 60)
    base = 1e3 * float(np.median(_timed(plain.run, 200))) * (TICK + NEAR)
    median, p99 = np.percentile(times, (50, 99))
    return {
        "200 nodes, 20 of them fed": "every frame", "median_ms": float(median), "aim_ms": 2.0, "p99_ms": float(p99),
        "baseline_ms": base, "times_faster": base / float(median),
    }  # fmt: skip


def _timed(run: Callable[[int], object], times: int) -> NDArray[np.float64]:
    """Returns the seconds that each of `times` calls takes, [times]."""
    taken = np.empty(times)
    for i in range(times):
        began = perf_counter()
        run(i)
        taken[i] = perf_counter() - began
    return taken
