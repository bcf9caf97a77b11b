"""Finds the sound devices of this machine by their names in PortAudio."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from types import ModuleType

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.program import command

LIST_SECONDS = 15.0  # after which a list of devices is given up


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """A sound device: its name, number of outputs, sample rate in Hz, and whether the system takes it by default."""

    name: str
    outputs: int
    rate: int
    default: bool = False


def sound_library() -> ModuleType:
    """Returns PortAudio's bindings (`sounddevice`). Raises DeviceError where the library is missing."""
    try:
        import sounddevice
    except OSError as error:  # the bindings look for the system's PortAudio when they are imported
        raise DeviceError(
            f"no sound: {error}", mend="on Debian: apt install libportaudio2; or render to a file"
        ) from None
    return sounddevice


def output_device(name: str | None = None) -> dict[str, object]:
    """Returns PortAudio's description of the device to play on. Raises DeviceError where there is none.

    name: part of the device's name, or None for the default device.
    """
    sounddevice = sound_library()
    try:
        return dict(sounddevice.query_devices(name, "output"))
    except (sounddevice.PortAudioError, ValueError):
        wanted = f"no sound device is called {name!r}" if name else "no sound device"
        have = [entry["name"] for entry in sounddevice.query_devices() if entry["max_output_channels"]]
        raise DeviceError(
            wanted, mend=f"there are: {', '.join(have)}" if have else "connect one, or render to a file"
        ) from None


def list_devices() -> list[SoundDevice]:
    """From any thread; it waits up to a second or so. Returns the sound devices that this machine has now, found by a
    process of their own, since only a fresh PortAudio sees those that came later. Raises DeviceError."""
    try:
        done = subprocess.run(
            command("devices"), capture_output=True, stdin=subprocess.DEVNULL, timeout=LIST_SECONDS, check=False
        )
        said = json.loads(done.stdout.splitlines()[-1])
        found = [SoundDevice(**entry) for entry in said["devices"]]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError, LookupError) as error:
        raise DeviceError(f"the sound devices cannot be listed: {error or type(error).__name__}") from None
    if said.get("error"):
        raise DeviceError(str(said["error"]), mend=str(said.get("mend", "")))
    return found


def print_devices() -> None:
    """Prints the sound devices as one line of JSON, with the error where PortAudio is missing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # sound libraries print there
    said: dict[str, object] = {"devices": []}
    try:
        sounddevice = sound_library()
        entries = [dict(entry) for entry in sounddevice.query_devices() if entry["max_output_channels"]]
        default = output_device()["index"] if entries else None
        said["devices"] = [
            asdict(
                SoundDevice(
                    str(entry["name"]),
                    int(entry["max_output_channels"]),
                    round(float(entry["default_samplerate"])),
                    entry["index"] == default,
                )
            )
            for entry in entries
        ]
    except DeviceError as error:
        said |= {"error": error.what, "mend": error.mend}
    print(json.dumps(said), flush=True)
    os._exit(0)  # PortAudio can wait for a dead audio server for ever
