"""Reads a prompt in free text by the words of a model: tempi, keys, and phrases that say something of the music.

A word is read whole or not: no part of it means anything alone. A hyphen, an apostrophe, a point or an ampersand joins
what is on its two sides into one word ("r&b", "d-beat"). Pure Python.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Protocol

Phrase = tuple[str, ...]
"""The pieces of a word, or of several."""

KEYS = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")

DOUBTFUL = ("fm", "ebm")
"""Words in small letters that look like keys but name kinds of sound."""

NEGATIONS = frozenset({"no", "without", "minus", "not", "sans", "w/o"})
JOINS = frozenset({"and", "or", "nor", "any", "a", "an", "the"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word or phrase says: values by slot, such as ("style", "house").

    implies: values of slots of which nothing else in the prompt says anything.
    A meaning that says and implies nothing belongs to a phrase that names one thing, which differs from what one of its
    words means.
    """

    says: tuple[tuple[str, str], ...] = ()
    implies: tuple[tuple[str, str], ...] = ()

    @property
    def empty(self) -> bool:
        """Returns whether it means nothing to the model."""
        return not (self.says or self.implies)

    @property
    def names_mode(self) -> bool:
        """Returns whether it names a mode, as a musician writes it behind a key."""
        return any(slot == "mode" for slot, _ in self.says)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of a model.

    phrases: what each word or phrase means. near: unknown words, each with a known one that is near.
    fillers: words that say nothing and are not named.
    mode_names: words that may follow the letter of a key. bpm: the slowest and the fastest tempo.
    once: advice for a word that is known and could not be used.
    """

    phrases: Mapping[Phrase, Meaning]
    near: Mapping[Phrase, str]
    fillers: frozenset[str]
    mode_names: frozenset[str]
    bpm: tuple[float, float]
    once: str
    longest: int = field(init=False)
    _known: list[str] = field(init=False)
    _nearest: dict[str, str | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest", max(map(len, self.phrases)))
        known = sorted({" ".join(phrase) for phrase, meaning in self.phrases.items() if not meaning.empty})
        object.__setattr__(self, "_known", known)

    def meaning(self, word: str) -> Meaning | None:
        """Returns what a word means as a whole, its pieces apart or written as one; None where it is not known."""
        pieces = parts(word)
        return self.phrases.get(pieces) or self.phrases.get(("".join(pieces),))

    def whole(self, word: str) -> bool:
        """Returns whether a word means something to the model."""
        known = self.meaning(word.lower())
        return known is not None and not known.empty

    def nearest(self, word: str) -> str | None:
        """Returns a word, or a few, that a prompt can say in place of an unknown word; None where nothing is near."""
        if word not in self._nearest:
            self._nearest[word] = self._find_nearest(word)
        return self._nearest[word]

    def _find_nearest(self, word: str) -> str | None:
        pieces = parts(word.lower())
        joined = "".join(pieces)
        if known := self.near.get(pieces) or self.near.get((joined,)):
            return known
        if re.fullmatch(r"\d+(\.\d+)?", word) and self.bpm[0] <= float(word) <= self.bpm[1]:
            return f"{word} bpm"
        if tempi := re.fullmatch(r"(\d{2,3})-(\d{2,3})bpm", word):
            return f"{(int(tempi[1]) + int(tempi[2])) // 2} bpm"
        if re.fullmatch(r"([a-eg][#b]?)m?|f[#b]?|f[#b]m", joined):
            return f"{joined.removesuffix('m')} minor"
        if len(pieces) > 1 and all(self.meaning(piece) for piece in pieces):
            return ", ".join(pieces)
        close = get_close_matches(" ".join(pieces), self._known, 1, 0.75) if len(joined) > 2 else []
        return close[0] if close else None

    def advice(self, word: str) -> str:
        """Returns what to do about a word that was not read."""
        if (key := _KEY_WORD.fullmatch(word)) and word not in DOUBTFUL:
            said = f"{key[1]}{key[2] or ''}"
            return f'for a key say "{said} minor" or "key of {said}"; the first one counts'
        if self.whole(word):
            return self.once
        if word.endswith(" bpm"):
            return f"say one tempo, of {self.bpm[0]:g} to {self.bpm[1]:g} bpm"
        near = self.nearest(word)
        return f'the nearest that it knows: "{near}"' if near else "leave it out, or say it in other words"


class Takes(Protocol):
    """What a prompt is read into. Each method returns whether it could use what was said."""

    def tempo(self, bpm: float) -> bool:
        """Takes a tempo in beats a minute, within the range of the lexicon."""
        ...

    def key(self, semitone: int, mode: str | None) -> bool:
        """Takes a key: semitones of the tonic above C, 0 to 11, and a mode where one is named with it."""
        ...

    def word(self, meaning: Meaning, negated: bool) -> bool:
        """Takes the meaning of a word or phrase. negated: whether the prompt excludes it."""
        ...


def parts(word: str) -> Phrase:
    """Returns the pieces of a text between spaces, hyphens and similar marks; an ampersand is a piece of its own."""
    return tuple(re.findall(r"(?:[^\W_]|#)+|&", word))


def read(text: str, lexicon: Lexicon, into: Takes) -> tuple[str, ...]:
    """Reads a prompt in free text, and returns the words that could not be read, in their order."""
    reader = _Reader(text, lexicon)
    words, unknown = reader.words, list[str]()
    at, negated = 1, False
    while at < len(words) - 1:
        word = words[at].text
        length, known = 1, None
        if tempo := reader.tempo(at):
            length, bpm = tempo
            if bpm is None or not lexicon.bpm[0] <= bpm <= lexicon.bpm[1] or not into.tempo(bpm):
                unknown.append(reader.said(at, length))
        elif key := reader.key(at):
            if not into.key(*key):
                unknown.append(word)
        elif phrase := reader.phrase(at):
            length, known = phrase
            if not into.word(known, negated):
                unknown.append(reader.said(at, length))
        elif not (word in NEGATIONS or reader.fills(word)):
            unknown.append(word)
        negated = word in NEGATIONS or (negated and (word in JOINS or known is not None))
        at += length
    return tuple(dict.fromkeys(unknown))


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a prompt in its original spelling, or ",", which separates groups of words."""

    given: str

    @property
    def text(self) -> str:
        return self.given.lower()

    @property
    def ends(self) -> bool:
        return self.given == ","


_END = _Word(",")
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2212", "-") | {"\u266f": "#", "\u266d": "b", "\u2019": "'"})
_LETTER = r"(?<![\w'&.#-])([A-Ga-g])"
_EVEN: tuple[tuple[str, str], ...] = (
    (r"(?i)\bb\.\s?p\.\s?m\b\.?", "bpm"),
    (r"(?i)\bbeats?\s*(?:per|a|/)\s*min(?:ute)?s?\b", " bpm "),
    (r"(?i)(?<=\d),(?=\d+\s*bpm\b)", "."),
    (r"(?i)\b(\d+)\s*[-\u2013]\s*(\d+)\s*bpm\b", r" \1-\2bpm "),
    (r"(?i)(?<![\w.-])(\d+(?:\.\d+)?)\s*-?\s*bpm\b", r" \1 bpm "),
)
_SMALL: tuple[tuple[str, str], ...] = (
    (r"(?i)(?<![\w'&.-])(\w)\s+(?:&|'?n'?)\s+(\w)(?![\w'&.#-])", r"\1&\2"),
    (r"(?i)\br\s+and\s+b\b", "r&b"),
)
_BETWEEN = re.compile(
    r"[,;|\n\r(){}\[\]<>]|[.!?\u2026]{2,}|[.!?\u2026]+(?=\s|$)|\s[-\u2013\u2014]+(?=\s)|[!?\u2026\u2014]"
)
_EDGES = "'.-_*&~^=@$%`\\"
_KEY_WORD = re.compile(r"([A-Ga-g])(#|b)?(m|(?i:min|maj|minor|major))?")
_NUMBER = re.compile(r"\d+(\.\d+)?")


class _Reader:
    """The words of a prompt, with "," between groups of them and at both ends."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self.words = [_END, *self._split(text), _END]

    def _split(self, text: str) -> list[_Word]:
        """Returns the words of a text, with "," between groups of them.

        A list with slashes or plus signs becomes several words where each of them is known, and else one word.
        """
        even = unicodedata.normalize("NFKC", text).translate(_DASHES)
        modes = "|".join(sorted(self._lexicon.mode_names))
        settled = re.compile(rf"(?i)\s*(?:[,;.)]|$|(?:{modes})\b)")

        def altered(match: re.Match[str]) -> str:
            """A key with a sharp or a flat as one word, "f#" or "Bb"; but "a sharp lead" stays, because there "a" is an
            article and "sharp" an adjective."""
            letter, between, sign = match.groups()
            if letter == "a" and between == " " and not settled.match(match.string, match.end()):
                return match[0]
            return f"{letter}#" if sign.lower() == "sharp" else f"{letter.upper()}b"

        even = re.sub(rf"{_LETTER}([ -])((?i:sharp|flat))\b", altered, even)
        for pattern, new in (*_EVEN, (rf"{_LETTER}((?:[#b])?)-(?i:({modes}))\b", r"\1\2 \3"), *_SMALL):
            even = re.sub(pattern, new, even)
        even = re.sub(r"[:=\"\u201c\u201d\u201e\u00ab\u00bb]", " ", _BETWEEN.sub(" , ", even))
        found: list[_Word] = []
        for written in even.split():
            word = written if written in ",&" else written.strip(_EDGES).lstrip("#")
            listed = [item for item in re.split(r"[/+]", word) if item]
            if listed and listed != [word] and all(map(self._lexicon.whole, listed)):
                found += map(_Word, listed)
            elif word:
                found.append(_Word(word))
        return found

    def said(self, at: int, length: int) -> str:
        """Returns `length` words from word `at` on, as text."""
        return " ".join(word.text for word in self.words[at : at + length])

    def fills(self, word: str) -> bool:
        """Returns whether a word says nothing and is not named."""
        fillers = self._lexicon.fillers
        return word in fillers or "".join(parts(word)) in fillers or word in ",&"

    def phrase(self, at: int) -> tuple[int, Meaning] | None:
        """Returns the longest known phrase that begins at word `at`: its number of words, and its meaning.

        None where no known phrase begins there.
        """
        lexicon = self._lexicon
        given = self.words[at : at + lexicon.longest]
        pieces = [parts(word.text) if not word.ends else (",",) for word in given]
        for length in range(len(pieces), 1, -1):
            if known := lexicon.phrases.get(sum(pieces[:length], ())):
                return length, known
        known = lexicon.meaning(self.words[at].text)
        return (1, known) if known else None

    def key(self, at: int) -> tuple[int, str | None] | None:
        """Returns the key that the word `at` names: semitones of the tonic above C, and a mode or None.

        None in place of both where the word is not clearly a key.
        """
        match = _KEY_WORD.fullmatch(self.words[at].given)
        if not match or not self._clear(at, match):
            return None
        semitone = (KEYS.index(match[1].lower()) + {"#": 1, "b": -1}.get(match[2] or "", 0)) % 12
        return semitone, {"m": "minor", "min": "minor", "maj": "major"}.get((match[3] or "").lower()[:3])

    def _clear(self, at: int, match: re.Match[str]) -> bool:
        """Returns whether the letters of the word `at` clearly name a key.

        These do: letters that say so themselves (F#, Bb, Am, amin), letters before a mode, and letters after "key of".
        So do letters after "in", if the phrase ends behind them or goes on with a filler, a number or a known word
        (except "a", which may be an article). So do letters alone between commas, except a lone small letter. Small
        `fm` and `ebm` are kinds of sound.
        """
        words = self.words
        letter, accidental, suffix = match[1], match[2] or "", match[3] or ""
        before, after = words[at - 1], words[at + 1]
        alone, small = before.ends and after.ends, letter.islower()
        if len(suffix) > 1 or accidental == "#":
            return True
        article = match[0] == "a"
        if before.text == "key" or (before.text in ("of", "is") and words[at - 2].text == "key"):
            return not article or after.ends or self._names_mode(at + 1)
        if suffix:
            return (not small and after.text != "i") or (alone and match[0] not in DOUBTFUL)
        if self._names_mode(at + 1) or (accidental and not small):
            return True
        if before.text == "in":
            number = _NUMBER.fullmatch(after.text)
            goes_on = after.text in self._lexicon.fillers or number or self.phrase(at + 1) is not None
            return after.ends or (not article and bool(goes_on))
        return alone and not (small and not accidental)

    def _names_mode(self, at: int) -> bool:
        """Returns whether the words from `at` on name a mode as a musician writes it behind a key ("minor", "harmonic
        minor")."""
        phrase = self.phrase(at)
        if self.words[at].text in self._lexicon.mode_names:
            return True
        return phrase is not None and phrase[0] > 1 and phrase[1].names_mode

    def tempo(self, at: int) -> tuple[int, float | None] | None:
        """Returns the tempo at word `at`: its number of words, and beats a minute.

        The tempo is None where the number counts minutes. The whole result is None where there is no tempo.
        """
        words = self.words
        word, following = words[at].text, words[at + 1].text
        if _NUMBER.fullmatch(word) and following == "bpm":
            return 2, float(word)
        if _NUMBER.fullmatch(word) and following in ("min", "maj"):
            return 2, None
        if word in ("bpm", "tempo"):
            skipped = int(following in ("of", "is", "at"))
            number = words[at + 1 + skipped].text if at + 1 + skipped < len(words) else ""
            if _NUMBER.fullmatch(number):
                return 2 + skipped, float(number)
        return None
