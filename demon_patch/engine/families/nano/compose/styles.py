"""The instruments, levels and effects of each style."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SynthPatch:
    """An instrument of the synthesiser. Times are in seconds.

    wave: name of a waveform in `tables`.
    resonance: height of the peak at the cutoff, as a share of the gain there.
    cutoff: of the low-pass, in Hz.
    sweep: octaves by which the cutoff of a bass is higher at a note's start, times 0.6, or 1.2 for an accent.
    held: whether each chord sounds until the next one.
    detune: of a second oscillator, as a share of the pitch.
    """

    wave: str
    resonance: float
    cutoff: float
    sweep: float = 0.0
    decay: float = 0.2
    attack: float = 0.003
    release: float = 0.2
    held: bool = False
    detune: float = 0.0


@dataclass(frozen=True, slots=True)
class Style:
    """Instruments, levels and effects of a style.

    levels: gains of drums, bass, chords, arp and lead.
    reverb: gain of the reverberation, and its length in seconds.
    delay: gain of the first echo; drum_room: share of the drums sent to echo and reverberation.
    pump: share by which each kick ducks the other layers.
    drive: gain into the soft clipper; low_pass: cutoff of the whole, in Hz.
    voices: of a chord; loudness: rms of the whole; dust: gain of the background noise.
    """

    bass: SynthPatch
    chords: SynthPatch
    arp: SynthPatch
    lead: SynthPatch
    levels: tuple[float, float, float, float, float]
    reverb: tuple[float, float]
    delay: float
    pump: float
    drive: float
    low_pass: float
    voices: int = 4
    loudness: float = 0.16
    drum_room: float = 0.08
    dust: float = 0.0
    crush: bool = False
    glides: bool = False
    sweeps: bool = False
    sub: bool = False
    reese: bool = False
    long_bass: bool = False
    long_lead: bool = False
    broken_chords: bool = False


SOUNDS = {
    "techno": Style(
        bass=SynthPatch("saw", 1.0, 260, sweep=1.2, decay=0.09),
        chords=SynthPatch("saw", 1.0, 1300, attack=0.003, release=0.14, detune=0.004),
        arp=SynthPatch("square", 0.0, 1800, decay=0.08),
        lead=SynthPatch("saw", 1.0, 1800),
        levels=(1.0, 0.75, 0.4, 0.3, 0.3),
        reverb=(0.22, 1.2), delay=0.25, pump=0.65, drive=1.4, low_pass=13000, voices=3, sweeps=True, sub=True,
    ),
    "house": Style(
        bass=SynthPatch("square", 0.0, 420, sweep=1.2, decay=0.14),
        chords=SynthPatch("organ", 0.0, 4200, attack=0.002, release=0.22),
        arp=SynthPatch("electric piano", 0.0, 4000, decay=0.2),
        lead=SynthPatch("electric piano", 0.0, 5000),
        levels=(0.9, 0.7, 0.6, 0.35, 0.45),
        reverb=(0.15, 0.7), delay=0.1, pump=0.5, drive=1.1, low_pass=15500, long_lead=True,
    ),
    "ambient": Style(
        bass=SynthPatch("triangle", 0.0, 220, sweep=0.2, decay=0.8),
        chords=SynthPatch("saw", 0.0, 900, attack=0.5, release=1.5, held=True, detune=0.006),
        arp=SynthPatch("bell", 0.0, 2600, decay=0.5),
        lead=SynthPatch("bell", 0.0, 3000),
        levels=(0.35, 0.5, 0.65, 0.4, 0.5),
        reverb=(0.6, 3.0), delay=0.35, pump=0.0, drive=0.8, low_pass=9000, loudness=0.11, drum_room=0.2,
        long_bass=True, long_lead=True,
    ),
    "dnb": Style(
        bass=SynthPatch("saw", 1.0, 330, sweep=0.7, decay=0.3),
        chords=SynthPatch("saw", 0.0, 1700, attack=0.02, release=0.5, held=True, detune=0.008),
        arp=SynthPatch("square", 0.0, 2500, decay=0.1),
        lead=SynthPatch("saw", 0.0, 2600),
        levels=(1.0, 0.9, 0.32, 0.28, 0.3),
        reverb=(0.18, 1.0), delay=0.2, pump=0.25, drive=1.6, low_pass=15500, sweeps=True, sub=True, reese=True,
        long_bass=True,
    ),
    "hiphop": Style(
        bass=SynthPatch("triangle", 0.0, 200, sweep=0.3, decay=0.5),
        chords=SynthPatch("electric piano", 0.0, 1800, attack=0.006, release=0.55, detune=0.003),
        arp=SynthPatch("electric piano", 0.0, 1700, decay=0.25),
        lead=SynthPatch("electric piano", 0.0, 2100),
        levels=(1.0, 0.85, 0.7, 0.35, 0.45),
        reverb=(0.1, 0.6), delay=0.05, pump=0.1, drive=1.3, low_pass=5200, dust=0.006, sub=True, long_lead=True,
    ),
    "synthwave": Style(
        bass=SynthPatch("saw", 0.0, 500, sweep=1.5, decay=0.12),
        chords=SynthPatch("saw", 0.0, 2600, attack=0.06, release=0.8, held=True, detune=0.009),
        arp=SynthPatch("saw", 1.0, 3200, decay=0.12),
        lead=SynthPatch("square", 1.0, 4200),
        levels=(0.85, 0.75, 0.42, 0.38, 0.42),
        reverb=(0.3, 1.6), delay=0.25, pump=0.2, drive=1.1, low_pass=14500, drum_room=0.2,
    ),
    "chiptune": Style(
        bass=SynthPatch("triangle", 0.0, 9000, decay=0.4),
        chords=SynthPatch("pulse", 0.0, 12000, attack=0.001, release=0.25),
        arp=SynthPatch("square", 0.0, 14000, decay=0.1),
        lead=SynthPatch("pulse", 0.0, 14000),
        levels=(0.7, 0.8, 0.25, 0.32, 0.45),
        reverb=(0.0, 0.3), delay=0.0, pump=0.0, drive=1.0, low_pass=16000, voices=3, crush=True, long_bass=True,
        broken_chords=True,
    ),
    "acid": Style(
        bass=SynthPatch("saw", 3.0, 330, sweep=3.1, decay=0.11),
        chords=SynthPatch("saw", 1.0, 1200, attack=0.003, release=0.16, detune=0.004),
        arp=SynthPatch("square", 1.0, 1600, decay=0.08),
        lead=SynthPatch("saw", 3.0, 1600),
        levels=(0.95, 0.95, 0.3, 0.3, 0.3),
        reverb=(0.12, 0.8), delay=0.3, pump=0.35, drive=2.0, low_pass=14500, voices=3, glides=True, sweeps=True,
    ),
}  # fmt: skip
