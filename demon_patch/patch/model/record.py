"""The base of all structs of the document: it checks fields once, and keeps keys that this version does not know."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TypeVar

from msgspec import NODEFAULT, Struct, structs

from demon_patch.errors import PatchError
from demon_patch.patch.model import ids, json_values
from demon_patch.patch.model.json_values import Frozen, Value

T = TypeVar("T")
P = TypeVar("P", bound="Record")

_COLOUR = re.compile(r"(#[0-9a-f]{6})?")


class Record(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A part of a document. extra: the keys of a later version, by name; none of them is a field of the record."""

    extra: Mapping[str, Value] = {}

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """The names of its fields but `extra`, as a file writes them."""
        return tuple(field for field in cls.__struct_fields__ if field != "extra")

    @classmethod
    def word(cls) -> str:
        """The name of this kind of record in messages: "control mapping"."""
        return "".join(f" {c.lower()}" if c.isupper() else c for c in cls.__name__).strip()

    @classmethod
    @cache
    def defaults(cls) -> Mapping[str, object]:
        """The default of every known key that has one; the others must be given."""
        return {
            field.name: field.default if field.default_factory is NODEFAULT else field.default_factory()
            for field in structs.fields(cls)
            if not field.required
        }

    def _settle(self, **fields: object) -> None:
        """Replaces what the constructor was given by what is kept; called by `__post_init__` alone."""
        unknown = json_values.values(self.extra, "extra")
        if taken := unknown.keys() & set(self.known_keys()):
            raise PatchError(f"extra holds {min(taken)}, which has its own place", mend="set it there")
        for field, kept in {**fields, "extra": unknown}.items():
            structs.force_setattr(self, field, kept)


def by_port(given: object, what: str, check: Callable[[object, str], T]) -> Frozen[T]:
    """A mapping from names of ports to what `check(item, what)` keeps of each; errors name the port."""
    kept: dict[str, T] = {}
    for port, item in json_values.table(given, what).items():
        json_values.name(port, "name of a port")
        with json_values.place(port=port):
            kept[port] = check(item, what)
    return Frozen(kept)


def by_id(given: object, kind: type[P], what: str) -> Frozen[P]:
    """A mapping from ids to records of one kind, checked."""
    kept = json_values.table(given, what)
    for id, record in kept.items():
        ids.checked(id, kind.word())
        if not isinstance(record, kind):
            raise PatchError(
                f"{kind.word()} {id} is {json_values.quoted(record)}", mend=f"make it with {kind.__name__}(...)"
            )
    return kept if isinstance(kept, Frozen) else Frozen(kept)


def listed(given: object, kind: type[P], what: str) -> tuple[P, ...]:
    """A list of records of one kind as a tuple, checked."""
    if not isinstance(given, list | tuple) or not all(isinstance(record, kind) for record in given):
        raise PatchError(f"{what} is no list of {kind.word()}s", mend=f"make them with {kind.__name__}(...)")
    return tuple(given)


def choice(given: object, choices: Sequence[str], what: str) -> None:
    """Raises PatchError unless `given` is one of the choices."""
    if given not in choices:
        raise PatchError(f"{what} is {json_values.quoted(given)}", mend=f"write one of {', '.join(choices)}")


def colour(given: object, what: str = "colour") -> str:
    """#rrggbb in small letters, or nothing for the theme's own colour."""
    if not isinstance(given, str) or not _COLOUR.fullmatch(given):
        raise PatchError(f"{what} is {json_values.quoted(given)}", mend="write #rrggbb in small letters, or nothing")
    return given


def port_names(given: object, what: str) -> tuple[str, ...]:
    """A list of names of ports, sorted, each once."""
    if not isinstance(given, list | tuple):
        raise PatchError(f"{what} is {json_values.quoted(given)}", mend="write a list of names of ports")
    return tuple(sorted({json_values.name(port, "name of a port") for port in given}))


def area(given: object, what: str) -> tuple[float, float]:
    """Width and height, neither below 0."""
    width, height = json_values.pair(given, what)
    return json_values.number(width, f"the width of {what}", 0), json_values.number(height, f"the height of {what}", 0)


def playing_range(given: object, what: str) -> tuple[float, float]:
    """Two finite numbers, the lower one first."""
    lo, hi = json_values.pair(given, what)
    if lo > hi:
        raise PatchError(f"{what} runs from {lo:g} down to {hi:g}", mend="write the lower end first")
    return lo, hi
