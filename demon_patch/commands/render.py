"""`demon-patch render`, and what rendering and playing share: loading a patch with its model, writing a render."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.console import Rate, SampleBar, Seconds, Switch, Threads, examples, show, tell, writable
from demon_patch.engine.executors import DEFAULT
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.engine.model_folder import session_loader
from demon_patch.errors import DemonError
from demon_patch.patch.model.json_values import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from demon_patch.engine.contracts import Source
    from demon_patch.engine.session import Session
    from demon_patch.patch.model.document import Patch
    from demon_patch.runtime.performance.performer import Performer

EXAMPLES = examples(
    "demon-patch render first.dpatch.json --seconds 60 --out first.wav",
    "demon-patch render first.dpatch.json --source my-song.mp3 --picture first.png",
)


def render(
    patch: Path,
    *,
    seconds: Seconds = 30.0,
    out: Path = Path("out.wav"),
    seed: int | None = None,
    source: Path | None = None,
    rate: Rate = 48_000,
    picture: Path | None = None,
    force: Switch = False,
    model: str | None = None,
    model_dir: Path | None = None,
    weights: Path | None = None,
    executor: str = DEFAULT,
    vram_limit: float | None = None,
    threads: Threads = None,
) -> None:
    """Renders a patch to a WAV or FLAC file: the same patch and seed give the same samples every time.

    Parameters:
        patch: A patch file (*.dpatch.json), or a pack (*.dpatch).
        seconds: How much to render, up to 3600.
        out: The file to write, .wav or .flac, also over a former render.
        seed: Takes the place of the Scheduler's seed.
        source: An audio file that takes the place of the patch's own source.
        rate: Samples per second of the file, 8000 to 192000.
        picture: Also writes a PNG here: spectrogram, controls, distance to the source. Needs the extra `plots`.
        force: Write over files that are neither renders nor pictures of ours.
        model: The model that renders, in place of the patch's own; demon-patch model list shows all.
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
        weights: A folder that demon-patch lora bake wrote, in place of the model's own weights.
        executor: What runs the model: torch; onnx, tensorrt (after `demon-patch build`); or auto, which says why.
        vram_limit: The most gigabytes of a GPU's memory that are taken.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.runtime.assets.assets import files_of, load_patch
    from demon_patch.runtime.assets.overwrite import allow

    check_writable(out, picture)
    with files_of(patch) as folder:
        allow(out, picture, load_patch(patch), folder, source, force=force)
        load = session_loader(model_dir, executor, threads, tell, False, weights, vram_limit)
        write_render(_prepare(patch, folder, source, seed, load, model), patch, seconds, out, rate, picture, force)


def check_writable(sound: Path, picture: Path | None) -> None:
    """Raises DemonError where a sound or a picture cannot be written: before anything is rendered, not after."""
    from demon_patch.picture import check_can_draw
    from demon_patch.runtime.assets.new_file import refuse_odd
    from demon_patch.runtime.assets.recorder import FORMATS

    if sound.suffix.lower() not in FORMATS:
        raise DemonError("cannot be written as sound", file=sound, mend="name a .wav or .flac file")
    with suppress(OSError):  # which `writable` tells
        refuse_odd(sound)
        refuse_odd(picture or sound)
    writable(sound)
    if picture is not None:
        check_can_draw(picture)


def load_with_clip(
    path: Path, source: Path | None, seed: int | None, load: Callable[[str], Session], model: str | None
) -> tuple[Patch, Session, Source | None]:
    """Returns a patch, the model that plays it, and the clip in place of its source; prints remarks on the way."""
    from demon_patch.nodes.catalogue import CATALOGUE
    from demon_patch.runtime.graph.warnings import unknown_words, warnings_of
    from demon_patch.runtime.performance.prepare import load_playable

    patch = load_playable(path, seed=seed)
    unknown = unknown_words(patch, CATALOGUE, model or "")
    for remark in [*warnings_of(patch, CATALOGUE, model or "", clip=source is not None), *unknown]:
        tell(remark, "yellow")
    session = load(model or patch.meta.model or DEFAULT_MODEL)
    return patch, session, session.source(source) if source is not None else None


def _prepare(
    path: Path, folder: Path, source: Path | None, seed: int | None, load: Callable[[str], Session], model: str | None
) -> Performer:
    """Returns a performer of a patch whose files lie in `folder`. Prints the remarks and notes that the player should
    know."""
    from demon_patch.offline import notes_of
    from demon_patch.runtime.performance.prepare import perform

    patch, session, clip = load_with_clip(path, source, seed, load, model)
    with place(path):
        performer = perform(patch, session, folder=folder, into=path.parent, clip=clip)
    for note in notes_of(performer):
        tell(note)
    return performer


def write_render(
    performer: Performer, patch: Path, seconds: float, path: Path, rate: int, picture: Path | None, force: bool
) -> None:
    """Renders to a file with a progress bar, and draws what was rendered."""
    from demon_patch.picture import of_performance
    from demon_patch.runtime.render import write

    with SampleBar(f"rendering {patch.name}", round(seconds * performer.spec.sample_rate)) as step:
        files: list[Path] = []
        sound = write(performer, seconds, path, rate=rate, force=force, progress=step, wrote=files.append)
    for note in performer.recalls.told:
        tell(note, "yellow")
    for file in (path, *files):
        show(f"wrote {file}")
    if picture is not None:
        show(f"wrote {of_performance(performer, sound, picture, title=patch.name)}")
