"""The public face of the engine: load a family, make prompts and sources, run a ring, decode to sound."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.check_controls import checked
from demon_patch.engine.contracts import Blend, Conditioning, Executor, Family, Handle, ReadsLoudness, Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.families import load_family
from demon_patch.engine.lora.merge import Lora, Loras, read_lora
from demon_patch.engine.ring.focus import focused
from demon_patch.engine.ring.noise import NoiseBank
from demon_patch.engine.ring.ring import CONDITIONS, MAX_DEPTH, Request, Ring
from demon_patch.engine.ring.slots import FORWARDED, check_finite
from demon_patch.engine.sound.dry_path import Cover, Covered, power_of
from demon_patch.engine.sound.window import decode_song, decode_window
from demon_patch.errors import DemonError, WeightsError
from demon_patch.nearest import chosen
from demon_patch.small_cache import Same, SmallCache


class Session:
    """A loaded model and everything needed to play it.

        session = Session.load("nano")
        source = session.compose("house in a minor, 124 bpm", seconds=24, seed=3)
        prompt = session.prompt("acid, dark")
        ring = session.ring(source, depth=4)
        for k in range(16):
            ring.submit(session.request(prompt, source, strength=0.5 + 0.4 * (k % 2), seed=7))
            for finished in ring.tick():
                sound = session.decode(finished.latent, start=0, frames=50)

    Prompts, contexts and noise are kept, so equal requests cost nothing twice. Not thread-safe: one thread owns a
    session.
    """

    def __init__(self, family: Family, executor: Executor | None = None) -> None:
        self.family = family
        self.spec = family.spec
        self.executor: Executor = executor if executor is not None else TorchExecutor(family.denoiser)
        self._handles: SmallCache[Handle] = SmallCache(256)
        self._contexts: SmallCache[Tensor] = SmallCache(64)
        self._tints: SmallCache[Handle] = SmallCache(16)
        self._noise: dict[int, NoiseBank] = {}

    @classmethod
    def load(cls, name: str = "nano", *, threads: int | None = None) -> Session:
        """A session on a family by name, on `threads` cores (default: all, at most 8); raises WeightsError."""
        torch.set_num_threads(1)  # rows run side by side instead: see engine.lanes
        family = load_family(name)
        return cls(family, TorchExecutor(family.denoiser, lanes=threads or min(os.cpu_count() or 1, 8)))

    def prompt(self, text: str) -> Conditioning:
        """A prompt from free text; `.unknown` names the words that the family cannot read."""
        return self.family.conditioner.prompt(text)

    def prepare(self, prompt: Conditioning) -> None:
        """Does at once what a prompt costs once, so that its first request is not late; from any thread."""
        self._prepared(prompt)

    def compose(self, prompt: str = "", *, seconds: float = 24.0, seed: int = 0) -> Source:
        """A source of the family's own making, `seconds` long (to the nearest length it can play)."""
        return self.family.conditioner.compose(prompt, seconds, seed)

    def source(
        self,
        path: str | Path,
        *,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Any audio file as a source; bpm and downbeat (s) where they are known better than what is stored or heard;
        raises SourceError."""
        return self.family.conditioner.load(path, seconds, bpm, downbeat)

    def lora(self, name: str | Path) -> Lora:
        """A LoRA that comes with the family, by name, or any safetensors file; raises WeightsError."""
        own = self.family.loras
        path = own.get(str(name), Path(name))
        try:
            return read_lora(path, self.family.denoiser)
        except WeightsError as error:
            if own and not Path(name).suffix:
                error.mend = f"{chosen(str(name), sorted(own))}, or name a .safetensors file"
            raise

    def set_loras(self, loras: Loras) -> bool:
        """Makes these, exactly, the LoRAs in the weights, each with a strength of 0 to 2; whether anything changed.

        Called between ticks: generations in flight go on with the new weights. Raises DemonError.
        """
        return self.executor.set_loras(loras)

    def request(
        self,
        prompt: Conditioning | Blend,
        source: Source,
        *,
        strength: float = 0.7,
        structure: float = 1.0,
        seed: int = 42,
        steps: int | None = None,
        shift: float | None = None,
        initial_noise: Tensor | None = None,
        prompt_b: Conditioning | Blend | None = None,
        prompt_blend: float = 0.0,
        timbre_source: Source | None = None,
        timbre: float = 1.0,
        guidance_mode: str = "off",
        mask: Tensor | None = None,
        mask_growth: float = 0.0,
        target: Source | None = None,
        target_gate: float = 0.0,
        structure_source: Source | None = None,
        source_latent: Tensor | None = None,
        steps_mode: str = "fixed",
        timesteps: str = "continuous",
        noise_position: float = 0.0,
        focus: tuple[int, int] | None = None,
        tag: object = None,
        heard_at: float | None = None,
    ) -> Request:
        """What one generation starts from; steps and shift default to the family's. Raises DemonError.

        prompt: one, or several with their shares. prompt_b: a second one: prompt_blend, 0 to 1, glides to it in one
        forward, and the control condition_weight composites it in a forward of its own. timbre_source: a clip of any
        length whose sound colour all prompts borrow, where the family has timbre: none of it at `timbre` 0, all at 1.
        guidance_mode: off, self, initialize or full. mask: [T] in 0 to 1, 1 generates; mask_growth: 0 opens it at once,
        1 over all steps. target: a clip as long as the source that target_strength and, from target_gate on,
        target_curve pull to. structure_source: a clip as long as the source, whose structure is followed instead of the
        source's. source_latent: [T, C], covered in place of the source's own latent (feedback). steps_mode and
        timesteps: how the schedule is made. noise_position: how far, in keys, the noise has drifted. focus: the stretch
        (first frame, frames) that alone is generated, round the seam if need be; all else is given for the whole song.
        Its latent is heard once it is laid into one of the whole song (`focus.laid_into`).
        """
        first = self._tinted(prompt, timbre_source, timbre)
        second = None if prompt_b is None else self._tinted(prompt_b, timbre_source, timbre)
        request = Request(
            conditioning=self._blended(first, second, prompt_blend),
            second=second,
            negative=self._negative() if guidance_mode in FORWARDED else None,
            guidance_mode=guidance_mode,
            mask=mask,
            mask_growth=mask_growth,
            target=None if target is None else target.latent,
            target_gate=target_gate,
            context=self._context(source, structure_source, structure),
            source=source.latent if source_latent is None else source_latent,
            seed=seed,
            strength=strength,
            steps=self.spec.steps if steps is None else steps,
            shift=self.spec.shift if shift is None else shift,
            initial_noise=initial_noise,
            steps_mode=steps_mode,
            timesteps=timesteps,
            noise_position=noise_position,
            tag=tag,
            heard_at=heard_at,
        )
        return request if focus is None else focused(request, *focus, self.spec)

    def ring(self, source: Source, depth: int | None = None) -> Ring:
        """A ring of `depth` generations in flight, by default the family's, for songs of the source's length."""
        return Ring(self.executor, self.spec, self.noise(source.frames), depth=depth)

    def noise(self, song_frames: int) -> NoiseBank:
        """The noise of songs of that many frames, shared by all rings of this session."""
        if song_frames not in self._noise:
            self._noise = {song_frames: NoiseBank(self.spec.latent_channels, song_frames)}
        return self._noise[song_frames]

    def generate(self, prompt: Conditioning | Blend, source: Source, **controls: Any) -> Tensor:
        """One generation from start to end, [T, C]; `controls` as of `request`."""
        rows = CONDITIONS * MAX_DEPTH
        ring = Ring(
            self.executor, self.spec, self.noise(source.frames), depth=1, rows=range(rows, 2 * rows)
        )  # rows of its own: a ring may be playing
        ring.submit(self.request(prompt, source, **controls))
        return ring.drain()[-1].latent

    def decode(
        self, latent: Tensor, *, start: int = 0, frames: int | None = None, margin: int | None = None
    ) -> Samples:
        """Sound [samples, channels] of a latent [T, C]: the whole cyclic song, or `frames` frames of it."""
        with torch.inference_mode():
            if frames is None:
                return decode_song(self.family.codec, self.spec, latent).numpy()
            return decode_window(self.family.codec, self.spec, latent, start, frames, margin).numpy()

    def covered(self, latent: Tensor, cover: Source | Cover | None) -> Covered:
        """A finished latent [T, C] over the clip or clips that it covers, as it is heard: with the recording where the
        latent is the clip's, and at its loudness elsewhere."""
        whole = Cover(((cover, 1.0),)) if isinstance(cover, Source) else cover
        return Covered(self.family.codec, self.spec, latent, whole)

    def measure(self, clip: Source) -> None:
        """Does at once what a clip costs once where it is covered, so that its first window is not late; from any
        thread."""
        if isinstance(self.family.codec, ReadsLoudness):
            power_of(clip, self.spec)

    def encode(self, audio: Samples) -> Tensor:
        """Latent [T, C] of sound [samples, channels] at the family's rate, a whole number of frames long."""
        with torch.inference_mode():
            return self.family.codec.encode(audio)

    def _handle(self, prompt: Conditioning) -> Handle:
        handle = self._prepared(prompt)
        self.executor.renew(handle)
        return handle

    def _prepared(self, prompt: Conditioning) -> Handle:
        """From any thread; one after which many others were asked for is prepared anew."""
        return self._handles.get(prompt.text, lambda: self.executor.prepare(prompt))

    def _negative(self) -> Handle:
        """The null prompt, whose velocity guidance leads away from."""
        return self._handle(self.family.conditioner.prompt(""))

    def _tinted(self, prompt: Conditioning | Blend, clip: Source | None, amount: float) -> Handle:
        """The prompt, or the mean of several by their shares, with its share of a clip's timbre."""
        if not isinstance(prompt, Conditioning):
            parts = [(self._tinted(each, clip, amount), share) for each, share in prompt if share > 0]
            if not parts:
                raise DemonError("no prompt has a share", port="prompt", mend="give one a share above 0")
            (first, total), *others = parts
            for other, share in others:
                total += share
                first = self.executor.blend(first, other, share / total)
            return first
        plain, amount = self._handle(prompt), checked("timbre", amount)
        if clip is None:
            return plain
        if not self.spec.timbre:
            raise self.spec.lacks(CONTROLS["timbre_source"])
        if amount == 0:
            return plain
        key = (prompt.text, Same(clip), plain.epoch)

        def made() -> Handle:
            check_finite("timbre_source", clip.latent)
            return self.executor.prepare(self.family.conditioner.timbre(prompt, clip))

        whole = self._tints.get((*key, 1.0), made)
        if amount == 1:
            return whole
        return self._tints.get((*key, amount), lambda: self.executor.blend(plain, whole, amount))

    def _blended(self, first: Handle, second: Handle | None, amount: float) -> Handle:
        """The prompt on its way to another one."""
        if checked("prompt_blend", amount) == 0:
            return first
        if second is None:
            raise DemonError("there is no second prompt", port="prompt_blend", mend="give prompt_b, or leave it at 0")
        return second if amount == 1 else self.executor.blend(first, second, amount)

    def _context(self, source: Source, other: Source | None, structure: float) -> Tensor:
        """The context of a source, with the structure of another clip where one is given."""
        clip = source if other is None else other
        if clip.frames != source.frames:
            raise DemonError(
                f"a clip of {clip.frames} frames beside a source of {source.frames}",
                port="structure_source",
                mend="cut or repeat it to the source's length",
            )

        def made() -> Tensor:
            check_finite("source" if other is None else "structure_source", clip.hints)
            return self.family.conditioner.context(clip, structure)

        return self._contexts.get((Same(clip), checked("structure", structure)), made)
