"""Subscriptions to telemetry."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.remote.messages.base import Point
from demon_patch.runtime.remote.messages.telemetry import Watch, Watching
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.points import flat_point
from demon_patch.runtime.remote.served_host import ServedHost

OF_POINTS = ("signals", "forecast", "knobs")


def watch(served: ServedHost, peer: Peer, message: Watch) -> Watching:
    """Changes a subscription."""
    if message.what in OF_POINTS and message.rate and not message.points:
        raise PatchError(f"no points of {message.what} are named", mend="give [node, port, in, out or state] for each")
    for kept in (peer.watches, peer.known, peer.due):
        kept.pop(message.what, None)
    if message.rate:
        peer.watches[message.what] = message
    served.resubscribe()
    patch = served.host.patch
    unknown = (place for place, point in enumerate(message.points) if not _exists(patch, point))
    return Watching(unknown=tuple(unknown))


def _exists(patch: Patch, point: Point) -> bool:
    """Returns whether a patch has a signal."""
    node, port, side = flat_point(patch, point)
    try:
        found = patch.flat.nodes.get(node)
    except PatchError:
        return False
    declaration = None if found is None else CATALOGUE.get(found.type)
    if declaration is None:
        return False
    if side == "state":
        return any(name == port and isinstance(first, float) for name, first in declaration.states)
    return port in declaration.by_name if side == "in" else any(port == out.name for out in declaration.signals)
