"""One HTML file to share a patch: its sound, its graph as a picture, what is told of it, and the patch itself.

The page loads nothing and runs no script. A browser plays its sound and saves its patch; demon-patch opens the page as
it opens a pack.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from demon_patch.editor.look.theme import DARK, Colour, Theme, mix
from demon_patch.editor.share.graph_svg import graph_svg
from demon_patch.editor.share.svg_pen import FAMILY, paint, safe
from demon_patch.errors import PatchError
from demon_patch.patch.files import page_pack
from demon_patch.patch.files.pack import SUFFIX
from demon_patch.patch.model.document import Patch

TYPES = {".flac": "audio/flac", ".wav": "audio/wav"}
"""The types of sound by the end of a file's name."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; media-src data:; img-src data:; form-action 'none'"
_COLUMNS = 480


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of a page. content: the bytes of a file. type: one of TYPES. seconds: its length. peaks: of equal
    parts of it, 0 to 1."""

    content: bytes
    type: str
    seconds: float
    peaks: Sequence[float] = ()


def html_page(patch: Patch, pack: bytes, sound: Sound | None = None, theme: Theme = DARK, name: str = "patch") -> str:
    """Returns the page.

    pack: the patch with its files (`runtime.assets.assets.pack_of`). sound: what is played; None for a page without.
    name: of the pack when a browser saves it, without its suffix.
    Raises PatchError for a page that would be too large to be opened again.
    """
    if len(pack) * 4 / 3 + (len(sound.content) * 4 / 3 if sound else 0) > 0.95 * page_pack.SIZE:
        raise PatchError(
            "the page would be too large",
            mend=f"share a pack (*{SUFFIX}), or less of the sound: a page has {page_pack.SIZE // 2**20} MiB",
        )
    meta = patch.meta
    title = meta.title or "Untitled"
    facts = [f"by {meta.author}"] if meta.author else []
    facts += [meta.licence] if meta.licence else []
    facts.append(f"{len(patch.nodes)} nodes, {len(patch.cables)} cables")
    if meta.model:
        facts.append(f"model {meta.model}")
    tags = "".join(f"<li>{safe(tag)}</li>" for tag in meta.tags)
    told = "".join(f"<p>{safe(part)}</p>\n" for part in meta.description.split("\n") if part.strip())
    svg = graph_svg(patch, theme, peaks=() if sound is None else sound.peaks)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="generator" content="demon-patch">',
        f"<title>{safe(title)}</title>",
        f"<style>{_style(theme)}</style></head><body><main>",
        f"<header><h1>{safe(title)}</h1>",
        f'<p class="facts">{safe(" · ".join(facts))}</p>',
        f'<ul class="tags">{tags}</ul>' if tags else "",
        "</header>",
        "" if sound is None else _player(sound, theme),
        told and f'<section class="told">\n{told}</section>',
        f'<figure role="img" aria-label="The graph of the patch">{svg}</figure>',
        f"<footer><p>{page_pack.link(pack, name + SUFFIX, 'Save the patch')}</p>",
        "<p>Or open this page itself: <code>demon-patch play</code> or <code>demon-patch edit</code> with its file "
        "name, or drop it on the window. It loads nothing and runs no script.</p></footer>",
        "</main></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _player(sound: Sound, theme: Theme) -> str:
    held = base64.b64encode(sound.content).decode()
    minutes, seconds = divmod(round(sound.seconds), 60)
    wave = _wave(sound.peaks, theme)
    return (
        f'<section class="player">{wave}<audio controls preload="metadata" src="data:{safe(sound.type)};base64,{held}">'
        f"</audio><p>{minutes}:{seconds:02d}</p></section>"
    )


def _wave(peaks: Sequence[float], theme: Theme) -> str:
    """Returns the sound's outline as a picture."""
    if len(peaks) < 2:
        return ""
    strokes = []
    for n in range(_COLUMNS):
        start = n * len(peaks) // _COLUMNS
        level = max(peaks[start : max(start + 1, (n + 1) * len(peaks) // _COLUMNS)])
        half = 0.6 + 30 * min(1.0, max(0.0, float(level))) ** 0.8
        strokes.append(f"M{2 * n + 1} {32 - half:.1f}V{32 + half:.1f}")
    return (
        f'<svg class="wave" viewBox="0 0 {2 * _COLUMNS} 64" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{"".join(strokes)}"{paint("stroke", theme.port("audio"))} stroke-width="1.3" fill="none"/></svg>'
    )


def _css(colour: Colour) -> str:
    red, green, blue, alpha = colour
    return f"#{red:02x}{green:02x}{blue:02x}" + ("" if alpha >= 255 else f"{alpha:02x}")


def _style(t: Theme) -> str:
    line = _css(mix(t.ground, t.text, 0.12))
    return (
        f":root{{color-scheme:{t.name}}}*{{box-sizing:border-box}}"
        f"body{{margin:0;background:{_css(t.ground)};color:{_css(t.text)};font:16px/1.55 {FAMILY}}}"
        "main{max-width:1200px;margin:0 auto;padding:40px 24px 64px}"
        "h1{font-size:34px;line-height:1.2;font-weight:650;margin:0 0 6px;overflow-wrap:anywhere}"
        f".facts{{color:{_css(t.label)};margin:0}}"
        ".tags{list-style:none;display:flex;flex-wrap:wrap;gap:8px;margin:14px 0 0;padding:0}"
        f".tags li{{background:{_css(t.raised)};color:{_css(t.label)};border-radius:12px;padding:1px 11px;"
        "font-size:14px}"
        f".player{{background:{_css(t.panel)};border:1px solid {line};border-radius:12px;padding:16px;margin:28px 0 0;"
        "display:flex;flex-wrap:wrap;align-items:center;gap:12px 16px}"
        f".player p{{margin:0;color:{_css(t.label)};font-variant-numeric:tabular-nums}}"
        ".wave{width:100%;height:64px;flex-basis:100%}audio{flex:1;min-width:260px;height:40px}"
        ".told{max-width:70ch;margin:24px 0 0}.told p{margin:0 0 10px;overflow-wrap:anywhere}"
        f"figure{{margin:28px 0 0;border:1px solid {line};border-radius:12px;overflow:auto;"
        f"background:{_css(t.ground)}}}"
        "figure svg{display:block;width:100%;min-width:720px;height:auto}"
        f"footer{{margin:28px 0 0;color:{_css(t.label)};font-size:15px}}footer p{{margin:0 0 10px}}"
        f"a{{color:{_css(t.ground)};background:{_css(t.accent)};text-decoration:none;font-weight:620;"
        "padding:9px 18px;border-radius:8px;display:inline-block}"
        f"code{{background:{_css(t.raised)};color:{_css(t.text)};border-radius:5px;padding:1px 6px;font-size:14px}}"
    )
