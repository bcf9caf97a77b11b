"""The OSC addresses of a patch: /patch/<label or id>/<port> for each knob, choice, text and live input."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from demon_patch.errors import PatchError
from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.nodes.editing.visible_ports import VisiblePorts
from demon_patch.nodes.language.ports import Port
from demon_patch.patch.model.document import Patch
from demon_patch.patch.model.json_values import Value

ROOT = "/patch"
PATTERN = re.compile(r"[*?\[{]")
"""What makes an address of a message a pattern for several."""
LONGEST, STARS = 256, 8  # characters, and stars, of a pattern that is read


class OscPort(NamedTuple):
    """A port that OSC can move. node, port: its names in the patch. of: its declaration."""

    node: str
    port: str
    of: Port


def word(label: str) -> str:
    """Returns a label as a part of an address, of letters, digits and _: "Lead 2 ♪" is "Lead_2"."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", label) if not unicodedata.combining(each))
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")


def node_words(patch: Patch) -> dict[str, str]:
    """Returns the readable part of the address of each node, by id: its label, with _2 for the second of equal ones in
    the order of ids; its id where it has no label."""
    taken, found = set(patch.nodes), dict[str, str]()
    for id, node in sorted(patch.nodes.items()):
        if not (wanted := word(node.label)):
            found[id] = id
            continue
        number, chosen = 1, wanted
        while chosen in taken and chosen != id:
            number += 1
            chosen = f"{wanted}_{number}"
        taken.add(chosen)
        found[id] = chosen
    return found


def can_move(port: Port) -> bool:
    """Whether OSC can move a port: knobs, choices, texts and live inputs. Names of files and drawn points cannot be
    sent."""
    return port.numeric or port.type in ("option", "text") or (port.live and not port.of)


def addresses(patch: Patch, *, ids: bool = True) -> dict[str, OscPort]:
    """Returns the ports of a patch by address, those by label first. ids: also the addresses by id."""
    faces, words = VisiblePorts(patch, CATALOGUE), node_words(patch)
    found: dict[str, OscPort] = {}
    by_id: dict[str, OscPort] = {}
    for id in sorted(patch.nodes):
        for name, port in faces.inputs(id).items():
            if can_move(port):
                found[f"{ROOT}/{words[id]}/{name}"] = OscPort(id, name, port)
                by_id[f"{ROOT}/{id}/{name}"] = OscPort(id, name, port)
    return {**found, **by_id} if ids else found


def hit(pattern: str, known: Mapping[str, OscPort]) -> Iterator[OscPort]:
    """Gives the ports that an address of a message means; it may be a pattern, which hits a port once."""
    if not PATTERN.search(pattern):
        if pattern in known:
            yield known[pattern]
        return
    if len(pattern) > LONGEST or pattern.count("*") > STARS:
        return
    compiled, seen = expression(pattern), set[tuple[str, str]]()
    for address, port in known.items():
        if compiled.fullmatch(address) and port[:2] not in seen:
            seen.add(port[:2])
            yield port


def expression(pattern: str) -> re.Pattern[str]:
    """Returns the regular expression of an OSC address pattern: ? is a character, * any number of them, [abc] one of
    these, [!abc] none of these, {one,two} one of these words. None of them passes a slash."""
    made, at = list[str](), 0
    while at < len(pattern):
        character = pattern[at]
        end = pattern.find({"[": "]", "{": "}"}.get(character, "\0"), at + 1)
        if character == "*":
            if made[-1:] != ["[^/]*"]:
                made.append("[^/]*")
        elif character == "?":
            made.append("[^/]")
        elif character == "[" and end > at + 1:
            inside = pattern[at + 1 : end]
            no, inside = inside.startswith("!"), inside.removeprefix("!")
            ranges = re.sub(r"[\\\]\[^]", lambda found: "\\" + found[0], inside)
            try:
                re.compile(f"[{ranges}]")
            except re.error:
                ranges = re.escape(inside)
            made.append(f"[{'^/' if no else ''}{ranges}]" if inside else "[^/]")
            at = end
        elif character == "{" and end > at:
            made.append("(?:" + "|".join(map(re.escape, pattern[at + 1 : end].split(","))) + ")")
            at = end
        else:
            made.append(re.escape(character))
        at += 1
    return re.compile("".join(made))


def taken(port: OscPort, arguments: Sequence[object]) -> Value:
    """Returns the value that a message gives a port: of a knob a number, limited to its range and rounded for whole
    numbers; of a choice its name or number from 0; of a text a text. A live gate gets a number, above 0 for high.

    Raises PatchError for another type.
    """
    given = arguments[0] if arguments else None
    what = port.of
    if what.type == "text":
        if isinstance(given, str):
            return given
        raise _wrong(port, given, "a text")
    if what.type == "option":
        if isinstance(given, str) and given in what.choices:
            return given
        number = _number(given)
        if number is not None and number == round(number) and 0 <= number < len(what.choices):
            return what.choices[round(number)]
        raise _wrong(port, given, f"one of {', '.join(what.choices)}, or its number from 0")
    number = _number(given)
    if number is None:
        raise _wrong(port, given, "a number")
    number = min(max(number, what.lo), what.hi)
    return float(math.floor(number + 0.5)) if what.taper == "int" else number


def place(arguments: Sequence[object]) -> float | None:
    """Returns the first number of a message; None without one."""
    return next((number for given in arguments if (number := _number(given)) is not None), None)


def _number(given: object) -> float | None:
    if isinstance(given, bool):
        return 1.0 if given else 0.0
    if isinstance(given, int | float) and math.isfinite(given):
        return float(given)
    return None


def _wrong(port: OscPort, given: object, wanted: str) -> PatchError:
    sent = "nothing" if given is None else repr(given)[:60]
    return PatchError(f"an OSC message sends {sent}", node=port.node, port=port.port, mend=f"send {wanted}")
