"""A pack within an HTML page: a link that saves it, from which this program reads it again.

The page may be hostile: nothing of it is interpreted but one link, whose content is base64. What is found is bytes that
claim to be a pack; `pack.unpacked` checks them.
"""

from __future__ import annotations

import base64
import binascii
from html import escape
from pathlib import Path

from demon_patch.errors import PatchError
from demon_patch.patch.files import atomic_file, pack

SUFFIXES = (".html", ".htm")
"""Ends of the names of pages."""
SIZE = 256 * 2**20
"""The most bytes of a page."""
_BEGIN = '<a id="demon-patch-pack" href="data:application/octet-stream;base64,'
_MEND = "give a page that `demon-patch share` has written"


def is_page(path: str | Path) -> bool:
    """Returns whether a path is that of a page, by its suffix."""
    return Path(path).suffix.lower() in SUFFIXES


def link(content: bytes, name: str, words: str) -> str:
    """Returns the link that carries a pack, as HTML. name: under which a browser saves it. words: what it says."""
    held = base64.b64encode(content).decode()
    return f'{_BEGIN}{held}" download="{escape(name, quote=True)}">{escape(words)}</a>'


def pack_in(page: bytes) -> bytes:
    """Returns the pack within a page; PatchError if it has none, or is too large."""
    if len(page) > SIZE:
        raise PatchError(f"the page is larger than {SIZE // 2**20} MiB", mend="share it as a pack")
    begin = _BEGIN.encode()
    start = page.find(begin)
    if start < 0:
        raise PatchError("the page holds no patch", mend=_MEND)
    start += len(begin)
    stop = page.find(b'"', start)
    try:
        return base64.b64decode(page[start : stop if stop >= 0 else len(page)], validate=True)
    except (binascii.Error, ValueError):
        raise PatchError("the patch in the page is damaged", mend="get the file anew") from None


def read(path: str | Path) -> bytes:
    """Returns the bytes of the pack in a file: a pack, or a page that carries one. Raises PatchError."""
    return pack_in(atomic_file.read(path, SIZE)) if is_page(path) else atomic_file.read(path, pack.SIZE)
