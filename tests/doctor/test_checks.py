"""Each check on a machine that is broken in one way, which is made at its edge: a library, a folder, a file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from demon_patch.doctor import midi, model, program, sound, speed
from demon_patch.doctor.findings import FAULT, FINE, WARNING, Check, Finding
from demon_patch.doctor.requirements import Requirement, parsed, satisfied
from demon_patch.engine import families
from demon_patch.engine.families import nano
from demon_patch.errors import DeviceError
from tests.support.findings import level_of, worst


@pytest.mark.parametrize(
    ("version", "wanted", "good"),
    [
        ("2.9.1+cpu", "<2.14,>=2.8", True),
        ("2.14.0", "<2.14,>=2.8", False),
        ("2.7.9", "<2.14,>=2.8", False),
        ("2.8", "==2.8.0", True),
        ("10.0", ">=9", True),
        ("3", "!=3.0", False),
        ("1.0rc1", "", True),
        ("unknown", ">=2", True),
        ("1.0", "~=1.2", True),  # not understood
    ],
)
def test_versions(version: str, wanted: str, good: bool) -> None:
    assert satisfied(version, wanted) is good


def test_requirements_are_read_as_metadata_writes_them() -> None:
    entries = ["torch<2.14,>=2.8", 'onnx>=1.17; extra == "onnx"', "mido", "a.b[x,y] (>=1) ; python_version < '4'", ";"]
    assert list(parsed(entries)) == [
        Requirement("torch", "<2.14,>=2.8", ""),
        Requirement("onnx", ">=1.17", "onnx"),
        Requirement("mido", "", ""),
        Requirement("a.b", ">=1", ""),
    ]


def test_libraries_that_are_missing_old_or_broken_are_told_by_what_they_are_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken_thing.py"
    broken.write_text("raise OSError('libodd.so is missing')")
    monkeypatch.syspath_prepend(str(tmp_path))
    wanted = ["absent-thing>=2", "rich>=99", "numpy", "broken-thing", "dearpygui>=99", 'pytest>=99; extra == "dev"']
    monkeypatch.setattr(metadata, "requires", lambda name: [*wanted, 'absent; extra == "odd"'])
    owners = {"broken_thing": ["broken-thing"], "numpy": ["numpy"]}
    monkeypatch.setattr(metadata, "packages_distributions", lambda: owners)
    version = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "1.0" if name == "broken-thing" else version(name))
    found = list(program.libraries())
    assert level_of(found, "absent-thing is missing") == FAULT
    assert level_of(found, "rich has version") == FAULT
    assert level_of(found, "broken-thing 1.0 cannot be loaded: libodd.so is missing") == FAULT
    assert level_of(found, "dearpygui has version") == WARNING
    assert level_of(found, "by the extra dev") == WARNING
    assert not any("odd" in each.what and "extra" in each.what for each in found)
    assert level_of(found, "1 libraries are as") == FINE


def test_a_program_that_is_not_installed_and_a_python_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "DISTRIBUTION", "no-such-distribution")
    assert worst(program.libraries()) == WARNING
    assert worst(program.program()) == FINE
    monkeypatch.setattr(program, "_metadata_value", lambda name: ">=99")
    assert level_of(program.program(), "is not among the versions") == FAULT


def test_a_machine_without_memory_or_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0), raising=False)
    monkeypatch.setattr(program, "memory", lambda: (16_000.0, 8_000.0))
    assert worst(program.machine()) == FINE
    monkeypatch.setattr(os, "getloadavg", lambda: (900.0, 0.0, 0.0), raising=False)
    monkeypatch.setattr(program, "memory", lambda: (16_000.0, 80.0))
    found = list(program.machine())
    assert level_of(found, "keep the processor busy") == WARNING
    assert level_of(found, "80 of 16000 MB") == WARNING


def test_the_memory_of_this_machine_is_known() -> None:
    total, free = program.memory()
    assert total is not None
    assert total > 200
    assert free is None or 0 < free <= total


# -- sound --------------------------------------------------------------------------------------------------------


class Card(ModuleType):
    """PortAudio's bindings with devices made by hand; a started stream calls back until it has been given enough."""

    PortAudioError = type("PortAudioError", (Exception,), {})

    def __init__(self, names: tuple[str, ...] = ("Speakers",), *, default: bool = True, **how: Any) -> None:
        super().__init__("sounddevice")
        self.default, self.how, self.written = default, how, 0
        self.entries = [
            {"name": name, "index": k, "hostapi": 0, "max_output_channels": 2, "default_samplerate": 48_000.0}
            for k, name in enumerate(names)
        ]

    def get_portaudio_version(self) -> tuple[int, str]:
        return 19, "PortAudio V19.7.0, revision 12ab"

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": "ALSA"}]

    def query_devices(self, device: object = None, kind: str = "") -> Any:
        if not kind:
            return self.entries
        if not self.default:
            raise self.PortAudioError("no default")
        return self.entries[0]

    def OutputStream(self, callback: Callable[..., None], **settings: Any) -> SimpleNamespace:
        if "refusal" in self.how:
            raise self.PortAudioError(self.how["refusal"])
        assert settings["samplerate"] == 48_000

        def start() -> None:
            for _ in range(self.how.get("calls", 64)):
                out = np.ones((256, settings["channels"]), np.float32)
                callback(out, 256, None, SimpleNamespace(output_underflow=self.how.get("late", False)))
                assert not out.any()
                self.written += 256

        return SimpleNamespace(latency=0.012, start=start, close=lambda: None)


def test_without_portaudio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert level_of(sound.sound(), "sounddevice cannot be loaded") == FAULT

    def missing() -> ModuleType:
        raise DeviceError("no sound: PortAudio library not found", mend="apt install libportaudio2")

    monkeypatch.setattr(sound, "sound_library", missing)
    assert Check("sound", sound.sound, vital=True).run() == [
        Finding(FAULT, "no sound: PortAudio library not found", "apt install libportaudio2")
    ]


CARDS: dict[str, tuple[Card, str]] = {
    "PortAudio V19.7.0": (Card(), FINE),
    "is the default device, and opens: 48000 Hz, 2 channels, 256 frames a buffer, 12 ms latency": (Card(), FINE),
    "there is no sound device": (Card(()), WARNING),
    "no sound device is the default one": (Card(default=False), WARNING),
    "and refused: busy": (Card(refusal="busy"), FAULT),
    "took 0.02 s of sound": (Card(calls=3), FAULT),
    "asked 64 times for sound too late": (Card(late=True), WARNING),
}


@pytest.mark.parametrize("told", CARDS)
def test_a_sound_device(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    card, level = CARDS[told]
    monkeypatch.setitem(sys.modules, "sounddevice", card)
    monkeypatch.setattr(sound, "WAIT_SECONDS", 0.05)
    assert level_of(sound.sound(), told) == level


# -- MIDI ---------------------------------------------------------------------------------------------------------


def rtmidi(ports: list[str], fault: str = "") -> ModuleType:
    """The bindings of rtmidi for ALSA, with these input ports."""
    made: Any = ModuleType("rtmidi")
    made.API_LINUX_ALSA, made.RtMidiError = 2, type("RtMidiError", (Exception,), {})
    made.get_compiled_api = lambda: [2]
    made.get_api_display_name = lambda api: "ALSA"

    def device(names: list[str]) -> Callable[..., SimpleNamespace]:
        def make(api: int, client: str) -> SimpleNamespace:
            if fault:
                raise made.RtMidiError(fault)
            return SimpleNamespace(get_current_api=lambda: api, get_ports=lambda: names, delete=lambda: None)

        return make

    made.MidiIn, made.MidiOut = device(ports), device([])
    return made


def test_midi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setitem(sys.modules, "mido", ModuleType("mido"))
    monkeypatch.setattr(midi, "SEQUENCER", tmp_path / "seq")
    monkeypatch.setitem(sys.modules, "rtmidi", rtmidi(["Keys"]))
    found = list(midi.midi())
    assert level_of(found, "is missing, so that no MIDI device") == WARNING
    assert level_of(found, "no MIDI port") == FINE
    (tmp_path / "seq").touch()
    found = list(midi.midi())
    assert worst(found) == FINE
    assert found[-1] == Finding(FINE, "1 MIDI port", details=("ALSA input: Keys",))
    monkeypatch.setitem(sys.modules, "rtmidi", rtmidi(["Keys"], "no server"))
    assert level_of(midi.midi(), "no MIDI port") == FINE
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    assert [each.mend for each in midi.midi()] == [midi.INSTALL]
    assert level_of(midi.midi(), "rtmidi cannot be loaded") == WARNING


# -- display ------------------------------------------------------------------------------------------------------


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of nano's weights, from which the family is loaded."""
    copy = shutil.copytree(nano.WEIGHTS, tmp_path / "weights")
    monkeypatch.setattr(families, "SHIPPED", ("nano",))
    monkeypatch.setattr(families, "load_family", lambda name: nano.load(copy))
    return copy


def test_whole_weights_are_fine(weights: Path) -> None:
    found = list(model.models())
    assert worst(found) == FINE
    lines = "\n".join(found[0].details)
    assert "nano/weights/codec.safetensors: " in lines
    assert "nano/loras/tape.safetensors: " in lines


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [_cut, _flip, Path.unlink], ids=["cut", "one bit", "missing"])
def test_damaged_weights_are_a_fault_that_names_the_file(damage: Callable[[Path], None], weights: Path) -> None:
    damage(weights / "codec.safetensors")
    found = list(model.models())
    assert [each.level for each in found] == [FAULT]
    assert "codec.safetensors" in found[0].what
    assert "reinstall" in found[0].mend


def test_a_damaged_lora_and_words_that_are_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lora = tmp_path / "tape.safetensors"
    lora.write_bytes(b"odd")
    monkeypatch.setattr(families, "SHIPPED", ("nano",))
    monkeypatch.setattr(families, "load_family", lambda name: SimpleNamespace(loras={"tape": lora}))
    monkeypatch.setattr(families, "unread", lambda name, text: [("house", "no word")])
    found = list(model.models())
    assert level_of(found, "the LoRA tape cannot be used") == WARNING
    assert level_of(found, "the words of prompts") == FAULT


# -- speed --------------------------------------------------------------------------------------------------------


def test_what_a_measured_speed_means() -> None:
    assert speed.tick(400.0, 2.0, 2, 4).level == FINE
    assert speed.tick(2000.0, 0.4, 2, 4).level == WARNING
    assert [speed.decode(seconds).level for seconds in (0.1, 0.7, 1.2)] == [FINE, WARNING, FAULT]
    assert "100 ms, 10.0 times real time" in speed.decode(0.1).what
