"""Words, clips and structure to what the denoiser is conditioned on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from demon_patch.engine.contracts import Conditioning, Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.families.nano.codec import NanoCodec
from demon_patch.engine.families.nano.compose import compose_song
from demon_patch.engine.families.nano.hints import structure_hints
from demon_patch.engine.families.nano.source import read_loop
from demon_patch.engine.families.nano.spec import HINT_CHANNELS, SPEC
from demon_patch.engine.families.nano.tags import parse
from demon_patch.engine.sound.clips import tempo_with_notes


class NanoConditioner:
    """Makes conditioning and sources (the `Conditioner` of `engine.contracts`)."""

    def __init__(self, codec: NanoCodec) -> None:
        self._codec = codec

    def prompt(self, text: str) -> Conditioning:
        """Free text to nine tag tokens [9] int64; the empty text is the null condition."""
        tags, unknown = parse(text)
        return Conditioning(torch.tensor(tags.tokens()), text, unknown)

    def compose(self, prompt: str, seconds: float, seed: int) -> Source:
        """A composed and synthesised loop after `prompt`, of 8 to 60 seconds, the same for the same arguments."""
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
        """Any audio file as a loop of 8 to 60 seconds: of whole bars where its tempo is given, stored beside it, or
        detected; raises SourceError with one clear message."""
        tempo, notes_on_tempo, _ = tempo_with_notes(Path(path))
        loop = read_loop(Path(path), seconds, bpm or (tempo.bpm if tempo else None))
        first = downbeat if downbeat is not None else tempo.downbeat if tempo else 0.0
        notes, first = loop.notes + notes_on_tempo, first * loop.stretch
        return self._source(loop.audio, title=Path(path).stem, bpm=loop.bpm, downbeat=first, notes=notes)

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """Refused: colour comes from the prompt's tags alone."""
        raise SPEC.lacks(CONTROLS["timbre_source"])

    def context(self, source: Source, structure: float) -> Tensor:
        """[T, 103]: known latents (64, none), their mask, hints weighed by `structure` in 0..1, and that weight."""
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
