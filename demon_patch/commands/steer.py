"""The commands on steering vectors: `demon-patch steer`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from demon_patch.console import examples, out, tell
from demon_patch.engine.families import DEFAULT_MODEL

steer = App(name="steer", help="Steering vectors: directions of sound, found from two sets of prompts or of sounds.")

_FIND = examples(
    "demon-patch steer find --more acid --less ambient --to edge.safetensors",
    "demon-patch steer find --more a.wav --less b.wav --sounds --to a.safetensors",
)


@steer.command(help_epilogue=_FIND)
def find(
    *,
    more: list[str],
    less: list[str],
    to: Annotated[Path, Parameter(name="--to")],
    sounds: Annotated[bool, Parameter(negative="")] = False,
    seeds: int = 4,
    title: str = "",
    model: str = DEFAULT_MODEL,
) -> None:
    """Finds the direction from one set of prompts, or of sounds, to another, and writes it as a small file for the node
    Steer. On nano it takes seconds to minutes on a processor.

    Parameters:
        more: What depth 1 leads to: a prompt, or with --sounds a sound file. Give it several times for a set.
        less: What depth -1 leads to, likewise.
        to: The file to write, *.safetensors.
        sounds: The two sets are sound files.
        seeds: How often each prompt is generated, or each sound is looked at, 2 to 64.
        title: The vector's name; by default that of the file.
        model: The model that is steered.
    """
    from demon_patch.engine.session import Session
    from demon_patch.engine.steering.file import write
    from demon_patch.engine.steering.find import REACH, WEAK, eager, of_prompts, of_sounds
    from demon_patch.errors import DemonError

    if not 2 <= seeds <= 64:
        raise DemonError(f"{seeds} seeds", mend="give 2 to 64")
    if to.suffix != ".safetensors" or to.exists():
        what = "this exists already" if to.exists() else "it is no .safetensors file"
        raise DemonError(what, file=to, mend="name a new file that ends in .safetensors")
    session = eager(Session.load(model, threads=1))
    if sounds:
        found, agreement = of_sounds(session, list(map(Path, more)), list(map(Path, less)), seeds, tell)
    else:
        found, agreement = of_prompts(session, more, less, seeds, tell)
    write(replace(found, title=title or to.stem), to)
    tell(f"wrote {to}: depth 1 moves the model by {REACH:.0%}; its halves agree by {agreement:.2f}")
    if agreement < WEAK:
        tell("that is little: give sets that differ more in one thing alone, or more seeds")


@steer.command(help_epilogue=examples("demon-patch steer info edge"))
def info(name: str, *, model: str = DEFAULT_MODEL) -> None:
    """Shows a steering vector: how it was found, its blocks and steps, and how far depth 1 moves the model.

    Parameters:
        name: A steering vector that comes with the model, by name, or the path of its file.
        model: The model that it is for.
    """
    from demon_patch.engine.families import steering_of, steering_shape_of
    from demon_patch.engine.lora.effect import effect_of_steering
    from demon_patch.engine.session import Session
    from demon_patch.engine.steering.file import read

    path = steering_of(model).get(name, Path(name))
    found = read(path, model, steering_shape_of(model))
    session = Session.load(model, threads=1)
    effect = effect_of_steering(session.family, session.steering(path).added)
    sizes = ", ".join(f"{n}: {size:.2g}" for n, size in sorted(found.magnitudes.items()))
    out.print(f"[bold]{found.title}[/] of {model}, {path.stat().st_size} bytes", highlight=False)
    out.print(f"it leads {found.about}", markup=False, highlight=False)
    out.print(f"blocks and magnitudes {sizes}; steps {found.steps[0]:g} to {found.steps[1]:g}", highlight=False)
    out.print(f"depth 1 moves the model by {effect:.0%}", highlight=False)
