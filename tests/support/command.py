"""The command line as tests call it, and the patches that they call it with."""

from __future__ import annotations

from pathlib import Path

import pytest

from demon_patch import cli
from tests.support.paths import PATCHES

FIRST_LIGHT = PATCHES / "first-light.dpatch.json"
QUICK = Path(__file__).parent / "quick.dpatch.json"
"""A patch that is rendered in a moment, where it does not matter which one is."""


class Run:
    """One call of the command line: exit status, and both outputs on single lines."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *args: object) -> None:
        self.code = 0
        try:
            cli.main([str(arg) for arg in args])
        except SystemExit as stop:
            self.code = int(stop.code or 0)
        said = capsys.readouterr()
        self.out, self.err = said.out, " ".join(said.err.split())
