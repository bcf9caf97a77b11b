"""Knobs and arithmetic.

What can grow is held within +-1e12, so that a loop with gain stays a number.
"""

from __future__ import annotations

from demon_patch.nodes.body import phrase
from demon_patch.nodes.declare import node
from demon_patch.nodes.frame import Frame
from demon_patch.nodes.ports import option, out, value
from demon_patch.nodes.vocabulary import choose, clamp, exp, floor, inf, log, sin, sqrt, tau


@phrase
def bounded(x: float) -> float:
    """x within +-1e12."""
    return clamp(x, -1e12, 1e12)


@node(
    "knob",
    "Knob",
    "One knob for many controls.",
    out=out("out", 0, 1, doc="The position of the knob."),
    category="control",
    tags=("macro", "constant", "value", "fader"),
)
def knob(t: Frame, position: float = value(0.5, 0, 1, doc="The position; cables may move it.")):
    """The position as it stands."""
    return position


@node(
    "add",
    "Add",
    "Lays one movement over another.",
    out=out("out", doc="a + b."),
    category="math",
    tags=("sum", "mix", "offset", "plus"),
)
def add(
    t: Frame,
    a: float = value(0, -inf, inf, doc="The first signal."),
    b: float = value(0, -inf, inf, doc="The second signal."),
):
    """a + b."""
    return bounded(a + b)


@node(
    "multiply",
    "Multiply",
    "Lets one movement decide how strong another is.",
    out=out("out", doc="a * b."),
    category="math",
    tags=("product", "vca", "amount", "ring", "times"),
)
def multiply(
    t: Frame,
    a: float = value(1, -inf, inf, doc="The first signal."),
    b: float = value(1, -inf, inf, doc="The second signal."),
):
    """a * b."""
    return bounded(a * b)


@node(
    "math",
    "Math",
    "Computes with two movements: their difference, their ratio, the higher or the lower one, and more.",
    out=out("out", doc="What the operation comes to."),
    category="math",
    tags=("subtract", "divide", "power", "modulo", "minimum", "maximum", "mean", "distance"),
)
def math(
    t: Frame,
    a: float = value(0, -inf, inf, doc="The first signal."),
    b: float = value(0, -inf, inf, doc="The second signal."),
    operation: str = option(
        "subtract", "subtract", "divide", "modulo", "power", "minimum", "maximum", "mean", "distance",
        doc="a - b, a / b, the rest of a / b (with the sign of b), a to the power of b, ...",
    ),
):  # fmt: skip
    """Always a number: by a b nearer to 0 than 1e-12 the ratio and the rest are 0; a power is that of the size of a,
    held within 1e-12..1e12, and keeps the sign of a; its exponent is held within -16..16."""
    divides = 1 if abs(b) >= 1e-12 else 0
    safe = b if divides > 0 else 1
    sign = 1 if a > 0 else (-1 if a < 0 else 0)
    power = sign * clamp(abs(a), 1e-12, 1e12) ** clamp(b, -16, 16)
    result = choose(
        operation, subtract=a - b, divide=divides * a / safe, modulo=divides * (a % safe), power=power,
        minimum=min(a, b), maximum=max(a, b), mean=a / 2 + b / 2, distance=abs(a - b),
    )  # fmt: skip
    return bounded(result)


@node(
    "function",
    "Function",
    "Puts a movement through a function: its size, its opposite, its root, its whole part, and more.",
    out=out("out", doc="The value of the function."),
    category="math",
    tags=("absolute", "negate", "sign", "round", "floor", "root", "square", "log", "exp", "rectify", "sine"),
)
def function(
    t: Frame,
    x: float = value(0, -inf, inf, doc="The signal."),
    kind: str = option(
        "absolute", "absolute", "negate", "reciprocal", "sign", "positive", "square", "root", "exponential",
        "logarithm", "round", "floor", "ceiling", "fraction", "sine",
        doc="positive: the part above 0; sine: of x cycles; fraction: x - floor(x).",
    ),
):  # fmt: skip
    """Always a number: 1 / x is 0 where x is nearer to 0 than 1e-12; root and logarithm, ln(1 + size), are those of
    the size of x and keep its sign."""
    size = abs(x)
    safe = x if size >= 1e-12 else 1
    sign = 1 if x > 0 else (-1 if x < 0 else 0)
    result = choose(
        kind, absolute=size, negate=-x, reciprocal=(1 / safe if size >= 1e-12 else 0), sign=sign, positive=max(x, 0),
        square=min(size, 1e6) ** 2, root=sign * sqrt(size), exponential=exp(clamp(x, -99, 99)),
        logarithm=sign * log(1 + size), round=floor(x + 0.5), floor=floor(x), ceiling=-floor(-x),
        fraction=x - floor(x), sine=sin(tau * (x - floor(x))),
    )  # fmt: skip
    return bounded(result)
