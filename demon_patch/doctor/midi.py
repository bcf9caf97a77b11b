"""Checks of MIDI: its libraries, the system behind them, and the ports."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from demon_patch.doctor.findings import FINE, WARNING, Finding

SEQUENCER = Path("/dev/snd/seq")
INSTALL = "pip install mido python-rtmidi"
CLIENT = "demon-patch doctor"


def midi() -> Iterator[Finding]:
    """Looks at mido and rtmidi, at ALSA's sequencer, and at the ports of each system that rtmidi was built for."""
    lacking = False
    for name in ("mido", "rtmidi"):
        try:
            import_module(name)
        except (ImportError, OSError) as error:
            lacking = True
            yield Finding(WARNING, f"{name} cannot be loaded: {' '.join(str(error).split())}", INSTALL)
    if lacking:
        return
    rtmidi = import_module("rtmidi")
    systems = {api: str(rtmidi.get_api_display_name(api)) for api in rtmidi.get_compiled_api()}
    yield Finding(FINE, f"mido and rtmidi are there, for {', '.join(systems.values()) or 'no system'}")
    if sys.platform == "linux" and not os.access(SEQUENCER, os.R_OK | os.W_OK):
        there = SEQUENCER.exists()
        what = "may not be opened by you" if there else "is missing, so that no MIDI device is found there"
        mend = "add yourself to the group audio, and log in again" if there else "sudo modprobe snd-seq"
        yield Finding(WARNING, f"ALSA's sequencer ({SEQUENCER}) {what}", mend)
        systems.pop(rtmidi.API_LINUX_ALSA, None)
    ports: list[str] = []
    for api, title in systems.items():
        ports += _ports(rtmidi, api, title)
    if ports:
        yield Finding(FINE, f"{len(ports)} MIDI {'port' if len(ports) == 1 else 'ports'}", details=tuple(ports))
    else:
        yield Finding(FINE, "no MIDI port: no device is connected")


def _ports(rtmidi: ModuleType, api: int, title: str) -> Iterator[str]:
    """Yields the ports of a system; none where it does not run."""
    for kind, word in ((rtmidi.MidiIn, "input"), (rtmidi.MidiOut, "output")):
        try:
            device = kind(api, CLIENT)
        except (RuntimeError, OSError, rtmidi.RtMidiError):
            return
        try:
            if device.get_current_api() == api:
                yield from (f"{title} {word}: {name}" for name in device.get_ports())
        finally:
            device.delete()
