"""Sound devices."""

from __future__ import annotations

from demon_patch.errors import DeviceError
from demon_patch.runtime.audio.devices import sound_library
from demon_patch.runtime.remote.desk import Desk
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.devices import Device, DeviceList, Devices, SetDevice
from demon_patch.runtime.remote.peer import Peer


@slow
def devices(desk: Desk, peer: Peer, message: Devices) -> DeviceList:
    """Lists the sound devices."""
    try:
        entries = [dict(entry) for entry in sound_library().query_devices()]
    except DeviceError as error:
        return DeviceList(missing=str(error))
    used = desk.host.status.device
    found = [
        Device(
            name=str(entry["name"]),
            channels=int(entry["max_output_channels"]),
            rate=round(float(entry["default_samplerate"])),
            used=str(entry["name"]) == used,
        )
        for entry in entries
        if entry["max_output_channels"]
    ]
    return DeviceList(devices=tuple(found), missing="" if found else "no sound device")


def set_device(desk: Desk, peer: Peer, message: SetDevice) -> Done:
    """Plays on another device."""
    host = desk.host
    host.tick_loop.post(lambda: host.link.set_device(message.device))
    return Done()
