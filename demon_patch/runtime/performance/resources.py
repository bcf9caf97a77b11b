"""Loads the prompts, clips and LoRAs that resource nodes name, for one session."""

from __future__ import annotations

import wave
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from demon_patch.engine.contracts import Conditioning, Source
from demon_patch.engine.controls import CONTROLS
from demon_patch.engine.lora.merge import Lora
from demon_patch.engine.session import Session
from demon_patch.engine.steering.vector import Steering
from demon_patch.errors import DemonError
from demon_patch.runtime.assets import named_files
from demon_patch.runtime.assets.asset_store import inside, located
from demon_patch.small_cache import SmallCache

PROMPTS = 256  # prompts that are kept besides those that play
SILENT_SECONDS, SILENT_BPM = 24.0, 120.0  # most length and usual tempo of a clip in place of one that is missing
CLIP_BYTES = 64 * 2**20  # of clips that are kept besides those that play; the latest one is kept however large it is
DERIVED = 3  # times the bytes of its sound, that a clip takes with what is derived from it


class Resources:
    """Loads prompts and clips by the keys of resource nodes, and LoRAs by name. Owned by the thread that compiles:
    first the one that makes the performer, then the editing thread. Only `lora`, for a LoRA that is loaded already,
    may be called from any thread.

    Equal keys give the same object, which is made once. The latest PROMPTS prompts and CLIP_BYTES of clips are kept, so
    that a long performance does not fill the memory.

    missing: by key, the clips that are silent since their file could not be used, and why.
    folder: the patch's folder. A file that a patch names is in it or below, or in the asset store.
    into: the folder that the patch writes files into; `folder` by default.
    """

    def __init__(self, session: Session, folder: str | Path = ".", into: str | Path | None = None) -> None:
        self.session = session
        self.folder = Path(folder).resolve()
        self.into = self.folder if into is None else Path(into).resolve()
        self._prompts: SmallCache[Conditioning] = SmallCache(PROMPTS)
        self._clips: SmallCache[Source] = SmallCache(CLIP_BYTES, lambda clip: DERIVED * clip.audio.nbytes)
        self._loras: dict[str, Lora] = {}
        self._steering: dict[str, Steering] = {}
        self.missing: dict[Hashable, DemonError] = {}
        self._forgiving = False

    @contextmanager
    def forgiving(self) -> Iterator[None]:
        """Lets a clip whose file cannot be used be silence (`missing`), here and from here on, instead of an error."""
        self._forgiving = True
        try:
            yield
        finally:
            self._forgiving = False

    def prompt(self, key: Hashable | None) -> Conditioning:
        """Returns the prompt of a key ("prompt", text), or with lyrics and language after it, prepared for the
        executor. None gives the null condition."""
        words = tuple(map(str, key[1:])) if isinstance(key, tuple) else ("",)
        made = self._prompts.get(words, lambda: self.session.prompt(*words))
        self.session.prepare(made)
        return made

    def source(self, key: Hashable) -> Source:
        """Returns the clip of a key ("audio", file, seconds, bpm or None, downbeat or None), ("composed", style,
        seconds, seed, composer), or ("alone", seconds, bpm or None) for a song without a source. A clip that `missing`
        has is looked for again, and else silent. Raises SourceError."""
        try:
            found = self._clips.get(key, lambda: self._make(key))
        except DemonError as error:
            if not (isinstance(key, tuple) and key[0] == "audio" and (self._forgiving or key in self.missing)):
                raise
            self.missing[key] = error
            seconds, bpm = float(key[2]), key[3] or SILENT_BPM
            return self._clips.get(("silence", seconds, bpm), lambda: silence(self.session, seconds, bpm))
        self.missing.pop(key, None)
        return found

    def drop_unheld(self) -> None:
        """Lets go of clips that no program and no generation holds, and of noise; both are made again when they are
        asked for."""
        self._clips.drop_unheld()
        self.session.drop_unheld()

    def faults(self, keys: Mapping[str, Hashable]) -> dict[str, str]:
        """From any thread. Returns, by node, why its clip is missing. keys: of the resource nodes of a program."""
        missing = dict(self.missing)
        return {node: f"plays silence: {missing[key]}" for node, key in keys.items() if key in missing}

    def part(self, control: str, key: Hashable | None) -> Conditioning | Source:
        """Returns the prompt or clip of a key, whichever the control takes."""
        return self.prompt(key) if CONTROLS[control].shape == "prompt" else self.source(key)

    def lora(self, file: str) -> Lora:
        """Returns the LoRA that comes with the model under a name, or is read from a file; it is read once and kept.
        Raises WeightsError."""
        if (known := self._loras.get(file)) is not None:
            return known
        own = self.session.family.loras
        with named_files.of_file(file):
            read = self.session.lora(file if file in own else named_files.lora(file, self.folder, own))
        return self._loras.setdefault(file, read)

    def steering(self, file: str) -> Steering:
        """Returns the steering vector that comes with the model under a name, or is read from a file; it is read once
        and kept. Raises WeightsError."""
        if (known := self._steering.get(file)) is not None:
            return known
        own = self.session.family.steering
        with named_files.of_file(file):
            read = self.session.steering(file if file in own else named_files.lora(file, self.folder, own))
        return self._steering.setdefault(file, read)

    def file(self, name: str) -> Path:
        """Returns the path of a file that a patch reads, in its folder or in the asset store. Raises SourceError."""
        return located(name, self.folder)

    def written(self, name: str) -> Path:
        """Returns the path of a file that a patch writes, in its folder `into`. Raises SourceError for a file
        outside."""
        return inside(name, self.into, written=True)

    def _make(self, key: Hashable) -> Source:
        match key:
            case ("audio", str(file), float(seconds), bpm, downbeat):
                known = [None if each is None else float(str(each)) for each in (bpm, downbeat)]
                with named_files.of_file(file):
                    path = named_files.sound(file, self.folder)
                    return self.session.source(path, seconds=seconds, bpm=known[0], downbeat=known[1])
            case ("composed", str(text), float(seconds), int(seed), str(composer)):
                return self.session.compose(text, seconds=seconds, seed=seed, composer=composer)
            case ("alone", float(seconds), bpm):
                return self.session.alone(seconds=seconds, bpm=None if bpm is None else float(str(bpm)))
        raise DemonError(f"no kind of source is called {key!r}")


def silence(session: Session, seconds: float, bpm: float) -> Source:
    """Returns a silent clip in place of one of `seconds` seconds at most, whose file cannot be used: it is at most
    SILENT_SECONDS long."""
    rate = session.spec.sample_rate
    with TemporaryDirectory(prefix="demon-patch-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "silence.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(session.spec.channels)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(bytes(2 * session.spec.channels * round(min(seconds, SILENT_SECONDS) * rate)))
        return replace(session.source(path, bpm=bpm, downbeat=0.0), title="silence", notes=())


def fitted(clip: Source, frames: int, samples_per_frame: int) -> Source:
    """Returns a clip that is `frames` latent frames long: cut, or repeated from its beginning. It is made once for each
    length."""
    if clip.frames == frames:
        return clip

    def fit() -> Source:
        at = torch.arange(frames) % clip.frames
        audio = clip.audio[np.arange(frames * samples_per_frame) % len(clip.audio)]
        score = None if clip.score is None else clip.score[at]
        return replace(clip, latent=clip.latent[at], hints=clip.hints[at], audio=audio, score=score)

    return clip.once(("fitted", frames), fit)
