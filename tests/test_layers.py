"""Imports point down only, and the torch-free layers stay free of torch (the design, section 1)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from demon_patch.engine.families import PACKAGES
from tests.support import paths

ROOT = paths.ROOT / "demon_patch"
TESTS = paths.ROOT / "tests"
LAYERS = (  # from below; a layer may import those of the lines above it
    {"arrays", "errors", "links", "nearest", "scarce", "shell_word", "small_cache", "threads"},
    {"engine", "patch", "codegen", "console", "memory_limit"},
    {"nodes"},
    {"runtime"},
    {"explain", "offline", "picture", "render_job", "shipped", "terminal"},
    {"bench", "editor"},
    {"doctor", "gallery"},
    {"commands", "render_program"},
    {"cli"},
    {"__init__", "__main__"},
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
WINDOWS = {"dearpygui": "editor", "textual": "terminal"}  # a library of windows, and the layer that may know it
LOADERS = {"demon_patch.patch.files.format.load": "update.py", "demon_patch.nodes.editing.update.load": "assets.py"}
TORCH_FREE = ["demon_patch.patch.files.format", "demon_patch.patch.edit.history", "demon_patch.nodes.catalogue"]
TORCH_FREE += ["demon_patch.engine.controls", "demon_patch.engine.contracts", "demon_patch.runtime.graph.check"]
TORCH_FREE += ["demon_patch.engine.sound.clips", "demon_patch.runtime.audio.process", "demon_patch.runtime.audio.link"]
TORCH_FREE += ["demon_patch.runtime.devices.hub", "demon_patch.commands.devices"]
TORCH_FREE += ["demon_patch.cli", "demon_patch.commands.files", "demon_patch.runtime.assets.assets"]
TORCH_FREE += ["demon_patch.commands.edits", "demon_patch.runtime.remote.client", "demon_patch.runtime.remote.verbs"]
TORCH_FREE += ["demon_patch.editor.app", "demon_patch.editor.first_patch"]


MODULES = sorted(ROOT.rglob("*.py"))
FAMILIES = tuple(f"demon_patch.engine.families.{name}" for name in PACKAGES)


def imported(text: str) -> frozenset[str]:
    """The modules and names that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def imports(path: Path) -> frozenset[str]:
    return imported(path.read_text(encoding="utf-8"))


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def own_layer(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


Rule = Callable[[Path, str], bool]
"""Whether a module at a path must not import a name."""


def upward(path: Path, name: str) -> bool:
    own, other = own_layer(path), layer(name)
    if not name.startswith("demon_patch.") or name == "demon_patch.__version__" or other == own:
        return False
    return RANK[other] >= RANK[own]


def graph_to_its_players(path: Path, name: str) -> bool:
    if path.parent != ROOT / "runtime" / "graph":
        return False
    runtime = name.startswith("demon_patch.runtime.") and not name.startswith("demon_patch.runtime.graph")
    return runtime or name.split(".", maxsplit=1)[0] == "torch"


def family_from_outside(path: Path, name: str) -> bool:
    """The bench of the embedded model's quality composes the songs that it judges by with the family's own parts."""
    inside = "families" in path.parts or path.is_relative_to(ROOT / "bench" / "quality")
    return not inside and name.startswith(FAMILIES)


def windows_elsewhere(path: Path, name: str) -> bool:
    user = WINDOWS.get(name.split(".", maxsplit=1)[0])
    return user is not None and own_layer(path) != user


def second_way_to_load(path: Path, name: str) -> bool:
    """`load_patch` reads files and packs and brings their nodes up to date; nothing else reads a patch."""
    return name in LOADERS and path.name != LOADERS[name]


OFFENDERS: list[tuple[Rule, str, str]] = [
    (upward, "engine/made_up.py", "from demon_patch.patch.model.document import Patch"),
    (upward, "runtime/live/made_up.py", "from demon_patch.picture import of_performance"),
    (upward, "picture.py", "from demon_patch.terminal import draw"),
    (upward, "bench/made_up.py", "from demon_patch.gallery.effects import Effect"),
    (upward, "gallery/made_up.py", "def f():\n    import demon_patch.cli"),
    (graph_to_its_players, "runtime/graph/made_up.py", "from demon_patch.runtime.live.host import Host"),
    (graph_to_its_players, "runtime/graph/made_up.py", "import torch"),
    (family_from_outside, "runtime/made_up.py", "from demon_patch.engine.families.nano.spec import SPEC"),
    (windows_elsewhere, "runtime/made_up.py", "import dearpygui.dearpygui as dpg"),
    (windows_elsewhere, "editor/made_up.py", "from textual.app import App"),
    (second_way_to_load, "runtime/live/watch.py", "from demon_patch.nodes.editing.update import load"),
    (second_way_to_load, "cli.py", "from demon_patch.patch.files.format import load"),
]
RULES = [upward, graph_to_its_players, family_from_outside, windows_elsewhere, second_way_to_load]


@pytest.mark.parametrize("rule", RULES)
def test_no_module_imports_what_it_must_not_know(rule: Rule) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}" for path in MODULES for name in imports(path) if rule(path, name)
    }
    assert wrong == set()


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_a_module_that_did_would_be_found(rule: Rule, path: str, text: str) -> None:
    assert any(rule(ROOT / path, name) for name in imported(text))


def test_every_module_has_its_layer() -> None:
    assert {own_layer(path) for path in MODULES} <= RANK.keys()
    assert len(MODULES) > 200
    play = ROOT / "commands" / "play.py"
    assert "demon_patch.runtime.performance.prepare.perform" in imports(play)  # within a function


def test_no_test_imports_another_test() -> None:
    """What tests share lies in tests/support, under a name that tells what it is."""

    def is_test(name: str) -> bool:
        return name.startswith("tests.") and any(part.startswith("test_") for part in name.split(".")[:-1])

    assert any(is_test(name) for name in imported("from tests.nodes.test_catalogue import anything"))
    found = {
        f"{path.relative_to(TESTS)} imports {name}"
        for path in TESTS.rglob("*.py")
        for name in imports(path)
        if is_test(name)
    }
    assert found == set()


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
