"""What OSC messages do in a performance: they turn knobs, feed listening nodes, and move mappings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from demon_patch.errors import PatchError
from demon_patch.patch.model.dashboard import Controller
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.devices.feeds import Feeds
from demon_patch.runtime.devices.osc.addresses import PATTERN, STARS, OscPort, addresses, expression, hit, place, taken
from demon_patch.runtime.devices.osc.server import LOOPBACK, OscMessage, OscServer
from demon_patch.runtime.graph.live_inputs import Listener


@dataclass(slots=True)
class HeardOsc:
    """What some messages do, beside feeding live inputs.

    turns: node, port and value of knobs, each once. places: addresses and places of 0 to 1, for mappings. sources: what
    can be learned. mistakes: what could not be done.
    """

    turns: list[tuple[str, str, Value]] = field(default_factory=list)
    places: list[tuple[str, float]] = field(default_factory=list)
    sources: list[Controller] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


class OscHearing:
    """OSC of a performance. Owned by one thread."""

    def __init__(self) -> None:
        self._server: OscServer | None = None
        self._patch: Patch | None = None
        self._known: Mapping[str, OscPort] = {}
        self._odd = 0

    @property
    def open(self) -> bool:
        """Whether OSC is heard."""
        return self._server is not None

    @property
    def name(self) -> str:
        """Where it is heard: "127.0.0.1:9000"; empty while it is not."""
        return "" if self._server is None else self._server.name

    def listen(self, port: int, host: str = LOOPBACK) -> str:
        """Hears OSC on a UDP port, and no more on the one before. Returns where. Raises DeviceError."""
        self.close()
        self._server = OscServer(port, host)
        return self._server.name

    def close(self) -> None:
        """Hears no OSC any more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def read(self, patch: Patch, listeners: Mapping[str, Listener], frame: int | None, feeds: Feeds) -> HeardOsc:
        """Takes all messages that wait, and feeds live inputs.

        patch: the document. frame: the present control frame.
        """
        heard = HeardOsc()
        if self._server is None:
            return heard
        turned: dict[tuple[str, str], Value] = {}
        for message in self._server.read():
            if patch is not self._patch:
                self._patch, self._known = patch, addresses(patch)
            self._take(message, listeners, frame, feeds, heard, turned)
        heard.turns = [(node, port, value) for (node, port), value in turned.items()]
        if self._server.odd > self._odd:
            self._odd = self._server.odd
            heard.mistakes.append(f"what came to the OSC port {self._server.port} was no OSC message")
        return heard

    def _take(
        self,
        message: OscMessage,
        listeners: Mapping[str, Listener],
        frame: int | None,
        feeds: Feeds,
        heard: HeardOsc,
        turned: dict[tuple[str, str], Value],
    ) -> None:
        address, arguments = message
        known = False
        number = place(arguments)
        for id, listener in listeners.items():
            if listener.type == "osc_in" and _hears(str(listener.settings.get("address", "")), address):
                known = True
                if number is not None:
                    feeds.number(frame, id, "number", number)
                feeds.gate(frame, id, "message", 0.0, 1)
        for port in hit(address, self._known):
            known = True
            try:
                self._move(port, taken(port, arguments), frame, feeds, turned)
            except PatchError as error:
                heard.mistakes.append(str(error))
        if number is not None:
            heard.places.append((address, min(max(number, 0.0), 1.0)))
            if not known and len(address) <= 200:
                heard.sources.append(Controller("osc", address=address))
        if not known and address.startswith("/patch/"):
            heard.mistakes.append(f"the patch has no OSC address {address[:80]} (demon-patch devices PATCH names them)")

    @staticmethod
    def _move(
        port: OscPort, value: Value, frame: int | None, feeds: Feeds, turned: dict[tuple[str, str], Value]
    ) -> None:
        if not port.of.live:
            turned[port.node, port.port] = value
        elif port.of.type == "gate" and isinstance(value, int | float):
            feeds.gate(frame, port.node, port.port, float(value > 0), int(value > 0))
        elif isinstance(value, int | float) and math.isfinite(value):
            feeds.number(frame, port.node, port.port, float(value))


@lru_cache(1024)
def _pattern(address: str) -> re.Pattern[str]:
    return expression(address[:256])


def _hears(pattern: str, address: str) -> bool:
    """Whether a node's address, which may be a pattern, is that of a message."""
    if pattern == address:
        return True
    return (
        bool(PATTERN.search(pattern))
        and pattern.count("*") <= STARS
        and _pattern(pattern).fullmatch(address) is not None
    )
