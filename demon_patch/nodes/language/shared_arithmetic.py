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
def ticks_passed(turn: float, last: float, step: float) -> float:
    """How many whole numbers a turn has passed since the frame before.

    turn: where it is now. last: where it was in the frame before; -1 in the first frame, which counts as one. step: by
    how much it moves in a frame. A seek counts as no more ticks than a frame holds. Moving back to another number, or
    to the beginning of the same one (as in a loop no longer than a tick), counts as one.
    """
    here = floor(turn)
    gone = here - floor(last)
    return (
        (1 if last == -1 else min(gone, floor(step) + 1))
        if gone > 0
        else (1 if gone < 0 or last == -1 or (turn < last and turn - here < step) else 0)
    )


@phrase
def place_shift(beat: float, before: float, length: float) -> float:
    """By how much the place beat / length must be moved when the length changes, so that it does not jump.

    before: the length in the frame before; below 0: there was none. The result is 0 while the length is constant.
    """
    return beat / before - beat / length if before > 0 and before != length else 0


@phrase
def shift_sum(free: float, beat: float, before: float, length: float) -> float:
    """The sum of all `place_shift`s so far, with the one of this frame added."""
    return free + place_shift(beat, before, length)


@phrase
def grid_offset(beat: float, dbeat: float, before: float, length: float, free: float, off: float) -> float:
    """How far the place of a node that divides the beat by a length is from beat / length, its place on the grid.

    The result is 0 as long as the length has never changed, wherever the transport jumps. While the length moves, the
    place follows the integral of 1 / length and is at most one whole stroke behind it. Once the length rests, the place
    moves at half or at one and a half times its speed until it is on the grid again, after two strokes at most.

    State of such a node:
    before: the length in the frame before, at first below 0.
    free: the sum of shifts (`shift_sum`), with which the place would be that integral.
    off: the result of the frame before.
    """
    return (
        off + place_shift(beat, before, length)
        if before != length
        else (
            clamp(floor(free + 1e-9), off - dbeat / length / 2, off + dbeat / length / 2)
            if free != 0 or off != 0
            else 0
        )
    )


@phrase
def gate_level(wanted: float, rises: float, was: float) -> float:
    """The level of a gate, 0 or 1. It goes up only in a frame in which the gate rises.

    wanted: whether it is to be high (0 or 1). rises: how often it rises in this frame. was: its level before.
    """
    return (1 if rises > 0 or was > 0 else 0) if wanted > 0 else 0


@phrase
def strokes_in_frame(hits: float, here: float, last: float, new: float, pace: float) -> float:
    """How many strokes are in this frame, of steps that have `hits` strokes each.

    here: the place in the step, 0 to 1. last: the place in the frame before. new: steps that began since then. pace:
    the share of a step that a frame takes. There are never more strokes than a frame holds, so neither a leap nor
    another number of hits makes a burst.
    """
    within = floor(here * hits)
    passed = clamp(within - floor((last - floor(last)) * hits), 0, floor(pace * hits) + 1)
    return min(hits, 1) * (new + (within if here <= 2 * pace else 0)) if new > 0 else passed


@phrase
def pulse_level(turn: float, width: float) -> float:
    """The level of a gate that is high for the first `width` of each cycle."""
    return 1 if turn % 1 < width else 0


@phrase
def wrapped(n: float, length: float) -> float:
    """n counted in a circle from 0 to length - 1."""
    return n - floor(n / length) * length


@phrase
def bounced(n: float, length: float) -> float:
    """n counted up from 0 to length - 1 and down again; each end comes once."""
    period = max(2 * length - 2, 1)
    m = wrapped(n, period)
    return m if m < length else period - m


@phrase
def swung(turn: float, swing: float) -> float:
    """Cycles of which every second one begins late by `swing` cycles and is shorter by as much."""
    return (
        turn
        if swing == 0
        else turn
        + (turn % 2 / (1 + swing) if turn % 2 < 1 + swing else 1 + (turn % 2 - 1 - swing) / (1 - swing))
        - turn % 2
    )


@phrase
def strokes_before(m: float, steps: float, strokes: float) -> float:
    """How many strokes are on the steps before step m, where `strokes` are spread evenly over `steps`.

    The first is on step 0. There is one on step i if i * strokes / steps passes a whole number there.
    """
    return floor((m - 1) * strokes / steps) + 1


@phrase
def triangle(p: float) -> float:
    """A triangle wave of phase p: 0, 1, 0, -1 at the quarters."""
    q = p + 0.25
    return 1 - 4 * abs(q - floor(q) - 0.5)


@phrase
def smooth_random(n: float, p: float, seed: float) -> float:
    """A value between random number n and the next one, 0..1, blended by 3 p^2 - 2 p^3 for p in 0..1."""
    share = p * p * (3 - 2 * p)
    return hash01(n, seed) * (1 - share) + hash01(n + 1, seed) * share


@phrase
def nearest_division(rate: float) -> float:
    """The rate (cycles a beat) of the nearest musical division.

    Divisions are cycles of whole beats, and 1, 4/3 (dotted) or 3/2 (triplet) cycles a beat and their doublings. Which
    one is nearest is decided on a scale of equal ratios.
    """
    octave = 2 ** floor(log(max(rate, 1)) / log(2))
    m = rate / octave
    near = 1 if m < 1.1547 else (4 / 3 if m < 1.4142 else (1.5 if m < 1.7321 else 2))
    return octave * near if rate > 1.1547 else 1 / max(floor(1 / rate + 0.5), 1)


@phrase
def smoothed(y: float, x: float, dt: float, time: float) -> float:
    """One pole: y after it has moved toward x for `dt` seconds; it makes 63 % of the way in `time` seconds."""
    return y + (x - y) * (1 - exp(-dt / time))


@phrase
def attack_level(y: float, share: float) -> float:
    """The level of an attack to 1 that bends like a capacitor's charge (it aims at 1.3), from level y on.

    share: of the time that the whole attack from 0 takes.
    """
    return min(1.3 - (1.3 - y) * exp(-1.4663370687934272 * share), 1)


@phrase
def attack_share(y: float) -> float:
    """The share after which `attack_level` reaches 1 from level y."""
    return log((1.3 - y) / 0.3) / 1.4663370687934272


@phrase
def decay_share(y: float) -> float:
    """The share after which `decay_level` reaches 0 from level y."""
    return log((y + 0.018657360363774047) / 0.018657360363774047) / 4


@phrase
def decay_level(y: float, end: float, share: float) -> float:
    """The level of an exponential decay to `end`, from level y on.

    share: of the time that a decay by 1 takes.
    """
    spare = 0.018657360363774047
    left = max((abs(y - end) + spare) * exp(-4 * share) - spare, 0)
    return end + left if y > end else end - left
