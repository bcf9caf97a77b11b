"""Nodes that reshape gates in time, or send them one way or another."""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import clamp, hash01
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, option, value


@node(
    "edges",
    "Gate to Triggers",
    "Strikes where a gate begins, where it ends, or both.",
    out=(
        gate_out("rise", through="gate", doc="A trigger for each beginning."),
        gate_out("fall", doc="A trigger for each end."),
        gate_out("both", doc="A trigger for each of either."),
    ),
    category="logic",
    display="lamp",
    tags=("trigger", "rise", "fall", "edge", "pulse"),
)
def edges(t: Frame, gate: Gate = gate(doc="The gate."), *, was: float = 0.0):
    """A trigger is high for the control frame in which it falls. Falls are last level + rises - level; of either kind
    1000 in a control frame are counted, so that a loop does not grow without end."""
    rises = min(gate.rises, 1000)
    falls = clamp(was + gate.rises - gate.level, 0, 1000)
    struck = min(rises, 1)
    gone = min(falls, 1)
    return (struck, rises), (gone, falls), (max(struck, gone), rises + falls), gate.level


@node(
    "gate_length",
    "Gate Length",
    "Holds every hit for a given time, however short or long the gate is.",
    out=gate_out("gate", through="gate", doc="High for the length, at least one control frame."),
    category="logic",
    display="lamp",
    tags=("pulse", "duration", "hold", "trigger", "timer", "one shot"),
)
def gate_length(
    t: Frame,
    gate: Gate = gate(doc="Each rise begins the length."),
    length: float = value(0.25, 0.01, 64, taper="log", doc="How long: seconds, or beats (see unit)."),
    unit: str = option("s", "s", "beats", doc="What the length counts."),
    again: str = option(
        "restart", "restart", "extend", "ignore",
        doc="What a rise does while the gate is open: begins anew, prolongs without a new rise, or nothing.",
    ),
    *,
    left: float = 0.0,
):  # fmt: skip
    """A length is fixed by the rise that begins it. What is left counts down by a control frame at a time; a
    billionth is forgiven, so that 5 frames are not rounded to 6."""
    closed = 1 if left <= 1e-9 else 0
    first = min(gate.rises, closed)
    struck = first if again == "ignore" else gate.rises
    now = length if struck > 0 else left
    rises = gate.rises if again == "restart" else first
    return (1 if now > 1e-9 else 0, rises), max(now - (t.dt if unit == "s" else t.dbeat), 0)


@phrase
def fell(n: float, seed: float, probability: float) -> float:
    """1 where toss n is heads, else 0."""
    return 1 if hash01(n, seed) < probability else 0


@node(
    "coin",
    "Coin",
    "Tosses a coin at every hit: lets it through or not by chance, or sends it one of two ways.",
    out=(
        gate_out("heads", through="gate", doc="The hits that go one way."),
        gate_out("tails", doc="The others."),
    ),
    category="logic",
    display="lamp",
    tags=("probability", "chance", "random gate", "bernoulli", "dice", "split", "route"),
)
def coin(
    t: Frame,
    gate: Gate = gate(doc="The hits."),
    probability: float = value(0.5, 0, 1, doc="The chance of heads."),
    seed: float = value(0, 0, 65535, taper="int", doc="Which coin."),
    reset: Gate = gate(doc="A rise begins the same tosses again."),
    way: str = option("toss", "toss", "turn", doc="toss: heads or tails; turn: heads goes over to the other way."),
    *,
    tossed: float = 0.0,
    turned: float = 0.0,
    side: float = 0.0,
):
    """Toss n is heads where hash01(n, seed) < probability. The level goes where the last hit went; of more than 4 hits
    in one control frame those after the fourth go with it. Turning begins at tails, anew after a reset."""
    n = 0 if reset.rises > 0 else tossed
    before = 0 if reset.rises > 0 else turned
    hits = gate.rises
    turns = 1 if way == "turn" else 0
    s1 = abs(turns * before - fell(n, seed, probability)) if hits > 0 else before
    s2 = abs(turns * s1 - fell(n + 1, seed, probability)) if hits > 1 else s1
    s3 = abs(turns * s2 - fell(n + 2, seed, probability)) if hits > 2 else s2
    s4 = abs(turns * s3 - fell(n + 3, seed, probability)) if hits > 3 else s3
    heads = min(hits, 1) * s1 + clamp(hits - 1, 0, 1) * s2 + clamp(hits - 2, 0, 1) * s3 + max(hits - 3, 0) * s4
    last = s4 if hits > 0 else side
    return (gate.level * last, heads), (gate.level * (1 - last), hits - heads), n + hits, s4, last
