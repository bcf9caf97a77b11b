"""The MIDI ports of this machine: ALSA, JACK, and those of Windows and macOS.

Messages are fetched, not called back: the system's thread only puts them into a buffer and never waits for Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from demon_patch.errors import DeviceError

CLIENT = "demon_patch"
QUEUE = 1 << 15  # messages that wait for Python
SHARED_MEMORY = Path("/dev/shm")
SOCKETS = Path("/proc/net/unix")
SEQUENCER = Path("/dev/snd/seq")


class PortName(NamedTuple):
    """A port. system: "alsa", "jack", "mac" or "windows". name: what the system calls it."""

    system: str
    name: str


class Receiver(NamedTuple):
    """An open input. get: returns the next message, or None. close: closes it."""

    get: Callable[[], tuple[Sequence[int], float] | None]
    close: Callable[[], None]


class Sender(NamedTuple):
    """An open output. send: sends a message, given as its bytes. close: closes it."""

    send: Callable[[Sequence[int]], None]
    close: Callable[[], None]


def jack_runs() -> bool:
    """Whether a JACK server of this user runs. Asking its library where none runs would write on the terminal."""
    server = os.environ.get("JACK_DEFAULT_SERVER", "default")
    user = getattr(os, "getuid", int)()
    doors = list(SHARED_MEMORY.glob(f"jack_{server}_{user}_*"))
    with suppress(OSError):
        listening = SOCKETS.read_text(errors="replace")  # a server that was killed leaves its files behind
        return any(str(door) in listening for door in doors)
    return bool(doors)


def systems() -> tuple[str, ...]:
    """Returns the MIDI systems that can be used now."""
    if sys.platform == "darwin":
        return ("mac",)
    if sys.platform == "win32":
        return ("windows",)
    found = (("alsa", os.access(SEQUENCER, os.R_OK | os.W_OK)), ("jack", jack_runs()))
    return tuple(system for system, there in found if there)


def what_is_missing() -> str:
    """Returns what a person can do about it where no MIDI system can be used."""
    return "load the ALSA sequencer (modprobe snd-seq), or start a JACK server"


class MidiSystem:
    """Lists and opens ports. Owned by one thread.

    Raises DeviceError where a port cannot be opened.
    """

    def __init__(self) -> None:
        self._listing: dict[tuple[str, bool], Any] = {}

    def inputs(self) -> list[PortName]:
        """Returns the ports that send to us, in the system's order."""
        return self._ports(outputs=False)

    def outputs(self) -> list[PortName]:
        """Returns the ports that we can send to, in the system's order."""
        return self._ports(outputs=True)

    def open_input(self, port: PortName) -> Receiver:
        """Opens an input. Messages are kept for it from then on."""
        device = self._new(port.system, outputs=False)
        device.ignore_types(sysex=True, timing=False, active_sense=True)
        self._connect(device, port, "in")
        return Receiver(device.get_message, lambda: _close(device))

    def open_output(self, port: PortName) -> Sender:
        """Opens an output."""
        device = self._new(port.system, outputs=True)
        self._connect(device, port, "out")
        return Sender(device.send_message, lambda: _close(device))

    def close(self) -> None:
        """Closes what it lists with; ports that are open stay open."""
        for device in self._listing.values():
            _close(device)
        self._listing.clear()

    def _ports(self, *, outputs: bool) -> list[PortName]:
        there, found = systems(), list[PortName]()
        for system, of_outputs in [key for key in self._listing if key[0] not in there]:
            _close(self._listing.pop((system, of_outputs)))
        for system in there:
            try:
                if (system, outputs) not in self._listing:
                    self._listing[system, outputs] = self._new(system, outputs=outputs)
                names = self._listing[system, outputs].get_ports()
            except DeviceError:
                continue
            except Exception:  # the system's server is gone
                _close(self._listing.pop((system, outputs)))
                continue
            # what JACK shows of ALSA is there already
            bridged = ("a2j:", "system:midi_") if system == "jack" and "alsa" in there else ()
            found += [PortName(system, name) for name in names if CLIENT not in name and not name.startswith(bridged)]
        return found

    @staticmethod
    def _new(system: str, *, outputs: bool) -> Any:
        import rtmidi as module

        rtmidi: Any = module
        kinds = {"alsa": "API_LINUX_ALSA", "jack": "API_UNIX_JACK", "mac": "API_MACOSX_CORE"}
        api = getattr(rtmidi, kinds.get(system, "API_WINDOWS_MM"))
        try:
            if outputs:
                return rtmidi.MidiOut(api, name=CLIENT)
            return rtmidi.MidiIn(api, name=CLIENT, queue_size_limit=QUEUE)
        except (SystemError, RuntimeError, ValueError) as error:
            raise DeviceError(f"no MIDI: {error}", mend=what_is_missing()) from None

    @staticmethod
    def _connect(device: Any, port: PortName, name: str) -> None:
        try:
            device.open_port(device.get_ports().index(port.name), name)
        except Exception as error:
            _close(device)
            raise DeviceError(
                f"the MIDI device {port.name!r} cannot be opened: {error}",
                mend="connect it, or close the program that uses it",
            ) from None


def _close(device: Any) -> None:
    """Closes a port and gives its client back at once; a system that is gone raises nothing."""
    with suppress(Exception):
        device.close_port()
    with suppress(Exception):
        device.delete()
