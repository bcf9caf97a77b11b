"""Words to tags: a prompt in free text becomes nine tokens that the denoiser was trained with.

A token is 0 ("not said") or one of the vocabulary: 8 styles, 4 modes, 13 tempo buckets, 12 keys, and for each of 5
instruments present or absent. Words that mean nothing here are given back by name. Pure Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

STYLES = ("techno", "house", "ambient", "dnb", "hiphop", "synthwave", "chiptune", "acid")
MODES = ("minor", "major", "dorian", "phrygian")
INSTRUMENTS = ("drums", "bass", "chords", "arp", "lead")
KEYS = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")

TOKENS = 9
"""Tokens of a prompt: style, mode, tempo, key, then the five instruments."""

VOCABULARY_SIZE = 64
_MODE, _ABSENT, _PRESENT, _TEMPO, _KEY = 9, 13, 18, 23, 36
_TEMPO_BUCKETS, _SLOWEST, _BUCKET = 13, 65, 10
BPM_RANGE = (40.0, 240.0)

_STYLE_WORDS = {
    "techno": "techno|detroit|rave|minimal|minimal techno|warehouse|trance|hard techno",
    "house": "house|deep house|disco|garage|club|tech house|funky house|dance",
    "ambient": "ambient|drone|atmospheric|atmosphere|meditative|soundscape|ethereal|dreamy|calm|chill|chillout|new age",
    "dnb": "dnb|d n b|d&b|drum and bass|drum & bass|drum n bass|drum'n'bass|jungle|breakbeat|liquid|neurofunk",
    "hiphop": "hiphop|hip hop|lofi|lo fi|lofi hip hop|boom bap|trip hop|downtempo|beats|rap|dusty",
    "synthwave": "synthwave|retrowave|outrun|eighties|80s|synth pop|synthpop|vaporwave|new wave|darksynth",
    "chiptune": "chiptune|chip tune|chip|8 bit|8bit|game boy|gameboy|nes|arcade|video game|videogame|game music",
    "acid": "acid|acid house|acid techno|303|tb303|tb 303|squelchy",
}
_MODE_WORDS = {
    "minor": "minor|min|aeolian|dark|sad|melancholic|melancholy|moody|gloomy",
    "major": "major|maj|ionian|happy|cheerful|uplifting|sunny|joyful",
    "dorian": "dorian|jazzy|soulful|funky",
    "phrygian": "phrygian|spanish|sinister|menacing|exotic",
}
_INSTRUMENT_WORDS = {
    "drums": "drums|drum|percussion|beat|kick|kicks|hats|hihat|hi hat|hi hats|snare|drum machine",
    "bass": "bass|bassline|bass line|sub|sub bass|808",
    "chords": "chords|chord|pad|pads|strings|harmony|stabs|keys|piano|rhodes|organ",
    "arp": "arp|arps|arpeggio|arpeggios|arpeggiator|arpeggiated|sequence|bleeps|plucks",
    "lead": "lead|leads|melody|melodic|solo|tune|hook",
}
_TEMPO_WORDS = {
    "slow": 80.0,
    "midtempo": 105.0,
    "mid tempo": 105.0,
    "uptempo": 135.0,
    "fast": 165.0,
    "frantic": 178.0,
}
_ABSENT_WORDS = {"beatless": "drums", "drumless": "drums", "bassless": "bass"}
_NEGATIONS = frozenset({"no", "without", "minus", "not", "sans"})
_JOINS = frozenset({"and", "or", "nor", "any", "a", "an", "the"})
_FILLERS = frozenset(
    re.findall(
        r"\S+",
        "a an the of in at on to for from by and or with plus some very bit little more most track tracks music song "
        "songs loop loops style styled like sound sounds sounding synth synths synthesizer electronic electronica "
        "key tempo mode scale groove vibe vibes feel feeling mood that is it its",
    )
)


def _table() -> dict[tuple[str, ...], tuple[str, str]]:
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for kind, words in (("style", _STYLE_WORDS), ("mode", _MODE_WORDS), ("instrument", _INSTRUMENT_WORDS)):
        for value, names in words.items():
            found |= {tuple(_split(name)): (kind, value) for name in names.split("|")}
    found |= {tuple(_split(name)): ("bpm", str(bpm)) for name, bpm in _TEMPO_WORDS.items()}
    return found | {(name,): ("absent", value) for name, value in _ABSENT_WORDS.items()}


def _split(text: str) -> list[str]:
    plain = text.lower().replace("♯", "#").replace("♭", "b").replace("’", "'")
    plain = re.sub(r"(?<=[a-z])'n'(?=[a-z])", " n ", plain).replace("&", " & ")
    plain = re.sub(r"\b(\d+(?:\.\d+)?)\s*bpm\b", r" \1 bpm ", plain)
    plain = re.sub(r"\b([a-g])[ -](sharp|flat)\b", lambda m: m[1] + ("#" if m[2] == "sharp" else "b"), plain)
    return re.findall(r"\d+\.\d+(?!\w)|[\w#&]+|[,;/]", plain.replace("-", " "))


_PHRASES = _table()
_LONGEST = max(map(len, _PHRASES))
_KEY_WORD = re.compile(r"([a-g])(#|b)?(m|min|maj)?")
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Tags:
    """What a prompt says: each field is None, and each instrument missing, where it does not say.

    key: semitones above C; instruments: True where wanted, False where excluded.
    """

    style: str | None = None
    mode: str | None = None
    bpm: float | None = None
    key: int | None = None
    instruments: dict[str, bool] = field(default_factory=dict)

    def tokens(self) -> tuple[int, ...]:
        """The nine tokens; all 0 where nothing is said, which is the null condition."""
        bucket = 0 if self.bpm is None else min(max(int((self.bpm - _SLOWEST) // _BUCKET), 0), _TEMPO_BUCKETS - 1)
        played = [self.instruments.get(name) for name in INSTRUMENTS]
        return (
            0 if self.style is None else 1 + STYLES.index(self.style),
            0 if self.mode is None else _MODE + MODES.index(self.mode),
            0 if self.bpm is None else _TEMPO + bucket,
            0 if self.key is None else _KEY + self.key,
            *(0 if on is None else (_PRESENT if on else _ABSENT) + i for i, on in enumerate(played)),
        )


def parse(text: str) -> tuple[Tags, tuple[str, ...]]:
    """Free text -> tags and the words that could not be read, in their order.

    The first style, mode, tempo and key count; a second style is named among the unread words.
    """
    words = _split(text)
    tags, unknown = Tags(), []
    at, negated = 0, False
    while at < len(words):
        word = words[at]
        length, meaning = _phrase(words, at)
        if not meaning and (key := _key(words, at)):
            tags, length = _with_key(tags, *key), 1
        elif meaning:
            tags, used = _with(tags, *meaning, negated)
            if not used:
                unknown.append(" ".join(words[at : at + length]))
        elif tempo := _tempo(words, at):
            length, bpm = tempo
            if tags.bpm is None and BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
                tags = replace(tags, bpm=bpm)
            else:
                unknown.append(" ".join(words[at : at + length]))
        elif word in _NEGATIONS:
            length = 1
        elif word not in _FILLERS and word not in ",;/&":
            unknown.append(word)
        negated = word in _NEGATIONS or (negated and (word in _JOINS or bool(meaning)))
        at += max(length, 1)
    return tags, tuple(dict.fromkeys(unknown))


def _phrase(words: list[str], at: int) -> tuple[int, tuple[str, str] | None]:
    for length in range(min(_LONGEST, len(words) - at), 0, -1):
        if meaning := _PHRASES.get(tuple(words[at : at + length])):
            return length, meaning
    return 0, None


def _key(words: list[str], at: int) -> tuple[int, str | None] | None:
    """A key at this word: "f#", "dm", "bb", or a bare "a" next to a mode or after "in" and "key of"."""
    match = _KEY_WORD.fullmatch(words[at])
    if not match:
        return None
    if words[at] == "a":
        following = _PHRASES.get(tuple(words[at + 1 : at + 2]))
        before = words[at - 1] if at else ""
        named = following is not None and following[0] == "mode" and words[at + 1] in _MODE_NAMES
        if not named and not (before in ("in", "key") or words[max(at - 2, 0) : at] == ["key", "of"]):
            return None
        if not named and at + 1 < len(words) and words[at + 1] not in (",", ";", "/", "&"):
            return None
    semitone = (KEYS.index(match[1]) + {"#": 1, "b": -1}.get(match[2] or "", 0)) % 12
    return semitone, {"m": "minor", "min": "minor", "maj": "major"}.get(match[3] or "")


_MODE_NAMES = frozenset({*MODES, "min", "maj", "aeolian", "ionian"})


def _tempo(words: list[str], at: int) -> tuple[int, float] | None:
    following = words[at + 1] if at + 1 < len(words) else ""
    if _NUMBER.fullmatch(words[at]) and following == "bpm":
        return 2, float(words[at])
    if words[at] in ("bpm", "tempo") and _NUMBER.fullmatch(following):
        return 2, float(following)
    return None


def _with_key(tags: Tags, semitone: int, mode: str | None) -> Tags:
    if tags.key is None:
        tags = replace(tags, key=semitone)
    return replace(tags, mode=mode) if mode and tags.mode is None else tags


def _with(tags: Tags, kind: str, value: str, negated: bool) -> tuple[Tags, bool]:
    """The tags with one more word read, and whether it could be used."""
    if kind in ("instrument", "absent"):
        wanted = kind == "instrument" and not negated
        return replace(tags, instruments={**tags.instruments, value: wanted}), True
    if negated:
        return tags, False
    if kind == "bpm":
        return (replace(tags, bpm=float(value)), True) if tags.bpm is None else (tags, False)
    if kind == "mode":
        return (replace(tags, mode=value), True) if tags.mode in (None, value) else (tags, False)
    return (replace(tags, style=value), True) if tags.style in (None, value) else (tags, False)
