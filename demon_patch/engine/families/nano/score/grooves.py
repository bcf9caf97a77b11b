"""Drum patterns of the styles.

A groove is a text of voices, each a letter and one or two bars of sixteen steps: "x" loud, "o" softer, "-" a ghost
note, "=" and "#" a roll of two or three strokes within the step, "." a rest.
"""

from __future__ import annotations

VOICES = {
    "k": 36, "s": 38, "c": 39, "r": 37, "h": 42, "p": 44, "o": 46, "d": 51, "b": 53, "t": 54, "m": 70, "w": 56,
    "g": 64, "u": 63, "l": 45, "n": 47, "i": 50, "y": 49,
}  # fmt: skip
"""General MIDI drum keys by letter: kick, snare, clap, rim, hat, pedal hat, open hat, ride, bell of the ride,
tambourine, shaker, cowbell, low and high conga, low, middle and high tom, crash."""

LEVELS = {"x": 1.0, "o": 0.72, "-": 0.4, "=": 0.75, "#": 0.7}
STROKES = {"=": 2, "#": 3}

GROOVES: dict[str, tuple[str, ...]] = {
    "techno": (
        "k x...x...x...x... h ..o...o...o...o. c ....x.......x...",
        "k x...x...x...x... o ..x...x...x...x. h xoooxoooxoooxooo",
        "k x...x...x...x..- h o-x-o-x-o-x-o-x- r ...x..x....x..x.",
        "k x...x...x...x... d o.o.x.o.o.o.x.o. c ............x... l ......o.......oo",
    ),
    "house": (
        "k x...x...x...x... c ....x.......x... o ..x...x...x...x.",
        "k x...x...x...x... s ....x.......x... h oo-ooo-ooo-ooo-o o ..x...x...x...x.",
        "k x...x...x...x... c ....x.......x..- m xoooxoooxoooxooo u ..o..o....o..o..",
    ),
    "ambient": (
        "k x...............  h ....-.......-...",
        "k o.......o....... r ............-...",
        "d o...o...o...o... y o...............................",
        "m -.-.-.-.-.-.-.-. k x.........o.....",
    ),
    "dnb": (
        "k x.........x..... s ....x.......x... h x.o.x.o.x.o.x.o.",
        "k x.x.......x..... s ....x..-.-..x..- h o.x.o.x.o.x.o.x.",
        "k x.....x...x..... s ....x..-....x.-- d x.x.x.x.x.x.x.x.",
        "k x.........xx....x.......x.x..... s ....x..-.-..x......-x..-.-..x-.- h xoxoxoxoxoxoxoxo",
    ),
    "hiphop": (
        "k x.....o.xx...... s ....x.......x... h o.o.o.o.o.o.o.oo",
        "k x......x..x....x s ....x.......x..- h o-o-o-o-o-o-o-o-",
        "k x..x......x..... s ....x.......x... h o.o.o.=.o.o.o.o. o ..............o.",
    ),
    "synthwave": (
        "k x...x...x...x... s ....x.......x... h ..o...o...o...o.",
        "k x.....x.x....... s ....x.......x... h o.o.o.o.o.o.o.o. i ..............o.",
        "k x...x...x...x... s ....x.......x... h oooooooooooooooo l ..............oo",
    ),
    "chiptune": (
        "k x...x...x...x... s ....x.......x... h ..o...o...o...o.",
        "k x.....x.x.x..... s ....x.......x... h o.o.o.o.o.o.o.o.",
        "k x..x..x.x..x..x. s ....x.......x.oo h oooooooooooooooo",
    ),
    "acid": (
        "k x...x...x...x... c ....x.......x... h ..x...x...x...x.",
        "k x...x...x...x... o ..x...x...x...x. s ............x..o w ...o..o...o..o..",
        "k x...x...x...x... h oo-ooo-ooo-ooo-o c ....x.......x.-.",
    ),
    "trance": (
        "k x...x...x...x... c ....x.......x... o ..x...x...x...x.",
        "k x...x...x...x... s ....x.......x... o ..x...x...x...x. h x.oox.oox.oox.oo",
        "k x...x...x...x... c ....x.......x... d ..x...x...x...x. m xoxoxoxoxoxoxoxo",
    ),
    "trap": (
        "k x......x..x..... s ........x....... h o.o.o.o.o.o.o.o.",
        "k x.....x.....x... c ........x....... h o.o.o.=.o.o.o=#.",
        "k x..x......x...x. s ........x.....-. h ooo.oo=.ooo.oo## o ......o.........",
    ),
    "disco": (
        "k x...x...x...x... s ....x.......x... o ..x...x...x...x. h x...x...x...x...",
        "k x...x...x...x... s ....x.......x..- h oooooooooooooooo t ....x.......x...",
        "k x...x...x...x... c ....x.......x... o ..x...x...x...x. u ..o.oo....o.o...",
    ),
    "funk": (
        "k x..x..x...x..x.. s ....x..-.-..x..- h x.o.x.o.x.o.x.o.",
        "k x.x.......x..x.. s ....x..-.-.-x.-. h oooooooooooooo.. o ..............x.",
        "k x.....x..xx..... s ....x..-....x..- h xoxoxoxoxoxoxoxo w x...x...x...x...",
    ),
    "jazz": (
        "d x...x.x.x...x.x. p ....x.......x... k o.......-.......",
        "d x...x.x.x...x.x. p ....x.......x... s ......-.......-. k o.........-.....",
        "d x...x...x...x.x. p ....o.......o... r ....o.......o... k o.....o.o.....o.",
    ),
    "reggae": (
        "k ........x....... r ........x....... h x.o.x.o.x.o.x.o.",
        "k x...x...x...x... r ........x....... h o.o.o.o.o.o.o.o.",
        "k ........x....... s ........x.....-. h o-o.o-o.o-o.o-o. l ..............oo",
    ),
    "rock": (
        "k x.......x....... s ....x.......x... h x.o.x.o.x.o.x.o.",
        "k x.....x.x.x..... s ....x.......x... h x.x.x.x.x.x.x.x.",
        "k x..x..x.x..x.... s ....x.......x..- d x.o.x.o.x.o.x.o.",
        "k x.......x.x..... s ....x.......x... o x...x...x...x...",
    ),
    "orchestral": (
        "l x.......o...o... y x...............................",
        "k x............... l ....o.o.....o.oo",
        "s o--o--o-o--o--oo k x.......x.......",
        "t ....o.......o... k x...............",
    ),
}

CRASHES = (49, 49, 57, 55)
FILLS = (
    "s oooo oxox", "s xoxo xxxx", "i xx.. n .xx. l ..xx", "i x.x. n .x.x l ....xx.x", "s ..xx i xx.. n ..xx l ....xxxx",
    "s #=#= xxxx", "k x..x s .xx.xx.x", "s ---- ooxx", "l x..x..x.", "c ....x.xx",
)  # fmt: skip
"""Fills of a quarter or half a bar, at the end of a phrase."""


def voices_of(text: str) -> dict[str, str]:
    """Returns the pattern of each voice, by its letter, in the text of a groove or a fill."""
    found: dict[str, str] = {}
    letter = ""
    for word in text.split():
        if len(word) == 1 and word in VOICES:
            letter = word
            found[letter] = ""
        else:
            found[letter] += word
    return found
