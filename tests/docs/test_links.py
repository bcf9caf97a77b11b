"""Every file, class and function that the pages for engineers name exists where they say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import DOCS, ROOT

PAGES = [
    ROOT / "README.md",
    *(
        DOCS / f"{name}.md"
        for name in ("architecture", "decisions", "extending", "families", "glossary", "gpu", "how-a-patch-runs")
    ),
]
LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]*)(?:#[^)]*)?\)")
NAMED = re.compile(r"`([A-Za-z_][\w.]*)`")
CALLED = re.compile(r"`([a-z_]\w*)\(\)`")


@cache
def names_in(path: Path) -> frozenset[str]:
    """The module-level names of a file, and the members of its classes as Class.member."""
    return frozenset(_names(ast.parse(path.read_text(encoding="utf-8"))))


def _names(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
            for member in ast.walk(node) if isinstance(node, ast.ClassDef) else ():
                if isinstance(member, ast.FunctionDef):
                    yield f"{node.name}.{member.name}"
                elif isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name):
                    yield f"{node.name}.{member.target.id}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    local = [target for _, target in links if target and "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_name_that_is_a_link_stands_in_that_file(page: Path) -> None:
    wrong = []
    for text, target in LINK.findall(page.read_text(encoding="utf-8")):
        named = NAMED.fullmatch(text)
        if named and target.endswith(".py") and named[1] not in names_in((page.parent / target).resolve()):
            wrong.append(f"{named[1]} is not in {target}")
    assert wrong == []


def test_functions_that_are_named_without_a_file_exist() -> None:
    known = {name.rpartition(".")[2] for path in (ROOT / "demon_patch").rglob("*.py") for name in names_in(path)}
    named = set(CALLED.findall((DOCS / "architecture.md").read_text(encoding="utf-8")))
    assert named - known == set()


def test_architecture_names_enough_to_be_a_map() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rooms = {Path(target).parent.as_posix() for _, target in LINK.findall(text) if target.endswith(".py")}
    for room in ("engine/ring", "engine/step", "codegen", "runtime/graph", "runtime/performance", "runtime/live"):
        assert f"../demon_patch/{room}" in rooms
    for heading in ("knob", "LFO", "edit", "decoded window"):
        assert re.search(rf"^## The way of an? {heading}\n", text, re.MULTILINE)
