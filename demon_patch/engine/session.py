"""The public face of the engine: load a family, make prompts and sources, run a ring, decode to sound."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from demon_patch.arrays import Samples
from demon_patch.engine.alone import OF_SOURCE, alone
from demon_patch.engine.check_controls import checked_number
from demon_patch.engine.contracts import WIDE, Blend, Conditioning, Executor, Family, Source
from demon_patch.engine.device import device_of
from demon_patch.engine.executors import DEFAULT, Choice, executor_named
from demon_patch.engine.executors.streams import streams_for
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.engine.loading import load_with_executor
from demon_patch.engine.lora.load import load_lora
from demon_patch.engine.lora.merge import Lora, Loras
from demon_patch.engine.prepared_prompts import PreparedPrompts
from demon_patch.engine.prompt_contracts import Repaints, Sings
from demon_patch.engine.ring.focus import focused
from demon_patch.engine.ring.noise import NoiseBank
from demon_patch.engine.ring.request import FORWARDED, Request, check_finite
from demon_patch.engine.ring.request_controls import RequestControls, request_control
from demon_patch.engine.ring.ring import CONDITIONS, MAX_DEPTH, Ring
from demon_patch.engine.ring.step_values import step_values
from demon_patch.engine.score import told
from demon_patch.engine.sound.dry_path import Cover, Covered, power_of
from demon_patch.engine.sound.loudness import ReadsLoudness
from demon_patch.engine.sound.window import decode_song, decode_window
from demon_patch.engine.steering.vector import Steering, read_steering
from demon_patch.errors import DemonError
from demon_patch.small_cache import SmallCache

PLACES = 2 * CONDITIONS * MAX_DEPTH
"""The number of prompt places that a session needs: those of a ring, and as many for a generation made beside it."""

CONTEXTS = 4
"""Contexts of a clip that are kept, by structure; those that a moving structure left behind go first."""


class Session:
    """A loaded model and everything needed to play it.

        session = Session.load()
        source = session.compose("house in a minor, 124 bpm", seconds=24, seed=3)
        prompt = session.prompt("acid, dark")
        ring = session.ring(source, depth=4)
        for k in range(16):
            ring.submit(session.request(prompt, source, strength=0.5 + 0.4 * (k % 2), seed=7))
            for finished in ring.tick(session.step_values(source, ode_noise=0.2)):
                sound = session.decode(finished.latent, start=0, frames=50)

    Prompts, contexts and noise are kept, so an equal request does not compute them again. Not thread-safe: one thread
    owns a session.

    executor: runs the family's denoiser; by default PyTorch on one lane. Raises DemonError if it has fewer than
        `PLACES` prompt places.

    choice: which executor it is, and why, where `load` made the session; else None.
    stamp: says which weights are loaded, where `load` made the session; else None.
    device: where the ring works, that of the denoiser's weights. streams: the order of work there.
    """

    def __init__(self, family: Family, executor: Executor | None = None, choice: Choice | None = None) -> None:
        self.family = family
        self.choice = choice
        self.stamp: str | None = None
        self.spec = family.spec
        self.device = device_of(family.denoiser)
        self.streams = streams_for(self.device)
        self.executor: Executor = executor if executor is not None else executor_named(DEFAULT)(family.denoiser)
        if self.executor.capacity < PLACES:
            raise DemonError(
                f"an executor with {self.executor.capacity} prompt places",
                mend=f"a session needs one with a capacity of at least {PLACES}",
            )
        conditioner = family.conditioner
        self._repaints = conditioner if isinstance(conditioner, Repaints) else None
        self._prompts = PreparedPrompts(family, self.executor)
        self._noise: dict[int, NoiseBank] = {}

    @classmethod
    def load(
        cls, name: str = DEFAULT_MODEL, *, executor: str = DEFAULT, threads: int | None = None, live: bool = False,
        weights: Path | None = None,
    ) -> Session:  # fmt: skip
        """Returns a session of the family `name`, run by the executor of that name.

        executor: a name of `engine.executors.EXECUTORS`, or `auto` (`engine.executors.choose`).
        threads: processor threads (lanes) on which forwards run side by side; by default all of them, at most 8.
        live: whether it is for playing; else it is for rendering. Only `auto` asks.
        weights: a folder of baked weights, in place of the model's own (`families.load_family`).
        Raises DemonError for an unknown name and for an executor that cannot run the model here, and WeightsError for
        missing or damaged weights.
        """
        loaded = load_with_executor(name, executor, threads, live, weights)
        session = cls(loaded.family, loaded.executor, loaded.choice)
        session.stamp = loaded.stamp
        return session

    def prompt(self, text: str, lyrics: str = "", language: str = "") -> Conditioning:
        """Returns a prompt from free text. Its `unknown` are the words that the family cannot read.

        lyrics, language: what is sung, and the code of its language ("en"). A family without lyrics leaves them out.
        """
        conditioner = self.family.conditioner
        if (lyrics or language) and isinstance(conditioner, Sings):
            return conditioner.sung(text, lyrics, language)
        return conditioner.prompt(text)

    def prepare(self, prompt: Conditioning, clip: Source | None = None) -> None:
        """From any thread. Prepares a prompt, so that the first request with it does not have to wait.

        clip: over which it will be played, with its structure or without, where that is known.
        """
        self._prompts.prepare(prompt, clip)

    def compose(self, prompt: str = "", *, seconds: float = 24.0, seed: int = 0, composer: str = WIDE) -> Source:
        """Returns a source that the family composes, `seconds` long, or of the nearest length that it can play."""
        return self.family.conditioner.compose(prompt, seconds, seed, composer)

    def alone(self, *, seconds: float = 60.0, bpm: float | None = None) -> Source:
        """Returns what stands in place of a source where music is made from its prompt alone (`engine.alone.alone`).
        With a tempo it lasts whole bars."""
        return alone(self.family, seconds, bpm)

    def source(
        self,
        path: str | Path,
        *,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Returns an audio file as a source, at most its first `seconds`. Raises SourceError.

        bpm, downbeat: tempo (beats per minute) and time of the first bar line (seconds) in the file. They replace what
        is stored or detected.
        """
        return self.family.conditioner.load(path, seconds, bpm, downbeat)

    def lora(self, name: str | Path) -> Lora:
        """From any thread. Reads a LoRA: one of the family's own by its name, or any safetensors file by its path. Its
        notes say how far it moves the model. Raises WeightsError."""
        return load_lora(self.family, name, self.stamp)

    def steering(self, name: str | Path) -> Steering:
        """From any thread. Reads a steering vector: one of the family's own by its name, or any file by its path.
        `Ring.steering` takes it. Raises WeightsError, or DemonError if the model cannot be steered."""
        return read_steering(self.family.steering.get(str(name), Path(name)), self.spec.name, self.family.denoiser)

    def set_loras(self, loras: Loras) -> bool:
        """Makes these the only LoRAs, each with a strength of 0 to 2, which holds where no step value `lora_strength`
        is given. Returns whether they are other LoRAs than before.

        Called between ticks. Generations in flight go on with the new ones. Raises DemonError.
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
        """Returns a request: all that one generation takes when it is admitted.

        prompt: one prompt, or several with their shares.
        source: the clip that is covered, T latent frames long. Of one that is `alone` nothing is covered: strength acts
            as 1, and mask and initial noise are left out.
        source_latent: [T, C], covered in place of the source's own latent (feedback).
        noise_position: how far the noise has drifted from the seed's own, in keys (`NoiseBank.get`).
        stretch: first song frame and number of latent frames to generate; the stretch may cross the seam of the song.
            All other arguments are given for the whole song. To hear the result, write it into a latent of the whole
            song (`focus.laid_into`).
        tag, heard_at: see `Request`.
        controls: by name, any controls of propagation class `request`: numbers, options, curves (one number, or one for
            each of the source's T latent frames), prompts (`prompt_b`), clips, and `Notes` (`score`); docs/controls.md
            says what each one does. A control left out has its default. `strength` is the strength itself, not a knob
            position; left out, it is that at the default knob position.

        Raises DemonError that names the control, for an unknown control, a number out of range, a control without the
        one that it needs, a clip of another length, or a part that the family does not have.
        """
        covers = not source.alone or source_latent is not None
        parts, given = self._divided(controls, source.frames)
        given = {name: value for name, value in given.items() if covers or name not in OF_SOURCE}
        taken = RequestControls(given, self.spec)
        taken.check_needs(parts.keys())
        timbre = parts.get("timbre_source"), taken.number("timbre")
        latent = source.latent if source_latent is None else source_latent
        clip = self._followed(source, parts, taken.option("score_mode") == "add")
        context = self._context(clip, taken.number("structure"))
        mask = taken.curve("mask")
        kept = mask is not None and bool((mask <= 0).any())
        if kept and mask is not None and self._repaints is not None:
            context = self._repaints.repaint(context, latent, mask)
        song = clip, taken.number("structure"), kept
        prompts, second = self._prompts, None
        first = prompts.tinted(prompts.for_song(prompt, *song), *timbre)
        if "prompt_b" in parts:
            second = prompts.tinted(prompts.for_song(parts["prompt_b"], *song), *timbre)
        request = Request(
            conditioning=prompts.blended(first, second, taken.number("prompt_blend")),
            context=context,
            source=latent if covers else None,
            controls=taken,
            second=second,
            negative=prompts.negative() if taken.option("guidance_mode") in FORWARDED else None,
            target=parts["target"].latent if "target" in parts else None,
            noise_position=noise_position,
            tag=tag,
            heard_at=heard_at,
        )
        return request if stretch is None else focused(request, *stretch, self.spec)

    def _divided(self, controls: Mapping[str, Any], frames: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Splits the controls of a request by name: first the prompts, clips and notes that are given, then the others.
        A curve given as one number becomes float32 [frames]."""
        parts: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for name, value in controls.items():
            row = request_control(name)
            if row.shape not in ("prompt", "source", "score"):
                level = row.per_frame and isinstance(value, Real)  # one number for all latent frames
                others[name] = torch.full((frames,), checked_number(name, value)) if level else value
            elif value is not None:
                if not self.spec.has(row):
                    raise self.spec.lacks(row)
                parts[name] = value
        return parts, others

    def ring(self, source: Source, depth: int | None = None) -> Ring:
        """Returns a ring of `depth` slots (by default the family's ring depth) for songs of the source's length."""
        return Ring(self.executor, self.spec, self.noise(source.frames), depth=depth)

    def noise(self, song_frames: int) -> NoiseBank:
        """Returns the noise of songs of `song_frames` latent frames. All rings of this session share it."""
        if song_frames not in self._noise:
            self._noise = {song_frames: NoiseBank(self.spec.latent_channels, song_frames, self.device)}
        return self._noise[song_frames]

    def drop_unheld(self) -> None:
        """From any thread. Lets go of noise that no ring holds; it is computed again when it is asked for."""
        for noise in tuple(self._noise.values()):
            noise.drop_unheld()

    def step_values(self, source: Source, **controls: Any) -> dict[str, Tensor | str]:
        """Returns the step values of a tick, as `Ring.tick` takes them, for songs of the source's length.

        controls: by name, numbers, curves of T numbers, surfaces [T, C], or options. Raises DemonError that names the
        control and the mend.
        """
        return step_values(controls, source.frames, self.spec.latent_channels)

    def generate(self, prompt: Conditioning | Blend, source: Source, **controls: Any) -> Tensor:
        """Runs one generation from start to end and returns its latent [T, C]. `controls` are those of `request`."""
        ring = Ring(
            self.executor, self.spec, self.noise(source.frames), depth=1, rows=range(PLACES // 2, PLACES)
        )  # places of its own: a ring may be playing
        ring.submit(self.request(prompt, source, **controls))
        return ring.drain()[-1].latent.cpu()

    def decode(
        self, latent: Tensor, *, start: int = 0, frames: int | None = None, margin: int | None = None
    ) -> Samples:
        """Decodes a latent [T, C] to sound [samples, channels]: the whole cyclic song, or a window of it.

        start, frames: the window, in latent frames; `frames` None decodes the whole song and ignores `start`.
        margin: latent frames decoded on each side of the window and thrown away.
        """
        with torch.inference_mode():
            if frames is None:
                return decode_song(self.family.codec, self.spec, latent).numpy()
            return decode_window(self.family.codec, self.spec, latent, start, frames, margin).numpy()

    def covered(self, latent: Tensor, cover: Source | Cover | None) -> Covered:
        """Returns a finished latent [T, C] together with the clips that it covers, ready to be decoded for playing:
        where the latent is the clip's, the recording itself is heard; elsewhere the sound gets the clip's loudness."""
        whole = Cover(((cover, 1.0),)) if isinstance(cover, Source) else cover
        return Covered(self.family.codec, self.spec, latent, whole)

    def measure(self, clip: Source) -> None:
        """From any thread. Measures the loudness of a clip, so that the first window over it does not have to wait."""
        if isinstance(self.family.codec, ReadsLoudness):
            power_of(clip, self.spec)

    def encode(self, audio: Samples) -> Tensor:
        """Returns the latent [T, C] of sound.

        audio: [samples, channels] at the family's sample rate, a whole number of latent frames long.
        """
        with torch.inference_mode():
            return self.family.codec.encode(audio)

    def _followed(self, source: Source, parts: Mapping[str, Any], adds: bool) -> Source:
        """Returns the clip whose structure and score a generation follows: the source, or the clip that is given as
        `structure_source`, with the notes that are told in place of its own, or with `adds` beside them.

        Raises DemonError for a clip of another length than the source's, and for notes that are none.
        """
        what = "structure_source" if "structure_source" in parts else "source"
        clip: Source = parts.get(what, source)
        if clip.frames != source.frames:
            raise DemonError(
                f"a clip of {clip.frames} frames beside a source of {source.frames}",
                port=what,
                mend="cut or repeat it to the source's length",
            )
        clip.once("finite hints", lambda: check_finite(what, clip.hints))
        return told(self.family.conditioner, clip, parts["score"], adds) if "score" in parts else clip

    def _context(self, clip: Source, structure: float) -> Tensor:
        """Returns the context [T, X] of a clip. structure: the factor of the hints, 0 to 1."""

        def made() -> Tensor:
            return self.family.conditioner.context(clip, structure)

        if clip.told:
            return made()
        kept = clip.once("contexts", lambda: SmallCache[Tensor](CONTEXTS))  # in the clip, so that they end with it
        return kept.get(structure, made)
