"""The public face of the engine: load a family, make prompts and sources, run a ring, decode to sound."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.check_controls import checked
from demon_patch.engine.contracts import Blend, Conditioning, Executor, Family, Handle, ReadsLoudness, Source
from demon_patch.engine.controls import Control
from demon_patch.engine.executors import DEFAULT, executor_named
from demon_patch.engine.families import load_family
from demon_patch.engine.lora.merge import Lora, Loras, read_lora
from demon_patch.engine.ring.focus import focused
from demon_patch.engine.ring.noise import NoiseBank
from demon_patch.engine.ring.request import FORWARDED, Request, check_finite
from demon_patch.engine.ring.request_controls import RequestControls, request_control
from demon_patch.engine.ring.ring import CONDITIONS, MAX_DEPTH, Ring
from demon_patch.engine.ring.step_values import step_values
from demon_patch.engine.sound.dry_path import Cover, Covered, power_of
from demon_patch.engine.sound.window import decode_song, decode_window
from demon_patch.errors import DemonError, WeightsError
from demon_patch.nearest import chosen
from demon_patch.small_cache import Same, SmallCache

PLACES = 2 * CONDITIONS * MAX_DEPTH
"""Prompt places that a session needs of its executor: of a ring, and of a generation made beside it."""


class Session:
    """A loaded model and everything needed to play it.

        session = Session.load("nano")
        source = session.compose("house in a minor, 124 bpm", seconds=24, seed=3)
        prompt = session.prompt("acid, dark")
        ring = session.ring(source, depth=4)
        for k in range(16):
            ring.submit(session.request(prompt, source, strength=0.5 + 0.4 * (k % 2), seed=7))
            for finished in ring.tick(session.step_values(source, ode_noise=0.2)):
                sound = session.decode(finished.latent, start=0, frames=50)

    Prompts, contexts and noise are kept, so equal requests cost nothing twice. Not thread-safe: one thread owns a
    session.

    executor: of the family's denoiser, with at least `PLACES` prompt places (DemonError otherwise); by default
        PyTorch on one lane.
    """

    def __init__(self, family: Family, executor: Executor | None = None) -> None:
        self.family = family
        self.spec = family.spec
        self.executor: Executor = executor if executor is not None else executor_named(DEFAULT)(family.denoiser)
        if self.executor.capacity < PLACES:
            raise DemonError(
                f"an executor with {self.executor.capacity} prompt places",
                mend=f"a session needs one with a capacity of at least {PLACES}",
            )
        self._handles: SmallCache[Handle] = SmallCache(256)
        self._contexts: SmallCache[Tensor] = SmallCache(64)
        self._tints: SmallCache[Handle] = SmallCache(16)
        self._noise: dict[int, NoiseBank] = {}

    @classmethod
    def load(cls, name: str = "nano", *, executor: str = DEFAULT, threads: int | None = None) -> Session:
        """A session on a family by name, run by an executor by name.

        threads: processor threads for forwards side by side; by default all, at most 8.
        Raises DemonError for an unknown name, and WeightsError for missing or damaged weights.
        """
        made = executor_named(executor)
        torch.set_num_threads(1)  # rows run side by side instead: see engine.executors.row_threads
        family = load_family(name)
        return cls(family, made(family.denoiser, lanes=threads or min(os.cpu_count() or 1, 8)))

    def prompt(self, text: str) -> Conditioning:
        """A prompt from free text; `.unknown` are the words that the family cannot read."""
        return self.family.conditioner.prompt(text)

    def prepare(self, prompt: Conditioning) -> None:
        """Prepares a prompt, so that its first request does not have to wait for it. From any thread."""
        self._prepared(prompt)

    def compose(self, prompt: str = "", *, seconds: float = 24.0, seed: int = 0) -> Source:
        """A source that the family composes, `seconds` long (or the nearest length that it can play)."""
        return self.family.conditioner.compose(prompt, seconds, seed)

    def source(
        self,
        path: str | Path,
        *,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Any audio file as a source; raises SourceError.

        bpm, downbeat: its tempo and first bar line (s), where they are known better than what is stored or detected.
        """
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
        """Makes these the only LoRAs in the weights, each with a strength of 0 to 2; returns whether anything changed.

        Called between ticks. Generations in flight go on with the new weights. Raises DemonError.
        """
        return self.executor.set_loras(loras)

    def request(
        self,
        prompt: Conditioning | Blend,
        source: Source,
        *,
        source_latent: Tensor | None = None,
        noise_position: float = 0.0,
        stretch: tuple[int, int] | None = None,
        tag: object = None,
        heard_at: float | None = None,
        **controls: Any,
    ) -> Request:
        """What one generation starts from.

        prompt: one, or several with their shares.
        controls: any rows of the table of class `request`, by name: numbers, options, curves (a number, or one number
            for each of the source's T frames), prompts (`prompt_b`) and clips. What is not given has its default.
            docs/controls.md says what each does. strength is the strength itself, not a knob position; left out, it
            is that of the knob's default.
        source_latent: [T, C], covered in place of the source's own latent (feedback).
        noise_position: how far, in keys, the noise has drifted.
        stretch: (first frame, frames) that alone are generated, round the seam if need be; all else is given for the
            whole song. The latent is heard once it is laid into one of the whole song (`focus.laid_into`).
        tag, heard_at: see `Request`.

        Raises DemonError that names the control: no such control, a value out of range, a control without the one that
        it needs, a clip of another length, a part that the family does not have.
        """
        parts, given = self._divided(controls, source.frames)
        taken = RequestControls(given, self.spec)
        taken.check_needs(parts.keys())
        timbre = parts.get("timbre_source"), taken.number("timbre")
        first = self._tinted(prompt, *timbre)
        second = None if "prompt_b" not in parts else self._tinted(parts["prompt_b"], *timbre)
        request = Request(
            conditioning=self._blended(first, second, taken.number("prompt_blend")),
            context=self._context(source, parts.get("structure_source"), taken.number("structure")),
            source=source.latent if source_latent is None else source_latent,
            controls=taken,
            second=second,
            negative=self._negative() if taken.option("guidance_mode") in FORWARDED else None,
            target=parts["target"].latent if "target" in parts else None,
            noise_position=noise_position,
            tag=tag,
            heard_at=heard_at,
        )
        return request if stretch is None else focused(request, *stretch, self.spec)

    def _divided(self, controls: Mapping[str, Any], frames: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The prompts and clips among the controls of a request, as far as there are any, and the other controls."""
        parts: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, value in controls.items():
            row = request_control(name)
            if row.shape not in ("prompt", "source"):
                others[name] = torch.full((frames,), checked(name, value)) if _is_level(row, value) else value
            elif value is not None:
                if not self.spec.has(row):
                    raise self.spec.lacks(row)
                parts[name] = value
        return parts, others

    def ring(self, source: Source, depth: int | None = None) -> Ring:
        """A ring of `depth` generations in flight, by default the family's, for songs of the source's length."""
        return Ring(self.executor, self.spec, self.noise(source.frames), depth=depth)

    def noise(self, song_frames: int) -> NoiseBank:
        """The noise of songs of that many frames, shared by all rings of this session."""
        if song_frames not in self._noise:
            self._noise = {song_frames: NoiseBank(self.spec.latent_channels, song_frames)}
        return self._noise[song_frames]

    def step_values(self, source: Source, **controls: Any) -> dict[str, Tensor | str]:
        """The step controls of a tick (`Ring.tick`) for songs of the source's length.

        controls: numbers, curves of T numbers, surfaces [T, C], or options, by name. Raises DemonError that names the
        control and the mend.
        """
        return step_values(controls, source.frames, self.spec.latent_channels)

    def generate(self, prompt: Conditioning | Blend, source: Source, **controls: Any) -> Tensor:
        """One generation from start to end, [T, C]; `controls` as of `request`."""
        ring = Ring(
            self.executor, self.spec, self.noise(source.frames), depth=1, rows=range(PLACES // 2, PLACES)
        )  # places of its own: a ring may be playing
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
        """A finished latent [T, C] with the clips that it covers, as it is heard: with the recording where the latent
        is the clip's, and as loud as the clip elsewhere."""
        whole = Cover(((cover, 1.0),)) if isinstance(cover, Source) else cover
        return Covered(self.family.codec, self.spec, latent, whole)

    def measure(self, clip: Source) -> None:
        """Measures a clip, so that its first window does not have to wait for it. From any thread."""
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
        """A prepared prompt. Recent ones are kept. From any thread."""
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
        plain = self._handle(prompt)
        if clip is None or amount == 0:
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
        if amount == 0 or second is None:
            return first
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

        return self._contexts.get((Same(clip), structure), made)


def _is_level(row: Control, value: object) -> bool:
    """Whether a curve is given as one number for all frames."""
    return row.per_frame and isinstance(value, Real)
