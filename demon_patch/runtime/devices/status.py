"""What clients are told of the devices of a performance: one immutable value, and numbered events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.devices.mapping.learn import LearnTarget

EventKind = Literal["armed", "learned", "cancelled", "connected", "gone", "missing", "waiting", "caught"]


@dataclass(frozen=True, slots=True)
class InputStatus:
    """A MIDI input. name: of the device. port: what the system calls it. messages: how many came. odd: how many of
    them were no whole MIDI message."""

    name: str
    port: str
    messages: int = 0
    odd: int = 0


@dataclass(frozen=True, slots=True)
class MappingStatus:
    """A mapping.

    place: where its controller stands, 0 to 1; None before it has moved.
    value: what the knob would have there, in the port's unit.
    caught: whether the controller has the knob; one that has not waits until it reaches the knob.
    connected: whether a device of its pattern is there.
    problem: why its port cannot be turned; empty if it can.
    """

    place: float | None = None
    value: Value | None = None
    caught: bool = True
    connected: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """Something that happened. number: counts from 1.

    armed, learned, cancelled: of learning a controller. connected, gone, missing: of a device. waiting: a controller
    was moved that has not the knob; caught: it has it now.
    device: its name. mapping: the id of a mapping. node, port: what it turns. place, value: see `MappingStatus`.
    """

    number: int
    kind: EventKind
    device: str = ""
    mapping: str = ""
    node: str = ""
    port: str = ""
    place: float | None = None
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class DevicesStatus:
    """The devices of a performance.

    inputs: the MIDI inputs that are heard.
    mappings: by id.
    missing: the device patterns for which no device is connected, with how many mappings wait for each.
    learning: what a controller is learned for; None while nothing is.
    osc: where OSC is heard, "127.0.0.1:9000"; empty while it is not.
    clock_from: the device whose clock the transport follows; empty while there is none.
    clock_bpm: its tempo; None before it is known.
    clock_to: the devices that get our clock.
    """

    inputs: tuple[InputStatus, ...] = ()
    mappings: Mapping[str, MappingStatus] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    learning: LearnTarget | None = None
    osc: str = ""
    clock_from: str = ""
    clock_bpm: float | None = None
    clock_to: tuple[str, ...] = ()
