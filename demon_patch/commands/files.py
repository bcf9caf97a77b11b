"""The commands on patch files and on what holds them: new, schema, pack, unpack, extract."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from demon_patch.console import JsonFlag, Switch, examples, tell
from demon_patch.console import out as console
from demon_patch.errors import PatchError
from demon_patch.shell_word import shell_word

files = App(name="files")
"""Its commands stand among those of the program itself."""


_NEW = examples(
    "demon-patch new my-song.dpatch.json",
    "demon-patch play my-song.dpatch.json --watch",
    "demon-patch new --list",
    "demon-patch new rhythm.dpatch.json --from three-in-eight",
)


@files.command(help_epilogue=_NEW)
def new(
    file: Path = Path("my-patch.dpatch.json"),
    *,
    template: Annotated[str, Parameter(name="--from")] = "first-light",
    listed: Annotated[bool, Parameter(name="--list", negative="", show_default=False)] = False,
    as_json: JsonFlag = False,
    force: Switch = False,
) -> None:
    """Writes a new patch file that plays at once, as a copy of another patch.

    Parameters:
        file: The file to write; *.dpatch.json is added to a name without it. The patch's title is its name.
        template: The patch to copy: the name of one that comes with the program, or a path; its files come along.
        listed: Lists the patches that come with the program, and writes nothing.
        as_json: Prints that list as JSON.
        force: Write over files that are there already.
    """
    from demon_patch import shipped

    if listed or as_json:
        _list(as_json)
        return
    if not file.name:
        raise PatchError("this is a folder, not a file", file=file, mend="name the new file in it")
    target = file if file.suffix in (".json", ".dpatch") else file.with_name(file.name + ".dpatch.json")
    for path in shipped.write_new(target, shipped.template(template), force=force):
        tell(f"wrote {path}")
    tell(f"hear it, and what you change in it: demon-patch play {shell_word(target)} --watch")


def _list(as_json: bool) -> None:
    from demon_patch.runtime.assets.assets import load_patch
    from demon_patch.shipped import shipped

    metas = {name: load_patch(path).meta for name, path in shipped().items()}
    if as_json:
        rows = [{"name": n, "title": m.title, "description": m.description, "tags": m.tags} for n, m in metas.items()]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table("name", "what it does", box=None, padding=(0, 2, 0, 0))
    for name, meta in metas.items():
        table.add_row(name, meta.description.split(". ")[0].rstrip(".") + ".")
    console.print(table)


@files.command(help_epilogue=examples("demon-patch schema --out patch.schema.json"))
def schema(
    *, out: Path | None = None, commands: Switch = False, protocol: Switch = False, force: Switch = False
) -> None:
    """Prints the JSON Schema (draft 2020-12) of patch files, by which editors complete and check them.

    Parameters:
        out: Writes it here instead.
        commands: Of the commands that remote clients send.
        protocol: The messages between a host and its clients, as a page (Markdown).
        force: Write over a file that is there already.
    """
    from demon_patch.patch.files.atomic_file import write
    from demon_patch.patch.files.schema import of_commands, of_patches

    if protocol:
        from demon_patch.runtime.remote.page import page

        text = page()
    else:
        made = of_commands() if commands else of_patches()
        text = json.dumps(made, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if out is None:
        print(text, end="")
    else:
        refuse_existing(out, force)
        write(out, text.encode())
        tell(f"wrote {out}")


@files.command(help_epilogue=examples("demon-patch pack my-song.dpatch.json --out my-song.dpatch"))
def pack(patch: Path, *, out: Path, force: Switch = False) -> None:
    """Writes a patch and the files that it names into one file (*.dpatch) that plays anywhere.

    Parameters:
        patch: A patch file (*.dpatch.json).
        out: The file to write.
        force: Write over a file that is there already.
    """
    from demon_patch.runtime.assets import assets

    if os.path.isdir(out):
        raise PatchError("this is a folder, not a file", file=out, mend=f"name a file in it, *{assets.SUFFIX}")
    for name in assets.pack(patch, out, force=force):
        tell(f"packed {name}")
    tell(f"wrote {out}")


@files.command(help_epilogue=examples("demon-patch unpack my-song.dpatch --into my-song"))
def unpack(file: Path, *, into: Path = Path(), force: Switch = False, store: Switch = False) -> None:
    """Writes the patch of a packed file, and the sounds and LoRAs that it names beside it; lists every file.

    Parameters:
        file: A packed patch (*.dpatch).
        into: The folder to write into.
        force: Write over files that are there already.
        store: Put the files into the asset store, where patches of all folders find them by what they hold.
    """
    from demon_patch.runtime.assets import assets

    if file.name.endswith(assets.PATCH):
        raise PatchError("this is a patch file, not a pack", file=file, mend="play it as it is")
    assets.unpack(file, into, force=force, to_store=store, wrote=lambda path: tell(f"wrote {path}"))


@files.command(help_epilogue=examples("demon-patch extract take.wav --out take.dpatch.json"))
def extract(sound: Path, *, out: Path | None = None, force: Switch = False) -> None:
    """Gives back the patch that a rendered or recorded WAV or FLAC file carries.

    Parameters:
        sound: The sound file.
        out: Writes the patch file here, instead of printing it.
        force: Write over a file that is there already.
    """
    from demon_patch.nodes.editing.update import updated
    from demon_patch.patch.files.embed import extract as extracted
    from demon_patch.patch.files.format import dumps, save

    patch = updated(extracted(sound))
    if out is None:
        print(dumps(patch), end="")
        return
    refuse_existing(out, force)
    save(patch, out)
    tell(f"wrote {out}")


def refuse_existing(path: Path, force: bool) -> None:
    """Raises PatchError where a file exists, even as a link to nothing, unless it is forced."""
    if os.path.lexists(path) and not force:
        raise PatchError("there is such a file already", file=path, mend="--force writes over it")
