"""The words that nano understands, what each of them means, and which one is nearest to a word that is unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from demon_patch.engine.families.nano.grammar import NEGATIONS, Lexicon, Meaning, Phrase, parts

STYLES = ("techno", "house", "ambient", "dnb", "hiphop", "synthwave", "chiptune", "acid")
MODES = ("minor", "major", "dorian", "phrygian")
INSTRUMENTS = ("drums", "bass", "chords", "arp", "lead")
BPM_RANGE = (40.0, 240.0)

STYLE_WORDS = {
    "techno": "techno|detroit|rave|minimal|minimal techno|warehouse|trance|hard techno",
    "house": "house|deep house|disco|garage|club|tech house|funky house|dance",
    "ambient": "ambient|drone|atmospheric|atmosphere|meditative|soundscape|ethereal|dreamy|calm|chill|chillout|new age",
    "dnb": "dnb|d n b|d&b|drum and bass|drum & bass|drum n bass|drum'n'bass|jungle|breakbeat|liquid|neurofunk",
    "hiphop": "hiphop|hip hop|lofi|lo fi|lofi hip hop|boom bap|trip hop|downtempo|beats|rap|dusty",
    "synthwave": "synthwave|retrowave|outrun|eighties|80s|synth pop|synthpop|vaporwave|new wave|darksynth",
    "chiptune": "chiptune|chip tune|chip|8 bit|8bit|game boy|gameboy|nes|arcade|video game|videogame|game music",
    "acid": "acid|acid house|acid techno|303|tb303|tb 303|squelchy",
}
MODE_WORDS = {
    "minor": "minor|min|aeolian|natural minor|harmonic minor|melodic minor|dark|sad|melancholic|melancholy|"
    "moody|gloomy",
    "major": "major|maj|ionian|happy|cheerful|uplifting|sunny|joyful",
    "dorian": "dorian|jazzy|soulful|funky",
    "phrygian": "phrygian|spanish|sinister|menacing|exotic",
}
INSTRUMENT_WORDS = {
    "drums": "drums|drum|bass drum|bass drums|percussion|beat|kick|kicks|hats|hihat|hi hat|hi hats|snare|drum machine",
    "bass": "bass|bassline|bass line|sub|sub bass|808",
    "chords": "chords|chord|pad|pads|strings|harmony|stabs|keys|piano|rhodes|organ",
    "arp": "arp|arps|arpeggio|arpeggios|arpeggiator|arpeggiated|sequence|bleeps|plucks",
    "lead": "lead|leads|melody|melodic|solo|tune|hook",
}
TEMPO_WORDS = {
    "slow": 80.0,
    "midtempo": 105.0,
    "mid tempo": 105.0,
    "uptempo": 135.0,
    "fast": 165.0,
    "frantic": 178.0,
}
ABSENT_WORDS = {"beatless": "drums", "drumless": "drums", "bassless": "bass"}
FILLERS = frozenset(
    re.findall(
        r"\S+",
        "a an the of in at on to for from by and or with plus some very bit little more most track tracks music song "
        "songs loop loops style styled like sound sounds sounding synth synths synthesizer electronic electronica "
        "key tempo mode scale groove vibe vibes feel feeling mood that is it its w/ 4/4",
    )
)
MODE_NAMES = frozenset({*MODES, "min", "maj", "aeolian", "ionian"})
"""Words that may follow the letter of a key."""

OTHERS = (
    "acid jazz|acid rock|acid folk|garage rock|garage punk|rap rock|rap metal|beat poetry|pad thai|a cappella|"
    "a capella|dark wave|minimal wave|chill wave|italo disco|disco polo|witch house|big beat|new beat|future bass|"
    "dance punk|dance rock|dance hall"
)
"""Phrases that name one thing, which differs from what one of their words means."""

NEAR = {
    "techno": "dub|new beat|dub techno|electro|ebm|industrial|hardcore|gabber|hardstyle|schranz|berlin|psy|goa",
    "trance": "psytrance|psy trance|goa trance",
    "house": "edm|witch house|dance pop|nu disco|eurodance|amapiano|ukg|2 step|two step|afrobeat|nightclub",
    "ambient": "idm|chillwave|downbeat|soundtrack|cinematic|space|spacey|floating|relaxing|sleep|meditation",
    "jungle": "dubstep|big beat|breakcore|breaks|amen|ragga",
    "hip hop": "r&b|rnb|r n b|soul|trap|drill|g funk|phonk|grime|neo soul|urban|gangsta|reggae",
    "synthwave": "retro|italo|italo disco|cyberpunk|vapor|darkwave|dark wave|minimal wave|coldwave|1980s|pop",
    "chiptune": "c64|commodore|commodore 64|sid|atari|amiga|nintendo|f zero|pixel|16 bit|sega|lo bit|8bits",
    "303": "tb|squelch|squelching|acidic",
    "minor": "moll|somber|sombre|mournful|tragic|angry|aggressive",
    "major": "dur|bright|joyous|euphoric|optimistic|positive",
    "dorian": "jazz|funk|soul jazz|blues|bluesy|p funk",
    "phrygian": "flamenco|arabic|oriental|evil|scary|horror|phrygian dominant",
    "drum machine": "tr 808|tr808|tr 909|tr909|909|linndrum|drumbeat|drumkit|drum kit|breakbeats|d beat|beatbox|toms",
    "bass": "sub bass line|reese|low end|wobble|upright bass|slap",
    "piano": "e piano|epiano|electric piano|keyboard|grand piano|wurlitzer|clavinet|harpsichord|harmonium|choir|brass",
    "arpeggio": "arpeggiate|ostinato|riff|plucked|pluck|sequencer|harp|marimba|bells|bell",
    "melody": "guitar|vocal|vocals|voice|singing|violin|flute|sax|saxophone|trumpet|theme|leadsynth|whistle",
    "slow": "slowly|adagio|largo|lento|ballad|laid back|lazy|andante",
    "fast": "quick|quickly|presto|allegro|rapid|speedy|energetic|driving|fast paced",
}
"""For each known word, the unknown words to which it is nearest."""


def _phrases() -> dict[Phrase, tuple[str, str]]:
    found: dict[Phrase, tuple[str, str]] = {}
    for kind, words in (("style", STYLE_WORDS), ("mode", MODE_WORDS), ("instrument", INSTRUMENT_WORDS)):
        for value, names in words.items():
            found |= {parts(name): (kind, value) for name in names.split("|")}
    found |= {parts(name): ("bpm", str(bpm)) for name, bpm in TEMPO_WORDS.items()}
    found |= {parts(name): ("absent", value) for name, value in ABSENT_WORDS.items()}
    return found | {parts(name): ("other", "") for name in OTHERS.split("|")}


PHRASES = _phrases()
"""The meaning of each word or phrase: its kind and its value."""

_MEANINGS = {phrase: Meaning(() if said[0] == "other" else (said,)) for phrase, said in PHRASES.items()}

LEXICON = Lexicon(
    _MEANINGS,
    {parts(name): value for value, names in NEAR.items() for name in names.split("|")},
    FILLERS,
    MODE_NAMES,
    BPM_RANGE,
    "the first style, mode, tempo and key count, and none can be excluded: leave it out",
)
"""The words of nano, for `grammar.read`."""


def meaning(word: str) -> tuple[str, str] | None:
    """Returns kind and value of what a word means as a whole, its pieces apart or written as one; None where it is not
    known."""
    pieces = parts(word)
    return PHRASES.get(pieces) or PHRASES.get(("".join(pieces),))


def nearest(word: str) -> str | None:
    """Returns a word, or a few, that a prompt can say in place of an unknown word; None where nothing is near."""
    return LEXICON.nearest(word)


def page() -> Iterator[str]:
    """Yields the lines of a page (Markdown) of all words."""
    yield from ("# Words that nano understands", "")
    yield "Printed by `demon-patch model info nano --words`. A prompt says at most one style, mode, tempo and key (the"
    yield "first counts), and any instruments. Words are read whole: `r&b` is not the key of B. Others have no"
    yield "effect; `demon-patch check` and `play` name them, with the nearest word that is known."
    yield from ("", "| says | words |", "|---|---|")
    tables = (("style", STYLE_WORDS), ("mode", MODE_WORDS), ("instrument", INSTRUMENT_WORDS))
    for kind, words in tables:
        for value, names in words.items():
            yield f"| {kind} **{value}** | {', '.join(names.split('|'))} |"
    yield f"| tempo | {', '.join(f'{word} ({bpm:g})' for word, bpm in TEMPO_WORDS.items())} |"
    low, high = BPM_RANGE
    yield f"| tempo in numbers | `90 bpm`, `bpm 90`, `tempo 90`, {low:g} to {high:g}; a number alone says nothing |"
    yield (
        "| key | `a minor`, `c# major`, `d dorian`, `key of a`, `in e`, `Am`, `F#m`, `Bbmaj`, `b flat`, `f#`; "
        "one capital letter only where it stands alone between commas |"
    )
    absent = ", ".join(ABSENT_WORDS)
    yield f"| without an instrument | {', '.join(sorted(NEGATIONS))} before it; {absent} |"
    yield f"| nothing, and is not named | {', '.join(sorted(FILLERS))} |"
