"""Finds keys of a patch file that the program does not know, and that are spelled nearly like a key that it knows."""

from __future__ import annotations

from collections.abc import Iterator

from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.patch.edit.field_paths import Path, place_of
from demon_patch.patch.model.document import Cable, Patch
from demon_patch.patch.model.json_values import Frozen, quoted
from demon_patch.patch.model.record import Record

SET_ASIDE = " (format 1)"  # end of a key that was kept when an old file was updated: `patch/files/migrations`


def misspelt_keys(patch: Patch) -> Iterator[PatchError]:
    """Yields one remark for each unknown key that is like a known one of the same object. Other unknown keys may belong
    to a later version; they are kept without a remark."""
    for path, record in _records((), patch):
        names = record.known_keys()
        for key in sorted(record.extra):
            if SET_ASIDE not in key and (mend := did_you_mean(key, names)):
                node, port, place = place_of(path) if path else (None, None, "")
                within = f"{place}: " if place and place != "the node" else ""
                yield PatchError(f"{within}unknown key {quoted(key)} is kept", node=node, port=port, mend=mend)


def _records(path: Path, given: object) -> Iterator[tuple[Path, Record]]:
    """Yields all records of a part of a patch, the part itself included, each with its path."""
    if isinstance(given, Record):
        yield path, given
        for name in given.known_keys():
            yield from _records((*path, name), getattr(given, name))
    elif isinstance(given, Frozen):
        for key, kept in given.items():
            yield from _records((*path, key), kept)
    elif isinstance(given, tuple):
        for number, kept in enumerate(given):
            yield from _records((*path, kept.key if isinstance(kept, Cable) else number), kept)
