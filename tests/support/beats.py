"""Where beats fall, worked out from a transport's tempi alone."""

from __future__ import annotations

from demon_patch.runtime.graph.clock import Transport


def frame_of_beat(transport: Transport, beat: float) -> float:
    """The control frame, with its fraction, at which a beat falls; of `follow`, on the song's first pass."""
    legs = [] if transport.follow else [change for change in transport.changes if change.beat <= beat]
    if not legs:
        return beat * 60.0 * transport.rate / transport.bpm + transport.downbeat * transport.rate
    return legs[-1].frame + (beat - legs[-1].beat) * 60.0 * transport.rate / legs[-1].bpm
