"""The command `demon-patch share`: one HTML page with sound, picture and patch, or the picture of the graph alone."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from demon_patch.console import Seconds, Switch, Threads, examples, tell, writable
from demon_patch.errors import PatchError

if TYPE_CHECKING:
    from demon_patch.editor.share.html_page import Sound

EXAMPLES = examples(
    "demon-patch share my-song.dpatch.json",
    "demon-patch share my-song.dpatch.json --sound take.flac --out my-song.html",
    "demon-patch share my-song.dpatch.json --out my-song.svg",
)
PICTURE = ".svg"


def share(
    patch: Path,
    *,
    out: Path | None = None,
    seconds: Seconds = 30.0,
    sound: Path | None = None,
    light: Switch = False,
    force: Switch = False,
    threads: Threads = None,
) -> None:
    """Writes one HTML file to send to others: a player, a picture of the graph, and the patch with its clips inside.

    Any browser plays it, and demon-patch opens it like a pack. Without the sound: name a file that ends with .svg.

    Parameters:
        patch: A patch file (*.dpatch.json), a pack (*.dpatch) or such a page.
        out: The file to write, .html or .svg; by default the patch's name with .html.
        seconds: How much is rendered for the player, up to 3600.
        sound: A WAV or FLAC file that is put into the page in place of a rendering.
        light: Dark on light, in place of light on dark.
        force: Write over a file that is there already.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch.editor.look.theme import DARK, LIGHT
    from demon_patch.editor.share.graph_svg import graph_svg
    from demon_patch.editor.share.html_page import html_page
    from demon_patch.editor.share.sound_of import sound_of
    from demon_patch.patch.files import atomic_file, page_pack
    from demon_patch.runtime.assets.assets import files_of, load_patch, pack_of

    name = patch.name.split(".")[0] or "patch"
    target = out if out is not None else Path(f"{name}{page_pack.SUFFIXES[0]}")
    if target.suffix.lower() not in (PICTURE, *page_pack.SUFFIXES):
        raise PatchError("it is no name of a page or picture", file=target, mend="end it with .html or .svg")
    if os.path.lexists(target) and not force:
        raise PatchError("there is such a file already", file=target, mend="--force writes over it")
    writable(target)
    document, theme = load_patch(patch), LIGHT if light else DARK
    if target.suffix.lower() == PICTURE:
        made = graph_svg(document, theme)
    else:
        with files_of(patch) as folder:
            pack = pack_of(document, folder)
        heard = _rendered(patch, seconds, threads) if sound is None else sound_of(sound)
        made = html_page(document, pack, heard, theme, name)
    atomic_file.write(target, made.encode())
    tell(f"wrote {target}")


def _rendered(patch: Path, seconds: float, threads: int | None) -> Sound:
    """Renders a patch, and returns it as FLAC."""
    from demon_patch.editor.share.sound_of import sound_of
    from demon_patch.offline import render

    tell(f"rendering {seconds:g} s of {patch.name}")
    made = render(patch, seconds=seconds, threads=threads)
    with TemporaryDirectory(prefix="demon-patch-") as folder:
        return sound_of(made.save(Path(folder, "sound.flac")))
