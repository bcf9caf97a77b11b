"""A MIDI device for benches: a port of this process on the machine's MIDI system, which comes and goes."""

from __future__ import annotations

import random
from time import sleep
from typing import Any

from demon_patch.runtime.devices.midi.ports import systems

MESSAGES = 200  # a second
NOTE_ON, NOTE_OFF, CONTROLLER, BEND = 0x90, 0x80, 0xB0, 0xE0


class MidiPlayer:
    """Plays notes and controllers. sent: messages so far."""

    def __init__(self, api: Any, module: Any) -> None:
        self._api, self._module, self.sent = api, module, 0

    def play(self, seconds: float, rng: random.Random) -> None:
        """Opens a port, sends MESSAGES a second, and closes it. Every note that begins ends."""
        port = self._module.MidiOut(self._api, name="bench keys")
        port.open_virtual_port("out")
        try:
            sleep(1.5)  # the host looks for new devices once a second
            for _ in range(round(seconds * MESSAGES / 4)):
                note, channel = rng.randrange(36, 84), rng.randrange(2)
                port.send_message([NOTE_ON | channel, note, rng.randrange(1, 128)])
                port.send_message([CONTROLLER | channel, rng.randrange(1, 8), rng.randrange(128)])
                port.send_message([BEND | channel, rng.randrange(128), rng.randrange(128)])
                port.send_message([NOTE_OFF | channel, note, 0])
                self.sent += 4
                sleep(4 / MESSAGES)
        finally:
            port.close_port()
            port.delete()


def midi_player() -> MidiPlayer | None:
    """Returns a player on JACK or ALSA; None where there is neither."""
    import rtmidi as module  # noqa: PLC0415 - loads the system's libraries

    rtmidi: Any = module
    kinds = {"jack": "API_UNIX_JACK", "alsa": "API_LINUX_ALSA"}
    for system in ("jack", "alsa"):
        if system in systems():
            return MidiPlayer(getattr(rtmidi, kinds[system]), rtmidi)
    return None
