"""A host on a real sound server with the embedded model: knobs, edits, recordings, and what may go wrong."""

from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from demon_patch.bench.live import BAR_SECONDS, jumps, patch
from demon_patch.engine.session import Session
from demon_patch.patch.edit.commands import AddNode, Connect, SetValue, apply
from demon_patch.patch.files.embed import extract
from demon_patch.patch.model.document import Node
from demon_patch.runtime.descriptors import distance_to_source
from demon_patch.runtime.live.host import Host
from tests.support import jack_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def session() -> Session:
    return Session.load("nano")


@pytest.fixture(scope="module")
def card() -> Iterator[None]:
    jack_server.require_jack()
    with jack_server.server():
        yield


@pytest.fixture
def playing(card: None, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host that plays a cover, two generations deep, and is heard."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with Host(patch("8 s", depth=2), session, folder=tmp_path) as host:
        host.start()
        until(host, lambda: host.status.seconds > 0.5)
        yield host


def until(host: Host, condition: Callable[[], bool], seconds: float = 40.0) -> None:
    assert jack_server.until(condition, seconds), host.status


def plays_on(host: Host) -> bool:
    """Whether new generations are finished and heard."""
    before = host.status
    return jack_server.until(
        lambda: (
            host.status.completions > before.completions + 1
            and host.status.seconds > before.seconds + 0.5
            and host.status.peak_db > -60
        ),
        40.0,
    )


def distance(host: Host, session: Session, seconds: float = 1.0) -> float:
    """The middle distance of the last so many seconds to the source."""
    per = session.spec.samples_per_frame
    end = host.link.history_since(1 << 62)[1] // per
    start = end - round(seconds * session.spec.frame_rate)
    sound = host.link.history_since(start * per)[0][: (end - start) * per]
    return float(np.median(distance_to_source(session, sound, host.performer.source, start)))


def test_live_values_win_until_they_are_released_or_kept(playing: Host, session: Session) -> None:
    host, far = playing, distance(playing, session)
    host.turn("blend", "source_blend", 0.0)
    until(host, lambda: distance(host, session) < 0.6 * far)
    assert host.status.live_values == {("blend", "source_blend"): 0.0}
    assert host.patch.nodes["blend"].values["source_blend"] == 1.0
    host.release()
    until(host, lambda: distance(host, session) > 0.8 * far)
    host.turn("blend", "source_blend", 0.25)
    kept = host.keep()
    assert kept.nodes["blend"].values["source_blend"] == 0.25
    until(host, lambda: not host.status.live_values)


def test_a_wrong_value_or_edit_is_told_and_nothing_else_happens(playing: Host) -> None:
    host = playing
    host.turn("scheduler", "strength", 7.0)
    until(host, lambda: any("strength" in message for message in host.status.messages))
    host.release()
    lost = apply(AddNode("clip", Node("audio_source", values={"file": "gone.wav"})), host.patch)[0]
    cable = next(cable for cable in lost.cables if cable.port == "source")
    lost = apply(Connect(type(cable)("clip", "source", "scheduler", "target")), lost)[0]
    host.edit(lost)
    until(host, lambda: any("gone.wav" in message for message in host.status.messages))
    assert plays_on(host)


def test_what_a_device_sends_is_played_and_seen(playing: Host) -> None:
    host = playing
    wired = apply(AddNode("wheel", Node("midi_cc", values={"smooth": 0.0})), host.patch)[0]
    wired = apply(AddNode("ear", Node("meter")), wired)[0]
    cable = type(wired.cables[0])
    wired = apply(Connect(cable("wheel", "value", "scheduler", "structure", mode="add", depth=-1.0)), wired)[0]
    wired = apply(Connect(cable("decoder", "audio", "ear", "audio")), wired)[0]
    host.edit(wired).result(20)
    host.scopes.watch([("wheel", "value", "out"), ("ear", "level", "out")])
    host.feed("wheel", "position", 0.5)
    until(host, lambda: set(host.scopes.read(("wheel", "value", "out")).values[-1:]) == {0.5})
    until(host, lambda: float(host.scopes.read(("ear", "level", "out")).values.max(initial=-60.0)) > -50)
    host.feed("wheel", "smooth", 0.5)
    until(host, lambda: any("port smooth: it is not a live input" in message for message in host.status.messages))
    assert plays_on(host)


def test_a_formula_that_fails_is_shown_and_the_music_goes_on(playing: Host) -> None:
    host = playing
    broken = apply(AddNode("sum", Node("expression", values={"formula": "0.5 / (a * 0)"})), host.patch)[0]
    broken = apply(Connect(type(broken.cables[0])("sum", "out", "scheduler", "structure", mode="add")), broken)[0]
    host.edit(broken).result(20)
    until(host, lambda: "sum" in host.status.faults)
    assert plays_on(host)


def test_an_error_of_the_engine_is_told_and_it_begins_anew(playing: Host) -> None:
    host = playing

    def fail() -> None:
        raise RuntimeError("of the engine")

    host.tick_loop.post(fail)
    until(host, lambda: any("of the engine" in message for message in host.status.messages))
    assert plays_on(host)


def test_the_audio_process_may_die_and_the_music_comes_back(playing: Host) -> None:
    host = playing
    pid = host.link.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(host, lambda: host.status.restarts == 1 and not host.status.device_lost)
    assert plays_on(host)


def test_what_is_heard_is_recorded_and_the_last_minutes_are_kept(playing: Host, tmp_path: Path) -> None:
    host = playing
    host.turn("blend", "source_blend", 0.75)
    host.record(tmp_path / "one.wav")
    host.turn("blend", "source_blend", 0.5)
    begun = host.status.seconds
    until(host, lambda: host.status.seconds > begun + 2.0)
    assert "one.wav" in host.status.recording
    host.stop_recording()
    sound, rate = soundfile.read(tmp_path / "one.wav")
    assert rate == 48_000
    assert len(sound) > 1.5 * rate
    assert np.sqrt(np.mean(sound**2)) > 1e-3
    host.save_take(tmp_path / "take.flac").result(20)
    taken, rate = soundfile.read(tmp_path / "take.flac")
    assert len(taken) > (begun + 1.5) * rate
    for name, blend in (("one.wav", 0.75), ("take.flac", 0.5)):  # each carries the patch as it sounded
        assert extract(tmp_path / name) == apply(SetValue("blend", "source_blend", blend), host.patch)[0]


def test_a_full_disk_ends_the_recording_and_nothing_else(playing: Host, tmp_path: Path) -> None:
    host = playing
    for name in ("full.wav", "full.flac"):
        host.record(tmp_path / name)
        until(host, lambda: name in host.status.recording)  # noqa: B023
    with room_for(150_000):
        until(host, lambda: sum("recording ended" in message for message in host.status.messages) == 2)
        until(host, lambda: not host.status.recording)
    host.stop_recording()
    assert not any(message.startswith("recorded") for message in host.messages)
    for name in ("full.wav", "full.flac"):
        assert len(soundfile.read(tmp_path / name)[0]) > 40_000
    assert plays_on(host)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Lets no file of this process grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_recording_whose_folder_is_deleted_is_in_the_patchs_folder(playing: Host, tmp_path: Path) -> None:
    host, path = playing, tmp_path / "takes" / "jam.flac"
    host.record(path)
    until(host, lambda: path.stat().st_size > 50_000)
    shutil.rmtree(path.parent)
    until(host, lambda: str(tmp_path / "jam.flac") in host.status.recording)
    assert any("was deleted while it was written" in message for message in host.messages)
    host.stop_recording()
    assert host.messages[-1] == f"recorded {tmp_path / 'jam.flac'}"
    assert len(soundfile.read(tmp_path / "jam.flac")[0]) > 20_000
    assert extract(tmp_path / "jam.flac") == host.patch


def test_a_recorder_node_writes_a_new_file(card: None, session: Session, tmp_path: Path) -> None:
    (tmp_path / "take.wav").write_bytes(b"mine")
    document = apply(AddNode("tape", Node("recorder")), patch("8 s", depth=2))[0]
    cable = type(document.cables[0])
    document = apply(Connect(cable("decoder", "audio", "tape", "audio")), document)[0]
    with Host(document, session, folder=tmp_path) as host:
        host.start()
        until(host, lambda: host.status.seconds > 1.5)
    assert (tmp_path / "take.wav").read_bytes() == b"mine"
    assert extract(tmp_path / "take-2.wav") == document
    assert host.messages[-1] == f"recorded {tmp_path / 'take-2.wav'}"


def test_transport_stops_seeks_loops_and_changes_its_tempo(playing: Host) -> None:
    host = playing
    host.play(False)
    until(host, lambda: not host.status.playing)
    stood = host.status.seconds
    host.seek(10.0)
    host.play(True)
    until(host, lambda: host.status.seconds > stood + 1.0 and host.status.song > 10.0)
    host.loop((8.0, 12.0))
    until(host, lambda: host.status.loop == (8.0, 12.0))
    seen: set[int] = set()
    until(host, lambda: bool(seen.add(int(host.status.song))) or {8, 9, 10, 11} <= seen)
    host.loop((8.0, 8.2))
    until(host, lambda: any("loop" in message for message in host.status.messages))
    assert host.status.loop == (8.0, 12.0)
    host.loop(None)
    host.tempo(90.0, beats=4)
    until(host, lambda: host.status.bpm == 90.0)
    host.follow(True)
    until(host, lambda: host.status.follow)
    host.bypass(True)
    until(host, lambda: host.status.bypass)
    assert plays_on(host)


def test_a_source_may_be_deleted_while_it_plays(card: None, session: Session, tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    composed = session.compose("dub in d minor, 100 bpm", seconds=10.0, seed=2)
    soundfile.write(clip, composed.audio, session.spec.sample_rate)
    document = patch("8 s", depth=2)
    values = {"file": "clip.wav"}
    document = apply(AddNode("file", Node("audio_source", values=values)), document)[0]
    cable = next(cable for cable in document.cables if cable.port == "source")
    cables = (*(c for c in document.cables if c is not cable), type(cable)("file", "source", "scheduler", "source"))
    document = type(document)(song=document.song, nodes=document.nodes, cables=cables)
    with Host(document, session, folder=tmp_path) as host:
        host.start()
        until(host, lambda: host.status.begun)
        clip.unlink()
        host.edit(apply(SetValue("scheduler", "structure", 0.5), document)[0]).result(20)
        assert plays_on(host)


@pytest.mark.parametrize("control", ["source_blend", "strength"])
def test_a_square_on_the_bar_is_heard_on_the_bar_line(
    control: str, card: None, session: Session, tmp_path: Path
) -> None:
    bars, recording = 9, tmp_path / "heard.wav"
    with Host(patch("8 s", square=control, depth=4), session) as host:
        host.start()
        recorder = jack_server.record(recording, round((bars + 2) * BAR_SECONDS), "PortAudio:out_0", "PortAudio:out_1")
        until(host, lambda: host.status.seconds > bars * BAR_SECONDS, 90.0)
        status, source = host.status, host.performer.source
        recorder.wait(60)
    sound, rate = soundfile.read(recording, dtype="float32")
    begin = int(np.flatnonzero(np.abs(sound[:, 0]) > 0)[0])  # silence until the timeline runs
    step = rate / session.spec.sample_rate
    at = begin + np.arange(int((len(sound) - begin) / step)) * step
    heard = np.interp(at, np.arange(len(sound)), sound[:, 0]).astype(np.float32)[:, None]
    per = session.spec.samples_per_frame
    lines = distance_to_source(session, heard[: len(heard) // per * per], source)
    bar = round(BAR_SECONDS * session.spec.frame_rate)
    found = jumps(lines[: bars * bar], 2 * bar, bar)
    away = np.abs(found - bar * np.arange(2, 2 + len(found))) / session.spec.frame_rate
    assert len(away) >= bars - 3
    # A machine that other programs share may come late; then it is counted.
    assert np.count_nonzero(away > 0.06) <= status.late + status.missed + round(status.starved > 0), away
