"""The instruments by name, and which of them each style plays."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.engine.families.nano.synth.patches import SynthPatch as P

INSTRUMENTS = {
    # basses
    "plain bass": P("saw", "saw", 420, track=0.3, sweep=1.4, decay=0.12, fade=0.5),
    "rubber bass": P("square", "square", 480, track=0.3, sweep=1.3, decay=0.15, fade=0.6),
    "acid bass": P("saw", "saw", 360, 3.0, 0.2, sweep=3.0, decay=0.13, fade=0.6, glide=0.03, drive=1.6),
    "deep bass": P("sine", "triangle", 320, track=0.3, sweep=0.4, decay=0.4, fade=1.4, sub=0.3, release=0.12),
    "long 808": P("sine", "sine", 900, sweep=0.8, decay=0.05, fade=1.1, glide=0.02, drive=1.2, release=0.15),
    "reese bass": P("saw", "saw", 420, 0.6, 0.2, sweep=0.7, decay=0.4, detune=0.012, width=0.35, sub=0.4),
    "chip bass": P("triangle", "triangle", 9000, fade=0.9, release=0.02),
    "finger bass": P("guitar", "nylon", 900, track=0.4, sweep=1.6, decay=0.16, attack=0.004, fade=0.8),
    "slap bass": P("guitar", "guitar", 1500, track=0.4, sweep=2.2, decay=0.06, fade=0.6, noise=0.02),
    "upright bass": P("pluck", "nylon", 560, track=0.5, sweep=1.5, decay=0.09, attack=0.006, fade=0.55, noise=0.01),
    "low strings": P("strings", "strings", 1200, attack=0.09, release=0.2, detune=0.005, width=0.3, noise=0.01),
    "pedal bass": P("organ", "organ", 900, attack=0.01, release=0.06),
    # chords
    "saw stab": P("saw", "saw", 1500, 1.0, sweep=1.4, decay=0.12, fade=0.25, detune=0.006, width=0.5),
    "warm pad": P("saw", "saw", 950, attack=0.45, release=0.9, detune=0.007, width=0.75, chorus=0.4),
    "bright pad": P("saw", "saw", 2600, attack=0.12, release=0.5, detune=0.009, width=0.8, chorus=0.3),
    "supersaw": P("saw", "saw", 5200, attack=0.01, release=0.25, detune=0.014, width=0.9, sweep=0.5, chorus=0.5),
    "square pad": P("square", "pulse", 1600, attack=0.2, release=0.6, detune=0.005, width=0.7, chorus=0.4),
    "drawbar organ": P("organ", "organ", 5000, attack=0.004, release=0.05, noise=0.004, chorus=0.6, vibrato=0.002),
    "electric piano": P("electric piano", "sine", 6000, fm=(1.0, 0.22), decay=0.5, fade=1.3, release=0.12, chorus=0.3),
    "tine piano": P("electric piano", "sine", 7000, fm=(14.0, 0.05), decay=0.08, fade=1.2, release=0.12, chorus=0.3),
    "grand piano": P("piano", "piano", 3600, track=0.7, sweep=1.2, decay=0.35, fade=1.2, release=0.14, detune=0.0007,
                     width=0.4),
    "steel guitar": P("guitar", "guitar", 2600, track=0.6, sweep=1.8, decay=0.25, fade=0.9, release=0.1),
    "clean guitar": P("guitar", "guitar", 1700, track=0.6, sweep=1.6, decay=0.18, fade=0.6, release=0.06, chorus=0.3),
    "driven guitar": P("guitar", "guitar", 1800, track=0.5, sweep=1.2, decay=0.5, fade=2.5, drive=5.0, release=0.06),
    "string section": P("strings", "strings", 2600, attack=0.16, release=0.35, detune=0.006, width=0.8, vibrato=0.003,
                        chorus=0.4),
    "choir": P("voice", "voice", 3200, attack=0.2, release=0.4, detune=0.005, width=0.7, vibrato=0.004, chorus=0.4),
    "brass section": P("brass", "brass", 1700, track=0.7, sweep=0.9, decay=0.3, attack=0.05, release=0.09,
                       detune=0.003, width=0.5),
    "chip chord": P("square", "thin", 12000, fade=0.6, release=0.02),
    # arpeggios and leads
    "square pluck": P("square", "square", 1900, sweep=1.2, decay=0.09, fade=0.16),
    "saw pluck": P("saw", "saw", 2600, 1.0, sweep=1.5, decay=0.12, fade=0.22, detune=0.006, width=0.5),
    "harp": P("pluck", "nylon", 3200, track=0.7, sweep=1.4, decay=0.2, fade=0.7, release=0.25),
    "koto": P("pluck", "guitar", 4200, track=0.7, sweep=1.8, decay=0.09, fade=0.4, release=0.15),
    "glass bell": P("bell", "sine", 12000, fm=(3.0, 0.2), decay=0.45, fade=0.9, release=0.4),
    "music box": P("bell", "sine", 14000, fm=(7.0, 0.08), decay=0.1, fade=0.6, release=0.3),
    "vibraphone": P("bell", "sine", 9000, fm=(4.0, 0.06), decay=0.12, fade=1.1, release=0.2, vibrato=0.002),
    "chip lead": P("square", "pulse", 14000, fade=1.5, release=0.02, vibrato=0.004),
    "saw lead": P("saw", "saw", 3000, 1.0, sweep=0.8, decay=0.3, release=0.12, detune=0.005, width=0.3, vibrato=0.004,
                  glide=0.02),
    "square lead": P("square", "square", 3600, 0.6, release=0.1, vibrato=0.004, glide=0.03, detune=0.003),
    "soft lead": P("triangle", "triangle", 3000, attack=0.02, release=0.15, vibrato=0.005, glide=0.04),
    "flute": P("flute", "flute", 5000, attack=0.05, release=0.08, noise=0.03, vibrato=0.005),
    "clarinet": P("reed", "reed", 2200, track=0.7, attack=0.03, release=0.06, noise=0.008, vibrato=0.002),
    "saxophone": P("reed", "brass", 2600, track=0.7, attack=0.03, release=0.07, noise=0.015, vibrato=0.005, sweep=0.5),
    "trumpet": P("brass", "brass", 3000, track=0.8, sweep=0.6, decay=0.2, attack=0.03, release=0.07, vibrato=0.003),
    "solo violin": P("strings", "strings", 3800, attack=0.07, release=0.12, vibrato=0.006, noise=0.01),
    "guitar solo": P("guitar", "saw", 2600, 0.5, sweep=0.8, decay=0.5, release=0.1, vibrato=0.005, drive=3.0,
                     glide=0.02),
    "whistle": P("sine", "sine", 9000, attack=0.03, release=0.08, vibrato=0.006, glide=0.05, noise=0.01),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sound:
    """The instruments, levels and effects of a style.

    bass, chords, arp, lead: names of instruments to choose from.
    levels: gains of drums, bass, chords, arp and lead.
    reverb: gain, and length in seconds. echo: gain of the first echo.
    pump: share by which each kick ducks the other parts. drive: into the soft clipper.
    low_pass: cutoff in Hz. dust: gain of background noise.
    tone: dB below 120 Hz, and dB an octave above 500 Hz. kit: name of the drums (see `kit`).
    """

    bass: tuple[str, ...]
    chords: tuple[str, ...]
    arp: tuple[str, ...]
    lead: tuple[str, ...]
    levels: tuple[float, float, float, float, float]
    reverb: tuple[float, float]
    echo: float
    pump: float
    drive: float
    low_pass: float
    dust: float = 0.0
    tone: tuple[float, float] = (0.0, 0.0)
    kit: str = "machine"


SOUNDS = {
    "techno": Sound(
        ("plain bass", "rubber bass", "deep bass"), ("saw stab", "square pad"), ("square pluck", "saw pluck"),
        ("saw lead", "square lead"), (1.0, 0.8, 0.5, 0.4, 0.4), (0.22, 1.2), 0.25, 0.6, 0.9, 15000, kit="hard",
        tone=(3, -0.8),
    ),
    "house": Sound(
        ("rubber bass", "plain bass", "deep bass"), ("drawbar organ", "electric piano", "grand piano", "saw stab"),
        ("electric piano", "square pluck"), ("electric piano", "soft lead", "saxophone"),
        (0.95, 0.75, 0.7, 0.4, 0.5), (0.18, 0.8), 0.12, 0.45, 0.7, 17000,
        tone=(1, 0.6),
    ),
    "ambient": Sound(
        ("deep bass", "low strings"), ("warm pad", "choir", "square pad", "string section"),
        ("glass bell", "harp", "music box"), ("glass bell", "flute", "soft lead", "whistle"),
        (0.4, 0.55, 0.7, 0.45, 0.55), (0.65, 3.2), 0.35, 0.0, 0.4, 10000, kit="soft",
        tone=(-3, -1.6),
    ),
    "dnb": Sound(
        ("reese bass", "deep bass", "plain bass"), ("warm pad", "bright pad", "electric piano"),
        ("square pluck", "saw pluck"), ("saw lead", "square lead"), (1.0, 0.9, 0.4, 0.35, 0.4), (0.2, 1.2), 0.2, 0.2,
        1.0, 17000, kit="tight",
        tone=(4, 1.6),
    ),
    "hiphop": Sound(
        ("deep bass", "finger bass", "upright bass"), ("electric piano", "tine piano", "grand piano"),
        ("electric piano", "vibraphone"), ("electric piano", "flute", "trumpet", "soft lead"),
        (1.0, 0.9, 0.75, 0.4, 0.5), (0.12, 0.7), 0.06, 0.1, 0.9, 6500, dust=0.005, kit="dusty",
        tone=(3, -1.5),
    ),
    "synthwave": Sound(
        ("plain bass", "rubber bass"), ("bright pad", "warm pad", "supersaw"), ("saw pluck", "square pluck"),
        ("square lead", "saw lead"), (0.95, 0.8, 0.5, 0.45, 0.5), (0.3, 1.7), 0.25, 0.2, 0.7, 16000, kit="gated",
        tone=(0, 0.4),
    ),
    "chiptune": Sound(
        ("chip bass",), ("chip chord",), ("chip lead", "chip chord"), ("chip lead", "square lead"),
        (0.75, 0.85, 0.4, 0.4, 0.55), (0.0, 0.3), 0.05, 0.0, 0.6, 18000, kit="chip",
        tone=(-6, 1.2),
    ),
    "acid": Sound(
        ("acid bass",), ("saw stab", "square pad"), ("square pluck",), ("saw lead",), (0.95, 1.0, 0.4, 0.35, 0.4),
        (0.14, 0.9), 0.3, 0.35, 1.1, 16000, kit="hard",
        tone=(1, 1.2),
    ),
    "trance": Sound(
        ("plain bass", "rubber bass"), ("supersaw", "bright pad"), ("saw pluck",), ("saw lead", "supersaw"),
        (0.95, 0.75, 0.55, 0.5, 0.5), (0.32, 2.0), 0.35, 0.55, 0.8, 18000,
        tone=(-1, 2.0),
    ),
    "trap": Sound(
        ("long 808",), ("warm pad", "choir", "grand piano", "square pad"), ("music box", "glass bell", "square pluck"),
        ("soft lead", "flute", "square lead", "whistle"), (0.95, 1.1, 0.5, 0.45, 0.5), (0.22, 1.3), 0.15, 0.15, 1.0,
        17000, kit="crisp",
        tone=(4, 0.6),
    ),
    "disco": Sound(
        ("finger bass", "slap bass"), ("string section", "clean guitar", "electric piano", "brass section"),
        ("clean guitar", "square pluck"), ("string section", "trumpet", "saxophone", "square lead"),
        (0.95, 0.9, 0.6, 0.45, 0.5), (0.2, 1.1), 0.08, 0.05, 0.6, 15000, kit="studio",
        tone=(-2, 1.0),
    ),
    "funk": Sound(
        ("slap bass", "finger bass"), ("clean guitar", "tine piano", "drawbar organ", "brass section"),
        ("clean guitar",), ("brass section", "saxophone", "trumpet"), (1.0, 0.95, 0.6, 0.4, 0.5), (0.12, 0.7), 0.03,
        0.0, 0.7, 15000, kit="studio",
        tone=(-1, 0.2),
    ),
    "jazz": Sound(
        ("upright bass",), ("grand piano", "vibraphone", "clean guitar", "electric piano"), ("vibraphone",),
        ("saxophone", "trumpet", "clarinet", "vibraphone", "flute"), (0.7, 0.9, 0.6, 0.4, 0.65), (0.22, 1.2), 0.0, 0.0,
        0.4, 14000, kit="brushed",
        tone=(-3, -1.0),
    ),
    "reggae": Sound(
        ("deep bass", "finger bass"), ("clean guitar", "drawbar organ", "grand piano"), ("drawbar organ",),
        ("trumpet", "saxophone", "flute", "drawbar organ"), (0.9, 1.05, 0.6, 0.4, 0.5), (0.25, 1.5), 0.3, 0.0, 0.6,
        12000, kit="studio",
        tone=(4, -2.6),
    ),
    "rock": Sound(
        ("finger bass", "plain bass"), ("driven guitar", "driven guitar", "driven guitar", "clean guitar"),
        ("steel guitar", "clean guitar"), ("guitar solo", "guitar solo", "drawbar organ"),
        (1.0, 0.85, 0.55, 0.4, 0.5), (0.16, 1.0), 0.06, 0.0, 0.8, 14000, kit="rock",
        tone=(-2, -0.2),
    ),
    "orchestral": Sound(
        ("low strings",), ("string section", "choir", "brass section", "harp"), ("harp", "vibraphone", "solo violin"),
        ("flute", "solo violin", "clarinet", "trumpet"), (0.65, 0.75, 0.7, 0.5, 0.65), (0.45, 2.4), 0.0, 0.0, 0.3,
        15000, kit="hall",
        tone=(-5, -0.8),
    ),
}  # fmt: skip
