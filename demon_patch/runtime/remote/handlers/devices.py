"""Sound devices and the master volume."""

from __future__ import annotations

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.device_choice import DeviceChoice
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.devices import Device, DeviceList, Devices, SetDevice, SetVolume
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost


@slow
def devices(served: ServedHost, peer: Peer, message: Devices) -> DeviceList:
    """Lists the sound devices."""
    try:
        found = served.host.devices()
    except DeviceError as error:
        return DeviceList(missing=str(error))
    used = served.host.status.device
    listed = (
        Device(name=d.name, channels=d.outputs, rate=d.rate, default=d.default, used=d.name == used) for d in found
    )
    return DeviceList(devices=tuple(listed), missing="" if found else "no sound device")


def set_device(served: ServedHost, peer: Peer, message: SetDevice) -> Done:
    """Plays on another device, or on none."""
    DeviceChoice(message.device, message.outputs, message.buffer)
    served.host.set_device(message.device, message.outputs, message.buffer)
    return Done()


def set_volume(served: ServedHost, peer: Peer, message: SetVolume) -> Done:
    """Sets the master volume."""
    served.host.set_volume(message.decibels)
    return Done()
