"""Reads the options of a command that plays, and gives them to the devices of a performance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from demon_patch.errors import DemonError
from demon_patch.runtime.devices.hub import DevicesHub
from demon_patch.runtime.devices.osc.server import LOOPBACK


def osc_place(text: str) -> tuple[int, str]:
    """Reads "9000" or "0.0.0.0:9000" as a port and the address that is listened on, that of this machine itself where
    none is named. Raises DemonError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not port.isascii() or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise DemonError(f"{text!r} is no OSC port", mend="write a port of 1 to 65535, or ADDRESS:PORT")
    return int(port), host or LOOPBACK


def clock_place(text: str) -> tuple[str, float]:
    """Reads "Drums" or "Drums=-12.5" as the name of a MIDI device and an offset in ms. Raises DemonError."""
    name, equals, offset = text.rpartition("=")
    if not equals:
        return text, 0.0
    try:
        found = float(offset)
    except ValueError:
        found = float("nan")
    if not -1000 <= found <= 1000:
        raise DemonError(f"{offset!r} is no offset of a clock", mend="write NAME=MS, -1000 to 1000 ms")
    return name, found


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """What the options of a command say of devices.

    osc: the UDP port, and the address that is listened on; None for no OSC.
    clock_in: the pattern of the MIDI device whose clock is followed, and its offset in ms; None for none.
    clock_out: by pattern of a MIDI device that gets our clock, the offset in ms.
    """

    osc: tuple[int, str] | None = None
    clock_in: tuple[str, float] | None = None
    clock_out: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, osc: str | None, clock_in: str | None, clock_out: Sequence[str]) -> DeviceOptions:
        """Reads the texts of the options (`osc_place`, `clock_place`). Raises DemonError."""
        return cls(
            None if osc is None else osc_place(osc),
            None if clock_in is None else clock_place(clock_in),
            dict(map(clock_place, clock_out)),
        )

    def attach(self, hub: DevicesHub, tell: Callable[[str], object]) -> None:
        """Opens all of it for a performance. `tell` gets a message that says how OSC went."""

        def told(answer: Future[str]) -> None:
            error = answer.exception()
            tell(str(error) if error is not None else f"OSC is heard on {answer.result()}")

        if self.osc is not None:
            hub.listen_osc(*self.osc).add_done_callback(told)
        if self.clock_in is not None:
            hub.follow_clock(*self.clock_in)
        if self.clock_out:
            hub.send_clock(self.clock_out)
