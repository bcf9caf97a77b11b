"""An audio process that cannot be started is started as soon as it can be; recordings have no hole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from demon_patch.engine.session import Session
from demon_patch.errors import DeviceError
from demon_patch.patch.model.document import Node
from demon_patch.runtime.audio import child
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.live.host import Host
from demon_patch.terminal import draw
from tests.support import jack_server
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch

RATE = jack_server.RATE
TROUBLES = [OSError("no more processes"), MemoryError(), RuntimeError("can't start new thread")]


class Listener:
    """The events of a link, gathered while something is waited for."""

    def __init__(self, link: AudioLink) -> None:
        self.link = link
        self.events: list[dict[str, Any]] = []

    def has(self, event: str) -> bool:
        self.events += self.link.poll()
        return any(each["event"] == event for each in self.events)

    def named(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["event"] == event]


@pytest.fixture
def link(card: None) -> Iterator[AudioLink]:
    """Playing a tone for half a second."""
    with AudioLink(RATE, 1, 2 * RATE) as made:
        made.start()
        made.write(0, np.full((2 * RATE, 1), 0.5, np.float32))
        made.set_playing(True)
        assert jack_server.until(lambda: made.playhead() > RATE // 2)
        yield made


def kill(link: AudioLink) -> None:
    pid = link.pid
    os.kill(pid, signal.SIGKILL)
    assert jack_server.until(link._child.ended)


def test_it_comes_back_when_the_folder_of_temporary_files_is_gone(
    link: AudioLink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    shutil.rmtree(folder)
    kill(link)
    heard = Listener(link)
    assert jack_server.until(lambda: heard.has("back"))
    kill(link)  # and again, without a log
    heard = Listener(link)
    assert jack_server.until(lambda: heard.has("back"))
    assert not link.state.lost


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_it_comes_back_after_starts_that_failed(
    link: AudioLink, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they failed of; meanwhile there is no device, which is told once, and the timeline goes on."""
    tries = 0
    real = subprocess.Popen

    def refusing(*arguments: Any, **options: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise trouble
        return real(*arguments, **options)

    monkeypatch.setattr(child, "REVIVE_SECONDS", 0.2)
    monkeypatch.setattr(child.subprocess, "Popen", refusing)
    kill(link)
    heard = Listener(link)
    assert jack_server.until(lambda: heard.has("stuck"))
    assert link.state.lost
    assert link.pid == 0
    assert jack_server.until(lambda: heard.has("back"))
    assert tries > 3
    assert len(heard.named("stuck")) == len(heard.named("died")) == 1
    assert not link.state.lost
    assert heard.named("back")[0]["away"] > 0.4


def test_it_comes_back_after_processes_that_die_at_once(link: AudioLink, monkeypatch: pytest.MonkeyPatch) -> None:
    real = child.command
    monkeypatch.setattr(child, "REVIVE_SECONDS", 0.2)
    monkeypatch.setattr(child, "command", lambda: ["false"])
    kill(link)
    heard = Listener(link)
    assert jack_server.until(lambda: heard.has("died") and link.state.restarts >= 4)
    assert link.state.lost
    assert len(heard.named("died")) == 1
    monkeypatch.setattr(child, "command", real)
    assert jack_server.until(lambda: heard.has("back"))
    assert not link.state.lost


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_a_first_start_that_fails_is_one_clear_error(trouble: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(*_: Any, **__: Any) -> Any:
        raise trouble

    monkeypatch.setattr(child.subprocess, "Popen", refusing)
    with AudioLink(RATE, 1, RATE) as link:
        with pytest.raises(DeviceError, match="cannot be started"):
            link.start()
        assert link.poll() == []
        path = link._memory.path
    assert not path.exists()


def test_a_start_is_given_up_when_the_player_has_enough() -> None:
    """And the process, of which the link knows no more than that it was started, ends."""

    def enough() -> None:
        raise KeyboardInterrupt

    started: list[subprocess.Popen[bytes]] = []
    with AudioLink(RATE, 1, RATE) as link:
        real = link._start_process

        def spawn(*, patient: bool) -> None:
            real(patient=patient)
            assert link._child._process is not None
            started.append(link._child._process)

        link._start_process = spawn  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            link.start(enough)
        assert started[0].poll() is not None
        path = link._memory.path
    assert not path.exists()


def test_the_history_has_no_hole_where_the_process_was_killed(link: AudioLink) -> None:
    """The song is read on for the recording. Where no process can be started until the end, silence is put in."""
    counter = link.history_since(1 << 62)[1]
    begin = counter
    kill(link)
    heard = Listener(link)
    assert jack_server.until(lambda: heard.has("back"))
    back = link.playhead()
    assert jack_server.until(lambda: link.playhead() > back + RATE // 2)
    sound, counter = link.history_since(begin)
    assert len(sound) == counter - begin
    assert abs(counter - link.playhead()) < 0.15 * RATE
    np.testing.assert_array_equal(sound, np.float32(0.5))
    assert heard.named("back")[0]["silent"] == 0.0
    assert heard.named("back")[0]["away"] > 0.1

    kill(link)
    gone = link.playhead()
    link._child.started = time.perf_counter() + 1e9  # no start is tried any more
    assert jack_server.until(lambda: link.playhead() > gone + RATE)
    link.fill()
    sound, until = link.history_since(counter)
    assert len(sound) == until - counter
    assert until == pytest.approx(link.playhead(), abs=0.05 * RATE)
    assert not sound[-RATE // 2 :].any()


def test_the_history_goes_on_while_the_device_is_away() -> None:
    """On a clock of its own, from the sample at which the device left to that at which it is back."""
    jack_server.require_jack()
    with jack_server.server():
        link = AudioLink(RATE, 1, RATE)
        link.start()
        link.write(0, np.full((RATE, 1), 0.5, np.float32))
        link.set_playing(True)
        assert jack_server.until(lambda: link.playhead() > RATE // 2)
        begin = link.history_since(1 << 62)[1]
    with link:
        heard = Listener(link)
        assert jack_server.until(lambda: heard.has("lost"))
        assert (link.state.device, link.state.lost) == ("none", True)
        away = link.playhead()
        assert jack_server.until(lambda: link.playhead() > away + RATE)
        with jack_server.server():
            assert jack_server.until(lambda: heard.has("back"))
            back = link.playhead()
            assert jack_server.until(lambda: link.playhead() > back + RATE // 2)
            sound, until = link.history_since(begin)
            assert len(sound) == until - begin
            assert abs(until - link.playhead()) < 0.15 * RATE
            assert (link.state.device, link.state.lost) == ("system", False)
            link.close()
    np.testing.assert_array_equal(sound, np.float32(0.5))
    assert heard.named("back")[0]["away"] > 1.0
    assert heard.named("back")[0]["silent"] == 0.0


def test_what_is_held_no_more_comes_back_as_silence(tmp_path: Path) -> None:
    with AudioLink(100, 1, 1000) as link:
        link._memory.append_history(np.ones((20_000, 1), np.float32))
        sound, until = link.history_since(1000)
        assert (len(sound), until) == (19_000, 20_000)
        assert not sound[:7000].any()
        assert sound[7000:].all()


@pytest.mark.slow
@pytest.mark.usefixtures("card")
def test_a_recording_is_as_long_as_what_was_played_though_the_process_was_killed(tmp_path: Path) -> None:
    document = patch({"lfo": Node("lfo")}, [], strength=0.5, depth=2)
    with Host(document, Session(toy_family(640)), folder=tmp_path) as host:
        host.start()
        assert jack_server.until(lambda: host.status.begun and host.status.seconds > 0.5)
        host.record(tmp_path / "take.wav")
        began = host.link.history_since(1 << 62)[1]
        assert jack_server.until(lambda: host.status.seconds > began / 16_000 + 1.0)
        os.kill(host.link.pid, signal.SIGKILL)
        assert jack_server.until(lambda: host.status.device_lost)
        assert draw.state(host.status) == "no device"
        assert "no device" in draw.line(host.status)
        assert jack_server.until(lambda: host.status.restarts == 1 and not host.status.device_lost)
        back = host.status.seconds
        assert jack_server.until(lambda: host.status.seconds > back + 1.0)
        least = (host.link.history_since(1 << 62)[1] - began) / 16_000
        host.stop_recording()
        most = (host.link.history_since(1 << 62)[1] - began) / 16_000
    sound, rate = soundfile.read(tmp_path / "take.wav")
    assert least - 0.1 <= len(sound) / rate <= most + 0.1
    told = [message for message in host.messages if "is back" in message]
    assert len(told) == 1
    assert float(told[0].split(" after ")[1].split(" s")[0]) > 0.1
    assert "silence" not in told[0]
