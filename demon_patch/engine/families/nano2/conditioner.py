"""Turns prompts, clips, structure and scores into what the denoiser of nano2 is conditioned on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.contracts import FIRST, WIDE, Codec, Conditioning, Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families.nano.compose import first_score
from demon_patch.engine.families.nano.hints import structure_hints
from demon_patch.engine.families.nano.score import score_hints
from demon_patch.engine.families.nano.synth import compose_song, played
from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber
from demon_patch.engine.families.nano2.context import context_of, with_known
from demon_patch.engine.families.nano2.spec import SPEC
from demon_patch.engine.families.nano2.tags import parse
from demon_patch.engine.families.nano2.told_score import RARE, parts_of, score_of, with_told_harmony
from demon_patch.engine.score import LEVEL, Notes
from demon_patch.engine.score import PARTS as NOTE_PARTS
from demon_patch.engine.sound.clip_loop import read_clip
from demon_patch.small_cache import SmallCache

_LOUDNESS = 0.14  # rms of a clip, in the middle of those that the model learnt from


class Nano2Conditioner:
    """The conditioner of nano2 (the `Conditioner` of `engine.contracts`): it makes conditioning and sources.

    transcriber: hears the scores of files; without one they have none.
    """

    def __init__(self, codec: Codec, transcriber: Transcriber | None = None) -> None:
        self._codec, self._transcriber = codec, transcriber
        self._said: SmallCache[Conditioning] = SmallCache(256)

    def prompt(self, text: str) -> Conditioning:
        """Returns the conditioning of a prompt in free text: a token for each slot of `sound_tags`, int64 [14], and the
        words that were not read.

        The empty text gives the null condition.
        """
        tags, unknown = parse(text)
        return Conditioning(torch.tensor(tags.tokens()), text, unknown)

    def for_song(self, prompt: Conditioning, source: Source, structure: float, repaints: bool) -> Conditioning:
        """Returns the prompt for a generation that follows a clip's score: it says which parts the score does not play,
        where the words do not name their players (`prompt_contracts.ReadsSong`). The null prompt stays what it is."""
        score = source.score
        if score is None or not (source.told or structure > 0) or not prompt.tokens.any():
            return prompt
        parts = source.once("parts", lambda: parts_of(score, 0.0 if source.told else RARE))

        def said() -> Conditioning:
            return Conditioning(torch.tensor(parse(prompt.text)[0].tokens(parts)), prompt.text, prompt.unknown)

        return self._said.get((prompt.text, parts), said)

    def compose(self, prompt: str, seconds: float, seed: int, composer: str = WIDE) -> Source:
        """Returns a source that is composed and synthesised after `prompt`, with its exact score: a loop of `seconds`,
        8 to 60.

        composer: "first" writes the score that nano has for the same prompt and seed, in this synthesizer's sound.
        Equal arguments give equal sources.
        """
        frames = SPEC.frames(seconds)
        if composer == FIRST:
            song = played(first_score(prompt, frames, seed))
        else:
            tags, _ = parse(prompt)
            song = compose_song(tags.style, seed, frames / SPEC.frame_rate, tags.wishes())
        score = torch.from_numpy(score_hints(song.score))
        return self._source(np.ascontiguousarray(song.audio.T), score, title=song.title, bpm=song.score.bpm)

    def load(
        self,
        path: str | Path,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Returns an audio file as a source: a stereo loop of 8 to 60 seconds, with the score that the transcriber
        hears in it.

        seconds: how much of the file is used, by default up to 60.
        bpm: its tempo, by default the stored or the detected one. With a tempo the loop lasts whole bars.
        downbeat: seconds from the file's start to the first bar line, by default the stored or the detected one.

        Raises SourceError with one clear message.
        """
        clip = read_clip(SPEC, Path(path), seconds, bpm, downbeat, _LOUDNESS)
        heard = None if self._transcriber is None else torch.from_numpy(self._transcriber.hints(clip.audio))
        return self._source(clip.audio, heard, title=clip.title, bpm=clip.bpm, downbeat=clip.downbeat, notes=clip.notes)

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """Raises an error: nano2 takes the colour of a sound from the prompt alone."""
        raise SPEC.lacks(CONTROLS["timbre_source"])

    def context(self, source: Source, structure: float) -> Tensor:
        """Returns the context of a source, [T, 248] for each latent frame (`context.context_of`).

        structure: 0 to 1, the weight of the hints and of the score, where the source has one. Notes that a patch tells
            count in full.
        """
        return context_of(source.hints, float(structure), source.score, 1.0 if source.told else float(structure))

    def repaint(self, context: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """Returns the context [T, 248] of a generation whose mask [T] keeps the frames of a latent [T, 64] where it is
        0 (`prompt_contracts.Repaints`)."""
        return with_known(context, source, mask)

    def score(self, notes: Notes) -> Tensor:
        """Returns the score [T, 144] of notes (`score.ReadsScore`)."""
        return score_of(NOTE_PARTS, notes.pitch, notes.sounding, notes.starting, LEVEL)

    def told_hints(self, hints: Tensor, score: Tensor, adds: bool) -> Tensor:
        """Returns structure hints [T, 37] with the harmony of a score [T, 144] (`score.ReadsScore`)."""
        return with_told_harmony(hints, score, adds)

    def _source(
        self,
        audio: Samples,
        score: Tensor | None,
        *,
        title: str,
        bpm: float | None = None,
        downbeat: float = 0.0,
        notes: tuple[str, ...] = (),
    ) -> Source:
        hints = torch.from_numpy(structure_hints(audio.mean(1), SPEC.sample_rate))
        return Source(self._codec.encode(audio), hints, audio, title, bpm, downbeat, notes, score=score)
