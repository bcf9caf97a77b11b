"""MIDI, OSC and clocks."""

from __future__ import annotations

from dataclasses import asdict

from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.controllers import (
    CancelLearn,
    ControllerList,
    Controllers,
    FollowClock,
    Learn,
    MappingState,
    MidiInput,
    SendClock,
)
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost


def learn(served: ServedHost, peer: Peer, message: Learn) -> Done:
    """Waits for a controller."""
    hub = served.host.devices_hub
    hub.learn(message.node, message.port, client=peer.name, add=message.add, form=message.form)
    return Done()


def cancel_learn(served: ServedHost, peer: Peer, message: CancelLearn) -> Done:
    """Waits for no controller any more."""
    served.host.devices_hub.cancel_learn()
    return Done()


def controllers(served: ServedHost, peer: Peer, message: Controllers) -> ControllerList:
    """Lists what is heard and sent."""
    status = served.host.devices_hub.status
    return ControllerList(
        inputs=tuple(MidiInput(name=each.name, messages=each.messages) for each in status.inputs),
        mappings={id: MappingState(**asdict(kept)) for id, kept in status.mappings.items()},
        missing=dict(status.missing),
        osc=status.osc,
        clock_from=status.clock_from,
        clock_bpm=status.clock_bpm,
        clock_to=status.clock_to,
    )


def follow_clock(served: ServedHost, peer: Peer, message: FollowClock) -> Done:
    """Follows a clock."""
    served.host.devices_hub.follow_clock("" if message.device == "*" else message.device, message.offset)
    return Done()


def send_clock(served: ServedHost, peer: Peer, message: SendClock) -> Done:
    """Sends the clock."""
    served.host.devices_hub.send_clock(message.outputs)
    return Done()
