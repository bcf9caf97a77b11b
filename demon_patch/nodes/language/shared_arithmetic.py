"""Arithmetic and options that several nodes share."""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.vocabulary import clamp, exp, floor, hash01, log
from demon_patch.nodes.language.ports import option

MOVED_BY = option(
    "auto", "auto", "transport", "gate", auto=("step", "gate", "transport"),
    doc="What moves it on: the beat, or the step gate; auto: the gate if it is wired.",
)  # fmt: skip
PACED_BY = option(
    "auto", "auto", "free", "beats", "gate", auto=("tick", "gate", "free"),
    doc="free: rate in Hz; beats: rate a beat; gate: the tick input; auto: gate if that is wired, else free.",
)  # fmt: skip


@phrase
def ticked(turn: float, last: float, step: float) -> float:
    """How many whole numbers a turn, which goes on by `step` a frame, has passed since the frame before, when it was
    `last`: no more than a frame holds, so that a seek is no burst. One in the first frame (`last` is -1), and one where
    it goes back to another number or to the beginning of the same, as in a loop no longer than a tick."""
    here = floor(turn)
    gone = here - floor(last)
    return (
        (1 if last == -1 else min(gone, floor(step) + 1))
        if gone > 0
        else (1 if gone < 0 or last == -1 or (turn < last and turn - here < step) else 0)
    )


@phrase
def drift(beat: float, before: float, length: float) -> float:
    """How much a place beat / length moves where the length was `before` in the frame before (below 0: there was none),
    so that the way until now stays as it was; 0 while the length is constant."""
    return beat / before - beat / length if before > 0 and before != length else 0


@phrase
def strayed(free: float, beat: float, before: float, length: float) -> float:
    """The next sum of `drift`."""
    return free + drift(beat, before, length)


@phrase
def ahead(beat: float, dbeat: float, before: float, length: float, free: float, off: float) -> float:
    """How far the place of what divides the beat by a length is ahead of beat / length: 0 as long as the length is
    constant from the start, so that the place is on the grid, wherever the transport jumps.

    The state of such a node: `before`, the length of the frame before, at first below 0; `free`, the sum of `drift`,
    with which the place would be the integral of 1 / length (`strayed`); `off`, what this gave in the frame before.
    While the length moves, the place is at most one whole stroke behind that integral. While it rests, the place goes
    at half or at one and a half times its speed until it is on the grid again, which takes two strokes at most.
    """
    return (
        off + drift(beat, before, length)
        if before != length
        else (
            clamp(floor(free + 1e-9), off - dbeat / length / 2, off + dbeat / length / 2)
            if free != 0 or off != 0
            else 0
        )
    )


@phrase
def opened(wanted: float, rises: float, was: float) -> float:
    """The level of a gate that is `wanted` to be high (0 or 1): it goes up only in a frame in which it rises."""
    return (1 if rises > 0 or was > 0 else 0) if wanted > 0 else 0


@phrase
def parts(hits: float, here: float, last: float, new: float, pace: float) -> float:
    """The strokes in a frame of steps with `hits` strokes each: `here` in the step (0..1), at the place `last` in the
    frame before, `new` steps since, each frame a share `pace` of a step. No more than a frame holds, so that neither a
    leap nor another number of hits is a burst."""
    within = floor(here * hits)
    passed = clamp(within - floor((last - floor(last)) * hits), 0, floor(pace * hits) + 1)
    return min(hits, 1) * (new + (within if here <= 2 * pace else 0)) if new > 0 else passed


@phrase
def high(turn: float, width: float) -> float:
    """The level of a gate that is high for the first `width` of each cycle."""
    return 1 if turn % 1 < width else 0


@phrase
def wrapped(n: float, length: float) -> float:
    """n counted round and round from 0 to length - 1."""
    return n - floor(n / length) * length


@phrase
def bounced(n: float, length: float) -> float:
    """n counted up and down from 0 to length - 1 and back, the ends once each."""
    period = max(2 * length - 2, 1)
    m = wrapped(n, period)
    return m if m < length else period - m


@phrase
def swung(turn: float, swing: float) -> float:
    """Cycles with every second one late by `swing` cycles, and as much shorter."""
    return (
        turn
        if swing == 0
        else turn
        + (turn % 2 / (1 + swing) if turn % 2 < 1 + swing else 1 + (turn % 2 - 1 - swing) / (1 - swing))
        - turn % 2
    )


@phrase
def fills(m: float, steps: float, strokes: float) -> float:
    """How many strokes fall on the steps before step m, where `strokes` are spread over `steps` as evenly as can be and
    the first falls on step 0: on step i if i * strokes / steps passes a whole number there."""
    return floor((m - 1) * strokes / steps) + 1


@phrase
def triangle(p: float) -> float:
    """A triangle wave of phase p: 0, 1, 0, -1 at the quarters."""
    q = p + 0.25
    return 1 - 4 * abs(q - floor(q) - 0.5)


@phrase
def drifted(n: float, p: float, seed: float) -> float:
    """On the smooth way (3 p^2 - 2 p^3) from random number n to the next, 0..1."""
    share = p * p * (3 - 2 * p)
    return hash01(n, seed) * (1 - share) + hash01(n + 1, seed) * share


@phrase
def musical(rate: float) -> float:
    """The nearest musical division: a cycle of whole beats, or 1, 4/3 (dotted) or 3/2 (triplet) cycles a beat and their
    doublings; midway in pitch between two of those the nearer one changes."""
    octave = 2 ** floor(log(max(rate, 1)) / log(2))
    m = rate / octave
    near = 1 if m < 1.1547 else (4 / 3 if m < 1.4142 else (1.5 if m < 1.7321 else 2))
    return octave * near if rate > 1.1547 else 1 / max(floor(1 / rate + 0.5), 1)


@phrase
def smoothed(y: float, x: float, dt: float, time: float) -> float:
    """One pole: where y is on its way to x after `dt` seconds, 63 % of the way after `time`."""
    return y + (x - y) * (1 - exp(-dt / time))


@phrase
def climbed(y: float, share: float) -> float:
    """An attack to 1 bent like a capacitor's: it aims at 1.3 and takes a share of 1 from 0 to the top."""
    return min(1.3 - (1.3 - y) * exp(-1.4663370687934272 * share), 1)


@phrase
def to_climb(y: float) -> float:
    """The share with which `climbed` arrives at the top from y."""
    return log((1.3 - y) / 0.3) / 1.4663370687934272


@phrase
def to_sink(y: float) -> float:
    """The share with which `sunk` arrives at 0 from y."""
    return log((y + 0.018657360363774047) / 0.018657360363774047) / 4


@phrase
def sunk(y: float, end: float, share: float) -> float:
    """An exponential way to `end`: a share of 1 goes a whole 1 of height, in the last of it a fiftieth."""
    spare = 0.018657360363774047
    left = max((abs(y - end) + spare) * exp(-4 * share) - spare, 0)
    return end + left if y > end else end - left
