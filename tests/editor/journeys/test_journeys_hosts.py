"""Journeys 28 and 29: a host that is killed, and a window that is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from demon_patch.patch.files.format import dumps
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.client import Client
from tests.editor.journeys.heard import longest_silence, passes
from tests.editor.journeys.stage import BEGUN, CARD, Stage, engine
from tests.support import jack_server
from tests.support.driven_editor import DrivenEditor, driven_editor, require_display, x_server

pytestmark = pytest.mark.slow
SILENT = 0.05  # seconds in which nothing came


class Own:
    """A display and a card, a file, and the windows on it."""

    def __init__(self, folder: Path, display: str, ends: ExitStack) -> None:
        self.folder, self.display, self.ends = folder, display, ends
        self.file = folder / "own.dpatch.json"
        self.file.write_text(dumps(engine(strength=0.3, structure=1.0)))
        self.windows = 0

    def window(self, *arguments: str) -> DrivenEditor:
        """A window, which finds or starts a host."""
        self.windows += 1
        folder = self.folder / f"window-{self.windows}"
        folder.mkdir()
        return self.ends.enter_context(driven_editor(folder, *arguments, display=self.display))

    def end(self) -> None:
        """Ends the hosts that were started, and what a killed one left playing."""
        from demon_patch.runtime.audio.orphan import take_over
        from demon_patch.runtime.remote.running_hosts import running

        for host in running():
            with suppress(ProcessLookupError):
                os.kill(host.pid, signal.SIGTERM)
        assert jack_server.until(lambda: not running(), 60.0), "a host does not end"
        take_over()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    require_display()
    if os.environ.get(CARD) == "none":
        pytest.skip("there is no sound card")
    jack_server.require_jack()
    for name in ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with ExitStack() as ends:
        display = ends.enter_context(x_server())
        ends.enter_context(jack_server.server())
        made = Own(tmp_path, display, ends)
        ends.callback(made.end)
        yield made


@contextmanager
def witness(editor: DrivenEditor, folder: Path) -> Iterator[Stage]:
    """A second client of the host of a window."""
    with Client(editor.state("url"), name="witness") as client:
        sounds = client.wait(lambda: client.status.get("peak_db", -120.0) > -60.0, BEGUN)
        assert sounds, client.status
        yield Stage(editor, client, folder)


def turned(stage: Stage, by: float) -> Patch:
    """Turns the strength in the window, and returns the document with it."""
    editor, before = stage.editor, stage.patch
    x, y = editor.ask("knob", "scheduler", "strength")
    stage.move((x, y), (x, y - by))
    stage.until(lambda now: now != before, "the knob")
    editor.until(lambda: not editor.state("busy") and editor.ask("patch") == dumps(stage.patch), "all of the turn")
    return stage.patch


def test_28_29_a_killed_window_leaves_the_sound_and_a_killed_host_the_patch(own: Own) -> None:
    editor = own.window(str(own.file))
    with witness(editor, own.folder) as stage:
        pid = editor.state("pid")
        assert pid
        patch = turned(stage, 30)
        xruns = stage.client.status["xruns"]
        heard = stage.hear()[0]
        editor.process.kill()
        editor.process.wait(20)
        after = stage.recorded(9.0)
        assert passes(after, 8.0)[0].level > heard.level - 6.0
        assert longest_silence(after) < SILENT or stage.client.status["xruns"] > xruns
        assert stage.patch == patch

    again = own.window()  # 29: it finds the host that plays
    assert again.state("pid") == pid
    with witness(again, own.folder) as stage:
        assert stage.patch == patch
        text = dumps(patch)
        again.until(lambda: again.ask("patch") == text, "the patch in the new window")
        stage.shoot("found")
        patch = turned(stage, 30)
    text = dumps(patch)
    again.until(lambda: again.ask("patch") == text, "the last edit")
    os.kill(pid, signal.SIGKILL)  # 28
    again.until(lambda: not again.state("connected"), "the loss")
    assert again.ask("patch") == text, "the patch is safe"
    again.until(lambda: any("kept" in said for said in again.state("said")), "what is said of the patch")
    Stage(again, None, own.folder).shoot("lost")  # type: ignore[arg-type]
    again.until(lambda: again.state("connected"), "a new host")
    assert again.state("pid") not in (0, pid)
    with witness(again, own.folder) as stage:
        stage.until(lambda now: now.nodes == patch.nodes and now.cables == patch.cables, "the patch in the new host")
        assert stage.hear()[0].level > heard.level - 12.0
        patch = turned(stage, -20)
        stage.shoot("restarted")
