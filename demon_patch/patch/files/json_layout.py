"""JSON text laid out for people and for git.

Keys are sorted. A list of plain items stands on one line, and so does a record of plain items inside a list; all else
stands one entry a line. The layout depends on structure alone, never on lengths, so a change of one number changes
one line. Whole numbers are written without a point, so equal data have equal text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from demon_patch.patch.model.json_values import WHOLE

_INDENT = "  "
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def laid_out(given: object, margin: str = "", in_list: bool = False) -> str:
    """JSON text of finite data (mappings with texts as keys, lists, tuples, texts, numbers, booleans, None)."""
    inner = margin + _INDENT
    if isinstance(given, Mapping):
        begin, end, items = "{", "}", list(given.values())
        entries = [f"{_plain(key)}: {laid_out(item, inner)}" for key, item in sorted(given.items())]
    elif isinstance(given, list | tuple):
        begin, end, items = "[", "]", list(given)
        entries = [laid_out(item, inner, in_list=True) for item in given]
    else:
        return _plain(given)
    on_one_line = (begin == "[" or in_list) and not any(isinstance(item, Mapping | list | tuple) for item in items)
    if on_one_line or not items:
        return f"{begin}{', '.join(entries)}{end}"
    return f"{begin}\n{inner}" + f",\n{inner}".join(entries) + f"\n{margin}{end}"


def _plain(given: object) -> str:
    if isinstance(given, float) and given.is_integer() and abs(given) < WHOLE:
        given = int(given)
    return _ENCODE(given)
