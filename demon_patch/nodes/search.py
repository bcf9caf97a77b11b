"""Finds nodes by what a musician remembers of them: a name, a word of what it does, a kind of cable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from demon_patch.errors import DemonError
from demon_patch.nearest import did_you_mean, either, nearest
from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import PortType

TYPES: tuple[str, ...] = get_args(PortType)
"""All port types, including those of settings."""

Side = Literal["either", "takes", "gives"]


def search(words: Sequence[str], catalogue: Mapping[str, Declaration]) -> list[Declaration]:
    """Returns the node types that match every word, the closest first; without words all, by category and title.

    A word matches a text if the text, or a word in it, begins with it. Matches in id and title are closest, then those
    in search words and category, then those in the sentence and the names of ports and outputs.
    """
    ranked = [(d, [_rank(word, d) for word in words]) for d in catalogue.values()]
    found = [(sum(map(int, filter(None, ranks))), d) for d, ranks in ranked if None not in ranks]
    return [d for _, d in sorted(found, key=lambda pair: (pair[0], pair[1].category, pair[1].title))]


def of_type(type: str, side: Side, declarations: Iterable[Declaration]) -> list[Declaration]:
    """Returns the declarations with a port of a type, an output of that type, or either, as `side` says. Live ports do
    not count. Raises DemonError for an unknown type."""
    if type not in TYPES:
        raise DemonError(f"there is no type {type!r}", mend=did_you_mean(type, TYPES, f"use {either(TYPES)}"))
    return [
        d
        for d in declarations
        if (side != "gives" and any(p.type == type and not p.live for p in d.ports))
        or (side != "takes" and any(o.type == type for o in d.outs))
    ]


def alike(word: str, catalogue: Mapping[str, Declaration]) -> list[str]:
    """Up to three ids of node types that an unknown word may mean.

    They are those with similar spelling, and one with the word as its title or search word. Where no id is similar, all
    with the word as title, search word or part of the id count.
    """
    plain = word.replace("_", " ").replace("-", " ").lower()
    near = nearest(word, catalogue)
    named = [d.id for d in catalogue.values() if plain in (d.title.lower(), *d.tags)]
    whole = [id for id in catalogue if plain in id.split("_")]
    return list(dict.fromkeys([*named[:1], *near] if near else [*whole, *named]))[:3]


def in_place_of(word: str, catalogue: Mapping[str, Declaration], otherwise: str) -> str:
    """Returns the mend for an unknown node type: ids that may be meant, or only `otherwise` where there are none."""
    near = alike(word, catalogue)
    return f"did you mean {either(near)}? else {otherwise}" if near else otherwise


def _rank(word: str, d: Declaration) -> int | None:
    """Returns how close a word matches a node type: 0 equals id or title, 1 begins in them, 2 in search words or
    category, 3 in sentence or port names; None does not match."""
    plain = word.lower()
    ports = [text for p in d.ports if not p.live for text in (p.name, p.title)] + [o.name for o in d.outs]
    places = ([d.id, d.title], [*d.tags, d.category], [d.sentence, *ports])
    if plain in (d.id, d.title.lower()):
        return 0
    for rank, texts in enumerate(places, 1):
        if any(_begins(plain, text) for text in texts):
            return rank
    return None


def _begins(word: str, text: str) -> bool:
    """Returns whether a text, or a word in it, begins with `word`."""
    lower = text.lower()
    return lower.startswith(word) or re.search(rf"(?<![a-z0-9]){re.escape(word)}", lower) is not None
