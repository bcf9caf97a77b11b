"""Sound devices."""

from __future__ import annotations

from demon_patch.runtime.remote.messages.base import Line, Part, Reply, Request


class Devices(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the sound devices of the host's machine."""


class Device(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A sound device. channels: its outputs. rate: samples a second. used: whether the performance plays on it."""

    name: str
    channels: int = 0
    rate: int = 0
    used: bool = False


class DeviceList(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The sound devices. missing: why none can be named."""

    devices: tuple[Device, ...] = ()
    missing: str = ""


class SetDevice(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Plays on another sound device; notices tell how it went.

    device: part of its name; the system's default without it.
    """

    device: Line | None = None
