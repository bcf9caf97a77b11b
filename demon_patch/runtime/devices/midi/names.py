"""Names of MIDI devices that stay the same when a device is plugged in again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from demon_patch.errors import visible

_CHANGING = re.compile(
    r"\s+\d+:\d+$"  # client and port numbers of ALSA
    r"| \[\d+\]"  # a client number within a name of JACK
    r"|-\d\d(?=:)"  # what JACK adds to a second client of one name
)
_HALVES = re.compile(r"([^:]+):\1\b\s*")  # "Keys:Keys MIDI 1": the client's name stands twice


def device_name(port: str) -> str:
    """Returns the lasting part of a port's name: "nanoKONTROL2:nanoKONTROL2 MIDI 1 20:0" is "nanoKONTROL2 MIDI 1"."""
    name = _CHANGING.sub("", visible(port)).strip()
    return _HALVES.sub(r"\1 ", name).strip() or "MIDI device"


def numbered(ports: Iterable[str], present: Mapping[str, str]) -> dict[str, str]:
    """Gives each port a device name of its own: the second of one name is "X (2)".

    ports: the names of the ports, in the system's order.
    present: the device names of ports that were there before, by port; they keep them.
    """
    listed = list(ports)
    names = {port: present[port] for port in listed if port in present}
    for port in listed:
        if port not in names:
            name, number = device_name(port), 1
            while (found := name if number == 1 else f"{name} ({number})") in names.values():
                number += 1
            names[port] = found
    return names


@lru_cache(4096)
def matches(pattern: str, name: str) -> bool:
    """Whether a device name fits a pattern, in which * stands for any characters; capitals do not count. An empty
    pattern fits all."""
    if not pattern:
        return True
    wanted = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(wanted, name, re.IGNORECASE | re.DOTALL) is not None
