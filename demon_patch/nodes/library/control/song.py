"""Where in the song the music is."""

from __future__ import annotations

from demon_patch.codegen.frame import Frame
from demon_patch.codegen.vocabulary import inf
from demon_patch.nodes.language.declare import node
from demon_patch.nodes.language.ports import out


@node(
    "song_position",
    "Song Position",
    "Tells where in the song the music is, so that movements follow its form.",
    out=(
        out("fraction", 0, 1, doc="From 0 at its beginning to 1 at its end."),
        out("seconds", 0, inf, unit="s", doc="Seconds of song."),
        out("bar", 0, inf, unit="bars", doc="Bars of song, with their fractions."),
    ),
    category="control",
    display="phase",
    tags=("playhead", "time", "form", "bar", "progress"),
)
def song_position(t: Frame):
    """The song position wraps with the song; bars count from its beginning at the transport's tempo and metre."""
    return t.song / t.length, t.song, t.song_bar
