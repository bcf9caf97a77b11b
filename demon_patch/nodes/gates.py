"""Nodes that reshape gates in time, or send them one way or another."""

from __future__ import annotations

from demon_patch.nodes.declare import node
from demon_patch.nodes.frame import Frame, Gate
from demon_patch.nodes.ports import gate, gate_out, option, value
from demon_patch.nodes.vocabulary import clamp, hash01


@node(
    "edges",
    "Gate to Triggers",
    "Strikes where a gate begins, where it ends, or both.",
    out=(
        gate_out("rise", doc="A trigger for each beginning."),
        gate_out("fall", doc="A trigger for each end."),
        gate_out("both", doc="A trigger for each of either."),
    ),
    category="logic",
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
    out=gate_out("gate", doc="High for the length, at least one control frame."),
    category="logic",
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


@node(
    "coin",
    "Coin",
    "Tosses a coin at every hit and plays one of two things.",
    out=(
        gate_out("heads", doc="The hits that the probability picks."),
        gate_out("tails", doc="The others."),
    ),
    category="logic",
    tags=("probability", "chance", "random", "bernoulli", "split", "skip"),
)
def coin(
    t: Frame,
    gate: Gate = gate(doc="The hits."),
    probability: float = value(0.5, 0, 1, doc="The chance of heads."),
    seed: float = value(0, 0, 65535, taper="int", doc="Which coin."),
    reset: Gate = gate(doc="A rise begins the same tosses again."),
    *,
    tossed: float = 0.0,
    side: float = 0.0,
):
    """Hit n is heads where hash01(n, seed) < probability. The level goes where the last hit went; of more than 4 hits
    in one control frame those after the fourth go with the last."""
    n = 0 if reset.rises > 0 else tossed
    hits = gate.rises
    last = (1 if hash01(n + hits - 1, seed) < probability else 0) if hits > 0 else side
    h1 = 1 if hits > 0 and hash01(n, seed) < probability else 0
    h2 = 1 if hits > 1 and hash01(n + 1, seed) < probability else 0
    h3 = 1 if hits > 2 and hash01(n + 2, seed) < probability else 0
    h4 = 1 if hits > 3 and hash01(n + 3, seed) < probability else 0
    heads = h1 + h2 + h3 + h4 + max(hits - 4, 0) * last
    return (gate.level * last, heads), (gate.level * (1 - last), hits - heads), n + hits, last
