"""The rhythms, progressions and habits of the styles, from which compositions are drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator


def steps(text: str) -> np.ndarray:
    """Returns the levels [16] in 0..1 of one bar, written as sixteen digits 0 to 9."""
    return np.array([int(digit) for digit in text.replace(" ", "")], np.float32) / 9.0


class Habit(NamedTuple):
    """What is usual in a style.

    bpm: lowest and highest tempo, in beats per minute.
    layers: the chance, 0 to 1, that drums, bass, chords, arp and lead play.
    bass: the weight with which each of `BASS_RHYTHMS` is drawn.
    """

    bpm: tuple[float, float]
    layers: tuple[float, float, float, float, float]
    bass: tuple[int, ...]


HABITS = {
    "techno": Habit((124, 140), (0.95, 0.9, 0.5, 0.4, 0.15), (2, 3, 1, 2, 0, 3, 0)),
    "house": Habit((118, 128), (0.95, 0.9, 0.8, 0.3, 0.35), (1, 4, 2, 1, 0, 0, 1)),
    "ambient": Habit((70, 100), (0.4, 0.5, 0.97, 0.4, 0.5), (0, 0, 0, 0, 9, 0, 1)),
    "dnb": Habit((165, 178), (0.93, 0.95, 0.6, 0.35, 0.35), (0, 0, 2, 1, 3, 0, 3)),
    "hiphop": Habit((78, 98), (0.93, 0.85, 0.85, 0.2, 0.4), (0, 0, 1, 0, 2, 0, 5)),
    "synthwave": Habit((84, 118), (0.9, 0.93, 0.8, 0.7, 0.45), (4, 1, 1, 1, 0, 3, 0)),
    "chiptune": Habit((110, 160), (0.85, 0.9, 0.4, 0.7, 0.75), (3, 2, 2, 2, 0, 1, 0)),
    "acid": Habit((122, 136), (0.95, 0.97, 0.25, 0.15, 0.1), (1, 0, 1, 5, 0, 4, 0)),
}

PROGRESSIONS = (
    (0, 5, 2, 6),
    (0, 3, 4, 3),
    (0, 0, 5, 4),
    (0, 4, 5, 3),
    (0, 2, 3, 5),
    (0, 6, 5, 6),
    (0, 0, 0, 0),
    (0, 0, 3, 3),
    (0, 5, 3, 4),
    (5, 3, 0, 4),
)

BASS_RHYTHMS = tuple(
    steps(text)
    for text in (
        "9090 9090 9090 9090",
        "0090 0090 0090 0090",
        "9009 0090 9009 0090",
        "9099 0990 9099 0990",
        "9000 0000 9000 0000",
        "9999 9999 9999 9999",
        "9000 0090 0900 0000",
    )
)

CHORD_RHYTHMS = tuple(
    steps(text)
    for text in (
        "9000 0000 0000 0000",
        "9009 0090 0009 0000",
        "0090 0090 0090 0090",
        "9000 0090 0000 9000",
        "9000 0000 9000 0000",
    )
)

ARP_RHYTHMS = tuple(
    steps(text) for text in ("9999 9999 9999 9999", "9090 9090 9090 9090", "9099 0909 9099 0909", "9009 0090 9009 0090")
)

_SILENCE = "0000 0000 0000 0000"
_FOUR = "9000 9000 9000 9000"
_KICKS = {
    "dnb": ("9000 0000 0090 0000", "9090 0000 0090 0000", "9000 0009 0090 0000"),
    "hiphop": ("9000 0090 0990 0000", "9000 0009 0090 0009", "9009 0000 0900 0000"),
    "ambient": (_SILENCE, "9000 0000 0000 0000", "9000 0000 9000 0000"),
    "synthwave": (_FOUR, "9000 0000 9000 0000", "9000 0090 9000 0000", "9000 0000 9090 0000"),
    "chiptune": (_FOUR, "9000 0000 9000 0000", "9000 0090 9000 0000", "9000 0000 9090 0000"),
}
_HATS = ("0060 0060 0060 0060", "9363 9363 9363 9363", "6060 6060 6060 6060", "6366 3663 6636 6363")
_BACKBEAT, _GHOSTS, _OFFBEAT = "0000 9000 0000 9000", "0000 0003 0300 0003", "0090 0090 0090 0090"


def draw_drums(rng: Generator, style: str) -> dict[str, np.ndarray]:
    """Returns patterns of levels [16] for "kick", "snare", "hat" and "open_hat", drawn for a style."""
    kicks = _KICKS.get(style, (_FOUR,))
    kick = steps(kicks[rng.integers(len(kicks))])
    snare = steps(_SILENCE if style == "ambient" else _BACKBEAT)
    if style == "techno" and rng.random() < 0.5:
        snare = snare * 0
    if style == "dnb" and rng.random() < 0.6:
        snare = snare + steps(_GHOSTS)
    hat = steps(_HATS[rng.integers(len(_HATS))])
    if style == "ambient":
        hat = hat * (0.5 if rng.random() < 0.3 else 0.0)
    opens = style in ("house", "techno", "acid") and rng.random() < 0.6
    return {"kick": kick, "snare": snare, "hat": hat, "open_hat": steps(_OFFBEAT if opens else _SILENCE)}


def draw_bass(rng: Generator, style: str) -> np.ndarray:
    """Returns the levels [16] of the bass in one bar, drawn for a style; about a third of its steps are softer."""
    weights = np.array(HABITS[style].bass, float)
    rhythm = BASS_RHYTHMS[rng.choice(len(BASS_RHYTHMS), p=weights / weights.sum())]
    return (rhythm * rng.choice((1.0, 1.0, 0.6), 16)).astype(np.float32)


def bass_offsets(style: str) -> tuple[int, ...]:
    """Returns the semitones above the root that the bass of a style may jump to.

    A number that stands here several times is drawn that much more often.
    """
    low = -2 if style == "acid" else 0
    high = 12 if style in ("acid", "synthwave") else 0
    return (0, 0, 0, 0, 12, 7, low, high)
