"""The commands on model families: `demon-patch model`."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from demon_patch.console import Switch, examples, out, show, tell
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.errors import DemonError
from demon_patch.shell_word import shell_word

model = App(name="model", help="The models that can play a patch.")


@model.command(name="list", help_epilogue=examples("demon-patch model list"))
def list_models(*, model_dir: Path | None = None) -> None:
    """Lists all models, each with whether its weights are on this machine, and where models are looked for; then each
    folder of weights that demon-patch lora bake wrote, with the options that play it.

    Parameters:
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
    """
    from demon_patch.engine.families import NAMES, spec_of, weights_bytes
    from demon_patch.engine.lora.baked_folders import baked_folders
    from demon_patch.engine.model_folder import model_folder, use_model_folder

    if model_dir is not None:
        use_model_folder(model_dir)
    for name in NAMES:
        size = weights_bytes(name)
        here = f"{size / 1e9:.2f} GB here" if size >= 1e8 else f"{size / 1e6:.1f} MB here" if size else "not here"
        show(f"{name:30} {here:14} {spec_of(name).title}")
    show(f"models are looked for in {model_folder()}")
    for baked in baked_folders():
        play = f"--model {baked.model} --weights {shell_word(baked.folder)}"
        show(f"{play}  {baked.model} with {', '.join(baked.loras)}")


@model.command(
    help_epilogue=examples(
        "demon-patch model pull acestep-v15-turbo",
        "demon-patch model pull acestep-v15-turbo --dry-run  # gets nothing",
    )
)
def pull(
    name: str, *, model_dir: Path | None = None, endpoint: str | None = None, dry_run: Switch = False
) -> None:  # fmt: skip
    """Gets the weights of a model from Hugging Face. What broke off goes on where it was; checksums are verified.

    Parameters:
        name: The model, as demon-patch model list names it.
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
        endpoint: The address of a mirror, in place of HF_ENDPOINT.
        dry_run: Lists the files and sizes, and gets nothing.
    """
    from demon_patch.engine.families import downloads_of, weights_bytes
    from demon_patch.engine.model_download import check_room, get, listed
    from demon_patch.engine.model_folder import model_folder, use_model_folder
    from demon_patch.runtime.live import memory

    if model_dir is not None:
        use_model_folder(model_dir)
    downloads, models = downloads_of(name), model_folder()
    if not downloads:
        comes = "comes with the program" if weights_bytes(name) else "is not in this version of the program"
        show(f"{name} {comes}: there is nothing to get")
        return
    files = listed(downloads, models, endpoint)
    total = sum(file.size for file in files)
    free = memory.free()
    if lacks := _gpu_lacks(name, total):
        tell(lacks, "yellow")
    elif free is not None and 2 * total > free:  # float32 in memory, on a processor
        told = f"{name} takes about {2 * total / 1e9:.1f} GB of memory on a processor, and {free / 1e9:.1f} GB are free"
        tell(told, "yellow")
    if dry_run:
        for file in files:
            show(f"{file.size / 1e6:10.1f} MB  {file.repository}/{file.name}{'  (here)' if file.here else ''}")
    wanted = check_room(files, models)
    if dry_run:
        show(f"{wanted / 1e9:.2f} of {total / 1e9:.2f} GB are to be got, into {models}")
        return
    for _ in get(files, endpoint, tell):
        pass
    show(f"{name} is whole, in {models}")


def _gpu_lacks(name: str, size: int) -> str:
    """Returns what a GPU that is here lacks for a model whose files have so many bytes; "" for nothing, or no GPU."""
    from demon_patch.engine.families import can_lie_on_gpu

    if not can_lie_on_gpu(name):
        return ""
    from demon_patch.engine.executors.vram import lacks

    return lacks(name, size)


@model.command(help_epilogue=examples("demon-patch model measure nano", "demon-patch model measure nano take.wav"))
def measure(
    name: str = DEFAULT_MODEL, *recordings: Path, model_dir: Path | None = None, executor: str = "torch"
) -> None:  # fmt: skip
    """Measures how far the knob of Strength moves the sound, and prints the figures that the model's spec takes.

    It takes minutes for nano, and hours for a large model on a processor.

    Parameters:
        name: The model, as demon-patch model list names it.
        recordings: Sound files whose harmony must not fall steeply between two positions of the knob.
        model_dir: The folder of models, in place of DEMON_PATCH_MODELS.
        executor: What runs the model.
    """
    from demon_patch.bench import strength_figures
    from demon_patch.engine.model_folder import use_model_folder
    from demon_patch.engine.session import Session

    if model_dir is not None:
        use_model_folder(model_dir)
    session = Session.load(name, executor=executor)
    try:
        found = strength_figures.measure(session, recordings, note=tell)
    except ValueError as error:
        raise DemonError(f"the strength of {name}: {error}", mend="measure it with other recordings") from None
    for line in found.lines(session.spec):
        show(line)


@model.command(help_epilogue=examples("demon-patch model info", "demon-patch model info nano --words"))
def info(name: str = DEFAULT_MODEL, *, words: Switch = False) -> None:
    """Shows a model family's geometry and its model card.

    Parameters:
        name: The model, as a patch names it.
        words: Lists the words of prompts that it understands, as a page (Markdown), and nothing else.
    """
    from demon_patch.engine.families import card_of, downloads_of, spec_of, weights_bytes, words_of

    if words:
        print(words_of(name), end="")
        return
    spec = spec_of(name)
    out.print(f"[bold]{spec.title}[/] ({spec.name})")
    out.print(f"{spec.sample_rate} Hz, {spec.channels} channel(s)")
    out.print(f"{spec.latent_channels} latent channels at {spec.frame_rate} Hz")
    out.print(f"songs of {spec.min_frames / spec.frame_rate:g} to {spec.max_frames / spec.frame_rate:g} s")
    out.print(f"decode margins: {spec.exact_margin} frames exact, {spec.playing_margin} playing")
    size = weights_bytes(name)
    missing = f"not on this machine: demon-patch model pull {name}" if downloads_of(name) else "not in this version"
    out.print(f"weights: {f'{size / 1e6:.1f} MB on this machine' if size else missing}")
    out.print(card_of(name), markup=False, highlight=False)
