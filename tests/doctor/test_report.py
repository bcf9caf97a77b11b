"""The report: readable at 80 columns, without the home folder; the command on this machine from start to end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.cells import cell_len

from demon_patch.doctor import apart, report
from demon_patch.doctor.checks import CHECKS
from demon_patch.doctor.findings import FAULT, FINE, WARNING, Check, Finding
from tests.support.command import Run
from tests.support.paths import ROOT

MADE_UP = Check("sound", list)
Found = Sequence[tuple[Check, Sequence[Finding]]]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setenv("USERPROFILE", "/home/anna")
    return "/home/anna"


def finds(monkeypatch: pytest.MonkeyPatch, *found: Finding) -> None:
    """Makes the command find this."""

    def examine(checks: object) -> Iterator[tuple[Check, Sequence[Finding]]]:
        yield MADE_UP, found

    monkeypatch.setattr(apart, "examine", examine)


def test_the_home_folder_is_shown_as_a_tilde_wherever_it_stands(home: str) -> None:
    assert report.private(f"{home}/a b/c: gone ({home})") == "~/a b/c: gone (~)"
    assert report.private(f"it's '{home}'") == "it's '~'"
    assert report.private(f"{home}-other/x {home}.old {home}2") == f"{home}-other/x {home}.old {home}2"


@pytest.mark.parametrize("folder", ["/", "", "relative"])
def test_a_home_that_is_no_folder_of_ones_own_is_not_replaced(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", folder)
    monkeypatch.delenv("USERPROFILE", raising=False)
    monkeypatch.setattr(Path, "home", lambda: Path(folder or "."))
    assert report.private("a/b relative /c") == "a/b relative /c"


def test_text_fits_80_columns_and_says_everything(home: str) -> None:
    names = ["x" * 300, "Lautsprecher " * 20, "スピーカー" * 30, "a\x1b[2Jb\nc"]
    found: Found = [(MADE_UP, [Finding(WARNING, name, f"look into {home}/x", (name, home)) for name in names])]
    page = report.page(found, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert max(map(cell_len, page.splitlines())) <= 80
    assert page.splitlines()[0].endswith("2026-01-02 03:04 UTC.")
    assert home not in page
    assert "\x1b" not in page
    together = "".join(page.split())
    assert together.count("x" * 300) == 2
    assert together.count("スピーカー" * 30) == 2
    assert page.endswith("no faults, 4 warnings: the program can play.\n")
    shown = [line.plain for line in report.section(found[0])]
    assert max(map(cell_len, shown)) <= 80
    assert "  warning  a\\x1b[2Jb c (look into ~/x)" in shown
    assert home not in json.dumps(report.as_json(found))


def test_the_exit_status_tells_a_fault_and_the_report_is_written_anyway(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finds(monkeypatch, Finding(WARNING, "no card"), Finding(FINE, "[b]brackets[/b]", details=("only here",)))
    page = tmp_path / "sub" / "report.txt"
    run = Run(capsys, "doctor", "--out", page)
    assert (run.code, run.err) == (0, "")
    assert "[b]brackets[/b]" in run.out
    assert "only here" not in run.out
    assert "only here" in page.read_text()
    finds(monkeypatch, Finding(FAULT, "no PortAudio"))
    assert Run(capsys, "doctor", "--out", page).code == 1  # over the former report
    assert "no PortAudio" in page.read_text()
    run = Run(capsys, "doctor", "--json")
    assert (run.code, json.loads(run.out)["faults"]) == (1, 1)


def _other(path: Path) -> None:
    path.write_text("my own notes")


@pytest.mark.parametrize("make", [_other, Path.mkdir], ids=["file", "folder"])
def test_a_report_replaces_nothing_else_and_says_so_before_it_looks(
    make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(apart, "examine", lambda checks: pytest.fail("it looked"))
    path = tmp_path / "notes.txt"
    make(path)
    run = Run(capsys, "doctor", "--out", path)
    assert run.code == 1
    assert "name another file" in run.err
    assert path.is_dir() or path.read_text() == "my own notes"


def test_this_machine_is_looked_at_from_start_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "report.txt"
    run = Run(capsys, "doctor", "--out", page)
    text = page.read_text(encoding="utf-8")
    assert run.err == ""
    assert run.code == (" fault " in text)
    for check in CHECKS:
        title = check.name[0].upper() + check.name[1:]
        assert f"\n{title}\n" in text
        assert f"{title}\n" in run.out
    assert "the check failed" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert str(Path.home()) + "/" not in text
    assert "nano: the weights are whole" in text
    assert "times real time" in " ".join(text.split())
    assert str(ROOT / "demon_patch").replace(str(Path.home()), "~") in "".join(text.split())
