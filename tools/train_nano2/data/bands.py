"""Bands: which instruments of a General MIDI soundfont play the parts of a score, how loud, where, in what room."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.engine.families.nano.score import PARTS
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.sound_tags import BAND_KITS, DRUM_KIT, FAMILIES
from tools.train_nano2.data.fluid import Channel

_ANY_BASS = (32, 33, 34, 35, 36, 37, 38, 39, 43, 58, 87)
_ANY_CHORDS = (0, 1, 2, 4, 5, 7, 17, 18, 19, 21, 24, 25, 26, 27, 28, 29, 30, 46, 48, 49, 50, 51, 52, 54, 61, 62, 63,
               88, 89, 90, 91, 92, 94, 95)  # fmt: skip
_ANY_ARP = (0, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 24, 25, 26, 45, 46, 80, 81, 84, 104, 107, 108)
_ANY_LEAD = (0, 4, 11, 22, 26, 29, 40, 42, 53, 56, 57, 59, 60, 64, 65, 66, 68, 71, 72, 73, 74, 75, 79, 80, 81, 82, 84,
             85, 105, 110)  # fmt: skip
ANY = ((0, 8, 16, 24, 25, 32, 40, 48), _ANY_BASS, _ANY_CHORDS, _ANY_ARP, _ANY_LEAD)
"""Drum kits, then programs of bass, chords, arp and lead, that a band of no style may have."""

PROGRAMS: dict[str, tuple[tuple[int, ...], ...]] = {
    "techno": ((25, 24), (38, 39, 87), (62, 90, 63, 50), (81, 80, 84), (81, 87, 80)),
    "house": ((25, 8, 24), (38, 39, 36), (0, 4, 17, 62), (4, 5, 80), (4, 66, 65, 80)),
    "ambient": ((0, 40), (39, 43, 32), (88, 89, 91, 92, 94, 95, 52), (8, 10, 46, 11, 108), (73, 75, 79, 11, 53)),
    "dnb": ((24, 16, 8), (38, 39, 87), (89, 90, 50, 4, 54), (80, 81, 84), (81, 80, 87)),
    "hiphop": ((8, 25, 0), (33, 32, 39, 35), (4, 5, 0, 26), (11, 4, 5), (4, 73, 56, 11, 26)),
    "synthwave": ((24, 25, 16), (38, 39, 81), (50, 51, 90, 62, 63), (81, 80, 84), (80, 81, 84, 62)),
    "chiptune": ((25, 24), (80, 38), (80, 81, 7), (80, 81, 10), (80, 81, 82)),
    "acid": ((25, 24), (38, 87), (62, 81, 90), (80, 81), (81, 87, 84)),
    "trance": ((24, 25), (38, 39, 87), (50, 62, 63, 90), (81, 84, 80), (81, 80, 90)),
    "trap": ((25, 24), (39, 38, 87), (89, 91, 0, 52, 48), (10, 14, 80, 8), (73, 79, 80, 78)),
    "disco": ((8, 16, 0), (33, 34, 36, 37), (48, 28, 4, 61, 27), (28, 27, 4), (48, 56, 65, 81)),
    "funk": ((16, 8, 0), (36, 37, 33), (28, 7, 5, 17, 61), (28, 7), (61, 65, 56, 66)),
    "jazz": ((32, 40, 0), (32, 32, 35), (0, 26, 4, 11), (11, 12, 26), (66, 65, 56, 59, 71, 11, 26, 73)),
    "reggae": ((0, 8, 16), (33, 34, 35), (27, 28, 17, 0), (17, 27, 12), (57, 56, 66, 22, 73)),
    "rock": ((16, 8, 0), (33, 34), (29, 30, 27, 18, 25), (27, 25, 29), (29, 30, 18, 27)),
    "orchestral": ((48, 0), (43, 42, 58), (48, 49, 52, 61, 46, 60), (46, 45, 8, 14, 71), (40, 73, 68, 71, 56, 60, 42)),
}
"""Drum kits, then programs of bass, chords, arp and lead, of each style.

Left out are programs that do not sound at the pitch of their key in these soundfonts (9, 16, 98, 106): hints must say
what is heard.
"""

RAISED = {17: 12, 18: 12}
"""Semitones by which keys are raised: organs whose lowest stop sounds an octave below."""

KIT_NAMES: dict[int, str] = dict(zip((0, 8, 16, 24, 25, 32, 40, 48), BAND_KITS, strict=True))
"""Names of drum programs, as tags have them."""

_VOLUMES = {"drums": 104, "bass": 92, "chords": 88, "arp": 86, "lead": 100}
_PANS = {"drums": 0, "bass": 6, "chords": 30, "arp": 38, "lead": 20}
_SENDS = {"drums": 48, "bass": 16, "chords": 96, "arp": 112, "lead": 96}
_OWN_STYLE = 0.8


@dataclass(frozen=True, slots=True)
class Band:
    """A band drawn at random.

    style: the style of its instruments; None if they are of any style.
    channels: how each part is played.
    room: size of the reverb's room, 0 to 1.
    wet: how much reverb it plays with, 0 to 1.
    """

    style: str | None
    channels: dict[str, Channel]
    room: float
    wet: float

    @classmethod
    def draw(cls, style: str, draws: Draws) -> Band:
        """Returns a random band that plays a style. One band in five has instruments of any style."""
        own = draws.chance(_OWN_STYLE)
        choices = PROGRAMS[style] if own else ANY
        wet, loose = draws.share(), draws.chance(0.3)
        channels = {}
        for part, programs in zip(PARTS, choices, strict=True):
            program = draws.pick(programs)
            if own and loose and part != "drums" and draws.chance(0.3):
                program = draws.pick(ANY[PARTS.index(part)])
            channels[part] = Channel(
                program=program,
                volume=_within(_VOLUMES[part] + draws.bell(12), 40),
                pan=_within(64 + draws.bell(_PANS[part]), 8, 119),
                reverb=_within(_SENDS[part] * wet * draws.between(0.4, 1.4)),
                raised=RAISED.get(program, 0) if part != "drums" else 0,
                chorus=_within(draws.between(20, 90)) if part != "drums" and draws.chance(0.3) else 0,
            )
        return cls(style if own else None, channels, draws.between(0.2, 0.9), wet)

    def family(self, part: str) -> str:
        """Returns the General MIDI family of a part's instrument; "drum kit" for drums."""
        return DRUM_KIT if part == "drums" else FAMILIES[self.channels[part].program // 8]


def _within(value: float, low: int = 0, high: int = 127) -> int:
    return min(max(round(value), low), high)
