"""Nodes that decide: gates from gates, and what they remember.

One rule says where in a control frame the edges of several gates lie, since a gate tells only how many there are: a
gate falls before it rises, and the first rises of all gates fall together, then the second ones, and so on; a gate
with no rises left is at the level with which it ends the frame. A gate's falls are last level + rises - level.
"""

from __future__ import annotations

from demon_patch.codegen.frame import Frame, Gate
from demon_patch.codegen.vocabulary import floor
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import gate, gate_out, option


@node(
    "logic",
    "Logic",
    "Makes one rhythm of two: where both play, where either does, where only one does, or where none does.",
    out=gate_out("gate", through="a", doc="High where the operation says so."),
    category="logic",
    display="lamp",
    tags=("and", "or", "xor", "not", "nand", "nor", "xnor", "boolean", "invert"),
)
def logic(
    t: Frame,
    a: Gate = gate(doc="The first gate."),
    b: Gate = gate(doc="The second gate; not leaves it out."),
    operation: str = option("and", "and", "or", "xor", "nand", "nor", "xnor", "not", doc="When the result is high."),
    *,
    a_was: float = 0.0,
    b_was: float = 0.0,
    open: float = 0.0,
):
    """Rises are the upward edges of the result along the control frame. In it a gate falls before it rises, and the
    first rises of both fall together, then the second ones, until one has none left and stays at its last level.
    A result that is high in the first control frame of all, or since another operation was chosen, rises there."""
    b_level = 0 if operation == "not" else b.level
    b_rises = 0 if operation == "not" else b.rises
    none = 1 if operation in ("nand", "nor", "xnor", "not") else 0
    one = 1 if operation in ("or", "xor", "nand") else 0
    two = 1 if operation in ("and", "or", "xnor") else 0
    few = min(a.rises, b_rises)
    more = max(a.rises, b_rises) - few
    rest = b_level if a.rises > b_rises else a.level
    low = one if rest > 0 else none
    high = two if rest > 0 else one
    was = (two if b_was > 0 else one) if a_was > 0 else (one if b_was > 0 else none)
    end = (two if b_level > 0 else one) if a.level > 0 else (one if b_level > 0 else none)
    after = low if more > 0 else end
    start = none if few > 0 else after
    shared = few * max(two - none, 0) + max(few - 1, 0) * max(none - two, 0) + (max(after - two, 0) if few > 0 else 0)
    alone = more * max(high - low, 0) + max(more - 1, 0) * max(low - high, 0) + max(end - high, 0)
    rises = max(start - was, 0) + shared + (alone if more > 0 else 0)
    return (end, max(rises, end - open)), a.level, b_level, end


@node(
    "latch",
    "Latch",
    "Turns something on with one gate and off with another.",
    out=(
        gate_out("gate", through="set", doc="High from a set until a reset."),
        gate_out("off", doc="High from a reset until a set; rises at first too."),
    ),
    category="logic",
    display="lamp",
    tags=("set", "reset", "memory", "hold", "on", "off"),
)
def latch(
    t: Frame,
    set: Gate = gate(doc="Each rise turns it on."),
    reset: Gate = gate(doc="Each rise turns it off."),
    last_word: str = option("reset", "reset", "set", doc="Which comes last where both rise in one control frame."),
    *,
    stood: float = -1.0,
):
    """Only rises count. Where both rise and set has the last word, an open gate falls and rises again."""
    was = max(stood, 0)
    on = min(set.rises, 1)
    off = min(reset.rises, 1)
    now = (0 if off > 0 else max(was, on)) if last_word == "reset" else (1 if on > 0 else was - min(was, off))
    rises = on * (1 - was) if last_word == "reset" else on * max(1 - was, off)
    first = 1 - now if stood < 0 else 0
    return (now, rises), (1 - now, max(was + rises - now, first)), now


@node(
    "flip_flop",
    "Flip-Flop",
    "Turns something on with one hit and off with the next, so that a rhythm plays at half its speed.",
    out=(
        gate_out("gate", through="flip", doc="High after every other rise."),
        gate_out("off", doc="The opposite; rises at first too."),
    ),
    category="logic",
    display="lamp",
    tags=("toggle", "divide", "half", "alternate", "switch"),
)
def flip_flop(
    t: Frame,
    flip: Gate = gate(doc="Each rise turns it over; several in one control frame count singly."),
    reset: Gate = gate(doc="A rise turns it off, before any flip of the same control frame."),
    *,
    stood: float = -1.0,
):
    """Of n flips from off, ceil(n / 2) are rises; from on, floor(n / 2)."""
    was = max(stood, 0)
    begin = 0 if reset.rises > 0 else was
    ups = floor((flip.rises + 1 - begin) / 2)
    now = begin + 2 * ups - flip.rises
    first = 1 - now if stood < 0 else 0
    return (now, ups), (1 - now, max(was + ups - now, first)), now
