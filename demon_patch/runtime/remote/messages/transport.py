"""The transport, and what is heard at once: bypass, mute, panic."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.remote.messages.base import Request, Seconds

Bpm = Annotated[float, Meta(ge=20, le=400)]


class Play(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Lets the transport run, or stops it."""

    on: bool


class Seek(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Jumps to a moment of the song. seconds: of the song. at: the grid on which it jumps."""

    seconds: Seconds
    at: Grid | None = None


class Loop(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Repeats a stretch of the song, or the whole song.

    region: [from, to] in seconds of the song; the whole song without it. at: the grid on which it begins.
    """

    region: tuple[Seconds, Seconds] | None = None
    at: Grid | None = None


class Tempo(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Sets the tempo by hand. bpm: beats a minute, 20 to 400. at: the grid on which it begins."""

    bpm: Bpm
    at: Grid | None = None


class Tap(Request, frozen=True, kw_only=True, omit_defaults=True):
    """A beat is tapped now; from the second on they set the tempo."""


class Follow(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Makes the transport's beats the song's beats, or lets them run on their own."""

    on: bool


class Bypass(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Plays the source unchanged in place of what is generated, or not."""

    on: bool


class Mute(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Silences the sound at once, or ends the silence; the transport runs on."""

    on: bool


class SafeMode(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Puts the performance into safe mode, or ends it; the status says whether it is on.

    In safe mode the sound is muted, no MIDI and no OSC is heard, no ramp moves, and all live values, live mutes and
    recalls that wait are dropped, so that a patch or a device that goes wrong can be mended in peace. The document
    stays as it is: `versions` and `restore` give the last good one. `demon-patch host --safe` starts in safe mode.
    """

    on: bool


class Panic(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Silences the sound at once and releases all live values."""
