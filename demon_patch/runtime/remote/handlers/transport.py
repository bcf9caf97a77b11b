"""The transport, bypass, mute and panic."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.transport import (
    Bypass,
    Follow,
    Loop,
    Mute,
    Panic,
    Play,
    SafeMode,
    Seek,
    Tap,
    Tempo,
)
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.served_host import ServedHost


def play(served: ServedHost, peer: Peer, message: Play) -> Done:
    """Lets the transport run, or stops it."""
    served.host.play(message.on)
    return Done()


def seek(served: ServedHost, peer: Peer, message: Seek) -> Done:
    """Jumps within the song."""
    served.host.seek(message.seconds, message.at or 0.0)
    return Done()


def loop(served: ServedHost, peer: Peer, message: Loop) -> Done:
    """Loops a stretch of the song, or the whole."""
    if message.region is not None and not 0 <= message.region[0] < message.region[1]:
        lo, hi = message.region
        raise PatchError(f"a loop from {lo:g} to {hi:g} s", port="loop", mend="give its begin, then its end")
    served.host.loop(message.region, message.at or 0.0)
    return Done()


def tempo(served: ServedHost, peer: Peer, message: Tempo) -> Done:
    """Sets the tempo by hand."""
    served.host.tempo(message.bpm, message.at or 0.0)
    return Done()


def tap(served: ServedHost, peer: Peer, message: Tap) -> Done:
    """Taps a beat."""
    served.host.tap()
    return Done()


def follow(served: ServedHost, peer: Peer, message: Follow) -> Done:
    """Follows the song's beats, or does not."""
    served.host.follow(message.on)
    return Done()


def bypass(served: ServedHost, peer: Peer, message: Bypass) -> Done:
    """Plays the source unchanged, or does not."""
    served.host.bypass(message.on)
    return Done()


def mute(served: ServedHost, peer: Peer, message: Mute) -> Done:
    """Silences the sound, or ends the silence."""
    served.host.mute(message.on)
    return Done()


def safe_mode(served: ServedHost, peer: Peer, message: SafeMode) -> Done:
    """Begins or ends safe mode."""
    served.host.safe_mode(message.on)
    return Done()


def panic(served: ServedHost, peer: Peer, message: Panic) -> Done:
    """Silences the sound and releases live values."""
    served.host.panic()
    return Done()
