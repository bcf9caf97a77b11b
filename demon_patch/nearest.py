"""Finds the names that are like a mistyped one, for the "did you mean" of messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, groupby
from string import digits

ALIKE, ALIKE_SHORT, SHORT = 0.65, 0.5, 4
"""The least likeness (0 nothing in common, 1 the same name) of names that are offered: ALIKE for words of more than
SHORT letters, ALIKE_SHORT for words of at most SHORT."""
LONGEST = 80  # characters of a name that are compared


@lru_cache(maxsize=4096)
def _features(name: str) -> frozenset[str]:
    """Returns the set of the letters of a name and of its pairs of neighbouring letters, with marks for its start and
    end. Case does not count; spaces and hyphens count as underscores. Only the first LONGEST characters are compared.
    """
    plain = name[:LONGEST].lower().replace(" ", "_").replace("-", "_")
    padded = f"^{plain}$"
    return frozenset(plain) | {padded[i : i + 2] for i in range(len(padded) - 1)}


def likeness(a: str, b: str) -> float:
    """Returns how alike two names are, 0 to 1: the share of letters and pairs of letters that they have in common."""
    one, other = _features(a), _features(b)
    return 2.0 * len(one & other) / (len(one) + len(other))


def nearest(word: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Returns at most `most` of the names that are like a word, the most alike first. Takes about a microsecond for
    each name."""
    scored = sorted((-likeness(word, name), name) for name in {*names})
    if not scored:
        return []
    least = max(ALIKE if len(word) > SHORT else ALIKE_SHORT, -0.8 * scored[0][0])
    return [name for score, name in scored[:most] if -score >= least]


def did_you_mean(word: object, names: Iterable[str], otherwise: str = "") -> str:
    """Returns the mend "did you mean strength?", or `otherwise` where no name is like the word."""
    near = nearest(word, names) if isinstance(word, str) else []
    return f"did you mean {either(near)}?" if near else otherwise


def either(names: Sequence[str]) -> str:
    """Returns names as a choice in a sentence: "off, self or full"."""
    return " or ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def chosen(word: object, names: Sequence[str]) -> str:
    """Returns the mend for a word that is none of a choice: first the names that are like it, then all names."""
    return " ".join(part for part in (did_you_mean(word, names), f"choose {either(names)}") if part)


def in_short(names: Iterable[str]) -> str:
    """Returns names joined by commas. Three or more that differ only in the number at their end are shortened: v1-8."""
    runs = [list(run) for _, run in groupby(names, key=lambda name: name.rstrip(digits))]
    told = ([f"{run[0]}-{run[-1][len(run[-1].rstrip(digits)) :]}"] if len(run) > 2 else run for run in runs)
    return ", ".join(chain.from_iterable(told))


def of_these(word: object, names: Iterable[str]) -> str:
    """Returns the mend for a name that something does not have: the names that are like it, or all that it has."""
    known = list(names)
    return did_you_mean(word, known, f"it has {in_short(known)}" if known else "it has none")
