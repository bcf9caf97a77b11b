"""Brings patch files and packs to the format of this version, in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demon_patch.errors import PatchError
from demon_patch.nodes.editing.update import updated
from demon_patch.patch.edit.field_paths import GONE, Changes, changes, place_of
from demon_patch.patch.files import atomic_file, pack
from demon_patch.patch.files.format import SIZE, dumps, loads
from demon_patch.patch.files.migrations import FORMAT
from demon_patch.patch.model.document import CableKey, Patch
from demon_patch.patch.model.json_values import place, quoted
from demon_patch.runtime.assets.assets import is_pack


def upgraded_file(path: Path, *, write: bool = True) -> list[str]:
    """Brings a patch file or pack to the format of this version; returns what has changed, one line each, the format
    first. Where the file is up to date, nothing is written and the list is empty.

    write: False writes nothing and only returns what would change.

    The new content is read back before it replaces the old file in one step. Raises PatchError, and then the file is
    unchanged.
    """
    content = atomic_file.read(path, pack.SIZE if is_pack(path) else SIZE)
    with place(path):
        if is_pack(path):
            before, files = pack.unpacked(content)
            text = pack.patch_text(content)
        else:
            before, files, text = loads(content), {}, content
        after = updated(before)
        number = json.loads(text)["format"]
        if number == FORMAT and after == before:
            return []
        head = f"format {number} to {FORMAT}" if number != FORMAT else "nodes of older versions"
        made = None
        if write:
            made = pack.packed(after, dict(files)) if is_pack(path) else dumps(after).encode()
            again = pack.unpacked(made)[0] if is_pack(path) else loads(made)
            if again != after:
                raise PatchError("it would not be the same patch when it is read again", mend="report this file")
    if made is not None:
        if atomic_file.read(path, len(content)) != content:
            raise PatchError("it has changed meanwhile", file=path, mend="upgrade it again")
        atomic_file.write(path, made)
    return [head, *_told(before, after)]


def _told(before: Patch, after: Patch) -> Iterator[str]:
    """Yields the changes between two patches, one line each. A node or cable that is added or taken out is one line."""
    found = changes(before, after)
    whole = _whole(found)
    for part, (old, _) in whole.items():
        kind = "the cable from" if isinstance(part[-1], CableKey) else "the node"
        yield f"{'adds' if old is GONE else 'takes out'} {kind} {part[-1]}"
    for path, (old, new) in found.items():
        if path[-1] == "format" or any(path[: len(part)] == part for part in whole):
            continue
        node, port, name = place_of(path)
        where = f"{node}.{port}: {name}" if port else f"{node}: {name}" if node else name
        yield f"{where}: {_shown(old)} -> {_shown(new)}"


def _whole(found: Changes) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    """Returns the nodes and cables that only one of the two patches has, by their paths. Each has the old and new
    `type` or `src`, of which one is GONE."""
    parts: dict[tuple[Any, ...], tuple[Any, Any]] = {}
    for path, (old, new) in found.items():
        at = next((i for i, key in enumerate(path) if key in ("nodes", "cables")), None)
        if at is not None and len(path) > at + 2 and path[at + 2] in ("type", "src") and GONE in (old, new):
            parts[path[: at + 2]] = (old, new)
    return parts


def _shown(value: Any) -> str:
    return "the default" if value is GONE or value is None else quoted(value)
