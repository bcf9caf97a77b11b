"""Finds node types by what is typed: name, other words for it, its ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from demon_patch.nodes.language.declare import Declaration

WORST = 1000.0


@dataclass(frozen=True, slots=True)
class Words:
    """What a node type can be found by, in small letters. In `tags` and `ports` a space begins each of several words or
    names and a line end closes it, so that one look tells whether any of them begins with a text."""

    names: tuple[str, ...]
    tags: str
    ports: str
    sentence: str


@lru_cache(maxsize=1024)
def words_of(declaration: Declaration) -> Words:
    """Returns what a node type can be found by."""
    ports = [p for p in declaration.ports if not p.live]
    named_ports = [p.name.replace("_", " ") for p in ports] + [o.name.replace("_", " ") for o in declaration.outs]
    return Words(
        tuple(dict.fromkeys((declaration.id.replace("_", " "), declaration.title.lower()))),
        _joined([*(tag.lower() for tag in declaration.tags), declaration.category]),
        _joined([*named_ports, *(choice for port in ports for choice in port.choices)]),
        f" {declaration.sentence.lower()}",
    )


def _joined(words: list[str]) -> str:
    return "".join(f" {word}\n" for word in words)


@lru_cache(maxsize=16384)
def score(text: str, declaration: Declaration) -> float | None:
    """Returns how far a node type is from a text; None where it does not match. 0 is its name."""
    words = words_of(declaration)
    best = min(named(text, name) for name in words.names)
    if best < 40:
        return best
    begun = f" {text}"
    for start, place in ((40.0, words.tags), (70.0, words.ports)):
        if begun in place:
            whole = f"{begun}\n" in place
            return min(best, start + (0.0 if whole else 8.0) + min(place.index(begun) / 100, 2.0))
    if len(text) > 2 and begun in words.sentence:
        best = min(best, 100.0)
    return best if best < WORST else None


def named(text: str, name: str) -> float:
    """Returns how far a name is from a text: 0 the same, below 10 it begins so, below 20 a word in it does, below 40
    the beginnings of its words, from 50 on the letters in their order; WORST where it does not match."""
    longer = min(8.0, 0.2 * (len(name) - len(text)))
    if text in name:
        if name.startswith(text):
            return 0.0 if text == name else 1.0 + longer
        if f" {text}" in name:
            return 10.0 + longer
        return 22.0 + longer if len(text) > 2 else WORST
    parts = text.split()
    if len(parts) > 1 and all(any(word.startswith(part) for word in name.split()) for part in parts):
        return 15.0
    if len(text) > 1 and "".join(word[0] for word in name.split()).startswith(text):
        return 30.0
    spread = scattered(text, name)
    return WORST if spread is None else 50.0 + min(spread, 9.0)


def scattered(text: str, name: str) -> float | None:
    """Returns how many letters lie between those of a text in a name, which has them in order from its first letter on;
    None where it has not."""
    if len(text) < 2 or not name or name[0] != text[0]:
        return None
    at, gaps = 0, 0
    for letter in text[1:].replace(" ", ""):
        found = name.find(letter, at + 1)
        if found < 0:
            return None
        gaps += found - at - 1
        at = found
    return float(gaps)


def found(text: str, catalogue: Mapping[str, Declaration]) -> list[tuple[float, Declaration]]:
    """Returns the node types that match a text, the nearest first; all of them, by category and title, for none."""
    text = " ".join(text.lower().replace("_", " ").split())
    if not text:
        return [(0.0, d) for d in sorted(catalogue.values(), key=lambda d: (d.category, d.title))]
    matches = [(distance, d) for d in catalogue.values() if (distance := score(text, d)) is not None]
    return sorted(matches, key=lambda match: (match[0], len(match[1].title), match[1].title))
