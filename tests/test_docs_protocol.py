"""docs/protocol.md is what the program says of itself, and its example plays a running host."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.inspect import type_info

from demon_patch.runtime.remote.messages.base import Request
from demon_patch.runtime.remote.messages.events import EVENTS
from demon_patch.runtime.remote.page import page
from demon_patch.runtime.remote.verbs import VERBS
from demon_patch.runtime.remote.versions import FOLDER
from tests.support.command import Run
from tests.support.paths import DOCS
from tests.support.wired_host import until, wired_host

PAGE = (DOCS / "protocol.md").read_text(encoding="utf-8")


def leaves(kind: type[Request]) -> set[type[Request]]:
    below = kind.__subclasses__()
    return {leaf for each in below for leaf in leaves(each)} or {kind}


def test_the_page_is_the_generated_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert page() == PAGE, "demon-patch schema --protocol --out docs/protocol.md"
    assert Run(capsys, "schema", "--protocol").out == PAGE


def test_every_request_has_a_handler() -> None:
    assert {kind for kind in leaves(Request) if kind.__module__.startswith("demon_patch")} == set(VERBS)


@pytest.mark.parametrize("kind", [*VERBS, *EVENTS], ids=lambda kind: kind.__name__)
def test_every_field_is_described(kind: type) -> None:
    info = type_info(kind)
    section = PAGE.split(f"#### `{info.tag}`\n", 1)[1].split("\n#### ", 1)[0]  # type: ignore[attr-defined]
    for field in info.fields:  # type: ignore[attr-defined]
        if field.name in ("id", "frame", "dropped"):
            continue
        (row,) = re.findall(rf"^\| `{field.name}` \| (.*?) \| (.*) \|$", section, re.MULTILINE)
        assert row[0] != "any data" or field.name in ("default",), field.name
        assert row[1] or field.name in section.split("|")[0] or field.name in OBVIOUS, f"{info.tag}: {field.name}"  # type: ignore[attr-defined]


OBVIOUS = {"on"}


def test_the_example_turns_a_knob_while_it_plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "versions"))
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 30
    assert "demon_patch" not in code.replace("DEMON_PATCH_TOKEN", "")
    program = tmp_path / "client.py"
    program.write_text(code, encoding="utf-8")
    seen: list[float] = []
    with wired_host() as wired, wired.client("ann", hear=lambda event: None) as ann:
        command = [sys.executable, str(program), wired.url, "scheduler", "strength", "3.0"]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert until(lambda: seen.extend(ann.live_values.values()) or len(set(seen)) > 3, 90.0)  # type: ignore[arg-type, func-returns-value]
            said, wrong = running.communicate(timeout=60)
        finally:
            running.kill()
        assert (running.returncode, wrong) == (0, "")
        assert ann.wait(lambda: not ann.live_values)
    assert "connected to Toy as example" in said
    assert "the last turn is heard in" in said
    assert 0.2 <= min(seen) < max(seen) <= 0.8
