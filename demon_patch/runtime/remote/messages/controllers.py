"""MIDI, OSC and clocks: learning a controller, and what the host's machine hears and sends."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from demon_patch.patch.model.dashboard import ControlMapping
from demon_patch.patch.model.json_values import Value
from demon_patch.runtime.remote.messages.base import Event, Id, Line, Part, Reply, Request

Milliseconds = Annotated[float, Meta(ge=-1000, le=1000)]


class Learn(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Maps the next controller that is moved to a port, as an edit that the client can undo; events tell that it is
    armed, and what was learned.

    node, port: what the controller will turn.
    add: the port keeps its mappings; otherwise the new one takes the place of the first, and its form.
    form: a mapping with the mode, range, curve, takeover and coding that the new one gets.
    """

    node: Id
    port: Line
    add: bool = False
    form: ControlMapping | None = None


class CancelLearn(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Stops waiting for a controller."""


class Controllers(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the MIDI inputs, the mappings, OSC and the clocks of the host's machine."""


class MidiInput(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A MIDI input that is heard. name: of the device. messages: how many came from it."""

    name: str
    messages: int = 0


class MappingState(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A mapping of the patch.

    place: where its controller stands, 0 to 1; null before it has moved.
    value: what the knob would have there, in the port's unit.
    caught: whether the controller has the knob; one that has not waits until it reaches the knob.
    connected: whether a device of its pattern is there.
    problem: why its port cannot be turned.
    """

    place: float | None = None
    value: Value | None = None
    caught: bool = True
    connected: bool = True
    problem: str = ""


class ControllerList(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """What the host's machine hears and sends.

    inputs: the MIDI inputs. mappings: by id.
    missing: the device patterns without a device, with how many mappings wait for each.
    osc: where OSC is heard, as 127.0.0.1:9000; empty while it is not.
    clock_from: the device whose clock the transport follows. clock_bpm: its tempo. clock_to: who gets our clock.
    """

    inputs: tuple[MidiInput, ...] = ()
    mappings: dict[str, MappingState] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    osc: str = ""
    clock_from: str = ""
    clock_bpm: float | None = None
    clock_to: tuple[str, ...] = ()


class FollowClock(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Lets the transport follow the clock of a MIDI device.

    device: part of its name, `*` or empty for any; null for none.
    offset: milliseconds by which its beats are taken to be later than its messages come.
    """

    device: Line | None
    offset: Milliseconds = 0.0


class SendClock(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Sends the clock to MIDI devices, or to none. outputs: by part of a device's name, the milliseconds by which it is
    late."""

    outputs: Annotated[dict[Line, Milliseconds], Meta(max_length=32)] = field(default_factory=dict)


class ControllerEvent(Event, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a controller.

    number: counts these events from 1.
    kind: `armed`, `learned`, `cancelled` of learning; `connected`, `gone`, `missing` of a device; `waiting` for a
        controller that was moved and has not the knob yet, `caught` for one that has it now.
    device: its name. mapping: its id. node, port: what it turns. place, value: as in `MappingState`.
    """

    number: int
    kind: Literal["armed", "learned", "cancelled", "connected", "gone", "missing", "waiting", "caught"]
    device: str = ""
    mapping: str = ""
    node: str = ""
    port: str = ""
    place: float | None = None
    value: Value | None = None
