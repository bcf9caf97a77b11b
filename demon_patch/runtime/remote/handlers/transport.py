"""The transport, bypass, mute and panic."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.runtime.remote.desk import Desk
from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.transport import Bypass, Follow, Loop, Mute, Panic, Play, Seek, Tap, Tempo
from demon_patch.runtime.remote.peer import Peer


def play(desk: Desk, peer: Peer, message: Play) -> Done:
    """Lets the transport run, or stops it."""
    desk.host.play(message.on)
    return Done()


def seek(desk: Desk, peer: Peer, message: Seek) -> Done:
    """Jumps within the song."""
    desk.host.seek(message.seconds, message.at or 0.0)
    return Done()


def loop(desk: Desk, peer: Peer, message: Loop) -> Done:
    """Loops a stretch of the song, or the whole."""
    if message.region is not None and not 0 <= message.region[0] < message.region[1]:
        lo, hi = message.region
        raise PatchError(f"a loop from {lo:g} to {hi:g} s", port="loop", mend="give its begin, then its end")
    desk.host.loop(message.region, message.at or 0.0)
    return Done()


def tempo(desk: Desk, peer: Peer, message: Tempo) -> Done:
    """Sets the tempo by hand."""
    desk.host.tempo(message.bpm, message.at or 0.0)
    return Done()


def tap(desk: Desk, peer: Peer, message: Tap) -> Done:
    """Taps a beat."""
    desk.host.tap()
    return Done()


def follow(desk: Desk, peer: Peer, message: Follow) -> Done:
    """Follows the song's beats, or does not."""
    desk.host.follow(message.on)
    return Done()


def bypass(desk: Desk, peer: Peer, message: Bypass) -> Done:
    """Plays the source unchanged, or does not."""
    desk.host.bypass(message.on)
    return Done()


def mute(desk: Desk, peer: Peer, message: Mute) -> Done:
    """Silences the sound, or ends the silence."""
    desk.host.mute(message.on)
    return Done()


def panic(desk: Desk, peer: Peer, message: Panic) -> Done:
    """Silences the sound and releases live values."""
    desk.host.panic()
    return Done()
