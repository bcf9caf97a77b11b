"""Steps from each file format to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from demon_patch.errors import PatchError
from demon_patch.patch.model.json_values import quoted

Document: TypeAlias = dict[str, Any]
Migration: TypeAlias = Callable[[Document], Document]

FORMAT = 1
"""The format that this version writes."""

MIGRATIONS: Mapping[int, Migration] = {}
"""From format n to n + 1, by n: pure functions of the whole file, which leave its `format` to `migrated`. Each has a
file of its format among the tests' fixtures."""


def migrated(document: Document, steps: Mapping[int, Migration] = MIGRATIONS, to: int = FORMAT) -> Document:
    """The same document in format `to`; PatchError if it names no format, a newer one, or is not what it says."""
    given = document.get("format")
    if given is None:
        raise PatchError("the file names no format", mend=f'write "format": {to}')
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise PatchError(f"the format is {quoted(given)}", mend=f'write "format": {to}')
    if given > to:
        raise PatchError(
            f"the file has format {quoted(given)}, and this version reads formats up to {to}",
            mend="update demon-patch",
        )
    for number in range(given, to):
        try:
            document = {**steps[number](document), "format": number + 1}
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise PatchError(
                f"the file is not the format {number} that it says it is", mend="restore it from an earlier version"
            ) from error
    return document
