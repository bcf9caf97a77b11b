"""A node that is declared wrongly fails at import, with its name and the line."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from demon_patch.codegen.body import DeclarationError, phrase
from demon_patch.codegen.frame import Frame, Gate, Row
from demon_patch.codegen.specialise import specialise
from demon_patch.codegen.to_text import template
from demon_patch.codegen.vocabulary import choose, floor, inf, most, pick, reached, sin, total
from demon_patch.errors import PatchError
from demon_patch.nodes.language.declare import Declaration, node, resource
from demon_patch.nodes.language.ports import Out, gate, gate_out, gates, like, option, out, text, value, values

X: Any = value(0, -inf, inf, doc="A signal.")
G: Any = gate(doc="A gate.")
O: Any = option("a", "a", "b", doc="A choice.")  # noqa: E741
V: Any = values(3, 0, 0, 1, doc="Number {n}.")
W: Any = text("a b", read=lambda said: Words(tuple(float(ord(word)) for word in said.split())), doc="Words.")
HELPER = 3.0


class Words(NamedTuple):
    letters: tuple[float, ...]


@phrase
def twice(x: float) -> float:
    return x * 2


@phrase
def thrice(x: float, y: float) -> float:
    return x * x * y


def two_returns(t: Frame, x: float = X):
    if x > 0:
        return x
    return 0.0


def loop(t: Frame, x: float = X):
    for _ in range(3):
        x = x + 1
    return x


def unknown_name(t: Frame, x: float = X):
    return x * HELPER


def unknown_function(t: Frame, x: float = X):
    return round(x)


def unknown_field(t: Frame, x: float = X):
    return x * t.wall  # type: ignore[attr-defined]


def assigned_twice(t: Frame, x: float = X):
    y = x
    y = y + 1
    return y * 2


def too_many_parts(t: Frame, x: float = X):
    return x, x


def missing_state(t: Frame, x: float = X, *, y: float = 0.0):
    return x + y


def wrong_arity(t: Frame, x: float = X):
    return sin(x, x)  # type: ignore[call-arg]


def option_as_number(t: Frame, o: str = O):
    return o * 2


def no_such_choice(t: Frame, o: str = O):
    return 1 if o == "c" else 0


def gate_as_number(t: Frame, g: Gate = G):
    return g + 1  # type: ignore[operator]


def condition_as_number(t: Frame, x: float = X):
    return x > 0


def number_as_condition(t: Frame, x: float = X):
    return 1 if x else 0


def text_as_number(t: Frame, x: float = X):
    return x + "1"  # type: ignore[operator]


def row_as_number(t: Frame, v: Row = V):
    return v + 1  # type: ignore[operator]


def number_as_row(t: Frame, x: float = X):
    return pick(x, 1)  # type: ignore[arg-type]


def other_as_row(t: Frame, x: float = X, v: Row = V):
    return pick(v, 0) + total(x)  # type: ignore[arg-type]


def member_by_name(t: Frame, v: Row = V):
    return v1  # type: ignore[name-defined] # noqa: F821


def name_of_a_member(t: Frame, v: Row = V):
    v2 = 1
    return v2 * 2


def sum_of_a_table(t: Frame, w: Words = W):
    return total(w.letters)


def place_in_a_bank(t: Frame, v: Row = V):
    return reached(v, 0)


def no_such_table(t: Frame, w: Words = W):
    return pick(w.digits, 0)  # type: ignore[attr-defined]


def choice_left_out(t: Frame, x: float = X, o: str = O):
    return choose(o, a=x)


def phrase_of_two(t: Frame, x: float = X):
    return twice(x, x)  # type: ignore[call-arg]


WRONG: list[tuple[Callable[..., Any], int, str]] = [
    (two_returns, 1, "straight line"),
    (loop, 1, "straight line"),
    (unknown_name, 1, "unknown name HELPER"),
    (unknown_function, 1, "round is not a function of the vocabulary"),
    (unknown_field, 1, "unknown name t.wall"),
    (assigned_twice, 2, "y is assigned twice"),
    (too_many_parts, 1, "the return has 1 parts|only numbers|Tuple"),
    (missing_state, 1, "the return has 2 parts"),
    (wrong_arity, 1, "sin takes 1 numbers"),
    (option_as_number, 1, "option o can only be compared"),
    (no_such_choice, 1, "'c' is not a choice of option o"),
    (gate_as_number, 1, "unknown name g"),
    (condition_as_number, 1, "Compare is not part of the vocabulary"),
    (number_as_condition, 1, "a condition compares"),
    (text_as_number, 1, "only numbers"),
    (row_as_number, 1, "unknown name v"),
    (number_as_row, 1, "pick is not a function"),
    (other_as_row, 1, "total reads a row of ports or a table, which x is not"),
    (member_by_name, 1, "unknown name v1"),
    (name_of_a_member, 1, "v2 is assigned twice or already means"),
    (sum_of_a_table, 1, "total reads no table, unlike w.letters"),
    (place_in_a_bank, 1, "reached reads only a table, unlike v"),
    (no_such_table, 1, "pick reads a row of ports or a table, which w.digits is not"),
    (choice_left_out, 1, "choose takes an option"),
    (phrase_of_two, 1, "twice takes 1 numbers"),
]


@pytest.mark.parametrize(("function", "line", "message"), WRONG, ids=lambda x: getattr(x, "__name__", ""))
def test_what_is_outside_the_form_fails_at_import_with_node_and_line(
    function: Callable[..., Any], line: int, message: str
) -> None:
    with pytest.raises(DeclarationError, match=message) as caught:
        node("broken", "Broken", "Breaks.", out=out(), category="test")(function)
    assert caught.value.node == "broken"
    assert f"line {function.__code__.co_firstlineno + line}:" in str(caught.value)
    assert __file__ in str(caught.value)


def test_ports_outputs_and_state_are_checked_too() -> None:
    def no_port(t: Frame, x: float = 1.0):
        return x

    def no_doc(t: Frame, x: float = value(0, 0, 1)):
        return x

    def bad_state(t: Frame, x: float = X, *, y: str = "0"):
        return x, x

    for function, message in ((no_port, "port constructor"), (no_doc, "says nothing"), (bad_state, "number")):
        with pytest.raises(DeclarationError, match=message):
            node("broken", "Broken", "Breaks.", out=out(), category="test")(function)
    with pytest.raises(DeclarationError, match="no value port"):
        node("broken", "Broken", "Breaks.", out=like("y"), category="test")(lambda t, x=X: x)
    with pytest.raises(DeclarationError, match="one name"):
        node("broken", "Broken", "Breaks.", out=(out(), gate_out("out")), category="test")(lambda t, x=X: x)
    with pytest.raises(ValueError, match="outside"):
        value(2, 0, 1, doc="Too much.")
    with pytest.raises(ValueError, match="log range"):
        value(1, 0, 1, taper="log", doc="From nothing.")
    with pytest.raises(ValueError, match="not one of"):
        option("c", "a", "b", doc="A choice.")


@node("both", "Both", "Does both.", out=(out("out"), gate_out("gate")), category="test")
def both(t: Frame, x: float = X, g: Gate = G, o: str = O, *, last: float = 0.0):
    doubled = x * 2
    halved = x / 2
    whole = floor(t.s)
    y = doubled if o == "a" and not g.rises > 0 else halved
    return y, (g.level, 1 if whole > last else 0), whole


def test_options_fold_and_what_nothing_uses_is_dropped() -> None:
    assert isinstance(both, Declaration)
    a = both.body_for({"o": "a"}, frozenset({"g"}))
    b = both.body_for({"o": "b"}, frozenset({"g"}))
    assert [name for name, _ in a.lines] == ["doubled", "whole"]
    assert [name for name, _ in b.lines] == ["halved", "whole"]
    assert ast.unparse(a.outputs[0][0]) == "doubled"
    assert a is both.body_for({"o": "a"}, frozenset({"g"}))
    assert "g.rises" in template(specialise(both.body, {"o": "a"}), "scalar").uses  # type: ignore[arg-type]


def test_the_plain_call_still_works() -> None:
    frame = Frame(30, 1.2, 0.04, 2.4, 0.08, 1.2, 24.0, 4.0, 30)
    assert both(frame, 3.0, Gate(1.0, 0.0), "a", last=0.0) == (6.0, (1.0, 1), 1.0)


def test_a_resource_has_ports_and_a_key() -> None:
    @resource("words", "Words", "Says words.", out=Out("prompt", "prompt"), category="test")
    def words(text: str = text("hello", doc="The words.")):
        return ("words", text.upper())

    assert words.resolve({}) == ("words", "HELLO")
    assert words.by_name["text"].fixed
    assert not words.by_name["text"].wireable


def test_a_bank_declares_a_port_for_each_of_its_numbers() -> None:
    @node("bank", "Bank", "Sums.", out=out(), category="test")
    def bank(t: Frame, v: Row = values(3, (1, 2, 3), 0, 9, unit="s", doc="Number {n}."), g: Any = gates(2, doc="{n}.")):
        return total(v) + most(g.rises)

    assert [p.name for p in bank.ports] == ["v1", "v2", "v3", "g1", "g2"]
    assert [(p.default, p.doc, p.title) for p in bank.ports[:2]] == [(1, "Number 1.", "V 1"), (2, "Number 2.", "V 2")]
    frame = Frame(30, 1.2, 0.04, 2.4, 0.08, 1.2, 24.0, 4.0, 30)
    assert bank(frame, v2=5.0, g2=Gate(0.0, 2.0)) == 1 + 5 + 3 + 2


def test_a_bank_of_another_length_or_with_a_taken_name_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 3 has 2 defaults"):
        values(3, (0, 1), 0, 1, doc="Number {n}.")

    def doubled(t: Frame, v: Row = V, v1: float = X):
        return v1

    with pytest.raises(DeclarationError, match="two ports have one name"):
        node("broken", "Broken", "Breaks.", out=out(), category="test")(doubled)


def test_a_row_opens_to_what_is_read() -> None:
    @node("reader", "Reader", "Reads.", out=out(), category="test")
    def reader(t: Frame, x: float = X, v: Row = V, w: Words = W, o: str = O):
        return pick(v, 1) + pick(w.letters, x) + choose(o, a=twice(x * x), b=0)

    assert ast.unparse(reader.body_for({"o": "b", "w": "e e e"}).outputs[0][0]) == "v2 + 101.0 + 0"
    a = reader.body_for({"o": "a", "w": "a b c"})
    assert ast.unparse(a.outputs[0][0]) == "v2 + pick((97.0, 98.0, 99.0), x) + _1_x * 2"
    text = template(a, "scalar").outputs[0][0].parts
    assert "".join(text).count(" if ") == 2
    long = " ".join("abcdefghij" * 10)
    assert "pick((97.0, " in "".join(template(reader.body_for({"w": long}), "scalar").outputs[0][0].parts)


def test_the_tables_of_a_text_are_refused_with_its_port() -> None:
    def letters(said: str) -> Words:
        if not said:
            raise PatchError("there is no letter", port="w", mend="write one")
        return Words(tuple(map(float, map(ord, said))))

    @node("letters", "Letters", "Reads letters.", out=out(), category="test")
    def read(t: Frame, w: Words = text("a", read=letters, doc="Letters."), x: float = X):
        return pick(w.letters, x)

    with pytest.raises(PatchError, match="port w: there is no letter"):
        read.body_for({"w": ""})


def test_a_resource_has_banks_too() -> None:
    @resource("pair", "Pair", "Pairs.", out=Out("prompt", "prompt"), category="test")
    def pair(share: Row = values(2, 0.5, 0, 1, doc="Share of {n}.")):
        return ("pair", *share)

    assert pair.resolve({"share2": 0.25}) == ("pair", 0.5, 0.25)


def loud(x: float) -> float:
    return x * HELPER


def noted(x: float) -> float:
    """Two lines."""
    y = floor(x)
    if y > 0:
        return y
    return x


def gated(x: Gate) -> float:
    return x.level


@pytest.mark.parametrize(
    ("function", "message"),
    [(loud, "unknown name HELPER"), (noted, "straight line"), (gated, "unknown name x.level")],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_a_phrase_is_checked_when_it_is_declared(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(DeclarationError, match=message) as caught:
        phrase(function)
    assert caught.value.node == f"phrase {function.__name__}"


def test_a_phrase_opens_where_it_is_used_and_its_arguments_are_computed_once() -> None:
    @node("opened", "Opened", "Opens.", out=out(), category="test")
    def opened(t: Frame, x: float = X):
        return thrice(twice(x + 1), 2) + thrice(x, x)

    body = opened.body_for({})
    assert [(name, ast.unparse(e)) for name, e in body.lines] == [("_1_x", "x + 1"), ("_2_x", "_1_x * 2")]
    assert ast.unparse(body.outputs[0][0]) == "_2_x * _2_x * 2 + x * x * x"
    assert opened(Frame(0, 0, 0.04, 0, 0.08, 0, 24.0, 4.0, 0), 1.0) == 33
