"""Real MIDI ports: a JACK server, and a sender in C that knows nothing of us."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from demon_patch.bench.live import patch as live_patch
from demon_patch.engine.session import Session
from demon_patch.patch.model.dashboard import Controller, ControlMapping
from demon_patch.patch.model.document import Node
from demon_patch.runtime.devices.feeds import FedEvent
from demon_patch.runtime.devices.hub import DevicesHub
from demon_patch.runtime.devices.midi.clock_in import ClockIn
from demon_patch.runtime.devices.midi.clock_sender import ClockSender
from demon_patch.runtime.devices.midi.decode import Decoder
from demon_patch.runtime.devices.midi.ports import MidiSystem, systems
from demon_patch.runtime.devices.performance import HeardMoment
from demon_patch.runtime.live.host import Host
from tests.support import jack_server
from tests.support.devices import PATCH, RATE, Stage
from tests.support.midi_sender import Timed, compiled_sender, send

pytestmark = pytest.mark.slow

BLOCK = 512 / 48_000  # seconds


@pytest.fixture(scope="module", autouse=True)
def card() -> Iterator[None]:
    jack_server.require_jack()
    before = os.environ.get("JACK_DEFAULT_SERVER")
    with jack_server.server():
        yield
    os.environ.pop("JACK_DEFAULT_SERVER")
    if before is not None:
        os.environ["JACK_DEFAULT_SERVER"] = before


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sender in C, compiled."""
    return compiled_sender(tmp_path_factory.mktemp("sender"))


@pytest.fixture
def stage() -> Iterator[tuple[Stage, DevicesHub]]:
    """A performance in which a real hub hears the real ports."""
    made = Stage(PATCH)
    made.began = perf_counter()
    hub = DevicesHub(made, RATE)
    hub.start()
    assert jack_server.until(lambda: hub.status.mappings)
    yield made, hub
    hub.close()


def heard(hub: DevicesHub, stage: Stage, name: str, messages: int) -> bool:
    """Waits until a device has sent so many messages, and lets the performance tick."""

    def all_there() -> bool:
        stage.tick(int((perf_counter() - stage.began) * RATE))
        return sum(device.messages for device in hub.status.inputs if device.name == name) >= messages

    found = jack_server.until(all_there, 40.0)
    stage.tick(int((perf_counter() - stage.began) * RATE) + 2)
    return found


def test_jack_is_one_of_the_systems() -> None:
    assert "jack" in systems()


def test_what_another_program_sends_is_played(sender: Path, stage: tuple[Stage, DevicesHub]) -> None:
    made, hub = stage
    events: list[Timed] = [(0, (0xC3, 0)), (1, (0xB0, 7, 64)), (2, (0xB0, 7, 100))]
    for n in range(500):
        events += [(10 + n, (0x90, n % 128, 99)), (10 + n, (0xB0, 1, n % 100)), (10 + n, (0x80, n % 128, 0))]
    process = send(sender, "Keys", events)
    assert heard(hub, made, "Keys:out", len(events))
    assert process.wait(20) == 0
    held = [event.value for event in made.fed if event.node == "keys" and event.port == "held"]
    assert sum(value[1] for value in held) == 500  # type: ignore[index]
    position = [event.value for event in made.fed if event.port == "position"]
    assert position[-1] == 99 / 127
    assert len(position) < 100
    assert made.document.live.values["s", "strength"] == 0.9  # the program came before the knob had it


def test_a_flood_of_20000_messages_a_second_loses_no_note(sender: Path, stage: tuple[Stage, DevicesHub]) -> None:
    made, hub = stage
    events: list[Timed] = [
        (n / 20, (0x90, n // 20 % 128, 99) if n % 20 == 0 else (0xB0, n % 20, n // 20 % 128)) for n in range(40_000)
    ]
    process = send(sender, "Flood", events)
    assert heard(hub, made, "Flood:out", len(events))
    assert process.wait(20) == 0
    held = [event.value for event in made.fed if event.node == "keys" and event.port == "held"]
    assert sum(value[1] for value in held) == 2_000  # type: ignore[index]


def test_devices_that_come_and_go(sender: Path, stage: tuple[Stage, DevicesHub]) -> None:
    made, hub = stage
    late: list[Timed] = [(0, (0xB0, 7, 64)), (4000, (0xFE,))]
    first, second = send(sender, "Keys", late), send(sender, "Keys", late)
    assert jack_server.until(lambda: {"Keys:out", "Keys:out (2)"} <= {each.name for each in hub.status.inputs})
    first.wait(20)
    second.wait(20)
    assert jack_server.until(lambda: hub.status.missing == {"Keys*": 1})
    assert any("Keys:out is gone; a mapping waits for it" in message for message in made.messages)
    again = send(sender, "Keys", late)
    assert jack_server.until(lambda: [each.name for each in hub.status.inputs] == ["Keys:out"])
    again.wait(20)


def test_the_tempo_of_a_clock_with_jitter(sender: Path) -> None:
    rng = np.random.default_rng(1)
    at = 20 + np.arange(24 * 2 * 14) * 60_000 / 120 / 24
    times = np.sort(at + rng.uniform(-3, 3, len(at)))
    process = send(sender, "Clock", [(float(time), (0xF8,)) for time in times])
    system, decoder, clock = MidiSystem(), Decoder(), ClockIn()
    assert jack_server.until(lambda: any(port.name == "Clock:out" for port in system.inputs()))
    port = next(port for port in system.inputs() if port.name == "Clock:out")
    receiver, heard, off = system.open_input(port), 0, list[float]()
    while process.poll() is None:
        batch = decoder.read(receiver.get, perf_counter())
        clock.take(batch.clocks)
        heard += len(batch.clocks)
        if heard > 24 * 2 * 10 and batch.clocks:
            off.append(abs((clock.bpm or 0) - 120))
    receiver.close()
    system.close()
    assert heard == len(times)
    assert process.stdout is not None
    held_up = max(float(process.stdout.read()) - BLOCK, 0.0)  # seconds: a server that stalls slows all its clocks down
    assert np.median(off) < 0.05 + 120 * 1.5 * held_up / 8


def test_our_clock_is_heard_by_another_program() -> None:
    import rtmidi as module

    rtmidi: Any = module
    drums = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name="Drums", queue_size_limit=10_000)
    drums.ignore_types(timing=False)
    drums.open_virtual_port("in")
    began, told = perf_counter(), list[str]()
    sending = ClockSender(
        {"drums*": 0.0, "Nobody": 5.0},
        lambda now: HeardMoment((now - began) * 25, (now - began) * 2, 120.0, True),
        told.append,
    )
    sending.start()
    messages: list[list[int]] = []

    def came() -> bool:
        while (got := drums.get_message()) is not None:
            messages.append(got[0])
        return messages.count([0xF8]) > 24 * 4

    assert jack_server.until(came)
    sending.close()
    assert jack_server.until(lambda: came() and messages[-1] == [0xFC])
    starts = [n for n, message in enumerate(messages) if message in ([0xFA], [0xFB])]
    assert any(messages[start + 1] == [0xF8] for start in starts)
    assert told == ["the clock goes to Drums:in", "no MIDI output is called 'Nobody'; its clock waits for it"]
    drums.delete()


def test_a_controller_plays_a_performance_that_is_heard(
    sender: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    patch = live_patch("8 s", depth=2)
    mapping = ControlMapping(Controller("cc", number=7), "blend", "source_blend", takeover="jump")
    patch = structs.replace(patch, nodes={**patch.nodes, "keys": Node("midi_notes")}, mappings={"m": mapping})
    with Host(patch, Session.load("nano"), folder=tmp_path) as host:
        host.start()
        assert jack_server.until(lambda: host.status.seconds > 0.5, 60.0)
        host.scopes.watch([("keys", "pitch", "out")])
        events: list[Timed] = [(0, (0xB0, 7, 0)), (5, (0x90, 72, 100))]
        process = send(sender, "Keys", events)
        assert jack_server.until(lambda: host.status.live_values == {("blend", "source_blend"): 0.0}, 40.0)
        assert jack_server.until(lambda: set(host.scopes.read(("keys", "pitch", "out")).values[-1:]) == {72.0}, 40.0)
        assert process.wait(20) == 0
        moment = host.heard(perf_counter())
        assert moment.playing
        assert abs((moment.frame or 0) / RATE - host.status.seconds) < 2.0
        frame = int(moment.frame or 0) + 10
        host.feed_many([FedEvent("keys", "note", 50.0, frame), FedEvent("gone", "note", 1.0, None)])
        assert jack_server.until(lambda: set(host.scopes.read(("keys", "pitch", "out")).values[-1:]) == {50.0}, 40.0)
        assert any("node gone" in message for message in host.messages)
        before = host.status
        assert jack_server.until(lambda: host.status.seconds > before.seconds + 1 and host.status.peak_db > -60, 40.0)
        assert any("the MIDI device Keys:out is heard" in message for message in host.messages)
