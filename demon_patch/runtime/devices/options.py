"""Reads the options of a command that plays, and gives them to the devices of a performance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

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


def attach(
    hub: DevicesHub,
    tell: Callable[[str], object],
    *,
    osc: str | None = None,
    clock_in: str | None = None,
    clock_out: Sequence[str] = (),
) -> None:
    """Opens what a command's options name. Raises DemonError for an option that cannot be read; what cannot be opened
    is told.

    osc: see `osc_place`. clock_in: the MIDI device whose clock is followed, see `clock_place`; "*" for any.
    clock_out: those that get ours.
    """
    outputs = dict(map(clock_place, clock_out))
    followed = None if clock_in is None else clock_place(clock_in)
    if osc is not None:

        def told(answer: Future[str]) -> None:
            error = answer.exception()
            tell(str(error) if error is not None else f"OSC is heard on {answer.result()}")

        hub.listen_osc(*osc_place(osc)).add_done_callback(told)
    if followed is not None:
        hub.follow_clock(*followed)
    if outputs:
        hub.send_clock(outputs)
