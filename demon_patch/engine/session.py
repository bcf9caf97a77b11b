"""The public face of the engine: load a family, make prompts and sources, run a ring, decode to sound."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.families import load_family
from demon_patch.engine.family import Conditioning, Executor, Family, Handle, Source
from demon_patch.engine.noise import NoiseBank
from demon_patch.engine.ring import Request, Ring
from demon_patch.engine.window import decode_song, decode_window

Samples = NDArray[np.float32]


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
        self._handles: dict[str, Handle] = {}
        self._contexts: dict[tuple[int, float], tuple[Source, Tensor]] = {}
        self._noise: dict[int, NoiseBank] = {}

    @classmethod
    def load(cls, name: str = "nano", *, threads: int | None = None) -> Session:
        """A session on a family by name, on `threads` cores (default: all, at most 8); raises WeightsError."""
        torch.set_num_threads(threads or min(os.cpu_count() or 1, 8))
        return cls(load_family(name))

    def prompt(self, text: str) -> Conditioning:
        """A prompt from free text; `.unknown` names the words that the family cannot read."""
        return self.family.conditioner.prompt(text)

    def compose(self, prompt: str = "", *, seconds: float = 24.0, seed: int = 0) -> Source:
        """A source of the family's own making, `seconds` long (to the nearest length it can play)."""
        return self.family.conditioner.compose(prompt, seconds, seed)

    def source(self, path: str | Path, *, seconds: float | None = None) -> Source:
        """Any audio file as a source; raises SourceError."""
        return self.family.conditioner.load(path, seconds)

    def request(
        self,
        prompt: Conditioning,
        source: Source,
        *,
        strength: float = 0.7,
        structure: float = 1.0,
        seed: int = 42,
        steps: int | None = None,
        shift: float | None = None,
        initial_noise: Tensor | None = None,
        tag: object = None,
        heard_at: float | None = None,
    ) -> Request:
        """What one generation starts from; steps and shift default to the family's. Raises DemonError."""
        return Request(
            conditioning=self._handle(prompt),
            context=self._context(source, structure),
            source=source.latent,
            seed=seed,
            strength=strength,
            steps=self.spec.steps if steps is None else steps,
            shift=self.spec.shift if shift is None else shift,
            initial_noise=initial_noise,
            tag=tag,
            heard_at=heard_at,
        )

    def ring(self, source: Source, depth: int = 4) -> Ring:
        """A ring of `depth` generations in flight for songs of the source's length."""
        return Ring(self.executor, self.spec, self.noise(source.frames), depth=depth)

    def noise(self, song_frames: int) -> NoiseBank:
        """The noise of songs of that many frames, shared by all rings of this session."""
        if song_frames not in self._noise:
            self._noise = {song_frames: NoiseBank(self.spec.latent_channels, song_frames)}
        return self._noise[song_frames]

    def generate(self, prompt: Conditioning, source: Source, **controls: Any) -> Tensor:
        """One generation from start to end, [T, C]; `controls` as of `request`."""
        depths = int(CONTROLS["depth"].hi)
        ring = Ring(
            self.executor, self.spec, self.noise(source.frames), depth=1, rows=range(depths, 2 * depths)
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

    def encode(self, audio: Samples) -> Tensor:
        """Latent [T, C] of sound [samples, channels] at the family's rate, a whole number of frames long."""
        with torch.inference_mode():
            return self.family.codec.encode(audio)

    def _handle(self, prompt: Conditioning) -> Handle:
        handle = self._handles.get(prompt.text)
        if handle is None or handle.epoch != self.executor.weights_epoch:
            handle = self._handles[prompt.text] = self.executor.prepare(prompt)
        return handle

    def _context(self, source: Source, structure: float) -> Tensor:
        key = (id(source), structure)
        if key not in self._contexts:
            if len(self._contexts) >= 64:
                self._contexts.pop(next(iter(self._contexts)))
            self._contexts[key] = (source, self.family.conditioner.context(source, structure))
        return self._contexts[key][1]
