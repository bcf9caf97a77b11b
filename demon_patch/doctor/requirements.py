"""Compares installed versions with those that the program's metadata asks for."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

_ENTRY = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;\s*(.*))?")
_CLAUSE = re.compile(r"\s*(>=|<=|==|!=|<|>)\s*(\d+(?:\.\d+)*)\s*")
_HOLDS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge, "<=": operator.le, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt,
}  # fmt: skip


class Requirement(NamedTuple):
    """A library that the program asks for.

    name: of the distribution.
    wanted: its versions as the metadata writes them, such as `<9,>=8`; empty for any.
    extra: the optional part of the program that asks for it; empty where every part does.
    """

    name: str
    wanted: str
    extra: str


def parsed(entries: Iterable[str]) -> Iterator[Requirement]:
    """Yields the requirements of metadata entries such as `textual<9,>=8` and `onnx>=1.17; extra == "onnx"`."""
    for entry in entries:
        if found := _ENTRY.fullmatch(entry):
            extra = re.search(r"""extra\s*==\s*["']([^"']+)["']""", found[3] or "")
            yield Requirement(found[1], found[2].strip(), extra[1] if extra else "")


def satisfied(version: str, wanted: str) -> bool:
    """Returns whether a version is one of those wanted. Of a version only its leading numbers count (2.9.1+cpu is
    2.9.1); what cannot be understood counts as satisfied."""
    leading = re.match(r"\d+(?:\.\d+)*", version)
    if leading is None:
        return True
    for clause in filter(None, (each.strip() for each in wanted.split(","))):
        if (read := _CLAUSE.fullmatch(clause)) is not None:
            have, limit = _numbers(leading[0]), _numbers(read[2])
            if not _HOLDS[read[1]](have, limit):
                return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    """Returns the numbers of a version without zeros at its end: 2.0 equals 2."""
    return tuple(int(number) for number in re.sub(r"(\.0+)+$", "", version).split("."))
