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
"""The types that ports have, those of settings among them."""

Side = Literal["either", "takes", "gives"]


def search(words: Sequence[str], catalogue: Mapping[str, Declaration]) -> list[Declaration]:
    """The nodes that every word leads to, the closest first: by id and title, then by search words and category, then
    by words of the sentence and names of ports and outputs. A word counts where another begins with it; without words
    all nodes, by category and title."""
    ranked = [(d, [_rank(word, d) for word in words]) for d in catalogue.values()]
    found = [(sum(map(int, filter(None, ranks))), d) for d, ranks in ranked if None not in ranks]
    return [d for _, d in sorted(found, key=lambda pair: (pair[0], pair[1].category, pair[1].title))]


def of_type(type: str, side: Side, declarations: Iterable[Declaration]) -> list[Declaration]:
    """Those that take a type of cable, give it, or either; what the host writes does not count. Raises DemonError for
    a type that there is not."""
    if type not in TYPES:
        raise DemonError(f"there is no type {type!r}", mend=did_you_mean(type, TYPES, f"use {either(TYPES)}"))
    return [
        d
        for d in declarations
        if (side != "gives" and any(p.type == type and not p.live for p in d.ports))
        or (side != "takes" and any(o.type == type for o in d.outs))
    ]


def alike(word: str, catalogue: Mapping[str, Declaration]) -> list[str]:
    """Ids of nodes that were perhaps meant by a word: those spelled like it, else those that have it as a part of their
    id, as a title or as a search word, at most three."""
    plain = word.replace("_", " ").replace("-", " ").lower()
    near = nearest(word, catalogue)
    named = [d.id for d in catalogue.values() if plain in (d.title.lower(), *d.tags)]
    whole = [id for id in catalogue if plain in id.split("_")]
    return list(dict.fromkeys([*named[:1], *near] if near else [*whole, *named]))[:3]


def in_place_of(word: str, catalogue: Mapping[str, Declaration], otherwise: str) -> str:
    """The mend for a type of node that there is not."""
    near = alike(word, catalogue)
    return f"did you mean {either(near)}? else {otherwise}" if near else otherwise


def _rank(word: str, d: Declaration) -> int | None:
    """How far from a node's name a word is found: 0 is its id, None is nowhere."""
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
    """Whether the text, or a word of it, begins with the word."""
    lower = text.lower()
    return lower.startswith(word) or re.search(rf"(?<![a-z0-9]){re.escape(word)}", lower) is not None
