"""What a formula is spelled as is as long as the formula, however it is nested; and it is Python that compiles."""

from __future__ import annotations

import ast
import random
import time
import warnings

import numpy as np
import pytest

from demon_patch.codegen.array_code import GroupForm, array_code_of, node_kind
from demon_patch.codegen.body import Body
from demon_patch.codegen.to_text import Text, TextWriter, template
from demon_patch.codegen.vocabulary import ARRAY, EXACT, SCALAR
from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.library.math.expression import LONGEST, parse_formula
from tests.support.effort import tries

HOLES = (
    "1 if a<({})<b else 0", "1 if a<({})<b<({})<c else 0", "min({},b)", "max({},b,c,d)", "min(a,{})", "max(a,b,c,{})",
    "clamp({},a,b)", "clamp(a,{},b)", "clamp(a,b,{})", "abs({})", "floor({})", "-({})", "({}) if a<b else c",
    "a if ({})>b else c", "a if b<c else ({})", "a if not ({})<1 else b", "a if ({})<1 and b<c or d<a else b",
    "({})**2", "2**({})", "({})%3", "({})//3", "sin({})", "hash01({},1)", "sqrt(abs({}))", "clamp({},{},{})",
    "a if 0<({})<=b!=c>=({})==1 else 2", "max({},{})", "a if b<({}) else ({})",
)  # fmt: skip
CHARACTERS = 40  # of the text, a node of the formula's tree


def formulas(seed: int) -> list[str]:
    """The longest formulas that nesting some of the forms above can make, within the limits."""
    rng = random.Random(seed)
    found: list[str] = []
    for _ in range(40):
        holes = rng.sample(HOLES, rng.choice((1, 1, 2, 4)))
        formula = rng.choice(("a", "b*2", "c"))
        while True:
            hole = rng.choice(holes)
            others = iter(rng.choice(("a", "0.5", "d")) for _ in range(3))
            place = rng.randrange(hole.count("{}"))
            parts = hole.split("{}")
            inner = [formula if at == place else next(others) for at in range(len(parts) - 1)]
            grown = "".join(a + b for a, b in zip(parts, [*inner, ""], strict=True))
            try:
                parse_formula(grown)
            except PatchError:
                break
            formula = grown
        found.append(formula)
    return found


@pytest.mark.parametrize("seed", range(tries(10)))
def test_the_text_of_a_formula_is_linear_in_its_size(seed: int) -> None:
    for formula in formulas(seed):
        tree = parse_formula(formula)
        size = sum(1 for _ in ast.walk(tree))
        for mode, space in (("scalar", SCALAR), ("array", ARRAY)):
            text = TextWriter(mode)(tree)  # type: ignore[arg-type]
            assert len(text) <= CHARACTERS * size, formula
            spelled = Text.parsed(text).fill({}, "l_")
            code = compile(f"def f(l_a, l_b, l_c, l_d):\n    return {spelled}\n", "<formula>", "exec")
            room: dict[str, object] = {**space}
            exec(code, room)


@pytest.mark.parametrize("seed", range(tries(4)))
def test_arrays_come_to_what_floats_come_to(seed: int) -> None:
    """At points where every branch has a value."""
    rng = np.random.default_rng(seed)
    given = {f"l_{name}": rng.uniform(0.1, 0.9, 20) for name in "abcd"}
    compared = 0
    for formula in formulas(seed)[:20]:
        tree, made = parse_formula(formula), {}
        for mode, space in (("scalar", SCALAR), ("array", {**ARRAY, **EXACT})):
            text = Text.parsed(TextWriter(mode)(tree)).fill({}, "l_")  # type: ignore[arg-type]
            room: dict[str, object] = {**space}
            exec(f"def f(l_a, l_b, l_c, l_d):\n    return {text}\n", room)
            made[mode] = room["f"]
        with np.errstate(all="ignore"):
            try:
                whole = np.broadcast_to(made["array"](**given), 20)
            except (ArithmeticError, ValueError):
                continue  # what has no value fails as a whole, and is computed by floats
        compared += 1
        for i, x in enumerate(whole):
            try:
                one = made["scalar"](**{name: float(row[i]) for name, row in given.items()})
            except (ArithmeticError, ValueError):
                continue
            assert abs(one - x) <= 1e-9 * max(1.0, abs(one)) or not np.isfinite(x), formula
    assert compared >= 8


def test_every_node_of_the_catalogue_is_spelled_short() -> None:
    for declaration in CATALOGUE.values():
        if declaration.has_body:
            body = declaration.body_for({})
            expressions = [e for _, e in body.lines] + [e for pair in body.outputs for e in pair] + list(body.states)
            size = sum(1 for e in expressions for _ in ast.walk(e))
            text = sum(len("".join(text.parts)) for _, text in template(body, "array").lines)
            assert text <= CHARACTERS * size, declaration.id


def test_a_chain_of_comparisons_within_others_compiles_at_once() -> None:
    formula = "a"
    for _ in range(15):
        formula = f"1 if a<({formula})<b else 0"
    assert len(formula) <= LONGEST
    began = time.process_time()
    for number in range(40):
        body = Body((), ((parse_formula(formula.replace("0", f"{number}")),),), ())
        form = GroupForm(node_kind(body, (("a", "x0", 1), ("b", f"p{0}", 0)), ()), (True,), True)
        assert len(array_code_of(form).text) < 3000
    assert time.process_time() - began < 2.0  # of the processor; with doubled middles: minutes


def test_a_number_that_touches_a_word_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ast.unparse(parse_formula("1if a<b else 2")) == "1.0 if a < b else 2.0"
        assert ast.unparse(parse_formula("1.5e3if a<1and a<.5or b<1else 2e1")) == (
            ast.unparse(parse_formula("1.5e3 if a<1 and a<.5 or b<1 else 2e1"))
        )
