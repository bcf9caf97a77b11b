"""The commands on patch files and on what holds them: schema, pack, unpack, extract."""

from __future__ import annotations

import json
from pathlib import Path

from cyclopts import App

from demon_patch.console import Switch, tell
from demon_patch.errors import PatchError

files = App(name="files")
"""Its commands stand among those of the program itself."""


@files.command
def schema(*, out: Path | None = None, commands: Switch = False) -> None:
    """Prints the JSON Schema (draft 2020-12) of patch files, by which editors complete and check them.

    Parameters
    ----------
    out: Writes it here instead.
    commands: Of the commands that remote clients send.
    """
    from demon_patch.patch.schema import of_commands, of_patches
    from demon_patch.patch.whole import write

    text = json.dumps(of_commands() if commands else of_patches(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if out is None:
        print(text, end="")
    else:
        write(out, text.encode())
        tell(f"wrote {out}")


@files.command
def pack(patch: Path, *, out: Path, force: Switch = False) -> None:
    """Writes a patch and the files that it names into one file (*.dpatch) that plays anywhere.

    Parameters
    ----------
    patch: A patch file (*.dpatch.json).
    out: The file to write.
    force: Write over a file that is there already.
    """
    from demon_patch.runtime import assets

    for name in assets.pack(patch, out, force=force):
        tell(f"packed {name}")
    tell(f"wrote {out}")


@files.command
def unpack(file: Path, *, into: Path = Path(), force: Switch = False, store: Switch = False) -> None:
    """Writes the patch of a packed file, and the sounds and LoRAs that it names beside it; lists every file.

    Parameters
    ----------
    file: A packed patch (*.dpatch).
    into: The folder to write into.
    force: Write over files that are there already.
    store: Put the files into the asset store, where patches of all folders find them by what they hold.
    """
    from demon_patch.runtime import assets

    assets.unpack(file, into, force=force, to_store=store, wrote=lambda path: tell(f"wrote {path}"))


@files.command
def extract(sound: Path, *, out: Path | None = None, force: Switch = False) -> None:
    """Gives back the patch that a rendered or recorded WAV or FLAC file carries.

    Parameters
    ----------
    sound: The sound file.
    out: Writes the patch file here, instead of printing it.
    force: Write over a file that is there already.
    """
    from demon_patch.patch.embed import extract as extracted
    from demon_patch.patch.format import dumps, save

    patch = extracted(sound)
    if out is None:
        print(dumps(patch), end="")
        return
    if out.exists() and not force:
        raise PatchError("there is such a file already", file=out, mend="--force writes over it")
    save(patch, out)
    tell(f"wrote {out}")
