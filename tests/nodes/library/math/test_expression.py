"""Formulas: what is allowed is computed, everything else is refused with one clear line."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.codegen.frame import Frame
from demon_patch.errors import PatchError
from demon_patch.nodes.library.math.expression import expression, parse_formula

FRAME = Frame(50, 2.0, 0.04, 4.0, 0.08, 2.0, 24.0, 4.0, 50)

HOSTILE = [
    "__import__('os').system('true')",
    "().__class__.__bases__",
    "a.__class__",
    "t.s",
    "open('x')",
    "eval('a')",
    "lambda: a",
    "[a for a in (1, 2)]",
    "a if a else b",
    "a := 3",
    "a; b",
    "a = 3",
    "'a' * 9",
    "True",
    "a @ b",
    "a << 9",
    "f'{a}'",
    "{**a}",
    "sin(*a)",
    "sin(x=a)",
    "sin()",
    "min(a)",
    "x",
    "1e999",
    "9" * 400,
    "-" * 450 + "a",
    "a + " * 300 + "a",
    "a\nb",
    "",
    "a +",
    "\0",
    "yield a",
    "await a",
    "...",
    "1j",
    "b''",
    "None",
]


@pytest.mark.parametrize("formula", HOSTILE)
def test_hostile_text_is_refused_with_its_port(formula: str) -> None:
    with pytest.raises(PatchError) as caught:
        parse_formula(formula)
    assert caught.value.port == "formula"
    assert caught.value.mend
    assert "\n" not in caught.value.what


@pytest.mark.parametrize(
    ("formula", "mend"),
    [
        ("sine(t)", "did you mean sin? write"), ("clip(a, 0, 1)", "did you mean clamp? write"),
        ("beats * 2", "did you mean beat? write"), ("a + lenght", "did you mean length? write"),
        ("a * z", "write arithmetic with a, b, c, d, t,"), ("sin(a, b)", "write"), ("rnd(k)", "write"),
    ],
)  # fmt: skip
def test_a_word_that_is_like_one_of_a_formula_is_recognised(formula: str, mend: str) -> None:
    with pytest.raises(PatchError) as caught:
        parse_formula(formula)
    assert caught.value.mend.startswith(mend)
    assert "tau" in caught.value.mend


@given(st.text(max_size=80))
def test_no_text_raises_anything_else(formula: str) -> None:
    with contextlib.suppress(PatchError):
        parse_formula(formula)


def test_formulas_are_computed() -> None:
    assert expression(FRAME, "a * 2 + b ** 2", 3.0, 4.0, 0.0, 0.0) == 22.0
    assert expression(FRAME, "max(a, b, c) if t > 1 and not beat < 4 else 0", 1.0, 5.0, 2.0, 0.0) == 5.0
    assert expression(FRAME, "song / length", 0.0, 0.0, 0.0, 0.0) == 2.0 / 24.0


def test_powers_cannot_grow_without_bound() -> None:
    with pytest.raises(ArithmeticError):
        expression(FRAME, "9 ** 9 ** 9 ** 9", 0.0, 0.0, 0.0, 0.0)
