"""The sounds in which a score is rendered: our synthesizer, a band through a soundfont, or parts of both together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.score import PARTS, STYLES, Score
from demon_patch.engine.families.nano.score.draws import Draws
from demon_patch.engine.families.nano.sound_tags import ONE_SHOTS
from demon_patch.engine.families.nano.synth import RATE, Setup, render
from tools.train_nano2.data.bands import KIT_NAMES, Band
from tools.train_nano2.data.fluid import SoundfontPlayer
from tools.train_nano2.data.fonts import FONTS
from tools.train_nano2.data.one_shots import Shots

SOURCES = ("synth", "band", "hybrid")
SHARES = (0.39, 0.39, 0.22)
"""How often each source is drawn; thin textures, a tenth of the scores, are played by all of them."""

SYNTH_PARTS = (
    ("drums", "bass"),
    ("drums", "bass", "arp"),
    ("chords", "arp"),
    ("lead", "chords"),
    ("drums",),
    ("lead",),
)
"""What the synthesizer plays of a hybrid; the band plays the rest."""

_OWN_STYLE = 0.6  # of the sounds are in the style of the score, the others are covers in another


@dataclass(frozen=True, slots=True)
class SoundTags:
    """What a rendering sounds like.

    style: the style of its instruments; None if they are of any style.
    source: one of SOURCES.
    font: the name of the soundfont, if one plays.
    families: what plays each part of the score: a General MIDI family, "drum kit", "one-shots", or "synth" and a kind
        of our synthesizer.
    kit: the name of the drums.
    room: 0 dry to 1 wet.
    mastered: whether more than its level was changed.
    brightness: the energy above 3 kHz relative to all energy, in dB.
    energy: 0 calm to 1 busy (`clips.energy`).
    """

    style: str | None
    source: str
    font: str | None
    families: dict[str, str]
    kit: str | None
    room: float
    mastered: bool = False
    brightness: float = 0.0
    energy: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Returns the tags as plain values."""
        return asdict(self)


class Studio:
    """Everything that renders: soundfonts (each loaded when it is first needed) and one-shots."""

    def __init__(self, fonts: Mapping[str, Path], shots: Shots | None) -> None:
        self._paths, self._players = fonts, dict[str, SoundfontPlayer]()
        self._shots = shots

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that can be rendered here: without soundfonts only the synthesizer."""
        return SOURCES if self._paths else SOURCES[:1]

    def render(self, score: Score, source: str, draws: Draws) -> tuple[Samples, SoundTags]:
        """Returns the sound of a score, float32 [2, frames * 1920] before mastering, rendered by a source with a drawn
        choice of instruments; and its tags."""
        style = score.style if draws.chance(_OWN_STYLE) else draws.pick(STYLES)
        setup = Setup.draw(style, draws.seed())
        if source == "synth":
            return self._synth(score, setup, draws, PARTS)
        band = Band.draw(style, draws)
        font = draws.pick([font.name for font in FONTS], [font.share for font in FONTS])
        if source == "band":
            sound = self._play(score, band, font)
            return sound, _band_tags(score, band, font)
        return self._hybrid(score, setup, band, font, draws)

    def _synth(
        self, score: Score, setup: Setup, draws: Draws, parts: tuple[str, ...], shots: bool = False
    ) -> tuple[Samples, SoundTags]:
        tonal = tuple(part for part in parts if not (shots and part == "drums"))
        sound = render(score, setup, tonal)
        kit: str | None = setup.sound.kit if "drums" in parts else None
        families = {part: f"synth {setup.kind(part)}" for part in parts if part in set(_heard(score))}
        if shots and self._shots and "drums" in families:
            drums = self._shots.play(score.of("drums"), draws, sound.shape[1])
            sound = sound * np.float32(_matched(sound, drums, draws)) + drums
            kit = families["drums"] = ONE_SHOTS
        return sound, SoundTags(setup.style, "synth", None, families, kit, min(setup.sound.reverb[0] / 0.8, 1.0))

    def _hybrid(self, score: Score, setup: Setup, band: Band, font: str, draws: Draws) -> tuple[Samples, SoundTags]:
        mine = draws.pick(SYNTH_PARTS)
        shots = draws.chance(0.5)
        rest = tuple(part for part in PARTS if part not in mine)
        if shots and "drums" in rest:
            mine, rest = (*mine, "drums"), tuple(part for part in rest if part != "drums")
        own, tags = self._synth(score, setup, draws, mine, shots)
        played = self._play(score.only(rest), band, font)
        sound = own * np.float32(_matched(own, played, draws)) + played
        other = _band_tags(score.only(rest), band, font)
        style = tags.style if tags.style == other.style else None
        kit = tags.kit if "drums" in mine else other.kit
        families = {part: (tags.families | other.families)[part] for part in _heard(score)}
        return sound, SoundTags(style, "hybrid", font, families, kit, (tags.room + other.room) / 2)

    def _play(self, score: Score, band: Band, font: str) -> Samples:
        if not score.notes:
            return np.zeros((2, score.frames * RATE // 25), np.float32)
        if font not in self._players:
            self._players[font] = SoundfontPlayer(self._paths[font])
        return self._players[font].play(score.notes, band.channels, band.room, score.frames)


def _heard(score: Score) -> list[str]:
    return [part for part, plays in score.played().items() if plays]


def _band_tags(score: Score, band: Band, font: str) -> SoundTags:
    heard = _heard(score)
    kit = KIT_NAMES[band.channels["drums"].program] if "drums" in heard else None
    families = {part: band.family(part) for part in heard}
    return SoundTags(band.style, "band", font, families, kit, band.wet * (0.5 + 0.5 * band.room))


def _matched(first: Samples, second: Samples, draws: Draws) -> float:
    """Returns the gain that makes the first sound as loud as the second, times a random factor of up to 4 dB; 1 if one
    is silent."""
    levels = [float(np.sqrt(np.square(sound).mean())) for sound in (first, second)]
    return levels[1] / levels[0] * draws.ratio(0.63, 1.6) if min(levels) > 1e-4 else 1.0
