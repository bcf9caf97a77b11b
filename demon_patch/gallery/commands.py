"""The command `demon-patch gallery`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from demon_patch.console import Seconds, Threads, err, out
from demon_patch.errors import DemonError


def gallery(
    folder: Path = Path("patches"),
    *,
    only: tuple[str, ...] = (),
    seconds: Seconds = 32.0,
    to: Path = Path("out/gallery"),
    save: Path | None = None,
    threads: Threads = None,
) -> None:
    """Renders a folder of patches to sound, pictures and one page, and measures each one's effect in the sound.

    The exit status is 1 where an effect is not heard as it should be.

    Parameters
    ----------
    folder: The patches, with an effects.toml that says what each is about.
    only: Patches by name; all by default.
    seconds: How much of each is rendered.
    to: The folder that the page is written to.
    save: Keeps the figures in this JSON file, beside those of other patches.
    threads: Processor threads; all by default.
    """
    from demon_patch.bench.machine import machine
    from demon_patch.engine.session import Session
    from demon_patch.gallery import effects, measure, page
    from demon_patch.runtime.render import checked

    known = effects.read(folder)
    for name in only:
        if name not in known:
            raise DemonError(f"{name} has no effect", file=folder / effects.FILE, mend="describe it there")
    to.mkdir(parents=True, exist_ok=True)
    entries = []
    for name in only or sorted(known):
        path = folder / f"{name}.dpatch.json"
        document = checked(path)
        session = Session.load(document.meta.model or "nano", threads=threads)
        figures = measure.measure(path, known[name], session, to, seconds)
        shutil.copyfile(path, to / path.name)
        entries.append((document, known[name], figures))
        said = f"{name}: {figures.correlation:+.2f} in {figures.descriptor}, {1e3 * figures.lag:+.0f} ms"
        err.print(said if figures.good else f"[red]{said}[/]", highlight=False, soft_wrap=True)
    if save is not None:
        _keep(save, machine(), [figures.row for _, _, figures in entries])
    out.print(f"wrote {page.write(entries, machine(), to)}", soft_wrap=True)
    if not all(figures.good for _, _, figures in entries):
        raise SystemExit(1)


def _keep(path: Path, machine: str, rows: list[dict[str, object]]) -> None:
    """Writes rows into a report, in the place of those of the same name."""
    before = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    fresh = {row["name"] for row in rows}
    kept = sorted([*rows, *(row for row in before if row["name"] not in fresh)], key=lambda row: str(row["name"]))
    report = {"title": "gallery: how far each patch's effect is heard", "machine": machine, "rows": kept}
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
