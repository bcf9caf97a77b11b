"""The MIDI inputs of a performance: opens those that are there, and finds again those that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import NamedTuple, Protocol

from demon_patch.errors import DeviceError
from demon_patch.runtime.devices.midi.decode import Batch, Decoder
from demon_patch.runtime.devices.midi.names import matches, numbered
from demon_patch.runtime.devices.midi.ports import PortName, Receiver
from demon_patch.runtime.devices.status import InputStatus


class System(Protocol):
    """Lists and opens inputs (`MidiSystem`)."""

    def inputs(self) -> list[PortName]:
        """The inputs that are there."""
        ...

    def open_input(self, port: PortName) -> Receiver:
        """Opens one. Raises DeviceError."""
        ...

    def close(self) -> None:
        """Ends."""
        ...


class OpenInput:
    """An input that is heard. number: tells it from all others, also from one of the same name before."""

    def __init__(self, number: int, name: str, port: PortName, receiver: Receiver) -> None:
        self.number, self.name, self.port, self._receiver = number, name, port, receiver
        self.decoder = Decoder()
        self.messages = self.odd = 0

    def read(self, now: float) -> Batch:
        """Returns what it has sent since the last call. now: in seconds."""
        batch = self.decoder.read(self._receiver.get, now)
        self.messages += batch.messages
        self.odd += batch.odd
        return batch

    def close(self) -> None:
        """Closes it."""
        self._receiver.close()

    @property
    def status(self) -> InputStatus:
        """Its state."""
        return InputStatus(self.name, self.port.name, self.messages, self.odd)


class Scan(NamedTuple):
    """What has changed since the last scan: inputs that came and that went."""

    came: tuple[OpenInput, ...]
    went: tuple[OpenInput, ...]


class MidiInputs:
    """All inputs that are heard. Owned by one thread.

    only: patterns of the devices that are heard; all by default.
    tell: called with a message for an input that cannot be opened, once.
    """

    def __init__(self, system: System, tell: Callable[[str], object], only: Sequence[str] = ()) -> None:
        self._system, self._tell, self._only = system, tell, tuple(only)
        self._numbers = count(1)
        self._open: dict[str, OpenInput] = {}  # by key of the port
        self._names: dict[str, str] = {}
        self._refused: set[str] = set()

    def __iter__(self) -> Iterator[OpenInput]:
        return iter(tuple(self._open.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the devices that are heard."""
        return tuple(each.name for each in self._open.values())

    def scan(self) -> Scan:
        """Opens the inputs that have come, and closes those that have gone."""
        listed = {f"{port.system} {port.name}": port for port in self._system.inputs()}
        went = tuple(self._open.pop(key) for key in [key for key in self._open if key not in listed])
        for each in went:
            each.close()
        names = numbered((port.name for port in listed.values()), self._names)
        self._names = names
        self._refused &= listed.keys()
        came = list[OpenInput]()
        for key, port in listed.items():
            name = names[port.name]
            if key in self._open or not self._is_wanted(name):
                continue
            try:
                receiver = self._system.open_input(port)
            except DeviceError as error:
                if key not in self._refused:
                    self._tell(str(error))
                self._refused.add(key)
                continue
            self._refused.discard(key)
            self._open[key] = OpenInput(next(self._numbers), name, port, receiver)
            came.append(self._open[key])
        return Scan(tuple(came), went)

    def _is_wanted(self, name: str) -> bool:
        return not self._only or any(matches(pattern, name) for pattern in self._only)

    def close(self) -> None:
        """Closes all."""
        for each in self._open.values():
            each.close()
        self._open.clear()
        self._system.close()
