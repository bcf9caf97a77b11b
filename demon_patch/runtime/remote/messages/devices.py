"""Sound devices and the master volume."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from demon_patch.runtime.remote.messages.base import Line, Part, Reply, Request


class Devices(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the sound devices of the host's machine."""


class Device(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A sound device. channels: its outputs. rate: samples a second. default: whether the system takes it by default.
    used: whether the performance plays on it."""

    name: str
    channels: int = 0
    rate: int = 0
    default: bool = False
    used: bool = False


class DeviceList(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The sound devices. missing: why none can be named."""

    devices: tuple[Device, ...] = ()
    missing: str = ""


class SetDevice(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Plays on another sound device; notices tell how it went.

    device: part of its name; the system's default without it; `none` for a clock without a sound card.
    outputs: the device's outputs that sound, counted from 1; the first ones by default.
    buffer: frames of one buffer; 0 for the device's shortest safe one.
    """

    device: Line | None = None
    outputs: Annotated[tuple[Annotated[int, Meta(ge=1, le=4096)], ...], Meta(max_length=64)] = ()
    buffer: Annotated[int, Meta(ge=0, le=2**20)] = 0


class SetVolume(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Sets the master volume, before the limiter. decibels: -60 (silence) to 12."""

    decibels: Annotated[float, Meta(ge=-60, le=12)]
