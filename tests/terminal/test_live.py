"""A performance played from a terminal, on a sound card made of software."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from scipy.signal import correlate

from demon_patch.engine.session import Session
from demon_patch.patch.edit.commands import AddNode, SetValue, apply
from demon_patch.patch.files.format import load, save
from demon_patch.patch.model.document import Node
from demon_patch.runtime.live.host import Host
from demon_patch.runtime.live.status import Status
from demon_patch.runtime.live.watch import Watch
from demon_patch.runtime.performance.prepare import perform
from demon_patch.terminal import play
from demon_patch.terminal.ending import Ending
from demon_patch.terminal.view import View
from tests.support import jack_server
from tests.support.paths import PATCHES
from tests.support.toy_family import toy_family
from tests.support.virtual_stage import SECONDS, patch, square

PER_FRAME = 640  # samples: a toy at 16 kHz
FIRST_LIGHT = PATCHES / "first-light.dpatch.json"
WAIT = 30.0

# A free LFO: its phase is a state, which an edit must not lose.
NODES, CABLES = square(0.4, "scheduler", "strength")
FREE = {"lfo": Node("lfo", values={"shape": "sine", "sync": "free", "rate": 0.7})}
DOCUMENT = patch({**NODES, **FREE}, CABLES, strength=0.5, depth=4)


@pytest.fixture(scope="module")
def card() -> Iterator[None]:
    jack_server.require_jack()
    with jack_server.server():
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save(DOCUMENT, tmp_path / "it.dpatch.json")
    return tmp_path / "it.dpatch.json"


@pytest.fixture
def silent(card: None, path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host that has not been started."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path.parent))  # apart from a performance of the person who tests
    with Host(DOCUMENT, Session(toy_family(PER_FRAME)), folder=path.parent) as it:
        yield it


@pytest.fixture
def host(silent: Host) -> Host:
    """One that plays."""
    silent.start()
    return silent


class Player:
    """A person at the view: presses keys, and waits until the status shows what they did."""

    def __init__(self, host: Host, view: View) -> None:
        self.host, self.view = host, view

    def press(self, *keys: str) -> None:
        """Not by the pilot, which would wait in vain for a processor without work."""
        for key in keys:
            self.view.simulate_key(key)

    async def sees(self, condition: Callable[[Status], object]) -> Status:
        """The first status of which something is true."""
        end = asyncio.get_running_loop().time() + WAIT
        while not condition(self.host.status):
            assert asyncio.get_running_loop().time() < end, self.host.status
            await asyncio.sleep(0.01)
        return self.host.status


def at_view(host: Host, path: Path, scenario: Callable[[Player, View], object]) -> View:
    """Lets a scenario happen at the view of a playing host."""
    view = View(host, path)

    async def run() -> None:
        async with view.run_test(size=(80, 24)):
            player = Player(host, view)
            await player.sees(lambda status: status.begun and status.seconds > 0.2)
            await scenario(player, view)  # type: ignore[misc]

    asyncio.run(run())
    return view


def screen(view: View) -> str:
    """What the view shows."""
    return "\n".join(
        str(view.query_one(f"#{name}").render()) for name in ("title", "transport", "ring", "knobs", "messages")
    )


def lag(status: Status) -> float:
    """How far the song is from where it would be without seeks, in seconds of the song."""
    return (status.song - status.seconds) % SECONDS


@pytest.mark.slow
def test_the_keys_of_the_transport_do_what_they_say(host: Host, path: Path) -> None:
    async def scenario(player: Player, view: View) -> None:
        await player.sees(lambda _: "▶ playing" in screen(view))
        player.press("space")
        await player.sees(lambda status: not status.playing)
        player.press("space")
        await player.sees(lambda status: status.playing)
        for key, field in (("m", "muted"), ("b", "bypass"), ("f", "follow")):
            for on in (True, False):
                player.press(key)
                await player.sees(lambda status, field=field, on=on: getattr(status, field) is on)
        player.press("g", "g")
        await player.sees(lambda _: "grid: none" in screen(view))
        player.press("plus", "equals_sign", "minus", "plus")
        await player.sees(lambda status: status.bpm == 122.0)
        for key, least, most in (("right", 0.0, 2.1), ("left", SECONDS - 4.1, SECONDS)):
            before = lag(host.status)
            player.press(key)
            after = await player.sees(lambda status, before=before: abs(lag(status) - before) > 0.06)
            assert least < (lag(after) - before) % SECONDS < most  # a bar, less what passed until it could be heard
        player.press("home")
        await player.sees(lambda status: status.song < 0.3)
        before = player.host.status.bpm
        player.press("t")
        await asyncio.sleep(0.3)  # the player's beat: 200 a minute, or slower on a busy machine
        player.press("t")
        bpm = (await player.sees(lambda status: status.bpm != before)).bpm
        player.press("l")
        lo, hi = (await player.sees(lambda status: status.loop)).loop or (0.0, 0.0)
        assert hi - lo == pytest.approx(16 * 60 / bpm, abs=0.05)
        player.press("l")
        await player.sees(lambda status: status.loop is None)

    at_view(host, path, scenario)


@pytest.mark.slow
def test_knobs_are_turned_reset_kept_and_written(host: Host, path: Path) -> None:
    strength, structure = ("scheduler", "strength"), ("scheduler", "structure")

    async def scenario(player: Player, view: View) -> None:
        player.press("comma", "comma", "less_than_sign")
        await player.sees(lambda status: status.live_values.get(strength) == pytest.approx(0.5 - 0.12, abs=0.02))
        await player.sees(lambda _: "*" in screen(view))
        player.press("down", "shift+left")
        await player.sees(lambda status: status.live_values.get(structure) == pytest.approx(0.9))
        player.press("backspace")
        await player.sees(lambda status: set(status.live_values) == {strength})
        player.press("k")
        status = await player.sees(lambda status: not status.live_values)
        assert host.patch.nodes["scheduler"].values["strength"] == pytest.approx(0.38, abs=0.02)
        assert load(path) == DOCUMENT
        player.press("full_stop", "w")
        await player.sees(lambda status: "wrote it.dpatch.json" in status.messages)
        assert load(path) == host.patch != DOCUMENT
        player.press("up", "full_stop", "p")
        status = await player.sees(lambda status: status.muted and not status.live_values)
        assert status.playing  # the transport runs on
        await player.sees(lambda _: "MUTED" in screen(view))
        player.press("m", "down")
        await player.sees(lambda status: not status.muted)
        host.edit(
            apply(AddNode("a_macro", Node("knob")), host.patch)[0]
        )  # the list is another, the place in it is kept
        await player.sees(lambda _: ("a_macro", "position") in [knob.key for knob in view.knobs])
        assert view.knobs[view.chosen].key == structure

    at_view(host, path, scenario)


@pytest.mark.slow
def test_recordings_begin_and_end_while_the_music_goes_on_and_q_ends_the_view(host: Host, path: Path) -> None:
    async def scenario(player: Player, view: View) -> None:
        player.press("r")
        began = await player.sees(lambda status: status.recording)
        await player.sees(lambda status: status.seconds > began.seconds + 1.0)
        player.press("r")
        await player.sees(lambda status: not status.recording)
        player.press("s")
        await player.sees(lambda status: any(message.startswith("saved ") for message in status.messages))
        player.press("q")
        await player.sees(lambda _: view.return_code is not None)

    view = at_view(host, path, scenario)
    assert view.return_code == 0
    (recording,), (take,) = (list(path.parent.glob(f"it-{what}-*.wav")) for what in ("recording", "take"))
    assert soundfile.info(recording).duration > 0.8
    sound, _ = soundfile.read(take)
    assert len(sound) >= soundfile.info(recording).frames
    assert np.abs(sound).max() > 1e-3
    assert host.status.starved < 1.0


@pytest.mark.slow
def test_an_edit_of_the_file_is_heard_and_phases_go_on(host: Host, path: Path) -> None:
    alone = perform(DOCUMENT, Session(toy_family(PER_FRAME)))
    with Watch(host, path):
        assert jack_server.until(lambda: host.status.seconds > 1.0)
        save(apply(SetValue("scheduler", "depth", 6), DOCUMENT)[0], path)
        assert jack_server.until(lambda: host.status.depth == 6)
    got: list[tuple[int, float]] = []

    def read() -> None:
        frame = host.tick_loop.now + 10
        got.append((frame, host.performer.controls.control_value("strength", frame)))

    host.tick_loop.post(read)
    assert jack_server.until(lambda: got)
    frame, strength = got[0]
    assert strength == pytest.approx(alone.controls.control_value("strength", frame), abs=1e-9)
    assert alone.controls.control_value("strength", frame) != pytest.approx(
        alone.controls.control_value("strength", 0), abs=1e-3
    )


@pytest.mark.slow
def test_without_a_view_a_line_a_second_is_said_and_the_end_is_kept(silent: Host, path: Path, tmp_path: Path) -> None:
    said: list[str] = []
    with Ending() as ending:
        play.perform(
            lambda: silent, path, ending, plain=True, seconds=2.5, record=tmp_path / "all.flac", say=said.append
        )
    lines = [line for line in said if "bpm" in line]
    assert len(lines) >= 3
    assert "playing" in lines[-1]
    assert said[-1] == f"recorded {tmp_path / 'all.flac'}"
    assert soundfile.info(tmp_path / "all.flac").duration > 1.5
    assert silent.link.state.lost  # closed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_in_order(silent: Host, path: Path, tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    if signal.getsignal(number) is signal.SIG_IGN:  # as in a script's background, where a performance ignores it too
        signal.signal(number, signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL)
    before = signal.getsignal(number)

    def end() -> None:
        jack_server.until(lambda: silent.status.seconds > 1.0)
        os.kill(os.getpid(), number)

    threading.Thread(target=end, daemon=True).start()
    said: list[str] = []
    faulthandler.dump_traceback_later(300, exit=True)  # one that is never ended says where it stands
    with Ending() as ending:
        play.perform(lambda: silent, path, ending, plain=True, watch=True, record=tmp_path / "all.wav", say=said.append)
    faulthandler.cancel_dump_traceback_later()
    assert said[-1] == f"recorded {tmp_path / 'all.wav'}"
    assert soundfile.info(tmp_path / "all.wav").duration > 0.5
    assert signal.getsignal(number) == before


@pytest.mark.slow
def test_the_command_plays_the_embedded_model_and_records_what_the_card_hears(
    card: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    recording, heard = tmp_path / "recording.wav", tmp_path / "heard.wav"
    program = "from demon_patch.cli import main; main()"
    arguments = ["play", str(FIRST_LIGHT), "--seconds", "8", "--record", str(recording)]
    command = [sys.executable, "-c", program, *arguments]
    player = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert jack_server.until(lambda: "PortAudio:out_0" in jack_server.ports() or player.poll() is not None, 120), (
        player.communicate(timeout=20)
    )
    recorder = jack_server.record(heard, 60.0, "PortAudio:out_0", "PortAudio:out_1")
    _, said = player.communicate(timeout=180)
    recorder.terminate()
    recorder.wait(30)
    assert player.returncode == 0, said
    assert said.startswith("loading first-light.dpatch.json")
    assert f"recorded {recording}" in said
    kept, rate = soundfile.read(recording)
    assert len(kept) / rate > 6.0
    sound, card_rate = soundfile.read(heard)
    part = soxr.resample(kept[2 * rate : 4 * rate], rate, card_rate)
    assert part.shape[1] == sound.shape[1] == 2
    at = int(np.argmax(correlate(sound[:, 0], part[:, 0], "valid")))
    there = sound[at : at + len(part)]
    assert not np.array_equal(there[:, 0], there[:, 1])
    for mine, heard_there in zip(part.T, there.T, strict=True):
        assert np.sum(mine * heard_there) / np.sqrt(np.sum(mine**2) * np.sum(heard_there**2)) > 0.98
