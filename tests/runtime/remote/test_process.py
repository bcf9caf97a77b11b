"""A real host process on a sound server with the embedded model: two clients, a client that is killed, a host that is
killed and started again, two hosts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from demon_patch.errors import DemonError
from demon_patch.patch.edit.commands import SetValue
from demon_patch.runtime.remote.client import Client
from demon_patch.runtime.remote.messages.base import Event
from demon_patch.runtime.remote.messages.rendering import RenderProgress
from demon_patch.runtime.remote.versions import FOLDER as VERSIONS
from tests.support import jack_server
from tests.support.host_process import COMMAND, HostProcess, host_process
from tests.support.paths import PATCHES

pytestmark = pytest.mark.slow


@pytest.fixture
def patch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a patch, with a sound server to play it on."""
    jack_server.require_jack()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = tmp_path / "patch" / "first-light.dpatch.json"
    path.parent.mkdir()
    shutil.copy(PATCHES / path.name, path)
    with jack_server.server():
        yield path


def plays(client: Client) -> bool:
    """Whether the music goes on: it is heard, and new generations are finished."""
    before = dict(client.status)
    return client.wait(
        lambda: (
            client.status.get("completions", 0) > before.get("completions", 0) + 1
            and client.status.get("frame", 0) > before.get("frame", 0) + 12
            and client.status.get("peak_db", -120) > -60
        ),
        150.0,
    )


def killed_client(url: str) -> None:
    """A client process that is killed in a gesture, in the middle of a message."""
    code = (
        "import os, signal, struct; from demon_patch.runtime.remote.client import Client;"
        "from demon_patch.patch.edit.commands import SetValue;"
        f"c = Client({url!r}, name='doomed'); c.begin('Doomed');"
        "c.do(SetValue('scheduler', 'structure', 0.25));"
        "c._socket._socket.sendall(bytes([0x82, 0xfe]) + struct.pack('>H', 5000) + b'half a message');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL


def test_two_clients_play_one_host_and_a_killed_one_ends_nothing(patch: Path, tmp_path: Path) -> None:
    with host_process(tmp_path, str(patch)) as host, Client(host.url, name="ann") as ann:
        with Client(host.url, name="bob") as bob:
            assert plays(ann), f"{ann.status} {host.said}"
            done = ann.do(SetValue("scheduler", "structure", 0.5))
            assert done.heard
            assert bob.wait(lambda: bob.revision == done.revision)
            bob.turn("decoder", "gain", -3.0)
            assert ann.wait(lambda: ann.live_values == {("decoder", "gain"): -3.0})
            assert ann.patch == bob.patch
            killed_client(host.url)
            assert ann.wait(lambda: ann.clients == ("ann", "bob"), 30.0)
            assert ann.wait(lambda: ann.patch.nodes["scheduler"].values["structure"] == 0.25)
            assert [step.label for step in ann.history("doomed").done] == ["Doomed"]
            assert plays(ann)
        second = subprocess.run(
            [*COMMAND, str(patch), "--listen", host.url.removeprefix("ws://")],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert second.returncode == 1
        assert "another program has this port" in second.stderr
        assert plays(ann)
        host.process.send_signal(signal.SIGINT)
        assert host.process.wait(60) in (0, 130)
        with pytest.raises(DemonError, match="the host has ended"):
            ann.do(SetValue("scheduler", "structure", 0.5))
    assert "Traceback" not in host.said


def begun_again(tmp_path: Path, patch: Path, first: HostProcess, client: Client) -> None:
    first.process.kill()
    first.process.wait(30)
    with pytest.raises(DemonError, match="connect again"):
        client.undo()
    with host_process(tmp_path, str(patch)) as again, Client(again.url, name="ann") as ann:
        assert "edits that were not saved are back" in again.said or ann.wait(
            lambda: any("are back" in notice.fault.text for notice in ann.notices)
        )
        assert ann.patch.nodes["scheduler"].values["structure"] == 0.125
        assert plays(ann)


def test_a_killed_host_has_its_edits_back(patch: Path, tmp_path: Path) -> None:
    with host_process(tmp_path, str(patch)) as host, Client(host.url, name="ann") as ann:
        ann.do(SetValue("scheduler", "structure", 0.125))
        home = Path(os.environ[VERSIONS])
        assert jack_server.until(lambda: any(home.rglob("unsaved.dpatch.json")), 40.0)
        begun_again(tmp_path, patch, host, ann)


def test_a_host_that_starts_in_safe_mode_plays_and_renders_when_it_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "patch" / "first-light.dpatch.json"
    path.parent.mkdir()
    shutil.copy(PATCHES / path.name, path)
    ends: list[RenderProgress] = []

    def hear(event: Event) -> None:
        if isinstance(event, RenderProgress) and event.state != "runs":
            ends.append(event)

    with (
        host_process(tmp_path, str(path), "--device", "none", "--safe") as host,
        Client(host.url, name="ann", hear=hear) as ann,
    ):
        assert ann.wait(lambda: ann.status.get("safe") and ann.status["muted"], 60.0)
        assert any("safe mode" in notice.fault.text for notice in ann.notices)
        ann.safe_mode(False)
        assert ann.wait(lambda: not ann.status["safe"] and not ann.status["muted"], 60.0)
        assert [model.name for model in ann.models() if model.plays] == ["nano2"]
        before = ann.status["frame"]
        assert ann.render(1.0, "out.wav") == "out.wav"
        assert ann.wait(lambda: bool(ends), 300.0)
        assert ann.wait(lambda: ann.status["frame"] > before, 60.0)
    (end,) = ends
    assert (end.state, end.fault) == ("done", None)
    assert soundfile.info(path.parent / "out.wav").duration == pytest.approx(1.0, abs=0.001)
