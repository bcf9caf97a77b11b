"""The commands on LoRAs: `demon-patch lora`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from demon_patch.console import JsonFlag, examples, out, tell
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.shell_word import shell_word

lora = App(name="lora", help="LoRAs: what they hold, how far they move a model, and baking them into it.")


@lora.command(help_epilogue=examples("demon-patch lora info tape", "demon-patch lora info my-lora.safetensors"))
def info(name: str, *, model: str = DEFAULT_MODEL) -> None:
    """Shows a LoRA: its layers, ranks and scale, its trigger words, and how far it moves the model.

    Parameters:
        name: A LoRA that comes with the model, by name, or the path of its file or folder.
        model: The model that it is for.
    """
    from demon_patch.engine.session import Session

    found = Session.load(model, threads=1).lora(name)
    ranks = sorted({len(change.down) for change in found.changes.values()})
    out.print(f"[bold]{found.title}[/]: {len(found.changes)} layers of {model}, rank {', '.join(map(str, ranks))}")
    for note in found.notes:
        out.print(note, markup=False, highlight=False)


@lora.command(help_epilogue=examples("demon-patch lora bake tape=0.8 --to worn"))
def bake(*loras: str, to: Annotated[Path, Parameter(name="--to")], model: str = DEFAULT_MODEL) -> None:
    """Writes a model's weights with LoRAs added to them for good, to a folder that play, render and host take with
    --weights in place of the model's own; demon-patch model list names it from then on. LoRAs that a patch plays are
    never baked: their strength moves.

    Parameters:
        loras: Each LoRA, as NAME=STRENGTH (0 to 2) or NAME for strength 1.
        to: The folder to write, which must not exist.
        model: The model that they are for.
    """
    from demon_patch.engine.families import write_baked
    from demon_patch.engine.lora.baked_folders import remember
    from demon_patch.engine.session import Session
    from demon_patch.errors import DemonError

    session = Session.load(model, threads=1)
    pairs = []
    for given in loras:
        name, _, strength = given.partition("=")
        try:
            pairs.append((session.lora(name), float(strength or 1)))
        except ValueError:
            raise DemonError(f"{strength!r} is no number", port="lora_strength", mend="write NAME=0.8") from None
    if not pairs:
        raise DemonError("no LoRA is named", mend="write NAME=STRENGTH for each")
    folder = write_baked(model, pairs, to)
    remember(folder)
    tell(f"wrote {folder}: play it with --model {model} --weights {shell_word(folder)}")


def cost(*, as_json: JsonFlag = False) -> None:
    """Measures what LoRAs cost: a forward of nano with them beside one without, on one thread.

    Parameters:
        as_json: Prints JSON in place of tables.
    """
    from demon_patch.bench.lora import measure
    from demon_patch.bench.tables import keep_rows
    from demon_patch.engine.session import Session

    rows = list(measure(Session.load("nano", threads=1)))
    keep_rows("LoRA: a forward of one row, 24 s, nano, one thread", rows, None, as_json)
