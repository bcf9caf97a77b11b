"""The program without a command."""

from __future__ import annotations

import pytest

from demon_patch import cli
from demon_patch.editor import start_command


def test_with_a_display_the_window_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bool] = []
    monkeypatch.setattr(start_command, "check_display", lambda: None)
    monkeypatch.setattr(start_command, "edit", lambda: opened.append(True))
    cli.main([])
    assert opened == [True]


def test_without_a_display_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    cli.main([])
    said = capsys.readouterr()
    assert "render" in said.out
    assert "no display" in said.err
