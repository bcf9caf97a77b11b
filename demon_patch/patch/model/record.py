"""The base class of all structs of the document, which keeps unknown keys, and checks that their fields share."""

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
        """Returns the names of all fields except `extra`, which are the keys in a file."""
        return tuple(field for field in cls.__struct_fields__ if field != "extra")

    @classmethod
    def word(cls) -> str:
        """Returns the name of this kind of record in messages: "control mapping"."""
        return "".join(f" {c.lower()}" if c.isupper() else c for c in cls.__name__).strip()

    @classmethod
    @cache
    def defaults(cls) -> Mapping[str, object]:
        """Returns the default of each known key by name. Keys without a default are not in it; they must be given."""
        return {
            field.name: field.default if field.default_factory is NODEFAULT else field.default_factory()
            for field in structs.fields(cls)
            if not field.required
        }

    @classmethod
    def left_out(cls) -> Mapping[str, object]:
        """What a key means that a file leaves out, by name; `defaults` unless a class says otherwise."""
        return cls.defaults()

    def _settle(self, **fields: object) -> None:
        """Sets fields to their checked values, and checks `extra`. Only `__post_init__` may call it."""
        unknown = json_values.values(self.extra, "extra")
        if taken := unknown.keys() & set(self.known_keys()):
            raise PatchError(f"extra holds {min(taken)}, which has its own place", mend="set it there")
        for field, kept in {**fields, "extra": unknown}.items():
            structs.force_setattr(self, field, kept)


def by_port(given: object, what: str, check: Callable[[object, str], T]) -> Frozen[T]:
    """Returns a frozen mapping from port names to the results of `check(item, what)`; errors name the port."""
    kept: dict[str, T] = {}
    for port, item in json_values.table(given, what).items():
        json_values.name(port, "name of a port")
        with json_values.place(port=port):
            kept[port] = check(item, what)
    return Frozen(kept)


def by_id(given: object, kind: type[P], what: str) -> Frozen[P]:
    """Returns a mapping from ids to records, frozen; PatchError if an id is not valid or a record is of another
    kind."""
    kept = json_values.table(given, what)
    for id, record in kept.items():
        ids.valid_id(id, kind.word())
        if not isinstance(record, kind):
            raise PatchError(
                f"{kind.word()} {id} is {json_values.quoted(record)}", mend=f"make it with {kind.__name__}(...)"
            )
    return kept if isinstance(kept, Frozen) else Frozen(kept)


def listed(given: object, kind: type[P], what: str) -> tuple[P, ...]:
    """Returns a list of records as a tuple; PatchError if one is of another kind."""
    if not isinstance(given, list | tuple) or not all(isinstance(record, kind) for record in given):
        raise PatchError(f"{what} is no list of {kind.word()}s", mend=f"make them with {kind.__name__}(...)")
    return tuple(given)


def choice(given: object, choices: Sequence[str], what: str) -> None:
    """Raises PatchError unless `given` is one of the choices."""
    if given not in choices:
        raise PatchError(f"{what} is {json_values.quoted(given)}", mend=f"write one of {', '.join(choices)}")


def colour(given: object, what: str = "colour") -> str:
    """Returns a colour if it is #rrggbb in small letters, or "" for the theme's own colour; PatchError otherwise."""
    if not isinstance(given, str) or not _COLOUR.fullmatch(given):
        raise PatchError(f"{what} is {json_values.quoted(given)}", mend="write #rrggbb in small letters, or nothing")
    return given


def port_names(given: object, what: str) -> tuple[str, ...]:
    """Returns a list of port names as a tuple, sorted, each once; PatchError if one is not valid."""
    if not isinstance(given, list | tuple):
        raise PatchError(f"{what} is {json_values.quoted(given)}", mend="write a list of names of ports")
    return tuple(sorted({json_values.name(port, "name of a port") for port in given}))


def area(given: object, what: str) -> tuple[float, float]:
    """Returns width and height, in units of the canvas, as a tuple of floats; PatchError if one is below 0."""
    width, height = json_values.pair(given, what)
    return json_values.number(width, f"the width of {what}", 0), json_values.number(height, f"the height of {what}", 0)


def playing_range(given: object, what: str) -> tuple[float, float]:
    """Returns a playing range as a tuple (lowest, highest); PatchError if the lower number is not the first."""
    lo, hi = json_values.pair(given, what)
    if lo > hi:
        raise PatchError(f"{what} runs from {lo:g} down to {hi:g}", mend="write the lower end first")
    return lo, hi
