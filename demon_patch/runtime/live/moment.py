"""The moment of a takeover: what a performance takes over from the one that plays before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from demon_patch.patch.edit.grid import Grid
from demon_patch.runtime.audio.link import AudioLink
from demon_patch.runtime.graph.clock import FIRST, MetreChange, TempoChange, Transport
from demon_patch.runtime.graph.program import Program, State
from demon_patch.runtime.live.live_performance import LivePerformance

BAR = Grid("bar")


@dataclass(frozen=True, slots=True)
class Moment:
    """The performance that plays at the moment of a takeover.

    sample: of the audio process's timeline. frame: of its transport. stands: whether the timeline stands.
    program, state, now: to compute the state of its nodes at that frame (`Forecast.snapshot`).
    """

    sample: int
    frame: int
    stands: bool
    transport: Transport
    program: Program
    state: State
    now: int
    bypass: bool
    by_hand: bool

    def state_there(self) -> State:
        """Returns the state of all nodes at the moment, as it is forecast. From any thread, once."""
        for k in range(self.now, self.frame):
            self.program.run(self.state, self.transport.frame(k))
        return self.state


def moment_of(playing: LivePerformance, link: AudioLink, ahead: float) -> Moment:
    """On the tick thread of what plays. Returns the first bar line that is at least `ahead` seconds away; while the
    timeline stands, now."""
    loop, performer = playing.tick_loop, playing.performer
    transport = performer.transport
    stands = not (loop.begun and loop.playing)
    now = max(loop.now, 0)
    frame = now if stands else transport.next_grid(now + ceil(ahead * performer.spec.frame_rate), BAR)
    sample = link.frontier if stands else playing.speaker.sample_at(frame)
    program, state, transport, begun = performer.forecast.snapshot()
    by_hand = playing.scheduled.by_hand
    return Moment(sample, frame, stands, transport, program, state, begun, performer.bypass, by_hand)


def carry(moment: Moment, performance: LivePerformance, *, same: bool) -> None:
    """On the thread of a performance that is not heard yet. Gives it the states of the nodes that both have, and what
    the player has set; where it is the `same` document, also the place in the song, the loop, the tempo and the
    beats."""
    performer, loop = performance.performer, performance.tick_loop
    performer.forecast.inherit(moment.state_there())
    performer.bypass = moment.bypass
    transport = performer.transport.following(moment.transport.follow)
    if same:
        transport = continued(moment, transport)
        performance.scheduled.by_hand = moment.by_hand
    loop.retime(transport)


def continued(moment: Moment, transport: Transport) -> Transport:
    """Returns a transport that is at frame 0 where another one is at the moment: in its beats, its metre and its tempo,
    and in its song as far as the length allows."""
    before, frame, length = moment.transport, moment.frame, transport.song_frames
    own = replace(before, follow=False)
    bars = before.metres_at(frame)
    made = replace(
        transport,
        bpm=before.tempo(frame),
        beats_per_bar=before.beats_per_bar,
        downbeat=before.downbeat,
        changes=(TempoChange(0, own.frame(frame).beat, own.tempo(frame)),),
        bars=() if bars is None else (MetreChange(FIRST, bars.own, bars.song),),
        route=None,
    ).sought(0, before.song_frame(frame))
    lo, hi = before.loop
    return made.looped(0, lo, hi) if (lo, hi) != (0, before.song_frames) and hi <= length else made
