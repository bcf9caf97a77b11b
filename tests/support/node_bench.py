"""Nodes that only tests have: exact random signals, gates, and a probe that makes any output a sink."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame, Gate, Gates, Row
from demon_patch.codegen.vocabulary import choose, count, floor, hash01, inf, least, most, pick, reached, total
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.language.declare import Declaration, node
from demon_patch.nodes.language.ports import Port, gate_out, gates, option, out, text, value, values
from demon_patch.patch.model.document import Cable, Node, Patch

PROBES = 10


@node("noise", "Noise", "A new number in every frame.", out=out("out"), category="test")
def noise(
    t: Frame,
    lo: float = value(-1, -inf, inf, doc="Lowest."),
    hi: float = value(1, -inf, inf, doc="Highest."),
    seed: float = value(0, 0, 1e6, doc="Which numbers."),
):
    return lo + (hi - lo) * hash01(t.k, seed)


@node(
    "pulses", "Pulses", "A gate at random; its level goes up only with a rise.", out=gate_out("gate"), category="test"
)
def pulses(t: Frame, seed: float = value(0, 0, 1e6, doc="Which pulses.")):
    before = 1 if t.k > 0 and hash01(t.k - 1, seed) > 0.6 else 0
    here = 1 if hash01(t.k, seed) > 0.6 else 0
    return (here, max(floor(2.9 * hash01(t.k, seed + 7919) ** 2), here - before))


class Letters(NamedTuple):
    """The tables of a text: the rising places of its letters, and their heights."""

    places: tuple[float, ...]
    heights: tuple[float, ...]


def read_letters(text: str) -> Letters:
    """Letter c stands at c / 10 after the one before it."""
    return Letters(tuple(i / 10 for i in range(len(text))), tuple(ord(c) / 100 for c in text))


@phrase
def halfway(a: float, b: float) -> float:
    """Half of the way from a to b."""
    gap = b - a
    return a + gap / 2


@phrase
def third_way(a: float, b: float) -> float:
    """Three quarters of the way from a to b, by way of the middle."""
    return halfway(halfway(a, b), b)


@node(
    "rows",
    "Rows",
    "Everything that reads a row.",
    out=(out("picked"), out("summed"), out("read"), out("passed"), gate_out("any")),
    category="test",
)
def rows(
    t: Frame,
    v: Row = values(5, (0, 1, 2, 3, 4), -9, 9, doc="Number {n}."),
    w: Row = values(5, 1, -9, 9, doc="Weight {n}."),
    g: Gates = gates(3, doc="Gate {n}."),
    at: float = value(0, -9, 9, doc="Where to read."),
    word: Letters = text("abcdefghijklmnopqrstuvw" * 3, read=read_letters, doc="A table."),
    way: str = option("up", "up", "down", doc="Which way to read."),
    *,
    last: float = 0.0,
):
    picked = pick(v, choose(way, up=at, down=count(v) - 1 - at)) + pick(w, 2)
    summed = total(v, w) - total(v) + most(v) - least(w)
    passed = reached(word.places, at)
    read = pick(word.heights, passed - 1) + last * pick(g.level, at)
    return picked, summed, read, third_way(at, passed) + halfway(1, at), (most(g.level), total(g.rises)), passed


probe = Declaration(
    "probe", "Probe", "Shows signals.", "sink", "test", (),
    (*(Port(f"x{i}", "value", 0.0, -math.inf, math.inf, doc="A signal.") for i in range(PROBES)),
     *(Port(f"g{i}", "gate", None, 0.0, 1.0, doc="A gate.") for i in range(PROBES))),
    (),
)  # fmt: skip

BENCH: Mapping[str, Declaration] = {
    **CATALOGUE,
    "noise": noise,
    "pulses": pulses,
    "rows": rows,
    "probe": probe,
    # Mixes and surfaces whose weights and gains are outputs.
    **{
        f"weighed_{id}": replace(d, id=f"weighed_{id}", kind="computed", outs=d.hidden, hidden=(), display="none")
        for id, d in CATALOGUE.items()
        if d.hidden
    },
}
FEEDS = {"prompt": "prompt", "source": "composed_source", "surface": "channel_groups", "score": "notes"}
"""What can be wired to an inlet, by its type."""

CHAIN_NODES = {"zs": Node("scheduler"), "zd": Node("decoder"), "zo": Node("speaker")}
CHAIN_CABLES = (Cable("zs", "ring", "zd", "ring"), Cable("zd", "audio", "zo", "audio"))


def playable(nodes: Mapping[str, Node], cables: tuple[Cable, ...] = ()) -> Patch:
    """A patch with the shortest chain (zs -> zd -> zo), so that it compiles."""
    return Patch(nodes={**CHAIN_NODES, **nodes}, cables=(*CHAIN_CABLES, *cables))


def gate_at(k: int, seed: float) -> Gate:
    """What `pulses` gives at frame k."""
    before = 1.0 if k > 0 and hash01(k - 1, seed) > 0.6 else 0.0
    here = 1.0 if hash01(k, seed) > 0.6 else 0.0
    return Gate(here, max(2.9 * hash01(k, seed + 7919) ** 2 // 1.0, here - before))
