"""docs/how-a-patch-runs.md is what `demon-patch explain --page` writes, and its numbers keep the law."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from demon_patch.explain.compiled import CompiledPatch
from demon_patch.explain.page import for_file
from tests.support.command import FIRST_LIGHT, Run
from tests.support.paths import DOCS, ROOT

PAGE = DOCS / "how-a-patch-runs.md"
MADE_BY = "demon-patch explain patches/first-light.dpatch.json lfo --page docs/how-a-patch-runs.md"


def rows(text: str, head: str) -> list[list[str]]:
    """The rows of the table under the heading that ends with `head`."""
    section = re.split(rf"^## \d+\. {head}\n", text, flags=re.MULTILINE)[1].partition("\n## ")[0]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return table[2:]


def test_the_page_is_what_the_command_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    compiled = CompiledPatch.of_file(FIRST_LIGHT)
    file, target = (Path(part) for part in MADE_BY.split()[2::3])
    made = for_file(compiled, compiled.find("lfo"), file, target)
    assert PAGE.read_text(encoding="utf-8") == made, f"run: {MADE_BY}"
    assert f"`{MADE_BY}`" in " ".join(made.split())


def test_its_numbers_keep_the_law() -> None:
    text = PAGE.read_text(encoding="utf-8")
    forecast = rows(text, "Forecast")
    assert len(forecast) >= 5
    assert all(step == ahead for *_, step, ahead in forecast)
    assert len({step for *_, step, _ in forecast}) > 2
    admitted = rows(text, "heard_at")
    assert all(predicted == asked for *_, predicted, asked in admitted)
    assert all(int(heard) - int(now) >= 10 for _, now, heard, *_ in admitted)
    assert [done for *_, done in rows(text, "Ring")] == sorted(done for *_, done in rows(text, "Ring"))


@pytest.mark.parametrize(
    ("words", "told"),
    [((), "a page follows one node (name a node)"), (("words",), "node words: it moves no control that is taken once")],
)
def test_what_cannot_be_followed_is_told(
    words: tuple[str, ...], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(capsys, "explain", FIRST_LIGHT, *words, "--page", tmp_path / "page.md")
    assert run.code == 1
    assert told in run.err
    assert not (tmp_path / "page.md").exists()
