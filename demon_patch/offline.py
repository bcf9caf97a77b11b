"""`demon_patch.render`: renders a patch into an array of samples, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demon_patch.engine.executors import DEFAULT, check_name
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.engine.session import Session
from demon_patch.errors import DemonError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.assets import files_of
from demon_patch.runtime.assets.overwrite import allow_sound, drafted
from demon_patch.runtime.assets.recorder import Recorder
from demon_patch.runtime.graph.warnings import unknown_words
from demon_patch.runtime.performance.performer import Performer
from demon_patch.runtime.performance.prepare import load_playable, perform, playable
from demon_patch.runtime.render import Played, stream

LONGEST = 3600.0  # seconds of one rendering
FILE_RATE = 48_000


@dataclass(frozen=True, slots=True)
class Rendered:
    """The result of `render`.

    sound: float32 [samples, channels], within -1 to 1.
    rate: samples per second of `sound`, the model's own.
    notes: what the player should know of the source and the prompt, for example words that the model does not know.
    text: the patch as the text of its file, which a saved file carries.
    """

    sound: NDArray[np.float32] = field(repr=False)
    rate: int
    notes: tuple[str, ...] = ()
    text: str = field(default="", repr=False)
    _played: tuple[Played, ...] = field(default=(), repr=False, compare=False)  # before the limiter, which comes last

    @property
    def seconds(self) -> float:
        """Length of the sound in seconds."""
        return len(self.sound) / self.rate

    def save(self, path: str | Path, *, rate: int = FILE_RATE, force: bool = False) -> Path:
        """Writes a WAV or FLAC file that carries the patch, and returns its path.

        The file is the one that `demon-patch render` writes: 24 bits, at `rate` samples per second.
        force: replaces any file; without it only an earlier render is replaced.

        Raises DemonError where the file cannot be written.
        """
        allow_sound(path, force, mend="save(path, force=True) writes over it")
        with drafted(path) as draft, Recorder(draft, self.rate, self.sound.shape[1], rate, patch=self.text) as file:
            for played in self._played:
                file.write(*played)
        return Path(path)


def render(
    patch: str | Path | Patch,
    *,
    seconds: float = 30.0,
    seed: int | None = None,
    source: str | Path | None = None,
    folder: str | Path = ".",
    session: Session | None = None,
    model: str | None = None,
    executor: str = DEFAULT,
    threads: int | None = None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Rendered:
    """Renders a patch offline and returns its sound: the same patch and seed give the same samples every time.

    patch: the path of a patch file or pack, or a Patch.
    seconds: how many seconds of sound, more than 0 and at most 3600.
    seed: replaces the Scheduler's seed.
    source: an audio file that replaces the patch's own source.
    folder: for a Patch that is no file, the folder of the files that it names.
    session: a loaded model; by default `model` is loaded, or else the one that the patch names.
    model: the name of the model that renders, in place of the patch's own.
    executor: the executor of a model that is loaded here, by name (`engine.executors.EXECUTORS`), or
        `auto`, which is PyTorch here.
    threads: the number of processor threads of a model that is loaded here; all by default.
    progress: called with the seconds of sound rendered so far.

    Recorder nodes write their files into the folder of the patch. Raises DemonError, with its mend, for a patch, a file
    or a value that cannot be used.
    """
    if not 0 < seconds <= LONGEST:
        raise DemonError(f"cannot render {seconds:g} seconds", mend=f"use more than 0 and at most {LONGEST:g}")
    if session is None:
        check_name(executor)  # whose error is about no patch

    def loaded(document: Patch) -> Session:
        return session or Session.load(
            model or document.meta.model or DEFAULT_MODEL, executor=executor, threads=threads
        )

    if isinstance(patch, Patch):
        document = playable(patch, seed)
        performer = _performer(document, folder, folder, source, loaded(document))
        return _rendered(document, performer, seconds, progress)
    path = Path(patch)
    document = load_playable(path, seed=seed)
    try:
        with files_of(path) as home:
            performer = _performer(document, home, path.parent, source, loaded(document))
            return _rendered(document, performer, seconds, progress)
    except DemonError as error:
        raise error.located(file=path) from None


def _performer(
    patch: Patch, folder: str | Path, into: str | Path, source: str | Path | None, session: Session
) -> Performer:
    clip = None if source is None else session.source(Path(source))
    return perform(patch, session, folder=folder, into=into, clip=clip)


def notes_of(performer: Performer) -> tuple[str, ...]:
    """Returns the notes for the player on the source and on the LoRAs of a performance, one line each."""
    told = [f"source: {note}" for note in performer.source.notes]
    return (*told, *(f"LoRA {lora.title}: {note}" for lora in performer.loras.loaded for note in lora.notes))


def _rendered(patch: Patch, performer: Performer, seconds: float, progress: Callable[[float], None]) -> Rendered:
    rate, blocks, done = performer.spec.sample_rate, [], 0
    played: list[Played] = []
    for block in stream(performer, seconds, played=played.append):
        blocks.append(block)
        done += len(block)
        progress(done / rate)
    notes = (*map(str, unknown_words(patch, CATALOGUE)), *notes_of(performer), *performer.recalls.told)
    return Rendered(np.concatenate(blocks), rate, notes, performer.text, tuple(played))
