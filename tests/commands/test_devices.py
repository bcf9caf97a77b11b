"""The command that lists devices and addresses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demon_patch.patch.files.format import save
from demon_patch.patch.model.document import Node, Patch
from tests.support.command import Run


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    path = tmp_path / "a.dpatch.json"
    nodes = {"wave": Node("lfo", label="Slow wave"), "say": Node("prompt"), "keys": Node("midi_notes")}
    save(Patch(nodes=nodes), path)
    return path


def test_it_names_every_address_of_a_patch(
    capsys: pytest.CaptureFixture[str], patch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "none that runs")
    run = Run(capsys, "devices", str(patch))
    assert run.code == 0
    assert "  /patch/Slow_wave/rate  a number from 0.001 to 12.5" in run.out
    assert "  /patch/Slow_wave/shape  one of sine, triangle" in run.out
    assert "  /patch/say/text  a text" in run.out
    assert "  /patch/keys/held  a number: above 0 rises" in run.out
    for title in ("sound devices", "MIDI inputs", "MIDI outputs"):
        assert title in run.out


def test_it_prints_json(capsys: pytest.CaptureFixture[str], patch: Path) -> None:
    found = json.loads(Run(capsys, "devices", str(patch), "--json").out)
    assert set(found) == {"sound", "midi_in", "midi_out", "missing", "osc"}
    assert found["osc"]["/patch/say/text"] == "a text"
    assert json.loads(Run(capsys, "devices", "--json").out)["osc"] == {}
