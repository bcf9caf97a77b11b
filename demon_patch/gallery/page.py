"""Makes one static HTML page of rendered patches, which loads nothing from other sites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote

from demon_patch.gallery.effects import Effect
from demon_patch.gallery.measure import Figures
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.assets.text_pages import check_page, write_page

INDEX = "index.html"
MARK = "<title>demon_patch: patches</title>"
"""What every page of a gallery holds in its head."""
COPIED = " data-copied"
"""What the link to a patch file holds if the file is a copy."""

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


@dataclass(frozen=True, slots=True)
class Entry:
    """A patch of the page.

    name, file: of the patch.
    patch: None where an error kept it from being rendered, which `fault` tells.
    effect, figures: None where nothing was measured.
    copied: whether the patch file beside the page is a copy, which the next page may replace.
    """

    name: str
    file: str
    patch: Patch | None = None
    effect: Effect | None = None
    figures: Figures | None = None
    fault: str = ""
    copied: bool = False

    @property
    def title(self) -> str:
        """The title in the patch, or else its name."""
        return (self.patch.meta.title if self.patch is not None else "") or self.name

    @property
    def good(self) -> bool:
        """Whether the patch was rendered and its effect, if it was measured, is good."""
        return not self.fault and (self.figures is None or self.figures.good)


def page(entries: Sequence[Entry], machine: str) -> str:
    """Returns the page of a gallery as HTML. It refers to pictures, sounds and patch files beside it, by the names of
    the patches."""
    links = "".join(f'<a href="#{escape(e.name)}">{escape(e.title)}</a> ' for e in entries)
    articles = "\n".join(map(_article, entries))
    said = "Below each: the sound, its spectrogram with bar lines, and the controls that moved"
    measured = any(entry.figures is not None for entry in entries)
    said += "; where it was measured, how far the sound follows the control that matters." if measured else "."
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{MARK}'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>\n'
        f"<h1>Patches</h1>\n<p>{said}</p>\n"
        f"<nav>{links}</nav>\n{articles}\n<p><small>Rendered on {escape(machine)}.</small></p></body></html>\n"
    )


def _article(entry: Entry) -> str:
    name, patch = escape(entry.name), entry.patch
    head = f'<article id="{name}"><h2>{escape(entry.title)}</h2>\n'
    if entry.effect is not None:
        head += f'<p class="idea">{escape(entry.effect.idea)}</p>\n'
    if patch is None:
        return f'{head}<p class="bad">{escape(entry.fault)}</p></article>'
    count = f"{len(patch.nodes)} nodes" + "".join(
        f"; {escape(', '.join(patch.meta.tags))}" for _ in patch.meta.tags[:1]
    )
    return (
        f'{head}<p class="dim">{escape(patch.meta.description)}</p>\n'
        f'<audio controls preload="none" src="{quote(entry.name)}.flac"></audio>\n'
        f'<img alt="" src="{quote(entry.name)}.png">\n{_verdict(entry.figures)}'
        f'<p class="dim"><a href="{quote(entry.file)}"{COPIED if entry.copied else ""}>patch file</a>, {count}</p>'
        "</article>"
    )


def _verdict(figures: Figures | None) -> str:
    """Returns a paragraph on how far the sound follows the control; empty where it was not measured."""
    if figures is None:
        return ""
    late = f"{abs(1e3 * figures.lag):.0f} ms {'late' if figures.lag >= 0 else 'early'}"
    return (
        f'<p class="{"good" if figures.good else "bad"}">{escape(figures.control)} is heard in the '
        f"{escape(figures.descriptor)}: correlation {figures.correlation:+.2f}, {late}"
        f"{' (held)' if figures.held else ''}.</p>\n"
    )


def write(entries: Sequence[Entry], machine: str, out: Path) -> Path:
    """Writes the page as index.html into a folder; returns its path. Raises DemonError where there is another file of
    that name."""
    return write_page(out / INDEX, page(entries, machine), MARK)


def copies_in(out: Path) -> set[str]:
    """Returns the names of the patch files in a folder that its page names as copies; none without a page. Raises
    DemonError where the page is no page of ours."""
    check_page(out / INDEX, MARK)
    try:
        text = (out / INDEX).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return set()
    return {unquote(name) for name in re.findall(f'<a href="([^"]*)"{COPIED}>', text)}
