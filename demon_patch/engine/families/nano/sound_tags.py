"""What a denoiser can be told of a sound: its style, mode, tempo and key, what plays each part, the drums, the room.

One table says it all. A token is 0 ("not said") or one of the values of its slot, numbered through in order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

from demon_patch.engine.families.nano.grammar import KEYS
from demon_patch.engine.families.nano.score import PARTS, STYLES
from demon_patch.engine.families.nano.score.harmony import MODES
from demon_patch.engine.families.nano.synth import INSTRUMENTS, KINDS, SOUNDS
from demon_patch.engine.families.nano.synth.kit import KITS

FAMILIES = (
    "piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass", "reed", "pipe",
    "synth lead", "synth pad", "synth effects", "ethnic", "percussive", "sound effects",
)  # fmt: skip
"""The sixteen families of General MIDI, eight programs each."""

DRUM_KIT, ONE_SHOTS = "drum kit", "one-shots"
BAND_KITS = ("standard", "room", "power", "electronic", "808", "jazz", "brush", "hall")
"""Kits of soundfonts."""

ABSENT = "absent"
"""What plays a part that is not heard."""

PLAYERS = (ABSENT, *FAMILIES, DRUM_KIT, ONE_SHOTS, *(f"synth {kind}" for kind in KINDS))
"""Everything that may play a part."""

_SLOWEST, _BUCKET, _BUCKETS = 65, 10, 13
_EDGES: Mapping[str, tuple[float, ...]] = {
    "tempo": tuple(range(_SLOWEST + _BUCKET, _SLOWEST + _BUCKET * _BUCKETS, _BUCKET)),
    "brightness": (-28.0, -20.0, -15.0, -11.0),
    "energy": (0.45, 0.58, 0.7),
    "room": (0.15, 0.3, 0.5),
}
_LEVELS = {
    "tempo": tuple(str(_SLOWEST + _BUCKET * n) for n in range(_BUCKETS)),
    "brightness": ("dull", "dark", "even", "bright", "sharp"),
    "energy": ("calm", "relaxed", "lively", "busy"),
    "room": ("dry", "near", "spacious", "wet"),
}

SLOTS: Mapping[str, tuple[str, ...]] = {
    "style": STYLES,
    "mode": tuple(MODES),
    "tempo": _LEVELS["tempo"],
    "key": KEYS,
    **dict.fromkeys(PARTS, PLAYERS),
    "kit": tuple(dict.fromkeys((*KITS, *BAND_KITS, ONE_SHOTS))),
    "brightness": _LEVELS["brightness"],
    "energy": _LEVELS["energy"],
    "room": _LEVELS["room"],
    "finish": ("plain", "mastered"),
}
"""The values of each slot, in the order of the tokens of a prompt."""

USUAL: Mapping[str, Mapping[str, str]] = {
    style: {
        **{part: f"synth {INSTRUMENTS[getattr(sound, part)[0]].kind}" for part in PARTS if part != "drums"},
        "drums": "synth drum machine",
        "kit": sound.kit,
    }
    for style, sound in SOUNDS.items()
}
"""By style, what usually plays each part of it, and its drums."""

_ENDS = tuple(accumulate((len(values) for values in SLOTS.values()), initial=1))
FIRST: Mapping[str, int] = dict(zip(SLOTS, _ENDS, strict=False))
"""The number of the first value of each slot."""

TOKENS = len(SLOTS)
VOCABULARY = _ENDS[-1]


def tokens(said: Mapping[str, str | float | None]) -> tuple[int, ...]:
    """Returns the tokens of what is said, 0 for each slot of which nothing is.

    said: by slot, one of its values or, for tempo (bpm), key (semitones above C), brightness (dB), energy and room
        (0 to 1), a number. None says nothing.

    Raises ValueError for other slots and values.
    """
    if unknown := said.keys() - SLOTS.keys():
        raise ValueError(f"there is no slot {', '.join(sorted(unknown))}")
    return tuple(_token(slot, said.get(slot)) for slot in SLOTS)


def _token(slot: str, value: str | float | None) -> int:
    if value is None:
        return 0
    if isinstance(value, str) and value in SLOTS[slot]:
        return FIRST[slot] + SLOTS[slot].index(value)
    if slot == "key" and not isinstance(value, str):
        return FIRST[slot] + int(value) % len(KEYS)
    if slot not in _EDGES or isinstance(value, str):
        raise ValueError(f"{slot} takes one of {', '.join(SLOTS[slot])}")
    return FIRST[slot] + bisect_right(_EDGES[slot], value)
