"""The names, functions and operators that a formula of the Expression node may use, each with its meaning."""

from __future__ import annotations

Entries = tuple[tuple[str, str], ...]

NAMES: Entries = (
    ("a b c d", "the signals at the node's ports"),
    ("t", "seconds since the start"),
    ("dt", "seconds of a control frame, 0.04 at 25 a second"),
    ("k", "control frames since the start, a whole number"),
    ("beat", "beats since the start; beat % 4 is the place in a bar of four"),
    ("song", "seconds of the song at the playhead; it wraps and loops"),
    ("length", "seconds of the whole song"),
    ("pi tau", "3.14159..., 6.28318...: half a turn and a turn in radians"),
)
FUNCTIONS: Entries = (
    ("sin(x)", "sine of an angle in radians: sin(tau * beat) turns once a beat"),
    ("cos(x)", "cosine of an angle in radians"),
    ("tanh(x)", "bends any number softly into -1..1"),
    ("exp(x)", "e to the power of x"),
    ("log(x)", "natural logarithm of x > 0"),
    ("sqrt(x)", "square root of x >= 0"),
    ("floor(x)", "the largest whole number not above x"),
    ("abs(x)", "x without its sign"),
    ("min(x, y, ...)", "the smallest of 2 to 4 numbers"),
    ("max(x, y, ...)", "the largest of 2 to 4 numbers"),
    ("clamp(x, lo, hi)", "x limited to lo..hi"),
    ("hash01(k, seed)", "a random number from 0 up to 1 that depends on the whole parts of k and seed alone"),
    (
        "bjorklund(strokes, steps)",
        "the step of an even rhythm with which Bjorklund's begins, as Tidal writes it",
    ),
)
OPERATORS: Entries = (
    ("+ - * /", "arithmetic"),
    ("x ** y", "x to the power of y"),
    ("x // y", "the whole part of x / y"),
    ("x % y", "the rest of x // y: t % 2 rises from 0 to 2, again and again"),
    ("x if TEST else y", "a choice; tests are < <= > >= == != with and, or, not"),
)
EXAMPLES: Entries = (
    ("0.5 + 0.5 * sin(tau * beat / 16)", "a wave over four bars of four, 0 to 1"),
    ("a if b > 0.5 else c", "one signal or another, by a third"),
    ("clamp(2 * a - 0.3, 0, 1)", "a signal made steeper and kept in 0..1"),
    ("hash01(beat, 7)", "a new random value on every beat, the same in every performance"),
)
ENTRIES: dict[str, Entries] = {
    "names in a formula": NAMES,
    "functions": FUNCTIONS,
    "operators": OPERATORS,
    "examples": EXAMPLES,
}
"""All entries by heading, in the order in which the command line and the page show them."""

_HEAD = """# Formulas

Made by `demon-patch nodes --page` from `demon_patch/nodes/formulas.py`; do not edit.

The **Expression** node moves a control by a formula: one line of arithmetic in the port `formula`, at most 500
characters. It is computed once a control frame (25 times a second), and forecast like every other node. Where it has
no value, as in a division by 0, the last one stays.
"""


def page() -> str:
    """Returns the Markdown text of the page about formulas."""
    parts = [_HEAD]
    for title, entries in ENTRIES.items():
        rows = [f"| `{spelled}` | {meaning} |" for spelled, meaning in entries]
        parts.append("\n".join([f"## {title.capitalize()}\n", "| | |", "|---|---|", *rows, ""]))
    return "\n".join(parts)
