"""Imports point down only, and the torch-free layers stay free of torch (the design, section 1)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from demon_patch.engine.families import NAMES
from tests.support import paths

ROOT = paths.ROOT / "demon_patch"
RANK = {
    "arrays": 0,
    "errors": 0,
    "nearest": 0,
    "small_cache": 0,
    "threads": 0,
    "engine": 1,
    "patch": 1,
    "codegen": 1,
    "nodes": 2,
    "runtime": 3,
    "terminal": 4,
}
TOP = 5  # anything else
TORCH_FREE = ["demon_patch.patch.files.format", "demon_patch.patch.edit.history", "demon_patch.nodes.catalogue"]
TORCH_FREE += ["demon_patch.engine.controls", "demon_patch.engine.contracts", "demon_patch.runtime.graph.check"]
TORCH_FREE += ["demon_patch.engine.sound.clips", "demon_patch.runtime.audio.process", "demon_patch.runtime.audio.link"]
TORCH_FREE += ["demon_patch.cli", "demon_patch.file_commands", "demon_patch.runtime.assets.assets"]


MODULES = sorted(ROOT.rglob("*.py"))
FAMILIES = tuple(f"demon_patch.engine.families.{name}" for name in NAMES)


@cache
def imports(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def own_layer(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def wrong(forbidden: Callable[[Path, str], bool], paths: Iterable[Path] = MODULES) -> list[str]:
    """The imports that a rule forbids, each as "file imports name"."""
    return [
        f"{path.relative_to(ROOT)} imports {name}" for path in paths for name in imports(path) if forbidden(path, name)
    ]


def test_imports_are_found() -> None:
    assert "demon_patch.engine.families.NAMES" not in imports(ROOT / "cli.py")
    assert "demon_patch.runtime.performance.prepare.perform" in imports(ROOT / "cli.py")  # within a function
    assert len(MODULES) > 200


def test_imports_point_down() -> None:
    def upward(path: Path, name: str) -> bool:
        own, other = own_layer(path), layer(name)
        if not name.startswith("demon_patch.") or name == "demon_patch.__version__" or other == own:
            return False
        return RANK.get(other, TOP) >= RANK.get(own, TOP) != TOP

    assert wrong(upward) == []


def test_the_graph_knows_nothing_of_who_plays_it() -> None:
    def outside(_: Path, name: str) -> bool:
        runtime = name.startswith("demon_patch.runtime.") and not name.startswith("demon_patch.runtime.graph")
        return runtime or name.split(".", maxsplit=1)[0] == "torch"

    assert wrong(outside, (ROOT / "runtime" / "graph").glob("*.py")) == []


def test_a_patch_is_loaded_in_one_way() -> None:
    """`load_patch` reads files and packs and brings their nodes up to date; nothing else reads a patch."""
    steps = {"demon_patch.patch.files.format.load": "update.py", "demon_patch.nodes.editing.update.load": "assets.py"}
    assert wrong(lambda path, name: name in steps and path.name != steps[name]) == []


def test_a_family_is_known_only_to_itself() -> None:
    assert wrong(lambda path, name: "families" not in path.parts and name.startswith(FAMILIES)) == []


@pytest.mark.parametrize(("library", "user"), [("dearpygui", "editor"), ("textual", "terminal")])
def test_a_library_of_windows_is_known_only_to_its_layer(library: str, user: str) -> None:
    assert wrong(lambda path, name: own_layer(path) != user and name.split(".")[0] == library) == []


@pytest.mark.parametrize("module", TORCH_FREE)
def test_these_never_load_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_patch_is_checked_against_its_family_without_torch() -> None:
    code = (
        "import sys; from demon_patch.nodes.catalogue import CATALOGUE;"
        "from demon_patch.patch.model.document import Patch;"
        "from demon_patch.runtime.graph.check import problems;"
        "from demon_patch.runtime.graph.warnings import warnings_of;"
        "assert problems(Patch(), CATALOGUE); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_files_stay_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
