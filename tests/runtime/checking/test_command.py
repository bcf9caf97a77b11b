"""What the command `check` writes, and that `render` and `play` name the patch too."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demon_patch.runtime.checking import findings
from tests.support.checked_folder import audio, patch_of
from tests.support.command import Run


def test_findings_are_told_on_standard_output_and_as_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = patch_of(home, clip=audio("break.wav"), nodes={"said": {"type": "prompt", "values": {"text": "kazoo"}}})
    run = Run(capsys, "check", path)
    assert (run.code, run.err) == (1, "")
    assert run.out.splitlines() == [str(finding) for finding in findings(path)]
    run = Run(capsys, "check", "--json", path)
    assert (run.code, run.err) == (1, "")
    told = json.loads(run.out)
    assert told[0] == {
        "file": str(path), "node": "clip", "port": "file", "mend": "write Break.WAV", "severity": "mistake",
        "what": "break.wav is called Break.WAV here; other machines distinguish capital letters",
    }  # fmt: skip
    assert [(entry["severity"], entry["node"]) for entry in told[1:]] == [("remark", "said")]
    good = patch_of(home, lora="mine.safetensors")
    assert json.loads(Run(capsys, "check", good, "--json").out)[0]["severity"] == "remark"
    assert Run(capsys, "check", good).code == 0
    assert json.loads(Run(capsys, "check", patch_of(home), "--json").out) == []


def test_what_a_file_says_does_not_reach_the_terminal_raw(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = patch_of(home, clip=audio("\x1b[2J\u202ex.wav"))
    run = Run(capsys, "check", path)
    assert run.code == 1
    assert "\x1b" not in run.out
    assert "\u202e" not in run.out


def test_check_loads_no_torch(home: Path) -> None:
    path = patch_of(home, clip=audio("good.flac"), lora="mine.safetensors")
    code = (
        "import sys; from pathlib import Path; from demon_patch.runtime.checking import findings;"
        f"assert findings(Path({str(path)!r}))[0].severity == 'remark'; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_render_names_the_patch_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = patch_of(home, clip=audio("sub\\kick.wav"))
    run = Run(capsys, "render", path)
    assert run.code == 1
    assert str(findings(path)[0]) in run.err


def test_play_goes_on_without_a_clip_and_names_it(home: Path) -> None:
    path = patch_of(home, clip=audio("sub\\kick.wav"))
    command = [sys.executable, "-c", "from demon_patch.cli import main; main()", "play", str(path)]
    with subprocess.Popen([*command, "--plain", "--device", "none"], stdout=-1, stderr=-2, text=True) as playing:
        assert playing.stdout is not None
        said = ""
        while "kick.wav" not in said:
            line = playing.stdout.readline()
            assert line, said
            said += line
        assert playing.poll() is None
        playing.send_signal(signal.SIGINT)
        playing.communicate(timeout=60)
    assert findings(path)[0].what in said
