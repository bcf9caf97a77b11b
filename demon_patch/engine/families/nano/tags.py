"""Reads a prompt in free text into nine tokens, with which the denoiser was trained.

A token is 0 ("not said") or one of the vocabulary: 8 styles, 4 modes, 13 tempo buckets, 12 keys, and for each of 5
instruments present or absent. Words that mean nothing to the model are returned, so that the player can be shown them.
Pure Python.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace

from demon_patch.engine.families.nano.words import (
    BPM_RANGE,
    FILLERS,
    INSTRUMENTS,
    JOINS,
    KEYS,
    LONGEST,
    MODE_NAMES,
    MODES,
    NEGATIONS,
    PHRASES,
    STYLES,
    meaning,
    nearest,
    parts,
)

TOKENS = 9
"""Tokens of a prompt: style, mode, tempo, key, then the five instruments."""

VOCABULARY_SIZE = 64
_MODE, _ABSENT, _PRESENT, _TEMPO, _KEY = 9, 13, 18, 23, 36
_TEMPO_BUCKETS, _SLOWEST, _BUCKET = 13, 65, 10


@dataclass(frozen=True, slots=True)
class Tags:
    """What a prompt says. A field is None, and an instrument is missing, where the prompt does not say it.

    key: semitones of the tonic above C, 0 to 11.
    instruments: True where an instrument is wanted, False where it is excluded.
    """

    style: str | None = None
    mode: str | None = None
    bpm: float | None = None
    key: int | None = None
    instruments: dict[str, bool] = field(default_factory=dict)

    def tokens(self) -> tuple[int, ...]:
        """Returns the nine tokens, 0 where nothing is said; nine zeros are the null condition."""
        bucket = 0 if self.bpm is None else min(max(int((self.bpm - _SLOWEST) // _BUCKET), 0), _TEMPO_BUCKETS - 1)
        played = [self.instruments.get(name) for name in INSTRUMENTS]
        return (
            0 if self.style is None else 1 + STYLES.index(self.style),
            0 if self.mode is None else _MODE + MODES.index(self.mode),
            0 if self.bpm is None else _TEMPO + bucket,
            0 if self.key is None else _KEY + self.key,
            *(0 if on is None else (_PRESENT if on else _ABSENT) + i for i, on in enumerate(played)),
        )


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
    (rf"{_LETTER}((?:[#b])?)-(?i:(minor|major|min|maj|dorian|phrygian|aeolian|ionian))\b", r"\1\2 \3"),
    (r"(?i)(?<![\w'&.-])(\w)\s+(?:&|'?n'?)\s+(\w)(?![\w'&.#-])", r"\1&\2"),
    (r"(?i)\br\s+and\s+b\b", "r&b"),
)
_BETWEEN = re.compile(
    r"[,;|\n\r(){}\[\]<>]|[.!?\u2026]{2,}|[.!?\u2026]+(?=\s|$)|\s[-\u2013\u2014]+(?=\s)|[!?\u2026\u2014]"
)
_SETTLED = re.compile(r"(?i)\s*(?:[,;.)]|$|(?:minor|major|min|maj|dorian|phrygian|aeolian|ionian)\b)")
_EDGES = "'.-_*&~^=@$%`\\"
DOUBTFUL = ("fm", "ebm")
"""Words in small letters that look like keys but name kinds of sound."""

_KEY_WORD = re.compile(r"([A-Ga-g])(#|b)?(m|(?i:min|maj|minor|major))?")
_NUMBER = re.compile(r"\d+(\.\d+)?")


def _words(text: str) -> list[_Word]:
    """Returns the words of a text, with "," between groups of them.

    A list with slashes or plus signs becomes several words where each of them is known, and else one word.
    """
    even = unicodedata.normalize("NFKC", text).translate(_DASHES)
    even = re.sub(rf"{_LETTER}([ -])((?i:sharp|flat))\b", _altered, even)
    for pattern, new in _EVEN:
        even = re.sub(pattern, new, even)
    even = re.sub(r"[:=\"\u201c\u201d\u201e\u00ab\u00bb]", " ", _BETWEEN.sub(" , ", even))
    found: list[_Word] = []
    for written in even.split():
        word = written if written in ",&" else written.strip(_EDGES).lstrip("#")
        listed = [item for item in re.split(r"[/+]", word) if item]
        if listed and listed != [word] and all(map(_whole, listed)):
            found += map(_Word, listed)
        elif word:
            found.append(_Word(word))
    return found


def _altered(match: re.Match[str]) -> str:
    """Returns a key with a sharp or a flat as one word, "f#" or "Bb".

    "a sharp lead" is returned unchanged, because there "a" is an article and "sharp" an adjective.
    """
    letter, between, sign = match.groups()
    if letter == "a" and between == " " and not _SETTLED.match(match.string, match.end()):
        return match[0]
    return f"{letter}#" if sign.lower() == "sharp" else f"{letter.upper()}b"


def _whole(word: str) -> bool:
    known = meaning(word.lower())
    return known is not None and known[0] != "other"


def parse(text: str) -> tuple[Tags, tuple[str, ...]]:
    """Returns the tags of a prompt in free text, and the words that could not be read, in their order.

    The first style, mode, tempo and key count; a second style is one of the unread words. A word is read whole or not:
    no part of it means anything alone.
    """
    words = [_END, *_words(text), _END]
    tags, unknown = Tags(), []
    at, negated = 1, False
    while at < len(words) - 1:
        word = words[at].text
        length, known = 1, None
        if tempo := _tempo(words, at):
            length, bpm = tempo
            if bpm is not None and tags.bpm is None and BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
                tags = replace(tags, bpm=bpm)
            else:
                unknown.append(_said(words, at, length))
        elif key := _key(words, at):
            if tags.key not in (None, key[0]):
                unknown.append(word)
            tags = _with_key(tags, *key)
        elif phrase := _phrase(words, at):
            length, known = phrase
            tags, used = _with(tags, *known, negated)
            if not used:
                unknown.append(_said(words, at, length))
        elif not (word in NEGATIONS or word in FILLERS or "".join(parts(word)) in FILLERS or word in ",&"):
            unknown.append(word)
        negated = word in NEGATIONS or (negated and (word in JOINS or known is not None))
        at += length
    return tags, tuple(dict.fromkeys(unknown))


def unread(text: str) -> list[tuple[str, str]]:
    """Returns the words of a prompt that cannot be read, each with advice on what to do about it."""
    return [(word, _advice(word)) for word in parse(text)[1]]


def _advice(word: str) -> str:
    if (key := _KEY_WORD.fullmatch(word)) and word not in DOUBTFUL:
        return f'for a key say "{key[1]}{key[2] or ""} minor" or "key of {key[1]}{key[2] or ""}"; the first one counts'
    if _whole(word):
        return "the first style, mode, tempo and key count, and none can be excluded: leave it out"
    if word.endswith(" bpm"):
        return f"say one tempo, of {BPM_RANGE[0]:g} to {BPM_RANGE[1]:g} bpm"
    near = nearest(word)
    return f'the nearest that it knows: "{near}"' if near else "leave it out, or say it in other words"


def _said(words: list[_Word], at: int, length: int) -> str:
    return " ".join(word.text for word in words[at : at + length])


def _phrase(words: list[_Word], at: int) -> tuple[int, tuple[str, str]] | None:
    """Returns the longest known phrase that begins at word `at`: its number of words, and the kind and value of its
    meaning.

    None where no known phrase begins there.
    """
    pieces = [parts(word.text) if not word.ends else (",",) for word in words[at : at + LONGEST]]
    for length in range(len(pieces), 1, -1):
        if known := PHRASES.get(sum(pieces[:length], ())):
            return length, known
    known = meaning(words[at].text)
    return (1, known) if known else None


def _key(words: list[_Word], at: int) -> tuple[int, str | None] | None:
    """Returns the key that the word `at` names: semitones of the tonic above C, and a mode or None.

    None in place of both where the word is not clearly a key.
    """
    match = _KEY_WORD.fullmatch(words[at].given)
    if not match or not _clear(words, at, match):
        return None
    semitone = (KEYS.index(match[1].lower()) + {"#": 1, "b": -1}.get(match[2] or "", 0)) % 12
    return semitone, {"m": "minor", "min": "minor", "maj": "major"}.get((match[3] or "").lower()[:3])


def _clear(words: list[_Word], at: int, match: re.Match[str]) -> bool:
    """Returns whether the letters of the word `at` clearly name a key.

    These do: letters that say so themselves (F#, Bb, Am, amin), letters before a mode, and letters after "key of". So
    do letters after "in", if the phrase ends behind them or goes on with a filler, a number or a known word (except
    "a", which may be an article). So do letters alone between commas, except a lone small letter. Small `fm` and `ebm`
    are kinds of sound.
    """
    letter, accidental, suffix = match[1], match[2] or "", match[3] or ""
    before, after = words[at - 1], words[at + 1]
    alone, small = before.ends and after.ends, letter.islower()
    if len(suffix) > 1 or accidental == "#":
        return True
    article = match[0] == "a"
    if before.text == "key" or (before.text in ("of", "is") and words[at - 2].text == "key"):
        return not article or after.ends or _names_mode(words, at + 1)
    if suffix:
        return (not small and after.text != "i") or (alone and match[0] not in DOUBTFUL)
    if _names_mode(words, at + 1) or (accidental and not small):
        return True
    if before.text == "in":
        goes_on = after.text in FILLERS or _NUMBER.fullmatch(after.text) or _phrase(words, at + 1) is not None
        return after.ends or (not article and bool(goes_on))
    return alone and not (small and not accidental)


def _names_mode(words: list[_Word], at: int) -> bool:
    """Returns whether the words from `at` on name a mode as a musician writes it behind a key ("minor", "harmonic
    minor")."""
    phrase = _phrase(words, at)
    return words[at].text in MODE_NAMES or (phrase is not None and phrase[0] > 1 and phrase[1][0] == "mode")


def _tempo(words: list[_Word], at: int) -> tuple[int, float | None] | None:
    """Returns the tempo at word `at`: its number of words, and beats a minute.

    The tempo is None where the number counts minutes. The whole result is None where there is no tempo.
    """
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


def _with_key(tags: Tags, semitone: int, mode: str | None) -> Tags:
    if tags.key is None:
        tags = replace(tags, key=semitone)
    return replace(tags, mode=mode) if mode and tags.mode is None else tags


def _with(tags: Tags, kind: str, value: str, negated: bool) -> tuple[Tags, bool]:
    """Returns the tags with one more word taken in, and whether the word could be used."""
    if kind in ("instrument", "absent"):
        wanted = kind == "instrument" and not negated
        return replace(tags, instruments={**tags.instruments, value: wanted}), True
    if negated or kind == "other":
        return tags, False
    if kind == "bpm":
        return (replace(tags, bpm=float(value)), True) if tags.bpm is None else (tags, False)
    if kind == "mode":
        return (replace(tags, mode=value), True) if tags.mode in (None, value) else (tags, False)
    return (replace(tags, style=value), True) if tags.style in (None, value) else (tags, False)
