"""Movements at random."""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import choose, floor, hash01
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, option, out, value
from demon_patch.nodes.language.shared_arithmetic import PACED_BY, nearest_division, smooth_random


@phrase
def reflected(x: float) -> float:
    """x in -1..1, thrown back from the ends if it is beyond one of them by less than 2."""
    return 2 - x if x > 1 else (-2 - x if x < -1 else x)


@phrase
def layer(turn: float, seed: float) -> float:
    """One layer of smooth noise, -1..1, with a new direction in every cycle."""
    return 2 * smooth_random(floor(turn), turn - floor(turn), seed) - 1


@node(
    "random_walk",
    "Random Walk",
    "Wanders at random, step by step, and turns back at its limits.",
    out=(out("out", -1, 1, doc="Where it is, -1 to 1."), out("uni", 0, 1, doc="The same, 0 to 1.")),
    category="modulation",
    display="scope",
    tags=("random", "drunk", "brownian", "wander", "drift"),
)
def random_walk(
    t: Frame,
    step: float = value(0.25, 0, 1, doc="The longest step; all lengths up to it are as likely."),
    rate: float = value(2, 0.001, 12.5, taper="log", doc="Steps a second, or a beat (see sync)."),
    seed: float = value(0, 0, 65535, taper="int", doc="Which way it goes."),
    tick: Gate = gate(doc="Takes a step with every rise (gate)."),
    reset: Gate = gate(doc="Back to the middle, and the same way again."),
    sync: str = PACED_BY,
    way: str = option("jumps", "jumps", "lines", doc="Jumps, or goes in straight lines (not by gate)."),
    *,
    ahead: float = 0.0,
    number: float = 0.0,
    before: float = 0.0,
    there: float = 0.0,
):
    """Of several steps within one frame it takes the last."""
    here = 0 if reset.rises > 0 else ahead
    gone = floor(here + 1e-9)
    steps = tick.rises if sync == "gate" else gone
    n = (0 if reset.rises > 0 else number) + steps
    stood = 0 if reset.rises > 0 else there
    roll = 2 * hash01(n, seed) - 1 if steps > 0 else 0
    goal = reflected(stood + step * roll)
    start = stood if steps > 0 or reset.rises > 0 else before
    y = start + (goal - start) * max(here - gone, 0) if way == "lines" and sync != "gate" else goal
    following = here - gone + rate * choose(sync, free=t.dt, beats=t.dbeat, gate=0)
    return y, 0.5 + 0.5 * y, following, n, start, goal


@node(
    "smooth_noise",
    "Smooth Noise",
    "Drifts at random without a jump, like weather.",
    out=(out("out", -1, 1, doc="The noise, -1 to 1."), out("uni", 0, 1, doc="The same, 0 to 1.")),
    category="modulation",
    display="scope",
    tags=("random", "perlin", "drift", "organic", "fractal", "wobble"),
)
def smooth_noise(
    t: Frame,
    rate: float = value(0.25, 0.001, 12.5, taper="log", doc="New directions a second, or a beat (see sync)."),
    rough: float = value(0.5, 0, 1, doc="How much each finer layer moves, beside the one below it."),
    seed: float = value(0, 0, 65535, taper="int", doc="Which way it drifts."),
    layers: str = option("1", "1", "2", "3", "4", doc="Layers, each twice as fast as the one below it."),
    sync: str = option("free", "free", "beats", "lock", doc="free: Hz; beats: per beat; lock: tied to the beat."),
    *,
    cycles: float = 0.0,
):
    """Value noise: random numbers joined by 3 p^2 - 2 p^3, layer i weighed by rough^i, the sum by all weights.

    Lock takes beat times the nearest musical division of the rate, so that a seek finds the same noise again.
    """
    turn = t.beat * nearest_division(rate) if sync == "lock" else cycles
    one = layer(turn, seed)
    two = one + rough * layer(2 * turn, seed + 1) if layers != "1" else one
    three = two + rough * rough * layer(4 * turn, seed + 2) if layers in ("3", "4") else two
    four = three + rough * rough * rough * layer(8 * turn, seed + 3) if layers == "4" else three
    second = 1 + rough if layers != "1" else 1
    third = second + rough * rough if layers in ("3", "4") else second
    y = four / (third + rough * rough * rough if layers == "4" else third)
    return y, 0.5 + 0.5 * y, cycles + rate * (t.dt if sync == "free" else t.dbeat)
