"""The command `demon-patch gallery`."""

from __future__ import annotations

import json
import os
from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING

from demon_patch.console import Names, Seconds, Switch, Threads, examples, out, tell
from demon_patch.engine.families import DEFAULT_MODEL
from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean, in_short
from demon_patch.patch.files import atomic_file

if TYPE_CHECKING:
    from demon_patch.engine.session import Session
    from demon_patch.gallery.effects import Effect
    from demon_patch.gallery.page import Entry

EXAMPLES = examples(
    "demon-patch gallery my-patches --to out/mine",
    "demon-patch gallery my-patches --only rhythm --only echoes --seconds 16",
)


def gallery(
    folder: Path | None = None,
    *,
    only: Names = (),
    seconds: Seconds = 32.0,
    to: Path = Path("out/gallery"),
    save: Path | None = None,
    previews: Switch = False,
    threads: Threads = None,
) -> None:
    """Renders a folder of patches to sound, pictures and one page.

    Where an effects.toml in the folder says what a patch is about, its effect in the sound is measured too. The exit
    status is 1 where a patch cannot be rendered, or an effect is not heard as it should be.

    Parameters:
        folder: Patches and packs; by default those that come with the program.
        only: A patch by name; may be given several times. All by default.
        seconds: How much of each is rendered, up to 3600.
        to: The folder that the page is written to.
        save: Keeps the figures of effects in this JSON file, beside those of other patches.
        previews: Also writes 8 s of each beside its patch (*.preview.flac), for the editor's browser.
        threads: Processor threads, 1 to 64; all by default.
    """
    from demon_patch import shipped
    from demon_patch.bench.machine import machine
    from demon_patch.gallery import effects, page
    from demon_patch.picture import check_can_draw

    folder = folder or shipped.folder()
    known = effects.read_effects(folder) if (folder / effects.FILE).is_file() else {}
    paths = _patches(folder, known)
    for name in only:
        if name not in paths:
            mend = did_you_mean(name, paths, f"there are {in_short(paths)}")
            raise DemonError(f"there is no patch named {name!r}", file=folder, mend=mend)
    check_can_draw(to / "x.png")
    copies = page.copies_in(to)
    _folder(to)
    sessions: dict[str, Session] = {}
    entries = [
        _entry(name, paths[name], known.get(name), sessions, to, seconds, threads, copies)
        for name in only or sorted(paths)
    ]
    rows = [entry.figures.row for entry in entries if entry.figures is not None]
    for entry in entries if previews else ():
        if not entry.fault:
            _preview(paths[entry.name], to / f"{entry.name}.flac")
    if save is not None and rows:
        _keep(save, machine(), rows)
    out.print(f"wrote {page.write(entries, machine(), to)}", soft_wrap=True, markup=False)
    if not all(entry.good for entry in entries):
        raise SystemExit(1)


def _patches(folder: Path, known: dict[str, Effect]) -> dict[str, Path]:
    """Returns the patches and packs of a folder by name, those that its effects name among them; raises DemonError
    where there are none."""
    from demon_patch.patch.files.pack import SUFFIX
    from demon_patch.runtime.assets.assets import PATCH

    if not folder.is_dir():
        raise DemonError("there is no such folder", file=folder, mend="name a folder of patches")
    found = {path.name.removesuffix(PATCH): path for path in folder.glob(f"*{PATCH}")}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        found[path.name if path.stem in found else path.stem] = path
    found |= {name: folder / f"{name}{PATCH}" for name in known if name not in found}
    if not found:
        raise DemonError("there is no patch in it", file=folder, mend=f"put *{PATCH} or *{SUFFIX} files into it")
    return found


def _entry(
    name: str,
    path: Path,
    effect: Effect | None,
    sessions: dict[str, Session],
    to: Path,
    seconds: float,
    threads: int | None,
    copies: Set[str],
) -> Entry:
    """Renders a patch into the folder `to`, measures its effect if it has one, prints a line about it, and returns its
    entry of the page. An error is printed, and is in the entry.

    copies: names of files in `to` that may be replaced by a copy of the patch.
    """
    from demon_patch.engine.session import Session
    from demon_patch.gallery import measure
    from demon_patch.gallery.page import Entry
    from demon_patch.runtime.performance.prepare import load_playable

    try:
        document = load_playable(path)
        copy = to / path.name
        own = path.resolve() == copy.resolve()
        if not (own or path.name in copies or _same(path, copy)):
            raise DemonError("there is such a file already, and it is another patch", file=copy, mend=measure.ELSEWHERE)
        model = document.meta.model or DEFAULT_MODEL
        if model not in sessions:
            sessions[model] = Session.load(model, threads=threads)
        figures = measure.show(name, path, effect, sessions[model], to, seconds)
        if not own:
            atomic_file.write(copy, path.read_bytes())
    except (DemonError, OSError) as error:
        fault = str(error.located(file=path) if isinstance(error, DemonError) else error)
        tell(fault, "red")
        return Entry(name, path.name, effect=effect, fault=fault)
    if figures is None:
        tell(name)
    else:
        said = f"{name}: {figures.correlation:+.2f} in {figures.descriptor}, {1e3 * figures.lag:+.0f} ms"
        tell(said, "" if figures.good else "red")
    return Entry(name, path.name, document, effect, figures, copied=not own)


def _preview(patch: Path, rendered: Path) -> None:
    """Writes the preview of a patch from its rendered sound."""
    import numpy as np
    import soundfile

    from demon_patch.runtime.assets.previews import write_preview

    sound, rate = soundfile.read(rendered, dtype="float32", always_2d=True)
    tell(f"wrote {write_preview(patch, np.asarray(sound, np.float32), rate)}")


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemonError(
            f"cannot be made: {atomic_file.reason(error)}", file=path, mend="name another folder with --to"
        ) from None


def _same(path: Path, copy: Path) -> bool:
    """Whether a copy does not exist yet, or holds what the file holds. Raises DemonError where it cannot be read."""
    if not os.path.lexists(copy):
        return True
    size = path.stat().st_size
    return atomic_file.read(copy, size) == atomic_file.read(path, size)


def _keep(path: Path, machine: str, rows: list[dict[str, object]]) -> None:
    """Writes rows into a report, each with its machine, in the place of those of the same name."""
    from demon_patch.bench.page import kept_report, machine_of

    before = kept_report(path)
    fresh = {"machine": machine, "rows": rows}
    by_name = {
        str(row["name"]): {**row, "machine": machine_of(row, kept)} for kept in (before, fresh) for row in kept["rows"]
    }
    report = {
        "title": "gallery: how far each patch's effect is heard",
        "rows": [row for _, row in sorted(by_name.items())],
    }
    atomic_file.write(path, (json.dumps(report, indent=2) + "\n").encode())
