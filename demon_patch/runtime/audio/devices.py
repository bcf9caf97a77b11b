"""Finds the sound devices of this machine by their names in PortAudio."""

from __future__ import annotations

from types import ModuleType

from demon_patch.errors import DeviceError


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
