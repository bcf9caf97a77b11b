"""Arithmetic.

What can grow is held within +-1e12, so that a loop with gain stays a number.
"""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import choose, clamp, exp, floor, inf, log, sin, sqrt, tau
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import option, out, value


@phrase
def bounded(x: float) -> float:
    """x within +-1e12."""
    return clamp(x, -1e12, 1e12)


@node(
    "add",
    "Add",
    "Lays one movement over another.",
    out=out("out", through="a", doc="a + b."),
    category="math",
    display="number",
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
    out=out("out", through="a", doc="a * b."),
    category="math",
    display="number",
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
    "Computes with one movement or two: difference, ratio, the higher or the lower, size, root, whole part, and more.",
    out=out("out", through="a", doc="What the operation comes to."),
    category="math",
    display="number",
    tags=("subtract", "divide", "modulo", "power", "min", "max", "absolute", "negate", "round", "root", "log", "sine"),
)
def math(
    t: Frame,
    a: float = value(0, -inf, inf, doc="The signal."),
    b: float = value(0, -inf, inf, doc="What it is computed with, down to distance; the others take a alone."),
    operation: str = option(
        "subtract", "subtract", "divide", "modulo", "power", "minimum", "maximum", "mean", "distance", "absolute",
        "negate", "reciprocal", "sign", "positive", "square", "root", "exponential", "logarithm", "round", "floor",
        "ceiling", "fraction", "sine",
        doc="power: a ** b; positive: the part above 0; fraction: what is above the floor; sine: of a cycles.",
    ),
):  # fmt: skip
    """Always a number: a division by what is nearer to 0 than 1e-12 gives 0. power, root and logarithm, ln(1 + size),
    are those of the size of a and keep its sign; a power holds the size within 1e-12..1e12 and b within +-16."""
    size = abs(a)
    sign = 1 if a > 0 else (-1 if a < 0 else 0)
    below = a if operation == "reciprocal" else b
    divides = 1 if abs(below) >= 1e-12 else 0
    safe = below if divides > 0 else 1
    power = sign * clamp(size, 1e-12, 1e12) ** clamp(b, -16, 16)
    part = a - floor(a)
    result = choose(
        operation, subtract=a - b, divide=divides * a / safe, modulo=divides * (a % safe), power=power,
        minimum=min(a, b), maximum=max(a, b), mean=a / 2 + b / 2, distance=abs(a - b), absolute=size, negate=-a,
        reciprocal=divides / safe, sign=sign, positive=max(a, 0), square=min(size, 1e6) ** 2, root=sign * sqrt(size),
        exponential=exp(clamp(a, -99, 99)), logarithm=sign * log(1 + size), round=floor(a + 0.5), floor=floor(a),
        ceiling=-floor(-a), fraction=part, sine=sin(tau * part),
    )  # fmt: skip
    return bounded(result)
