"""Checks of the sound device: PortAudio, its devices, and a short silent opening of the default one."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

from demon_patch.doctor.findings import FAULT, FINE, WARNING, Finding
from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.devices import output_device, sound_library

OPEN_SECONDS = 0.2  # of silence that the device is to take
WAIT_SECONDS = 5.0  # until it has taken them
CHANNELS = 2
NO_DEVICE = "connect one, or start your sound server; until then it plays without sound, and can record and render"


def sound() -> Iterator[Finding]:
    """Looks at PortAudio, lists the devices, and opens the default one for 0.2 s, silently."""
    try:
        library = sound_library()
    except ImportError as error:
        yield Finding(FAULT, f"sounddevice cannot be loaded: {error}", "pip install sounddevice")
        return
    yield Finding(FINE, _version(library))
    outputs = [entry for entry in library.query_devices() if entry["max_output_channels"]]
    servers = [str(api["name"]) for api in library.query_hostapis()]
    details = (f"sound systems: {', '.join(servers) or 'none'}", *(_shown(entry, servers) for entry in outputs))
    if not outputs:
        yield Finding(WARNING, "there is no sound device: nothing is heard on this machine", NO_DEVICE, details)
        return
    yield Finding(FINE, f"{len(outputs)} sound {'device' if len(outputs) == 1 else 'devices'}", details=details)
    try:
        entry = output_device()
    except DeviceError:
        names = ", ".join(str(entry["name"]) for entry in outputs[:4])
        yield Finding(WARNING, "no sound device is the default one", f"name one with --device: {names}")
        return
    yield opened(library, entry)


def opened(library: ModuleType, entry: Mapping[str, Any]) -> Finding:
    """Opens a device as `play` does, gives it silence, and returns what came of it."""
    rate = round(float(entry["default_samplerate"]))
    channels = min(CHANNELS, int(entry["max_output_channels"]))
    name, sizes, done = str(entry["name"]), [], threading.Event()
    underflows: list[bool] = []

    def silence(out: Any, frames: int, when: Any, status: Any) -> None:
        """On PortAudio's thread."""
        out[:] = 0.0
        sizes.append(frames)
        underflows.append(bool(status and status.output_underflow))
        if sum(sizes) >= OPEN_SECONDS * rate:
            done.set()

    try:
        stream = library.OutputStream(
            samplerate=rate,
            channels=channels,
            device=entry["index"],
            dtype="float32",
            latency="low",
            callback=silence,
        )
        latency = float(stream.latency)
        stream.start()
    except library.PortAudioError as error:
        return Finding(FAULT, f"{name} is the default device, and refused: {error}", "choose another with --device")
    took = done.wait(WAIT_SECONDS)
    if not took:  # and is left open: closing a dead device can wait for ever
        what = f"{name} is the default device, and took {sum(sizes) / rate:.2f} s of sound in {WAIT_SECONDS:g} s"
        return Finding(FAULT, what, "restart your sound server, or choose another with --device")
    with suppress(library.PortAudioError):
        stream.close()
    facts = f"{rate} Hz, {channels} channels, {max(sizes)} frames a buffer, {1e3 * latency:.0f} ms latency"
    if missed := sum(underflows):
        what = f"{name} opens ({facts}), but asked {missed} times for sound too late"
        return Finding(WARNING, what, "close other programs, or take a larger buffer in your sound server")
    return Finding(FINE, f"{name} is the default device, and opens: {facts}")


def _version(library: ModuleType) -> str:
    """Returns PortAudio's own name and version, without the revision after the comma."""
    return str(library.get_portaudio_version()[1]).split(",", maxsplit=1)[0]


def _shown(entry: Mapping[str, Any], servers: list[str]) -> str:
    index = int(entry["hostapi"])
    system = servers[index] if index < len(servers) else "?"
    return f"{entry['name']}: {entry['max_output_channels']} outputs, {entry['default_samplerate']:g} Hz, {system}"
