"""Imports point down only, and the torch-free layers stay free of torch (the design, section 1)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from demon_patch.engine.families import NAMES

ROOT = Path(__file__).parent.parent / "demon_patch"
RANK = {
    "arrays": 0,
    "errors": 0,
    "nearest": 0,
    "small_cache": 0,
    "threads": 0,
    "engine": 1,
    "patch": 1,
    "nodes": 2,
    "runtime": 3,
    "terminal": 4,
}
TOP = 5  # anything else
TORCH_FREE = ["demon_patch.patch.format", "demon_patch.patch.history", "demon_patch.nodes.catalogue"]
TORCH_FREE += ["demon_patch.engine.controls", "demon_patch.engine.family", "demon_patch.runtime.graph.check"]
TORCH_FREE += ["demon_patch.engine.clips", "demon_patch.runtime.audio.process", "demon_patch.runtime.audio.link"]
TORCH_FREE += ["demon_patch.cli", "demon_patch.file_commands", "demon_patch.runtime.assets"]


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    own = path.relative_to(ROOT).with_suffix("").parts[0]
    for name in imports(path):
        if not name.startswith("demon_patch.") or name == "demon_patch.__version__":
            continue
        other = layer(name)
        if other == own:
            continue
        assert RANK.get(other, TOP) < RANK.get(own, TOP) or RANK.get(own, TOP) == TOP, f"{own} imports {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "runtime" / "graph").glob("*.py")), ids=lambda path: path.name)
def test_the_graph_knows_nothing_of_who_plays_it(path: Path) -> None:
    names = [name for name in imports(path) if name.startswith("demon_patch.runtime.")]
    assert all(name.startswith("demon_patch.runtime.graph") for name in names)
    assert not any(name.split(".")[0] == "torch" for name in imports(path))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_family_is_known_only_to_itself(path: Path) -> None:
    if "families" not in path.parts:
        inside = {f"demon_patch.engine.families.{name}" for name in NAMES}
        assert not any(name.startswith(tuple(inside)) for name in imports(path))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_dearpygui_is_known_only_to_the_editor(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] != "editor":
        assert not any(name.startswith("dearpygui") for name in imports(path))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_textual_is_known_only_to_the_terminal(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] != "terminal":
        assert not any(name.startswith("textual") for name in imports(path))


@pytest.mark.parametrize("module", TORCH_FREE)
def test_these_never_load_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_patch_is_checked_against_its_family_without_torch() -> None:
    code = (
        "import sys; from demon_patch.nodes.catalogue import CATALOGUE; from demon_patch.patch.document import Patch;"
        "from demon_patch.runtime.graph.check import problems; from demon_patch.runtime.graph.remarks import remarks;"
        "assert problems(Patch(), CATALOGUE); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
