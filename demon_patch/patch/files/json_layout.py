"""Writes JSON text with line breaks that suit readers and git.

Keys are sorted. A list of plain items is on one line, and so is an object of plain items inside a list; everything else
has one entry a line. The layout depends on the structure only, not on lengths, so a change of one number changes one
line. Whole numbers are written without a point, so equal data have equal text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from demon_patch.patch.model.json_values import WHOLE

_INDENT = "  "
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def laid_out(given: object, margin: str = "", in_list: bool = False) -> str:
    """Returns the JSON text of data: mappings with texts as keys, lists, tuples, texts, finite numbers, booleans, None.

    margin: the indent of the line on which the data begins.
    in_list: whether the data is an item of a list.
    """
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
