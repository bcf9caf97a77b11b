"""One static HTML page of rendered patches, without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from demon_patch.gallery.effects import Effect
from demon_patch.gallery.measure import Figures
from demon_patch.patch.document import Patch

_STYLE = """
:root { color-scheme: dark; --ink: #e8e4dc; --dim: #9a948a; --line: #3a3733; --ground: #171615; --good: #8fd18f; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.2rem 6rem; background: var(--ground); color: var(--ink);
       font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-weight: 600; } h2 { margin: 0; font-size: 1.3rem; }
article { border-top: 1px solid var(--line); padding: 2rem 0; }
.idea { font-size: 1.05rem; margin: .3rem 0; } .dim, small { color: var(--dim); } .good { color: var(--good); }
.bad { color: #e39191; } img { width: 100%; border-radius: 4px; } audio { width: 100%; margin: .6rem 0; }
a { color: inherit; } nav a { margin-right: 1rem; white-space: nowrap; }
"""


def page(entries: Sequence[tuple[Patch, Effect, Figures]], machine: str) -> str:
    """The page; pictures, sounds and patch files lie beside it, named like the patches."""
    links = "".join(f'<a href="#{escape(f.name)}">{escape(f.title)}</a> ' for _, _, f in entries)
    articles = "\n".join(_article(*entry) for entry in entries)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>demon_patch: patches</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>\n'
        "<h1>Patches</h1>\n<p>Each teaches one idea. Below each: the sound, its spectrogram with bar lines, the "
        "controls that moved, and how far the sound follows the one that matters.</p>\n"
        f"<nav>{links}</nav>\n{articles}\n<p><small>Rendered on {escape(machine)}.</small></p></body></html>\n"
    )


def _article(patch: Patch, effect: Effect, figures: Figures) -> str:
    name, tags = escape(figures.name), ", ".join(patch.meta.tags)
    verdict = "good" if figures.good else "bad"
    late = f"{abs(1e3 * figures.lag):.0f} ms {'late' if figures.lag >= 0 else 'early'}"
    return (
        f'<article id="{name}"><h2>{escape(figures.title)}</h2>\n<p class="idea">{escape(effect.idea)}</p>\n'
        f'<p class="dim">{escape(patch.meta.description)}</p>\n'
        f'<audio controls preload="none" src="{name}.flac"></audio>\n<img alt="" src="{name}.png">\n'
        f'<p class="{verdict}">{escape(figures.control)} is heard in the {escape(figures.descriptor)}: correlation '
        f"{figures.correlation:+.2f}, {late}{' (held)' if figures.held else ''}.</p>\n"
        f'<p class="dim"><a href="{name}.dpatch.json">patch file</a>, {len(patch.nodes)} nodes; {escape(tags)}</p>'
        "</article>"
    )


def write(entries: Sequence[tuple[Patch, Effect, Figures]], machine: str, out: Path) -> Path:
    """Writes the page as index.html into a folder."""
    path = out / "index.html"
    path.write_text(page(entries, machine), encoding="utf-8")
    return path
