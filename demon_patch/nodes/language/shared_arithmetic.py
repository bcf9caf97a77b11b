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
    """The number of whole numbers that a turn, a position in cycles, has passed since the last control frame.

    turn: the turn now.
    last: the turn in the last frame; -1 in the first frame, for which the result is 1.
    step: how far the turn moves in a frame.
    After a seek forward the result is at most what a frame holds. It is 1 if the turn moves back to another whole
    number, or to the beginning of the same one (as in a loop of one cycle or less).
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
    """What must be added to the place beat / length, in lengths, so that it does not jump when the length changes.

    beat: beats since play began.
    length, before: beats in a length now and in the last control frame; `before` is below 0 in the first frame.
    The result is 0 while the length is constant.
    """
    return beat / before - beat / length if before > 0 and before != length else 0


@phrase
def shift_sum(free: float, beat: float, before: float, length: float) -> float:
    """The sum of all `place_shift`s including that of this control frame. free: the sum up to the last frame."""
    return free + place_shift(beat, before, length)


@phrase
def grid_offset(beat: float, dbeat: float, before: float, length: float, free: float, off: float) -> float:
    """The offset, in lengths, of a node's place from its place on the grid, beat / length.

    The offset is 0 as long as the length has never changed, also when the transport jumps. While the length changes,
    the place follows the integral of 1 / length and is at most one whole stroke behind that. Once the length rests, the
    place moves at half or one and a half times its speed until it is on the grid again, after two strokes at most.

    beat, dbeat: beats since play began, and beats in this control frame.
    before, free, off: state of the node. The length in the last frame, below 0 at first; the sum of shifts
        (`shift_sum`), by which the place would be the integral; the result of the last frame.
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
    """The level of a gate, 0 or 1. The level changes to 1 only in a control frame in which the gate rises.

    wanted: the level that the gate should have.
    rises: the number of rises in this frame.
    was: the level in the last frame.
    """
    return (1 if rises > 0 or was > 0 else 0) if wanted > 0 else 0


@phrase
def strokes_in_frame(hits: float, here: float, last: float, new: float, pace: float) -> float:
    """The number of strokes in this control frame, where each step has `hits` strokes.

    here, last: the place in the step now, 0 to 1, and in the last frame.
    new: the number of steps that began since the last frame.
    pace: the share of a step that a frame takes.
    Within a step the number is at most what a frame holds, so a jump or another `hits` makes no burst.
    """
    within = floor(here * hits)
    passed = clamp(within - floor((last - floor(last)) * hits), 0, floor(pace * hits) + 1)
    return min(hits, 1) * (new + (within if here <= 2 * pace else 0)) if new > 0 else passed


@phrase
def pulse_level(turn: float, width: float) -> float:
    """The level of a gate, 0 or 1, that is 1 for the first share `width` (0 to 1) of each cycle. turn: in cycles."""
    return 1 if turn % 1 < width else 0


@phrase
def wrapped(n: float, length: float) -> float:
    """The rest of n / length, from 0 up to length: whole numbers n give 0 to length - 1, then 0 again."""
    return n - floor(n / length) * length


@phrase
def bounced(n: float, length: float) -> float:
    """The n-th number of an endless count from 0 up to length - 1 and down again; each end occurs once a round."""
    period = max(2 * length - 2, 1)
    m = wrapped(n, period)
    return m if m < length else period - m


@phrase
def swung(turn: float, swing: float) -> float:
    """A turn in swung cycles: every second cycle begins `swing` cycles late and is shorter by `swing`.

    turn: in even cycles.
    """
    return (
        turn
        if swing == 0
        else turn
        + (turn % 2 / (1 + swing) if turn % 2 < 1 + swing else 1 + (turn % 2 - 1 - swing) / (1 - swing))
        - turn % 2
    )


@phrase
def strokes_before(m: float, steps: float, strokes: float) -> float:
    """The number of strokes on the steps before step m, where `strokes` strokes are spread evenly over `steps` steps.

    Step 0 has the first stroke. Step i has one if i * strokes / steps passes a whole number there.
    """
    return floor((m - 1) * strokes / steps) + 1


@phrase
def triangle(p: float) -> float:
    """A triangle wave, -1 to 1. p: phase in cycles; at 0, 1/4, 1/2, 3/4 the wave is 0, 1, 0, -1."""
    q = p + 0.25
    return 1 - 4 * abs(q - floor(q) - 0.5)


@phrase
def smooth_random(n: float, p: float, seed: float) -> float:
    """A smooth random number, 0..1: random number n at p = 0, number n + 1 at p = 1, blended by 3 p^2 - 2 p^3."""
    share = p * p * (3 - 2 * p)
    return hash01(n, seed) * (1 - share) + hash01(n + 1, seed) * share


@phrase
def nearest_division(rate: float) -> float:
    """The rate of the musical division nearest to a rate, both in cycles a beat.

    Divisions are cycles that last whole beats, and 1, 4/3 (dotted) or 3/2 (triplet) cycles a beat and their doublings.
    At rates above 1.1547 the nearest is chosen by ratio, below that as the nearest whole number of beats.
    """
    octave = 2 ** floor(log(max(rate, 1)) / log(2))
    m = rate / octave
    near = 1 if m < 1.1547 else (4 / 3 if m < 1.4142 else (1.5 if m < 1.7321 else 2))
    return octave * near if rate > 1.1547 else 1 / max(floor(1 / rate + 0.5), 1)


@phrase
def smoothed(y: float, x: float, dt: float, time: float) -> float:
    """A one-pole smoothing: y after moving toward x for `dt` seconds. In `time` seconds y moves 63 % of the way."""
    return y + (x - y) * (1 - exp(-dt / time))


@phrase
def attack_level(y: float, share: float) -> float:
    """The level of an attack from level y to 1, after some time. It bends like a capacitor's charge that aims at 1.3.

    share: that time as a share of what a whole attack from 0 to 1 takes.
    """
    return min(1.3 - (1.3 - y) * exp(-1.4663370687934272 * share), 1)


@phrase
def attack_share(y: float) -> float:
    """The share of a whole attack's time after which `attack_level` reaches 1 from level y."""
    return log((1.3 - y) / 0.3) / 1.4663370687934272


@phrase
def decay_share(y: float) -> float:
    """The share of a whole decay's time after which `decay_level` reaches 0 from level y."""
    return log((y + 0.018657360363774047) / 0.018657360363774047) / 4


@phrase
def decay_level(y: float, end: float, share: float) -> float:
    """The level of an exponential decay from level y to level `end`, after some time.

    share: that time as a share of what a decay by 1 takes.
    """
    spare = 0.018657360363774047
    left = max((abs(y - end) + spare) * exp(-4 * share) - spare, 0)
    return end + left if y > end else end - left
