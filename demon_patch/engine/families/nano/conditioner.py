"""Turns prompts, clips and structure into what the denoiser is conditioned on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.contracts import WIDE, Codec, Conditioning, Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families.nano.compose import compose_song
from demon_patch.engine.families.nano.hints import structure_hints
from demon_patch.engine.families.nano.source import read_loop
from demon_patch.engine.families.nano.spec import HINT_CHANNELS, SPEC
from demon_patch.engine.families.nano.tags import parse
from demon_patch.engine.sound.clips import tempo_with_notes


class NanoConditioner:
    """The conditioner of nano (the `Conditioner` of `engine.contracts`): it makes conditioning and sources."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def prompt(self, text: str) -> Conditioning:
        """Returns the conditioning of a prompt in free text: nine tag tokens, int64 [9], and the words that were not
        read.

        The empty text gives the null condition.
        """
        tags, unknown = parse(text)
        return Conditioning(torch.tensor(tags.tokens()), text, unknown)

    def compose(self, prompt: str, seconds: float, seed: int, composer: str = WIDE) -> Source:
        """Returns a source that is composed and synthesised after `prompt` by the first composer, whichever is asked
        for: a loop of `seconds`, 8 to 60.

        Equal arguments give equal sources.
        """
        tags, _ = parse(prompt)
        song = compose_song(tags, SPEC.frames(seconds), seed)
        return self._source(song.audio, title=song.title, bpm=song.bpm, downbeat=song.downbeat)

    def load(
        self,
        path: str | Path,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Returns an audio file as a source: a loop of 8 to 60 seconds.

        seconds: how much of the file is used, by default up to 60.
        bpm: its tempo, by default the stored or the detected one. With a tempo the loop lasts whole bars.
        downbeat: seconds from the file's start to the first bar line, by default the stored or the detected one.

        Raises SourceError with one clear message.
        """
        tempo, notes_on_tempo, _ = tempo_with_notes(Path(path))
        loop = read_loop(Path(path), seconds, bpm or (tempo.bpm if tempo else None))
        first = downbeat if downbeat is not None else tempo.downbeat if tempo else 0.0
        notes, first = loop.notes + notes_on_tempo, first * loop.stretch
        return self._source(loop.audio, title=Path(path).stem, bpm=loop.bpm, downbeat=first, notes=notes)

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """Raises an error: nano takes the colour of a sound from the prompt's tags alone."""
        raise SPEC.lacks(CONTROLS["timbre_source"])

    def context(self, source: Source, structure: float) -> Tensor:
        """Returns the context of a source, [T, 103] for each latent frame.

        Its channels are known latents (64 zeros, since none are known), their mask (1, also 0), the source's hints
        times `structure` (37), and `structure` itself (1), a weight from 0 to 1.
        """
        known = torch.zeros(source.frames, SPEC.latent_channels + 1)
        weight = torch.full((source.frames, 1), float(structure))
        return torch.cat([known, source.hints * weight, weight], 1)

    def _source(
        self,
        audio: np.ndarray,
        *,
        title: str,
        bpm: float | None = None,
        downbeat: float = 0.0,
        notes: tuple[str, ...] = (),
    ) -> Source:
        hints = torch.from_numpy(structure_hints(audio))
        assert hints.shape[1] == HINT_CHANNELS
        audio = audio[:, None]
        return Source(self._codec.encode(audio), hints, audio, title, bpm, downbeat, notes)
