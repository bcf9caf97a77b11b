"""Makes prompts, sources and contexts for ACE-Step 1.5.

A prompt is a row of positions of the condition encoder, each with its weight: the timbre reference, the caption, the
lyrics, then padding up to one of LENGTHS. Their order does not matter to cross-attention, which has no places.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from demon_patch.engine.contracts import WIDE, Codec, Conditioning, FamilySpec, Source
from demon_patch.engine.families.acestep.build import Parts
from demon_patch.engine.families.acestep.key import key_of
from demon_patch.engine.families.acestep.spec import GROUP
from demon_patch.engine.families.acestep.text import Metas, Task, caption_text, lyric_text, metas_of
from demon_patch.engine.sound.clip_loop import read_loop
from demon_patch.engine.sound.clips import tempo_with_notes
from demon_patch.small_cache import SmallCache

LENGTHS = (64, 128, 256, 512, 1024, 1536, 2048, 2560)
"""The numbers of positions of a prompt, padding included."""

CAPTION, LYRICS = 256, 2048
"""The most tokens of a caption and of lyrics; what is longer is cut off."""

REFERENCE = 750
"""Latent frames (30 s) of a timbre reference."""

KEPT_BYTES = 64 * 2**20
"""Bytes of prompts that are kept besides those that play."""

_GROUPS = 256  # groups of structure that are computed at a time
_TEXT_ONLY = "the model composes no clip: the music is made from the prompt alone, over silence"


class Wording(NamedTuple):
    """What a prompt says in words."""

    text: str
    lyrics: str
    language: str


class AceStepConditioner:
    """The conditioner of ACE-Step 1.5 (the `Conditioner` of `engine.contracts`). It is a `ReadsSong`, since what a
    prompt says of tempo, key, length and task depends on the clip, a `Sings`, a `PlaysAlone` and a
    `Repaints`.

    guided: whether the empty prompt is the learned null condition, as guidance needs it.
    """

    def __init__(self, parts: Parts, codec: Codec, spec: FamilySpec) -> None:
        self._parts, self._codec, self._spec = parts, codec, spec
        self.guided = spec.defaults["guidance_mode"] != "off"
        timbre = parts.condition_encoder.timbre_encoder
        if parts.wide:
            timbre.embed_tokens = WithToken(timbre.embed_tokens, timbre.special_token)
        parameter = parts.condition_encoder.text_projector.weight
        self._device, self._kind = parameter.device, parameter.dtype
        self._silent = self._timbre_state(self._silence(REFERENCE))
        self._made: SmallCache[Conditioning] = SmallCache(KEPT_BYTES, lambda made: made.tokens.nbytes)

    def prompt(self, text: str) -> Conditioning:
        """Returns the conditioning of free text, as for music without a clip. The empty text gives the null prompt."""
        return self.sung(text, "", "")

    def sung(self, text: str, lyrics: str, language: str) -> Conditioning:
        """Returns the conditioning of free text with lyrics, as for music without a clip. language: its code."""
        return self._encoded(Wording(text, lyrics, language), Metas(), "text2music")

    def for_song(self, prompt: Conditioning, source: Source, structure: float, repaints: bool) -> Conditioning:
        """Returns the prompt for a song over a clip: its tempo, key and length, where the words do not say another, and
        the instruction of the task. structure: 0 to 1; without any, a clip is no more covered than silence is.
        repaints: whether a mask keeps a part of the clip. The null prompt stays what it is."""
        if self._is_null(prompt):
            return prompt
        covers = structure > 0 and not self._is_silent(source)
        said = source.leader or source
        key = said.once("key", lambda: (key_of(said.audio, self._spec.sample_rate),))[0] if covers else None
        song = Metas(said.bpm, key, None, int(source.frames / self._spec.frame_rate))
        words = Wording(prompt.text, prompt.lyrics, prompt.language)
        return self._encoded(words, song, "repaint" if repaints else "cover" if covers else "text2music")

    def compose(self, prompt: str, seconds: float, seed: int, composer: str = WIDE) -> Source:
        """Returns silence: the family composes no clip, and makes music from the prompt alone. `seed` has no effect."""
        return replace(self.alone(seconds, metas_of(prompt, Metas()).bpm), notes=(_TEXT_ONLY,), alone=False)

    def alone(self, seconds: float, bpm: float | None) -> Source:
        """Returns silence that stands for the song of a prompt alone."""
        frames = self._spec.frames(seconds)
        silence = self._silence(frames)
        audio = np.zeros((frames * self._spec.samples_per_frame, self._spec.channels), np.float32)
        return Source(silence, silence, audio, "silence", bpm, alone=True)

    def load(
        self,
        path: str | Path,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Returns an audio file as a source: a loop of 8 to 240 seconds, of two channels.

        seconds: how much of the file is used. bpm, downbeat: its tempo and first bar line, by default the stored or the
        detected ones; with a tempo the loop lasts whole bars. Raises SourceError.
        """
        tempo, notes, _ = tempo_with_notes(Path(path))
        loop = read_loop(self._spec, Path(path), seconds, bpm or (tempo.bpm if tempo else None))
        first = downbeat if downbeat is not None else tempo.downbeat if tempo else 0.0
        latent = self._codec.encode(loop.audio)
        told = (*loop.notes, *notes)
        return Source(latent, self.hints(latent), loop.audio, Path(path).stem, loop.bpm, first * loop.stretch, told)

    @torch.inference_mode()
    def hints(self, latent: Tensor) -> Tensor:
        """Returns the structure of a latent [T, 64], as [T, 64]: what is left of it in five codes a second.

        Each group of five latent frames depends on itself alone.
        """
        tokenizer, back = self._parts.audio_tokenizer, self._parts.audio_token_detokenizer
        rest = -len(latent) % GROUP
        padded = torch.cat((latent.to(self._device), self._silence(rest).to(self._device)))
        found = []
        for groups in padded.float().unflatten(0, (-1, GROUP)).split(_GROUPS):
            codes, _ = tokenizer(groups[None])
            found.append(back(codes.to(back.proj_out.weight.dtype))[0])
        return torch.cat(found)[: len(latent)].float().cpu()

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """Returns the prompt with the sound colour of a clip: of 30 s of it, 10 s each from its begin, middle and end.

        A shorter clip is repeated first. The null prompt has no colour and is returned as it is.
        """
        if self._is_null(prompt):
            return prompt
        tokens = prompt.tokens.clone()
        tokens[0, :-1] = clip.once("timbre", lambda: self._timbre_state(reference(clip.latent)))
        return replace(prompt, tokens=tokens)

    def context(self, source: Source, structure: float) -> Tensor:
        """Returns the context of a source, [T, 128]: its structure, mixed with silence by `structure` (1 is structure
        alone), then the mask, 1 everywhere: every frame is generated."""
        silence = self._silence(source.frames)
        known = torch.lerp(silence, source.hints, float(structure))
        return torch.cat((known, torch.ones_like(known)), 1)

    def repaint(self, context: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """Returns the context where a mask [T] keeps the frames at 0: the source [T, 64] in them, and a mask of 0."""
        kept = torch.cat((source.to(context), torch.zeros_like(source).to(context)), 1)
        return torch.where((mask > 0).to(context.device)[:, None], context, kept)

    def _encoded(self, said: Wording, song: Metas, task: Task) -> Conditioning:
        metas = metas_of(said.text, song)
        return self._made.get((said, metas, task), lambda: self._encode(said, metas, task))

    @torch.inference_mode()
    def _encode(self, said: Wording, metas: Metas, task: Task) -> Conditioning:
        if self.guided and not said.text and not said.lyrics:  # one learned state acts as it does at every position
            return Conditioning(_padded(self._parts.condition_encoder.null_condition_emb[0].float().cpu()))
        encoder, qwen = self._parts.condition_encoder, self._parts.text_encoder
        caption = qwen(self._ids(caption_text(said.text, metas, task), CAPTION)).last_hidden_state
        states = encoder.text_projector(caption.to(self._kind))[0]
        words = qwen.embed_tokens(self._ids(lyric_text(said.lyrics, said.language or "unknown"), LYRICS))
        sung = encoder.lyric_encoder(words.to(self._kind), torch.ones(words.shape[:2], device=self._device))[0]
        found = torch.cat((states, sung)).float().cpu()
        tokens = _padded(torch.cat((self._silent[None], found)))
        return Conditioning(tokens, said.text, (), said.lyrics, said.language)

    def _ids(self, text: str, most: int) -> Tensor:
        return torch.tensor([self._parts.tokenizer.encode(text).ids[:most]], device=self._device)

    @torch.inference_mode()
    def _timbre_state(self, latent: Tensor) -> Tensor:
        """Returns the state [E] of a timbre reference [750, 64]."""
        order = torch.zeros(1, dtype=torch.long, device=self._device)
        encoder: Any = self._parts.condition_encoder.timbre_encoder
        return encoder(latent.to(self._device, self._kind)[None], order)[0][0, 0].float().cpu()

    def _silence(self, frames: int) -> Tensor:
        """Returns the latent of silence [frames, 64], repeated where the stored one is shorter."""
        silence = self._parts.silence.cpu()
        return silence[torch.arange(frames) % len(silence)]

    def _is_silent(self, source: Source) -> bool:
        return source.once("silent", lambda: (torch.equal(source.hints, self._silence(source.frames)),))[0]

    def _is_null(self, prompt: Conditioning) -> bool:
        return self.guided and not prompt.text and not prompt.lyrics


class WithToken(nn.Module):
    """A layer whose output begins with a learned position, as the timbre encoder of XL has it."""

    def __init__(self, layer: nn.Module, token: Tensor) -> None:
        super().__init__()
        self.layer, self.token = layer, token

    def forward(self, x: Tensor) -> Tensor:
        """Returns [B, 1 + N, D] for an input [B, N, C] of the layer."""
        return torch.cat((self.token.expand(len(x), -1, -1), self.layer(x)), 1)


def reference(latent: Tensor) -> Tensor:
    """Returns the timbre reference [750, 64] of a clip's latent [T, 64]: its begin, middle and end, 250 frames each."""
    piece = REFERENCE // 3
    whole = latent[torch.arange(max(len(latent), REFERENCE)) % len(latent)]
    middle = (len(whole) - piece) // 2
    return torch.cat((whole[:piece], whole[middle : middle + piece], whole[-piece:]))


def _padded(states: Tensor) -> Tensor:
    """Returns positions [n, E] as a prompt [L, E + 1] of one of LENGTHS, with weights 1 and, for the padding, 0."""
    length = next(each for each in LENGTHS if each >= len(states))
    marked = torch.cat((states, torch.ones(len(states), 1)), 1)
    return torch.cat((marked, marked.new_zeros(length - len(states), marked.shape[1])))
