"""Each error is raised once: one that is kept, and raised again and again, would keep all that was done where it was
raised (its traceback), and the place that one raise has filled in would stand in the next."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import demon_patch
from demon_patch.errors import PatchError

ROOT = Path(demon_patch.__file__).parent
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


def is_error(node: ast.expr | None) -> bool:
    """Whether an expression makes an error."""
    made = node.func if isinstance(node, ast.Call) else None
    name = made.attr if isinstance(made, ast.Attribute) else made.id if isinstance(made, ast.Name) else ""
    return name.endswith(("Error", "Exception"))


def kept(tree: ast.Module) -> Iterator[str]:
    """Lines that keep an error of a module or a class, or raise one that something keeps."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.Assign | ast.AnnAssign) and is_error(each.value):
                    yield f"line {each.lineno} keeps an error"
        if isinstance(node, ast.Raise):
            constant = isinstance(node.exc, ast.Name) and node.exc.id.isupper()
            field = isinstance(node.exc, ast.Attribute) and node.exc.attr.islower()  # a class has capitals
            if field or constant:
                yield f"line {node.lineno} raises an error that is kept"


def test_no_error_is_kept_to_be_raised() -> None:
    found = {file: list(kept(ast.parse((ROOT / file).read_text(encoding="utf-8")))) for file in FILES}
    assert len(found) > 500
    assert {file: lines for file, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('NONE = PatchError("nothing")', "line 1 keeps an error"),
        ("class A:\n    none: E = errors.PatchError('nothing')", "line 2 keeps an error"),
        ("def f(self):\n    raise self._gone", "line 2 raises an error that is kept"),
        ("def f():\n    raise NONE", "line 2 raises an error that is kept"),
        ("def f(self):\n    raise self._gone.again()", None),
        ("def f():\n    error = PatchError('nothing')\n    raise error", None),
    ],
)
def test_what_the_rule_finds(text: str, found: str | None) -> None:
    assert list(kept(ast.parse(text))) == ([] if found is None else [found])


def test_an_error_again_is_equal_and_new() -> None:
    error = PatchError("no such port", file="a.json", node="lfo", port="rate", mend="look")
    with pytest.raises(PatchError) as first:
        raise error
    again = first.value.again()
    assert again is not error
    assert (type(again), str(again)) == (PatchError, "a.json: node lfo: port rate: no such port (look)")
    assert again.__traceback__ is None
    assert error.__traceback__ is not None
    again.located(node="other")
    again.node = "other"
    assert error.node == "lfo"
