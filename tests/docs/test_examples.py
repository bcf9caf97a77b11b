"""The examples of docs/extending.md run as they stand."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from demon_patch.codegen.body import DeclarationError
from demon_patch.engine import executors
from tests.support.paths import DOCS, ROOT

PAGE = (DOCS / "extending.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (.+?) -->\n```python\n(.*?)```", PAGE, re.DOTALL))


def test_every_recipe_has_an_example() -> None:
    assert list(EXAMPLES) == ["a node", "a family", "an executor", "a client", "a MIDI input"]
    assert PAGE.count("*Run by a test") == len(EXAMPLES)
    assert all("assert " in code for code in EXAMPLES.values())


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "EXECUTORS", dict(executors.EXECUTORS))  # an example adds its own
    path = tmp_path / "example.py"
    path.write_text(EXAMPLES[name], encoding="utf-8")
    runpy.run_path(str(path))


def test_a_refusal_is_the_one_that_is_shown(tmp_path: Path) -> None:
    code = EXAMPLES["a node"].replace("    return here, here", "    here += 1\n    return here, here")
    path = tmp_path / "knocks.py"
    path.write_text(code, encoding="utf-8")
    with pytest.raises(DeclarationError) as refused:
        runpy.run_path(str(path))
    (shown,) = re.findall(r"^knocks\.py: node knocks: line \d+: (.*)$", PAGE, re.MULTILINE)
    assert refused.value.what.partition(": ")[2] == shown
    assert str(refused.value).startswith(f"{path}: node knocks: line ")


def test_the_readmes_ring_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(from demon_patch.engine import Session.*?)```", readme, re.DOTALL)
    short = code.replace("range(32)", "range(3)").replace("seconds=24", "seconds=8")
    done = subprocess.run([sys.executable, "-c", short], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
