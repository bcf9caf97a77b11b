"""A live performance on a clock of its own: all that a performance with a card can do, but for being heard."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Node
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.messages import event_message
from tests.support.hearing import until
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import patch


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    document = patch({"lfo": Node("lfo")}, [], strength=0.5, depth=2)
    with Host(document, Session(toy_family(640)), folder=tmp_path, device="none") as made:
        made.start()
        until(lambda: made.status.begun and made.status.seconds > 0.5, made.status)
        yield made


def later(host: Host, seconds: float) -> None:
    """Lets so much of the transport pass."""
    end = host.status.seconds + seconds
    until(lambda: host.status.seconds > end, host.status)


def test_it_records_and_saves_and_measures(host: Host, tmp_path: Path) -> None:
    assert host.messages[0] == "playing on a clock of its own, without sound"
    assert (host.status.device, host.status.device_lost) == ("none", False)
    host.record(tmp_path / "jam.wav")
    later(host, 1.0)
    os.kill(host.link.pid, signal.SIGKILL)
    until(lambda: host.status.restarts == 1 and not host.status.device_lost)
    later(host, 1.0)
    host.stop_recording()
    host.save_take(tmp_path / "take.flac").result(60)
    jam, rate = soundfile.read(tmp_path / "jam.wav")
    take, _ = soundfile.read(tmp_path / "take.flac")
    assert len(jam) > 2.0 * rate
    assert len(take) > len(jam)
    quiet = np.flatnonzero(np.diff(np.flatnonzero(np.abs(jam.reshape(len(jam), -1)[:, 0]) > 1e-6)) > rate // 20)
    assert not len(quiet)  # no hole of 50 ms
    assert len(host.status.levels) == host.performer.spec.channels
    until(lambda: all(peak > -60 and rms > -70 for peak, rms in host.status.levels), host.status)


def test_the_master_volume_is_ramped_clipped_and_told(host: Host) -> None:
    before = host.status.rms_db
    host.set_volume(-20.0)
    until(lambda: host.status.volume_db == -20.0 and host.status.rms_db < before - 10.0, host.status)
    host.set_volume(-1e9)
    until(lambda: host.status.volume_db == -60.0 and host.status.levels[0][0] == -120.0, host.status)
    host.set_volume(float("inf"))
    until(lambda: host.status.volume_db == 12.0)
    host.set_volume(float("nan"))
    assert host.status.volume_db == 12.0
    assert "no number" in host.messages[-1]


def test_a_device_that_cannot_be_had_is_told_and_the_performance_goes_on(host: Host) -> None:
    host.set_device("no such card")
    until(
        lambda: any("no such card" in message or "no sound" in message for message in host.messages[1:]), host.messages
    )
    host.set_device(None, (0,))
    until(lambda: any("outputs 0" in message for message in host.messages), host.messages)
    host.set_device(None, (3, 3))
    host.set_device(None, (), 3)
    until(lambda: any("a buffer of 3 frames" in message for message in host.messages), host.messages)
    later(host, 0.5)
    assert host.status.device == "none"
    assert isinstance(host.devices(), list)


def test_the_messages_say_what_plays_and_what_is_missing() -> None:
    said = event_message({"event": "opened", "name": "none", "missing": "no sound device", "silent": 0.0})
    assert (
        said == "playing on a clock of its own, without sound (no sound device); a sound device that appears is taken"
    )
    back = {"event": "back", "name": "system", "away": 2.04, "silent": 0.0}
    assert event_message(back) == "the sound device is back: system after 2.0 s"
    assert event_message(back | {"silent": 1.5}).endswith("after 2.0 s, of which 1.5 s are silence in recordings")
