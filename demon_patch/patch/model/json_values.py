"""Checks JSON data that enters a patch. Data is checked and copied once and does not change afterwards.

The checking functions take the given data and its name in messages (`what`), return the data as a patch stores it, and
raise PatchError with that name. No data is trusted: it may come from a file, from the network or from code.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias, TypeVar

from demon_patch.errors import DemonError, PatchError, first_hidden_character

Value: TypeAlias = float | int | bool | str | list[Any] | dict[str, Any] | None
"""What a node stores for a port: a knob's number, an option, a text, drawn points, or JSON data of a later version."""

DEPTH = 34  # the most levels of nesting in a file
FARTHEST = 1e9  # the most units of x or y of a place, from the middle of the canvas
DATA_DEPTH = DEPTH - 6  # the most levels of one value; a file has up to six around it: the file, `definitions`, one of
# them, `nodes`, the node, `values`
TEXT = 100_000  # the most characters of one text
ITEMS = 200_000  # the most items within one value
LINE = 200  # the most characters of a label, a title, a key
WHOLE = 2**63  # integers are above minus this and below this
NAME = r"[A-Za-z0-9_.:/-]{1,64}"
"""The regular expression of the names of node types and ports."""
_NAME = re.compile(NAME)
_SURROGATE = re.compile("[\ud800-\udfff]")

V = TypeVar("V")


class Frozen(dict[str, V]):
    """A dict that raises TypeError when it is changed. It is read, compared and serialised like any dict.

    Only checked content is put into one, so constructors take a Frozen without checking or copying it.
    """

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a patch is a value: change it by a command")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse  # pyright: ignore

    def __reduce__(self) -> tuple[type[Frozen[V]], tuple[dict[str, V]]]:
        return Frozen, (dict(self),)


@contextmanager
def place(file: object = None, node: str | None = None, port: str | None = None) -> Iterator[None]:
    """Adds file, node and port to a DemonError raised in its `with` block, where the error has none yet."""
    try:
        yield
    except DemonError as error:
        raise error.located(file=file, node=node, port=port) from None


def quoted(value: object) -> str:
    """Returns the text of given data for a message: on one line, escaped, at most 48 characters with its quotes."""
    shown = json.dumps(value) if isinstance(value, str) else repr(value)
    return shown if len(shown) <= 48 else f"{shown[:44]}…{shown[-1]}"


def name(given: object, what: str) -> str:
    """Returns the name of a node type or port if it has 1 to 64 characters of A-Z a-z 0-9 _ . : / - only. Raises
    PatchError otherwise; `what` names the value in its message."""
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise PatchError(f"{quoted(given)} is no {what}", mend="use 1 to 64 of A-Z a-z 0-9 _ . : / -")
    return given


def text(given: object, what: str, limit: int = LINE) -> str:
    """Returns a text if it is whole Unicode, has at most `limit` characters, and no hidden ones but tab and newline
    (`errors.first_hidden_character`). Raises PatchError otherwise; `what` names the text in its message."""
    if not isinstance(given, str):
        raise PatchError(f"{what} is {quoted(given)}, not text", mend="write it in quotes")
    if len(given) > limit:
        raise PatchError(f"{what} has {len(given)} characters", mend=f"shorten it to {limit}")
    if _SURROGATE.search(given):
        raise PatchError(f"{what} holds half a character", mend="write whole Unicode characters")
    if (at := first_hidden_character(given, lines=True)) is not None:
        where = f"character {at - given.rfind(chr(10), 0, at)} of line {given.count(chr(10), 0, at) + 1}"
        raise PatchError(f"{what} holds U+{ord(given[at]):04X}, which is not seen, as {where}", mend="take it out")
    return given


def number(given: object, what: str, lo: float = -math.inf, hi: float = math.inf) -> float:
    """Returns a number as a float if it is finite and in lo..hi. Raises PatchError otherwise; `what` names the number
    in its message."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise PatchError(f"{what} is {quoted(given)}, not a number", mend="write a number")
    if isinstance(given, float) and not math.isfinite(given):
        raise PatchError(f"{what} is {given}", mend="write a finite number")
    if isinstance(given, int) and abs(given) >= WHOLE:
        raise PatchError(f"{what} has too many digits", mend="write it as a text, or with a point")
    if not lo <= given <= hi:
        raise PatchError(f"{what} is {given:g}", mend=f"stay within {lo:g} to {hi:g}")
    return float(given)


def integer(given: object, what: str, lo: int, hi: int) -> int:
    """Returns `given` if it is an int in lo..hi. Raises PatchError otherwise; `what` names the number in its
    message."""
    if number(given, what, lo, hi) != given or not isinstance(given, int):
        raise PatchError(f"{what} is {quoted(given)}, not a whole number", mend=f"write one of {lo} to {hi}")
    return given


def switch(given: object, what: str) -> bool:
    """Returns `given` if it is True or False. Raises PatchError otherwise; `what` names the value in its message."""
    if not isinstance(given, bool):
        raise PatchError(f"{what} is {quoted(given)}, neither true nor false", mend="write true or false")
    return given


def pair(given: object, what: str) -> tuple[float, float]:
    """Returns a list or tuple of two finite numbers as a tuple of floats. Raises PatchError for anything else; `what`
    names the pair in its message."""
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise PatchError(f"{what} is {quoted(given)}, not two numbers", mend="write [a, b]")
    return number(given[0], what), number(given[1], what)


def position(given: object, what: str) -> tuple[float, float]:
    """Returns a place on the canvas as a tuple (x, y), if both are within -FARTHEST..FARTHEST. Raises PatchError
    otherwise; `what` names the place in its message."""
    x, y = pair(given, what)
    return number(x, what, -FARTHEST, FARTHEST), number(y, what, -FARTHEST, FARTHEST)


def moved(at: tuple[float, float], by: tuple[float, float]) -> tuple[float, float]:
    """Returns the place at + by on the canvas; x and y are limited to -FARTHEST..FARTHEST."""
    x, y = (min(max(a + b, -FARTHEST), FARTHEST) for a, b in zip(at, by, strict=True))
    return x, y


def table(given: object, what: str) -> Mapping[Any, Any]:
    """Returns `given` if it is a mapping; its keys and values are not checked. Raises PatchError otherwise; `what`
    names the mapping in its message."""
    if not isinstance(given, Mapping):
        raise PatchError(f"{what} is {quoted(given)}, not an object", mend="write {…}")
    return given


def value(given: object, what: str, levels: int = DATA_DEPTH) -> Value:
    """Returns a copy of any JSON data with finite numbers, whole Unicode texts, at most `levels` levels of nesting and
    at most ITEMS items."""
    try:
        return _copied(given, levels, [ITEMS])
    except PatchError:
        return _named(given, what, levels, [ITEMS])  # which raises it with the place of what is wrong


def _copied(given: Any, levels: int, left: list[int]) -> Value:
    """Returns a copy of JSON data; PatchError without a place for other data.

    left: a list with the number of items that may still follow; it is counted down.
    """
    if given is None or given is True or given is False:
        return given
    kind = type(given)
    if (kind is float and math.isfinite(given)) or (kind is int and abs(given) < WHOLE):
        return given
    if kind is str:
        return text(given, "", TEXT)
    if not isinstance(given, list | tuple | Mapping):
        return _named(given, "", levels, left)
    left[0] -= len(given)
    if levels <= 0 or left[0] < 0:
        raise PatchError("")
    if isinstance(given, Mapping):
        return {text(key, ""): _copied(item, levels - 1, left) for key, item in given.items()}
    return [_copied(item, levels - 1, left) for item in given]


def _named(given: object, what: str, levels: int, left: list[int]) -> Value:
    """Returns the same as `_copied`, but slower; its PatchError names the place of what is wrong."""
    if isinstance(given, list | tuple | Mapping):
        if levels <= 0:
            raise PatchError(f"{what[:LINE]} is nested too deeply", mend=f"keep a file within {DEPTH} levels")
        left[0] -= len(given)
        if left[0] < 0:
            raise PatchError(f"{what[:LINE]} makes more than {ITEMS} items", mend="keep the data elsewhere")
    if isinstance(given, Mapping):
        return {_key(key, what): _named(item, f"{what}.{_shown(key)}", levels - 1, left) for key, item in given.items()}
    if isinstance(given, list | tuple):
        return [_named(item, f"{what}[{index}]", levels - 1, left) for index, item in enumerate(given)]
    if isinstance(given, str):
        return text(given, what, TEXT)
    if given is None or isinstance(given, bool):
        return given
    if isinstance(given, int | float):
        number(given, what)
        return given
    raise PatchError(f"{what} is {quoted(given)}, which is no JSON data", mend="write plain data")


def values(given: object, what: str, prefix: str = "") -> Frozen[Value]:
    """Returns a frozen copy of a mapping from texts to JSON data. Messages name an item by `prefix` and its key."""
    if isinstance(given, Frozen):
        return given
    return Frozen({_key(key, what): value(item, f"{prefix}{_shown(key)}") for key, item in table(given, what).items()})


def _key(given: object, what: str) -> str:
    return text(given, f"a key of {what}")


def _shown(key: object) -> str:
    return key if isinstance(key, str) and _NAME.fullmatch(key) else quoted(key)
