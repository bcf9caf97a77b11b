"""The rows of `demon-patch bench nano-quality`: what a model's codec keeps, and what its covers are like.

All sounds are judged as mono at 48 kHz, whatever the model's own sample rate is; songs and seeds are fixed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.bench.judges import chroma_correlation, integrated
from demon_patch.bench.notes import f1, transcriber
from demon_patch.bench.quality.hearing import tempo_heard
from demon_patch.bench.quality.key_judge import KeyExample, KeyJudge
from demon_patch.bench.quality.songs import RATE, SECONDS, TONAL, Song, songs, sounding, sounds_of, tonal_songs
from demon_patch.bench.quality.spectra import mel_error
from demon_patch.bench.quality.style_judges import StyleJudges
from demon_patch.bench.quality.through import as_heard, through_codec
from demon_patch.bench.strength_figures import latent_distance
from demon_patch.bench.texture import texture
from demon_patch.engine.contracts import Source
from demon_patch.engine.families import unread
from demon_patch.engine.families.nano.score import STYLES
from demon_patch.engine.session import Session

KNOBS = np.linspace(0.0, 1.0, 11)
_LEARNT, _JUDGED = 40, 6  # true renders of each style that judges learn from, and that they are judged by
_KEYS_LEARNT = 96  # true renders that the judge of keys learns from
_NEAR_SEAM = 0.05  # seconds on each side


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many songs each question takes, and how many styles at most."""

    codec: int = 16
    notes: int = 24
    covered: int = 6
    asked: int = 24
    strengths: int = 16
    styles: int = 16


class Quality:
    """Measures a session's model. Each method yields rows."""

    def __init__(self, session: Session, sizes: Sizes | None = None) -> None:
        self._session, self._sizes = session, sizes or Sizes()
        self.styles = _told_apart(session)[: self._sizes.styles]
        self._hear = transcriber()

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows."""
        yield {"about": "model", "name": self._session.spec.name, "styles": ", ".join(self.styles)}
        yield self.codec()
        yield from self.notes()
        yield self.style()
        yield self.asked()
        yield self.strength()
        yield self.speed()

    def codec(self) -> dict[str, Any]:
        """What the codec keeps: mel (dB), and `bench.texture`."""
        rows = []
        for song in songs(self.styles, self._sizes.codec, True):
            own = song.sound.mean(1)
            ours = as_heard(self._session, self._session.decode(self._source(song.sound, song).latent), len(own))
            rows.append({"mel": mel_error(own, ours), **texture(own, ours, RATE)})
        return {"about": "codec", **_means(rows)}

    def notes(self) -> Iterator[dict[str, Any]]:
        """Notes of songs without drums: true sound, codec, covers of the other style's sound in words of this one."""
        table: dict[str, list[dict[str, float]]] = {"true": [], "codec": [], "cover": []}
        for song in songs(self.styles, self._sizes.notes, False):
            own = song.sound.mean(1)
            latent = self._source(song.sound, song).latent
            clip = self._source(song.other, song)
            cover = self._cover(clip, song.prompt, 1.0, song.score.seed)
            for name, ours, made in (
                ("true", own, None),
                ("codec", as_heard(self._session, self._session.decode(latent), len(own)), None),
                ("cover", as_heard(self._session, self._session.decode(cover), len(own)), cover),
            ):
                table[name].append(self._notes_of(song, own, ours, latent, made))
        for name, found in table.items():
            yield {"about": "notes", "of": name, **_means(found)}

    def _notes_of(
        self, song: Song, own: Samples, ours: Samples, latent: Tensor, made: Tensor | None
    ) -> dict[str, float]:
        row = {"mel": mel_error(own, ours), "mel to the clip": mel_error(song.other.mean(1), ours)}
        row["chroma"] = chroma_correlation(own[:, None], ours[:, None], RATE)
        if made is not None and len(made) == len(latent):
            row["spread"] = (made.std() / latent.std()).item()
            row["change"] = (made.diff(dim=0).abs().mean() / latent.diff(dim=0).abs().mean()).item()
        if self._hear is not None:
            heard = self._hear(ours, RATE)
            row["f1"] = f1(song.notes(), heard)
            row |= {f"f1 {part}": f1(song.notes((part,)), heard) for part in TONAL}
        return row

    def style(self) -> dict[str, Any]:
        """The share of covers in each style that two judges tell right, beside true renders and those through the
        codec."""
        examples = {style: [x.mean(1) for x in sounds_of(style, _LEARNT, 0)] for style in self.styles}
        judges = StyleJudges(examples, RATE)
        true = [(style, sound) for style in self.styles for sound in sounds_of(style, _JUDGED, 500)]
        row: dict[str, Any] = {"about": "style"}
        row |= _two("true", judges.shares([(style, sound.mean(1)) for style, sound in true]))
        through = [(style, through_codec(self._session, sound)) for style, sound in true[::2]]
        row |= _two("codec", judges.shares(through))
        covers = []
        for song in songs(self.styles, self._sizes.covered, True):
            clip = self._source(song.sound, song)
            for number, style in enumerate(self.styles):
                latent = self._cover(clip, f"{style}, {song.facts}", 1.0, number)
                covers.append((style, as_heard(self._session, self._session.decode(latent), len(song.sound))))
        return row | _two("covers", judges.shares(covers)) | {"covers": len(covers)}

    def asked(self) -> dict[str, Any]:
        """The share of composed and generated songs whose key (without drums) and tempo are those of the prompt, and
        of true renders of which the judges say the right ones."""
        learnt = tonal_songs(self.styles, _KEYS_LEARNT)
        keys = KeyJudge([KeyExample(sound.mean(1), score.key, score.mode) for score, sound in learnt], RATE)
        right = []
        for song in songs(self.styles, self._sizes.asked, True):
            tonal = self._generated(f"{song.prompt}, no drums", song)
            whole = self._generated(song.prompt, song)
            true = sounding(song.score.only(TONAL), song.style, song.score.seed).mean(1)
            right.append({
                "key": float(keys.told(tonal, song.score.mode) == song.score.key),
                "tempo": _near(tempo_heard(whole, RATE), song.score.bpm),
                "true key": float(keys.told(true, song.score.mode) == song.score.key),
                "true tempo": _near(tempo_heard(song.sound.mean(1), RATE), song.score.bpm),
            })  # fmt: skip
        return {"about": "asked", **_means(right)}

    def _generated(self, prompt: str, song: Song) -> Samples:
        clip = self._session.compose(prompt, seconds=SECONDS, seed=song.score.seed)  # of whole bars at its tempo
        sound = self._session.decode(self._cover(clip, prompt, 1.0, song.score.seed))
        return as_heard(self._session, sound, round(clip.frames * RATE / self._session.spec.frame_rate))

    def strength(self) -> dict[str, Any]:
        """How evenly the strength knob moves the latent away from the clip (least and most of a tenth of the knob, as a
        share of the whole distance; the same between covers of neighbouring strengths), how far the loudness is from
        the clip's, and how much the seam dips. The taper of nano2 is measured on these songs and as many others."""
        taper = np.asarray(self._session.spec.strength_taper)
        strengths = np.interp(KNOBS, np.linspace(0, 1, len(taper)), taper)
        shares, turns, levels, seams = [], [], [], []
        for song in songs(self.styles, 2 * self._sizes.strengths, True)[self._sizes.strengths :]:
            clip = self._source(song.other, song)
            made = [self._cover(clip, song.prompt, float(value), song.score.seed) for value in strengths]
            away = np.array([latent_distance(latent, clip.latent) for latent in made])
            shares.append(np.diff(away) / (away[-1] - away[0]))
            steps = np.array([latent_distance(a, b) for a, b in pairwise(made)])
            turns.append(steps / steps.sum())
            for latent in made:
                sound = self._session.covered(latent, clip).sound(0, clip.frames)
                rate = self._session.spec.sample_rate
                levels.append(abs(integrated(sound, rate) - integrated(clip.audio, rate)))
                seams.append(_dip(sound, rate) - _dip(clip.audio, rate))
        away, turned = np.mean(shares, axis=0), np.mean(turns, axis=0)
        return {
            "about": "strength", "least": float(away.min()), "most": float(away.max()),
            "least between neighbours": float(turned.min()), "most between neighbours": float(turned.max()),
            "level off": float(max(levels)), "seam": float(np.mean(seams)),
        }  # fmt: skip

    def speed(self, runs: int = 12) -> dict[str, Any]:
        """The time of a forward of two rows of 24 s on one thread, in ms of processor time."""
        session = self._session
        clip = session.compose("", seconds=24.0, seed=1)
        ring = session.ring(clip, depth=2)
        times = []
        for _ in range(runs):
            ring.submit(session.request(session.prompt("house"), clip, strength=1.0, steps=4))
            start = time.process_time()
            ring.tick()
            times.append(time.process_time() - start)
        return {"about": "speed", "tick ms": 1e3 * float(np.median(times))}

    def _source(self, sound: Samples, song: Song) -> Source:
        """A sound as a player's file."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clip.wav"
            soundfile.write(path, sound, RATE, subtype="FLOAT")
            return self._session.source(path, bpm=song.score.bpm, downbeat=0.0)

    def _cover(self, clip: Source, prompt: str, strength: float, seed: int) -> Tensor:
        ring = self._session.ring(clip, depth=1)
        ring.submit(self._session.request(self._session.prompt(prompt), clip, strength=strength, seed=seed, steps=4))
        return ring.drain()[-1].latent


def _near(tempo: float, true: float) -> float:
    """1 where a tempo is within 4 % of the true one, its half or its double; else 0."""
    return float(min(abs(tempo * octave / true - 1) for octave in (0.5, 1.0, 2.0)) < 0.04)


def _dip(sound: Samples, rate: int) -> float:
    """How much louder the seam of a loop is than the loop, in dB."""
    near = round(_NEAR_SEAM * rate)
    power = np.square(sound).mean(1)
    return 10 * float(np.log10((np.concatenate([power[-near:], power[:near]]).mean() + 1e-9) / (power.mean() + 1e-9)))


def _two(name: str, shares: tuple[float, float]) -> dict[str, float]:
    return {f"{name} (regression)": shares[0], f"{name} (neighbours)": shares[1]}


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each measure over the rows that have it."""
    found: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            if np.isfinite(value):
                found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _told_apart(session: Session) -> tuple[str, ...]:
    """The styles that the model reads, each as another one."""
    found: dict[bytes, str] = {}
    for style in STYLES:
        if not unread(session.spec.name, style):
            found.setdefault(session.prompt(style).tokens.numpy().tobytes(), style)
    return tuple(found.values())


def measure(model: str, sizes: Sizes | None = None) -> Iterator[dict[str, Any]]:
    """Yields the rows of a model."""
    session = Session.load(model, threads=2)
    torch.set_num_threads(1)
    yield from Quality(session, sizes).rows()
