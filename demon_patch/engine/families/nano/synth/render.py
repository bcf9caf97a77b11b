"""Plays a score with the synthesizer of a style, as a stereo loop at 48 kHz."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.score.notes import FRAME_RATE, PARTS, Note, Score
from demon_patch.engine.families.nano.synth import effects
from demon_patch.engine.families.nano.synth.instruments import INSTRUMENTS, SOUNDS, Sound
from demon_patch.engine.families.nano.synth.kit import Drums
from demon_patch.engine.families.nano.synth.patches import SynthPatch, note_sound
from demon_patch.engine.families.nano.synth.waves import RATE

_LOUDNESS = 0.12  # rms
_DRIVEN = 0.09  # rms before the soft clipper, times its drive
_PEAK = 0.98
_MIX = {"drums": 0.8, "bass": 0.38, "chords": 0.21, "arp": 0.36, "lead": 0.4}
_SENDS = {"drums": 0.12, "bass": 0.02, "chords": 0.9, "arp": 0.7, "lead": 0.7}
_SPREAD = {"drums": 0.0, "bass": 0.03, "chords": 0.4, "arp": 0.6, "lead": 0.3}
_WIDTHS = {"drums": (0.2, 0.6), "bass": (0.0, 0.1), "chords": (0.5, 1.2), "arp": (0.4, 1.1), "lead": (0.3, 1.0)}


@dataclass(frozen=True, slots=True)
class Setup:
    """The sound of a style with all choices made.

    instruments, patches: name and settings of the instrument of each part.
    pans: -1 (left) to 1 (right). widths: amount, and two delays in samples.
    sound: levels and effects. seed: of the drums.
    spread: how far numbers may differ from the style's own, as a share.
    """

    style: str
    instruments: dict[str, str]
    patches: dict[str, SynthPatch]
    pans: dict[str, float]
    widths: dict[str, tuple[float, int, int]]
    sound: Sound
    seed: int
    spread: float

    @classmethod
    def draw(cls, style: str, seed: int, spread: float = 0.3) -> Setup:
        """Returns a setup of a style, drawn from a seed.

        spread: how far numbers may differ from the style's own, as a share (0.3: within 30 %, levels within twice
        that).
        """
        draws = Draws(seed, 3)
        sound = SOUNDS[style]
        names = {part: draws.pick(getattr(sound, part)) for part in PARTS if part != "drums"}
        patches = {part: INSTRUMENTS[name].varied(draws, spread) for part, name in names.items()}
        pans = {part: max(-0.8, min(0.8, draws.bell(width))) for part, width in _SPREAD.items()}
        widths = {part: _width(draws, *limits) for part, limits in _WIDTHS.items()}

        def near(value: float, times: float = 1.0) -> float:
            reach = 1 + times * spread
            return value * draws.ratio(1 / reach, reach)

        return cls(
            style, names, patches, pans, widths,
            replace(
                sound, levels=tuple(near(level, 2.0) for level in sound.levels),
                reverb=(near(sound.reverb[0]), sound.reverb[1]),
                echo=near(sound.echo), pump=min(near(sound.pump), 0.9), drive=near(sound.drive),
                low_pass=min(near(sound.low_pass), 21000), dust=near(sound.dust),
                tone=(sound.tone[0] + draws.bell(3.5 * spread), sound.tone[1] + draws.bell(1.2 * spread)),
            ),
            draws.seed(), spread,
        )  # fmt: skip

    def kind(self, part: str) -> str:
        """Returns the kind of instrument of a part (see `patches.KINDS`)."""
        return "drum machine" if part == "drums" else self.patches[part].kind


def _width(draws: Draws, least: float, most: float) -> tuple[float, int, int]:
    first = draws.whole(150, 900)
    return draws.between(least, most), first, first + draws.whole(20, 90)


def render(score: Score, setup: Setup, parts: Collection[str] = PARTS) -> Samples:
    """Returns the sound of a score, float32 [2, frames * 1920] at 48 kHz, within -1 to 1; only `parts` are heard."""
    samples = score.frames * (RATE // FRAME_RATE)
    sound, draws = setup.sound, Draws(setup.seed)
    rng = np.random.Generator(np.random.PCG64(draws.seed()))
    kit = Drums(sound.kit, draws, setup.spread)
    levels = dict(zip(PARTS, sound.levels, strict=True))
    dry, wet = np.zeros((2, samples), np.float32), np.zeros((2, samples), np.float32)
    drums = np.zeros((2, samples), np.float32)
    for part in PARTS:
        notes = score.of(part) if part in parts else ()
        if not notes:
            continue
        level = np.float32(_MIX[part] * levels[part])
        if part == "drums":
            drums = effects.widened(_drums(notes, kit, samples) * level, *setup.widths[part])
            wet += drums * np.float32(_SENDS[part] + kit.room)
        else:
            heard = effects.widened(_part(notes, setup, part, samples) * level, *setup.widths[part])
            dry += heard
            wet += heard * np.float32(_SENDS[part])
    if sound.echo:
        dry += effects.echo(wet, round(3 * samples / (score.bars * 16)), sound.echo)
    if sound.reverb[0]:
        dry += effects.reverb(wet, sound.reverb[1], rng) * np.float32(1.3 * sound.reverb[0])
    kicks = np.array([int(note.start * RATE) for note in score.of("drums") if note.pitch in (35, 36)], np.int64)
    if sound.pump and len(kicks) and "drums" in parts:
        dry *= effects.duck(np.minimum(kicks, samples - 1), samples, sound.pump)
    return _finished(drums + dry, sound, rng)


def _drums(notes: Collection[Note], kit: Drums, samples: int) -> Samples:
    sounds = {note.pitch: kit.sound(note.pitch) for note in notes}
    mix = np.zeros((2, samples + max(sound.shape[1] for sound in sounds.values())), np.float32)
    for note in notes:
        sound, at = sounds[note.pitch], int(note.start * RATE)
        mix[:, at : at + sound.shape[1]] += sound * np.float32((note.velocity / 110) ** 1.5)
    return effects.folded(mix, samples)


def _part(notes: Collection[Note], setup: Setup, part: str, samples: int) -> Samples:
    """Returns the sound of a tonal part [2, samples]; notes that are alike are computed once."""
    patch = setup.patches[part]
    release = max(int(3 * patch.release * RATE), 240)
    ramp = np.exp(-np.arange(release) / (patch.release * RATE)).astype(np.float32)
    ramp *= np.linspace(1, 0, release, dtype=np.float32)
    longest = max(note.length for note in notes)
    mix = np.zeros((2, samples + int(longest * RATE) + 2 * release + 64), np.float32)
    groups: dict[tuple[int, int | None, int], list[Note]] = {}
    before: Note | None = None
    for note in notes:
        slid = before.pitch if patch.glide and before and before.start + before.length > note.start - 0.02 else None
        groups.setdefault((note.pitch, slid, _strength(note.velocity)), []).append(note)
        before = note
    for (pitch, slid, strength), alike in groups.items():
        seconds = max(note.length for note in alike) + release / RATE
        made = note_sound(patch, pitch, slid, strength / 4, seconds)
        for note in alike:
            at, held = int(note.start * RATE), min(int(note.length * RATE), made.shape[1] - release)
            held = max(held, 32)
            mix[:, at : at + held] += made[:, :held]
            tail = made[:, held : held + release]
            mix[:, at + held : at + held + tail.shape[1]] += tail * ramp[: tail.shape[1]]
    loop = effects.folded(mix, samples)
    if patch.drive:
        loop = np.tanh(loop * np.float32(patch.drive)) * np.float32(1 / (np.tanh(patch.drive) * patch.drive**0.3))
    if patch.chorus:
        loop = effects.chorus(loop, patch.chorus)
    angle = (setup.pans[part] + 1) * np.pi / 4
    return loop * (np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]])).astype(np.float32)


def _strength(velocity: int) -> int:
    """Returns one of four strengths, 1 to 4, for a MIDI velocity."""
    return min(velocity // 32, 3) + 1


def _finished(mix: Samples, sound: Sound, rng: np.random.Generator) -> Samples:
    mix = effects.filtered(mix, _tone(mix.shape[1], sound))
    level = float(np.sqrt(np.square(mix).mean()))
    if level > 1e-5:
        mix = np.tanh(mix * np.float32(_DRIVEN * sound.drive / level))
        mix = (mix * np.float32(_LOUDNESS / np.sqrt(np.square(mix).mean()))).astype(np.float32, copy=False)
    if sound.dust and level > 1e-5:
        hertz = effects.bins(mix.shape[1])
        hiss = rng.standard_normal(mix.shape, dtype=np.float32)
        mix += effects.filtered(hiss, (hertz > 300) & (hertz < 6000)) * np.float32(sound.dust)
    peak = float(np.abs(mix).max())
    return (mix * np.float32(min(1.0, _PEAK / max(peak, 1e-6)))).astype(np.float32)


def _tone(samples: int, sound: Sound) -> np.ndarray:
    """Returns the gain of each bin of a loop's Fourier transform: shelf, tilt and low-pass of a style."""
    hertz = effects.bins(samples)
    low, tilt = sound.tone
    octaves = np.log2(np.maximum(hertz, 20.0))
    gain = low / (1 + np.exp(-3 * (np.log2(120) - octaves))) + tilt * np.maximum(octaves - np.log2(500), 0)
    return 10 ** (gain / 20) / np.sqrt(1 + (hertz / sound.low_pass) ** 6)
