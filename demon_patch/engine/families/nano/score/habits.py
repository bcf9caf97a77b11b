"""What is usual in each style: tempo, parts, rhythms of bass and chords, kinds of chord, melody.

Rhythms are texts of sixteen steps a bar. Bass: a figure is an interval of the scale above the root ("1" the root, "5"
the fifth, "8" the octave), "~" any of them, "^" the step below the next root. Chords: a letter for the manner (h held,
s struck, r strummed, b broken) and "x" where they sound. Arps: "x" and softer "o".
"""

from __future__ import annotations

from dataclasses import dataclass

STYLES = (
    "techno", "house", "ambient", "dnb", "hiphop", "synthwave", "chiptune", "acid", "trance", "trap", "disco", "funk",
    "jazz", "reggae", "rock", "orchestral",
)  # fmt: skip

_STRAIGHT = {"triad": 0.6, "seventh": 0.15, "sus two": 0.1, "sus four": 0.05, "add nine": 0.1}
_RICH = {"seventh": 0.55, "ninth": 0.25, "triad": 0.1, "add nine": 0.1}
_HARD = {"power": 0.6, "triad": 0.35, "sus two": 0.05}


@dataclass(frozen=True, slots=True)
class Habit:
    """What a style does most.

    bpm: slowest and fastest tempo. parts: chance that drums, bass, chords, arp and lead play.
    bass, chords: rhythms (see above). shapes: weights of kinds of chord. modes: weights in the order of MODES.
    swing: chance of swing; steps of half a pair (1: sixteenths, 2: eighths); the most that the second half is late, in
    steps.
    human: chance of loose timing. notes: sparsest and densest melody, in notes a step.
    bars: weights of chords that last half a bar, one bar and two bars.
    """

    bpm: tuple[float, float]
    parts: tuple[float, float, float, float, float]
    bass: tuple[str, ...]
    chords: tuple[str, ...]
    shapes: dict[str, float]
    modes: tuple[float, ...] = (0.45, 0.3, 0.1, 0.05, 0.06, 0.04)
    swing: tuple[float, int, float] = (0.1, 1, 0.2)
    human: float = 0.5
    notes: tuple[float, float] = (0.15, 0.42)
    bars: tuple[float, float, float] = (0.05, 0.8, 0.15)


HABITS = {
    "techno": Habit(
        (122, 142), (0.95, 0.9, 0.55, 0.5, 0.25),
        ("..1...1...1...1.", "..11..11..11..11", "1..1..1.1..1..1.", ".111.111.111.111", "1.....1...1....."),
        ("s x..x..x...x..x..", "s ..x...x...x...x.", "s x...............", "s x.....x.........", "h"),
        {"triad": 0.7, "seventh": 0.2, "power": 0.1}, (0.6, 0.05, 0.2, 0.15, 0, 0), human=0.2, bars=(0, 0.6, 0.4),
    ),
    "house": Habit(
        (116, 130), (0.95, 0.9, 0.85, 0.35, 0.4),
        ("..1...1...1...5.", "1..1..8...1..1..", "1.1.8.1.1.1.8.1.", "1......1..1.....", "..1...8...1...8."),
        ("s x..x..x...x..x..", "s ..x...x...x...x.", "s x..x...x..x.....", "h", "s ..x..x....x..x.."),
        _RICH, (0.5, 0.15, 0.25, 0.02, 0.05, 0.03), swing=(0.5, 1, 0.3), human=0.4,
    ),
    "ambient": Habit(
        (60, 100), (0.6, 0.55, 0.97, 0.45, 0.55),
        ("1...............", "1.......5.......", "1.........8....."),
        ("h", "h", "b x...x...x...x...", "r x.......x......."),
        {"add nine": 0.3, "triad": 0.25, "seventh": 0.25, "sus two": 0.2}, (0.3, 0.3, 0.1, 0.05, 0.1, 0.15),
        notes=(0.06, 0.25), bars=(0, 0.5, 0.5),
    ),
    "dnb": Habit(
        (164, 180), (0.93, 0.95, 0.65, 0.4, 0.4),
        ("1...............", "1.........1.....", "1..1......1.....", "1.....1...5.....", "1.......8.1....."),
        ("h", "h", "s x.....x.........", "s x..x..x.........", "s ..........x....."),
        {"seventh": 0.4, "triad": 0.3, "add nine": 0.3}, (0.6, 0.1, 0.15, 0.1, 0.03, 0.02), human=0.3,
    ),
    "hiphop": Habit(
        (74, 100), (0.93, 0.9, 0.88, 0.25, 0.45),
        ("1.....1..1......", "1......1..5.....", "1...............", "1..1......8.1...", "1.....8...5.^..."),
        ("r x...............", "s x.....x...x.....", "s x...x...x...x...", "h", "b x..x..x.x..x..x."),
        _RICH, (0.5, 0.2, 0.22, 0.03, 0.03, 0.02), swing=(0.8, 1, 0.4), human=0.8, notes=(0.1, 0.35),
    ),
    "synthwave": Habit(
        (80, 122), (0.9, 0.93, 0.85, 0.7, 0.5),
        ("1.1.1.1.1.1.1.1.", "1111111111111111", "1.8.1.8.1.8.1.8.", "11.111.111.111.1", "1...1...1...1..."),
        ("h", "h", "s x.....x.....x...", "s x..x..x..x..x.x."), _STRAIGHT,
        (0.6, 0.25, 0.08, 0.02, 0.03, 0.02), human=0.2,
    ),
    "chiptune": Habit(
        (104, 170), (0.85, 0.9, 0.5, 0.7, 0.8),
        ("1.1.1.1.1.1.1.1.", "1.8.1.8.1.8.1.8.", "1..1..5.1..1..5.", "1.5.8.5.1.5.8.5.", "1...5...1...5..."),
        ("h", "s x.x.x.x.x.x.x.x.", "s x...x...x...x...", "b xxxxxxxxxxxxxxxx"), _STRAIGHT,
        (0.35, 0.45, 0.07, 0.05, 0.05, 0.03), human=0.1, notes=(0.25, 0.6),
    ),
    "acid": Habit(
        (118, 138), (0.95, 0.97, 0.35, 0.25, 0.2),
        ("1~1.~1.~1.~~.1.~", "1.1~.~1.~.1~1.~.", "~1~1~.~1.~1~.~~1", "11.1~11.1~.11~.1", "1.~.8.1.~.1.8.~."),
        ("s x...............", "s ..x...x...x...x.", "s x..x..x...x....."),
        {"triad": 0.7, "power": 0.3}, (0.6, 0.05, 0.15, 0.2, 0, 0), human=0.1, bars=(0, 0.5, 0.5),
    ),
    "trance": Habit(
        (128, 145), (0.95, 0.93, 0.85, 0.8, 0.55),
        ("..1...1...1...1.", ".111.111.111.111", "..11..11..11..11", "..1..11...1..11."),
        ("h", "s x..x..x..x..x.x.", "s x.xx.xx.x.xx.xx.", "h"), _STRAIGHT, (0.7, 0.2, 0.05, 0.05, 0, 0), human=0.1,
        notes=(0.2, 0.5),
    ),
    "trap": Habit(
        (62, 90), (0.95, 0.93, 0.6, 0.5, 0.5),
        ("1......1..1.....", "1.....1.....1...", "1...............", "1..1......8...^.", "1.........5....."),
        ("h", "s x...............", "b x...x...x...x...", "s x.....x........."),
        {"triad": 0.7, "add nine": 0.2, "power": 0.1}, (0.65, 0.05, 0.05, 0.23, 0.01, 0.01), human=0.2,
        bars=(0, 0.6, 0.4),
    ),
    "disco": Habit(
        (108, 130), (0.95, 0.95, 0.9, 0.4, 0.55),
        ("1.8.1.8.1.8.1.8.", "1.8.1.8.1.8.5.^.", "1..18..1..5.8.5.", "1...8.1...5.8.^."),
        ("s ..x...x...x...x.", "s x..x..x...x..x..", "r x.xxx.xxx.xxx.xx", "h"), _RICH,
        (0.4, 0.3, 0.2, 0, 0.08, 0.02), human=0.6, notes=(0.2, 0.5),
    ),
    "funk": Habit(
        (90, 118), (0.95, 0.97, 0.85, 0.3, 0.5),
        ("1..1..8...~.~.^.", "11.1...8..1.~.5.", "1...1..8.7.5..^.", "1.1...8..5.~..1."),
        ("s ....x.......x..x", "r x.xx..x.x.xx..x.", "s ..x..x....x..x..", "s x...............", "s ...x..x....x..x."),
        {"ninth": 0.45, "seventh": 0.5, "triad": 0.05}, (0.15, 0.1, 0.45, 0, 0.3, 0), swing=(0.5, 1, 0.25), human=0.9,
        bars=(0.1, 0.6, 0.3),
    ),
    "jazz": Habit(
        (84, 190), (0.85, 0.95, 0.9, 0.15, 0.75),
        ("1...3...5...^...", "1...~...5...~...", "1...5...8...^...", "1.......5.......", "1...3...5...6..."),
        ("s x.....x.........", "s ......x.......x.", "h", "s x...............", "s ..x.......x....."),
        {"seventh": 0.6, "ninth": 0.4}, (0.2, 0.35, 0.25, 0, 0.15, 0.05), swing=(0.9, 2, 0.7), human=1.0,
        notes=(0.2, 0.5), bars=(0.4, 0.5, 0.1),
    ),
    "reggae": Habit(
        (62, 92), (0.93, 0.97, 0.92, 0.2, 0.45),
        ("1...1.3.5.......", "....1.1.5...3...", "1.....5.3...1...", "..1.1.8.....5.3."),
        ("s ....x.......x...", "s ..x...x...x...x.", "s ....xx......xx..", "r ....x.......x..."),
        {"triad": 0.7, "seventh": 0.3}, (0.35, 0.4, 0.15, 0, 0.1, 0), swing=(0.5, 1, 0.3), human=0.9,
    ),
    "rock": Habit(
        (84, 172), (0.95, 0.95, 0.92, 0.2, 0.6),
        ("1.1.1.1.1.1.1.1.", "1.......1.1.....", "1.1.1.1.5.5.^.^.", "1..1..1.1.......", "1...1...1...5..."),
        ("r x.x.x.x.x.x.x.x.", "r x.......x.x.....", "r x...............", "r x..x..x.x.x.....", "b x.x.x.x.x.x.x.x."),
        _HARD, (0.4, 0.3, 0.1, 0.02, 0.15, 0.03), human=0.9,
    ),
    "orchestral": Habit(
        (60, 150), (0.72, 0.85, 0.95, 0.6, 0.8),
        ("1...............", "1.......5.......", "1...1...1...1...", "1.1.1.1.1.1.1.1.", "1.....8.5......."),
        ("h", "h", "h", "s x...x...x...x...", "s x.x.x.x.x.x.x.x.", "b x.x.x.x.x.x.x.x."),
        {"triad": 0.8, "seventh": 0.1, "sus four": 0.1}, (0.4, 0.4, 0.08, 0.04, 0.02, 0.06), human=0.9,
        bars=(0.15, 0.65, 0.2),
    ),
}  # fmt: skip

ARPS = (
    "xxxxxxxxxxxxxxxx", "x.x.x.x.x.x.x.x.", "x.xx.x.xx.xx.x.x", "x..x..x.x..x..x.", "xoxoxoxoxoxoxoxo",
    "x..o..x..o..x.o.", "x...x...x...x...", "x.ox.ox.x.ox.ox.", "..x...x...x...x.",
)  # fmt: skip
