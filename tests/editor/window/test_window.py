"""The real window: it opens on a host, and what hands do in it reaches the document. Under Xvfb, driven by xdotool."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demon_patch.patch.model.document import Cable, Node, Patch, Song
from tests.support.close_window import __file__ as CLOSE
from tests.support.driven_editor import DrivenEditor, driven_editor, require_display, x_server
from tests.support.wired_host import WiredHost, wired_host

PATCH = Patch(
    song=Song(bpm=120),
    nodes={
        "lfo": Node("lfo", at=(0, 200), values={"rate": 0.5}),
        "clip": Node("composed_source", 2, at=(0, -220), values={"style": "toy", "seconds": 8.0, "seed": 3}),
        "words": Node("prompt", at=(0, 0), values={"text": "acid"}),
        "scheduler": Node("scheduler", at=(320, 0), values={"strength": 0.5}),
        "decoder": Node("decoder", at=(640, 0)),
        "speaker": Node("speaker", at=(920, 0)),
    },
    cables=(
        Cable("clip", "source", "scheduler", "source"),
        Cable("words", "prompt", "scheduler", "prompt"),
        Cable("scheduler", "ring", "decoder", "ring"),
        Cable("decoder", "audio", "speaker", "audio"),
    ),
)
WIRED = ("lfo", "out", "scheduler", "strength")


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    require_display()
    with x_server() as name:
        yield name


@pytest.fixture
def host() -> Iterator[WiredHost]:
    with wired_host(PATCH) as made:
        yield made


@pytest.fixture
def editor(host: WiredHost, display: str, tmp_path: Path) -> Iterator[DrivenEditor]:
    with driven_editor(tmp_path, "--connect", host.url, display=display) as made:
        made.until(lambda: made.ask("cables"), "the patch")
        yield made


def test_a_cable_is_drawn_heard_of_by_the_host_and_undone(host: WiredHost, editor: DrivenEditor) -> None:
    editor.drag(editor.ask("pin", "lfo", "out", True), [x - 8 for x in editor.ask("pin", "scheduler", "strength")])
    editor.drop()
    editor.until(lambda: WIRED in editor.cables(), "the cable")
    assert any((c.src, c.out, c.dst, c.port) == WIRED for c in host.host.patch.cables)
    editor.until(lambda: abs((editor.ask("now", "scheduler", "strength") or 0.5) - 0.5) > 0.05, "the modulated knob")
    assert editor.picture("cable").stat().st_size > 10_000
    editor.go((640, 640))
    editor.key("ctrl+z")
    editor.until(lambda: WIRED not in editor.cables(), "the undone cable")
    editor.key("ctrl+shift+z")
    editor.until(lambda: WIRED in editor.cables(), "the cable again")


def test_a_typed_line_is_added_by_its_first_letter(editor: DrivenEditor) -> None:
    editor.key("l")
    editor.until(lambda: editor.state("typing"), "the palette")
    editor.type("fo 1/4 > strength 0.3")
    editor.until(lambda: editor.ask("offers"), "an offer")
    editor.key("Return")
    new = editor.until(lambda: [c for c in editor.cables() if c[2:] == ("scheduler", "strength")], "the cable")
    assert new[0][0] != "lfo"
    assert not editor.state("typing")
    editor.key("ctrl+z")
    editor.until(lambda: not [c for c in editor.cables() if c[2:] == ("scheduler", "strength")], "one undo step")


def test_a_value_is_typed_and_letters_are_no_commands_meanwhile(editor: DrivenEditor) -> None:
    editor.click(editor.ask("knob", "scheduler", "strength"), times=2)
    editor.until(lambda: editor.state("typing"), "the field")
    editor.type("b")
    editor.key("Return")
    assert editor.state("typing")  # "b" is no number, and bypasses nothing
    editor.key("BackSpace")
    editor.type("40 %")
    editor.key("Return")
    editor.until(lambda: abs(editor.ask("value", "scheduler", "strength") - 0.4) < 1e-6, "the value")
    assert not editor.state("typing")


def test_bar_and_strip(host: WiredHost, editor: DrivenEditor) -> None:
    playing = host.host.status.playing
    editor.click(editor.ask("part", "play"))
    editor.until(lambda: host.host.status.playing is not playing, "stopped")
    editor.go((640, 640))
    editor.key("space")
    editor.until(lambda: host.host.status.playing is playing, "playing again")
    length = host.host.status.song_length
    editor.drag(editor.ask("strip", length * 0.25), editor.ask("strip", length * 0.75))
    editor.drop()
    lo, hi = editor.until(lambda: host.host.status.loop, "the loop")
    assert 0 < lo < hi < length


def test_panels_open_by_key_and_close_by_escape(editor: DrivenEditor) -> None:
    editor.key("question")
    editor.until(lambda: editor.state("panel") == "keys", "the keys")
    editor.key("ctrl+h")
    editor.until(lambda: editor.state("panel") == "history", "the history")
    editor.key("Escape")
    editor.until(lambda: not editor.state("panel"), "nothing")


def test_a_probe_shows_itself_after_a_moment(editor: DrivenEditor) -> None:
    editor.go(editor.ask("pin", "lfo", "out", True))
    editor.until(lambda: editor.state("probe") == ["lfo", "out", "out"], "the probe")
    editor.go((640, 640))
    editor.until(lambda: editor.state("probe") is None, "no probe")


def test_a_lost_connection_keeps_the_patch(host: WiredHost, editor: DrivenEditor) -> None:
    before = editor.ask("patch")
    host.server.close()
    editor.until(lambda: not editor.state("connected"), "the loss")
    assert editor.ask("patch") == before
    editor.until(lambda: any("kept" in said for said in editor.state("said")), "what is said of the patch")


def test_the_window_closes_and_the_host_of_others_plays_on(host: WiredHost, editor: DrivenEditor) -> None:
    window = editor.x("search", "--all", "--pid", editor.process.pid, "--name", "demon_patch").split()[-1]
    subprocess.run([sys.executable, CLOSE, window], env={"DISPLAY": editor.display}, check=True)
    assert editor.process.wait(30) == 0
    assert host.client("bob").status is not None


def test_without_a_display_there_is_one_sentence() -> None:
    command = [sys.executable, "-c", "from demon_patch.cli import main; main()", "edit"]
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "COLUMNS": "200"}
    began = time.monotonic()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is no display for a window" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 60


def test_the_first_frame_needs_no_torch_and_little_time(display: str, tmp_path: Path) -> None:
    script = """
import sys, time
from demon_patch.editor.app import Editor
from demon_patch.editor.options import Options
editor = Editor(Options(connect="127.0.0.1:9"))
editor._resize()
while not editor.frames:
    editor.step()
print(time.process_time(), "torch" in sys.modules, "scipy" in sys.modules)
editor.link.close(); editor.window.close()
"""
    environ = {"DISPLAY": display, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seconds, torch, scipy = done.stdout.split()
    assert (torch, scipy) == ("False", "False")
    assert float(seconds) < 1.5  # of the processor: others may keep it busy
