"""The words that nano2 understands: one table, from which the reading of prompts and the page of words follow.

A row says one value of one slot (`sound_tags.SLOTS`). A word may stand in several rows, and then says all of them; in
rows of `IMPLIED` it says something only where nothing else in the prompt does. Words of nano mean here what they mean
there, unless a style of their own has come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from demon_patch.engine.families.nano import words as nano
from demon_patch.engine.families.nano.grammar import NEGATIONS, Lexicon, Meaning, Phrase, parts
from demon_patch.engine.families.nano.sound_tags import ABSENT, SLOTS, USUAL

PLAYS = ""
"""The value of a part's slot of which nothing more is said than that it plays."""

Rows = Mapping[str, Mapping[str, str]]
"""By slot and value, the words that say it, parted by bars."""

SAID: Rows = {
    "style": {
        "techno": "techno|detroit|detroit techno|rave|minimal|minimal techno|warehouse|hard techno|dub techno|"
        "industrial|"
        "industrial techno|electro|ebm|hardcore|hardstyle|schranz|gabber",
        "house": "house|deep house|garage|club|tech house|funky house|dance|edm|progressive house|acid house music|uk "
        "garage|ukg|2 step|amapiano|afro house|nightclub|electro house",
        "ambient": "ambient|drone|soundscape|new age|chillout|dark ambient|meditation|floating|space ambient|downbeat|"
        "chillwave|idm",
        "dnb": "dnb|d n b|d&b|drum and bass|drum & bass|drum n bass|drum'n'bass|jungle|breakbeat|liquid|neurofunk|"
        "liquid "
        "drum and bass|breakcore|breaks|big beat|dubstep",
        "hiphop": "hiphop|hip hop|lofi hip hop|boom bap|trip hop|downtempo|beats|rap|dusty|r&b|rnb|r n b|neo soul",
        "synthwave": "synthwave|retrowave|outrun|eighties|80s|1980s|synth pop|synthpop|vaporwave|new wave|darksynth|"
        "darkwave|dark wave|coldwave|cyberpunk|electropop",
        "chiptune": "chiptune|chip tune|chip|8 bit|8bit|16 bit|game boy|gameboy|nes|arcade|video game|videogame|"
        "game music|"
        "c64|commodore 64|nintendo|sega|pixel",
        "acid": "acid|acid house|acid techno|303|tb303|tb 303|squelchy|squelch",
        "trance": "trance|psytrance|psy trance|goa|goa trance|progressive trance|uplifting trance|euphoric trance",
        "trap": "trap|drill|phonk|trap music|trap beat|uk drill",
        "disco": "disco|nu disco|italo disco|italo|space disco|eurodance|seventies disco|boogie",
        "funk": "funk|p funk|g funk|funk music|soul|motown|soul music|rhythm and blues",
        "jazz": "jazz|bebop|swing|big band|cool jazz|acid jazz|soul jazz|bossa nova|bossa|smooth jazz|jazz trio|"
        "blues|lounge",
        "reggae": "reggae|dub|ska|dancehall|dance hall|dub reggae|roots reggae|ragga|rocksteady",
        "rock": "rock|hard rock|metal|heavy metal|punk|punk rock|indie|indie rock|grunge|alternative rock|post rock|"
        "garage rock|acid rock|rock music|pop rock|shoegaze",
        "orchestral": "orchestral|orchestra|classical|symphonic|symphony|film score|film music|epic|chamber music|"
        "baroque|"
        "cinematic|soundtrack",
    },
    "mode": {
        "minor": "minor|min|aeolian|natural minor|harmonic minor|melodic minor|sad|melancholic|melancholy|moody|gloomy|"
        "moll|somber|sombre|mournful|tragic",
        "major": "major|maj|ionian|happy|cheerful|uplifting|sunny|joyful|dur|joyous|optimistic",
        "dorian": "dorian|soulful|bluesy",
        "phrygian": "phrygian|spanish|sinister|menacing|exotic|flamenco|arabic|oriental|phrygian dominant",
        "mixolydian": "mixolydian|celtic|folk|folky",
        "lydian": "lydian|wondrous|magical",
    },
    "brightness": {
        "dull": "dull|muffled|muted|lo fi|lofi|underwater",
        "dark": "dark|warm|mellow|smooth|soft|round",
        "even": "balanced|neutral",
        "bright": "bright|airy|clear|crisp|shiny|shimmering|sparkling",
        "sharp": "sharp|harsh|brilliant|piercing|fizzy|glassy",
    },
    "energy": {
        "calm": "calm|peaceful|still|sparse|gentle|quiet|sleepy|meditative",
        "relaxed": "relaxed|chill|laid back|easy|easygoing|relaxing|lazy",
        "lively": "lively|energetic|driving|upbeat|bouncy|groovy|danceable",
        "busy": "busy|dense|frantic|hectic|intense|wild|packed",
    },
    "room": {
        "dry": "dry|dead|close|anechoic",
        "near": "near|intimate|small room|studio",
        "spacious": "spacious|roomy|wide|open|hall|big room|atmospheric|atmosphere|ethereal|space|spacey",
        "wet": "wet|reverb|reverberant|cavernous|cathedral|drenched|echoing|washed out",
    },
    "finish": {
        "plain": "raw|unmastered|unpolished|rough",
        "mastered": "polished|mastered|punchy|loud|compressed|produced|radio",
    },
    "kit": {},
    "drums": {
        PLAYS: "drums|drum|bass drum|bass drums|percussion|beat|kick|kicks|hats|hihat|hi hat|hi hats|snare|toms|"
        "drumbeat|"
        "groove box",
        "drum kit": "drum kit|drumkit",
        "synth drum machine": "drum machine|synth drums|beatbox|linndrum",
        "one-shots": "drum samples|sampled drums|one shots",
    },
    "bass": {
        PLAYS: "bass|bassline|bass line|sub|sub bass|low end",
        "bass": "bass guitar|electric bass|upright bass|double bass|acoustic bass|slap bass|fretless bass|finger "
        "bass|slap",
        "synth saw": "synth bass|reese|reese bass|wobble|wobble bass|growl bass",
        "synth sine": "808|808 bass|808s",
        "strings": "cello bass|contrabass",
    },
    "chords": {
        PLAYS: "chords|chord|harmony|keys|stabs|keyboard",
        "synth pad": "pad|pads|synth pad|synth pads",
        "synth saw": "synth chords|supersaw|supersaws|saw stabs",
    },
    "arp": {
        PLAYS: "arp|arps|arpeggio|arpeggios|arpeggiator|arpeggiated|sequence|sequencer|bleeps|ostinato|riff",
        "synth pluck": "pluck|plucks|plucked",
    },
    "lead": {
        PLAYS: "lead|leads|melody|melodic|solo|tune|hook|theme",
        "synth lead": "synth lead|synth leads|synth melody|synth solo",
        "synth voice": "vocal|vocals|singer|singing",
    },
}
"""What words say."""

IMPLIED: Rows = {
    "style": {
        "ambient": "atmospheric|atmosphere|meditative|ethereal|dreamy|calm|chill|relaxing|spacey|space",
        "hiphop": "lofi|lo fi",
        "jazz": "jazzy",
        "funk": "funky|groovy",
        "acid": "acidic",
    },
    "mode": {
        "minor": "dark",
        "dorian": "jazzy|funky",
        "major": "bright",
    },
}
"""What words say where nothing else in the prompt does."""

KITS = {
    "808": ("drum kit", "808|tr 808|tr808"),
    "electronic": ("drum kit", "electronic|909|tr 909|tr909|electro"),
    "standard": ("drum kit", "acoustic|live|real|standard"),
    "room": ("drum kit", "room|roomy"),
    "power": ("drum kit", "power|big|heavy"),
    "jazz": ("drum kit", "jazz|swing"),
    "brush": ("drum kit", "brush|brushed|brushes"),
    "hall": ("drum kit", "orchestral|cinematic|hall"),
    "machine": ("synth drum machine", "machine|vintage|analog|analogue"),
    "hard": ("synth drum machine", "hard|techno|industrial"),
    "soft": ("synth drum machine", "soft|gentle"),
    "tight": ("synth drum machine", "tight|dnb"),
    "dusty": ("synth drum machine", "dusty|lofi|lo fi|boom bap"),
    "gated": ("synth drum machine", "gated|eighties|80s"),
    "chip": ("synth drum machine", "chip|8 bit|8bit"),
    "crisp": ("synth drum machine", "crisp|trap"),
    "studio": ("synth drum machine", "studio|funk|disco"),
    "rock": ("synth drum machine", "rock"),
}
"""By drums, what plays them, and the words that name them before the word `drums`."""

DRUM_NOUNS = ("drums", "drum kit", "drumkit", "kit", "beat", "percussion")

PLAYERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "piano": (("chords", "lead", "arp"), "piano|grand piano|upright piano|pianos|acoustic piano|clavinet|harpsichord"),
    "synth electric piano": (("chords", "arp", "lead"), "electric piano|e piano|epiano|rhodes|wurlitzer|electric "
    "pianos"),
    "organ": (("chords", "lead", "arp"), "organ|hammond|hammond organ|church organ|organs|accordion|harmonica|"
    "harmonium"),
    "guitar": (("chords", "lead", "arp"), "guitar|guitars|electric guitar|acoustic guitar|nylon guitar|steel guitar|"
               "distorted guitar|overdriven guitar"),
    "ensemble": (("chords", "lead", "arp"), "strings|string section|string ensemble|string orchestra"),
    "strings": (("lead", "arp", "chords"), "violin|viola|cello|fiddle|harp|pizzicato|solo violin|solo cello|violins"),
    "synth voice": (("chords", "lead"), "choir|voices|voice|chorus voices|choral|aahs|oohs"),
    "brass": (("chords", "lead"), "brass|horns|trumpet|trombone|french horn|brass section|tuba|trumpets"),
    "reed": (("lead", "chords"), "sax|saxophone|clarinet|oboe|bassoon|tenor sax|alto sax|saxophones|soprano sax"),
    "pipe": (("lead", "arp"), "flute|flutes|piccolo|recorder|pan flute|whistle|ocarina|tin whistle"),
    "chromatic percussion": (("arp", "lead", "chords"), "vibraphone|vibes|marimba|xylophone|glockenspiel|celesta|"
    "mallets|"
                             "tubular bells|dulcimer"),
    "synth bell": (("arp", "lead", "chords"), "bell|bells|music box|chimes|fm bell|fm bells|glass bells"),
    "ethnic": (("arp", "lead"), "sitar|banjo|koto|shamisen|kalimba|bagpipe|shanai"),
    "percussive": (("arp",), "steel drum|steel drums|steelpan|woodblock"),
    "synth saw": (("lead", "chords", "arp", "bass"), "saw|sawtooth|saw synth"),
    "synth square": (("lead", "arp", "chords", "bass"), "square|square wave|pulse|pulse wave"),
    "synth triangle": (("lead", "bass", "arp"), "triangle|triangle wave"),
    "synth sine": (("lead", "bass"), "sine|sine wave|theremin"),
    "synth strings": (("chords", "lead"), "synth strings|string machine|solina"),
    "synth brass": (("chords", "lead"), "synth brass|synth horns"),
    "synth organ": (("chords", "lead"), "synth organ|drawbar organ"),
    "synth flute": (("lead",), "synth flute|mellotron"),
}  # fmt: skip
"""By what plays, the parts in which it is usual, the first one first, and the words that name it. Before or after the
word for a part ("flute lead", "lead flute") it plays that part; alone, the first usual part that has no player yet."""

PART_NOUNS = {
    "bass": "bass|bassline|bass line",
    "chords": "chords|chord|pad|pads|stabs|harmony",
    "arp": "arp|arps|arpeggio|arpeggios|riff|ostinato|plucks|sequence",
    "lead": "lead|leads|melody|solo|tune|hook|theme|leadline",
}
"""By part, the words that name it beside what plays it."""

ANY_PART = "player"
"""The slot of a player that is named without its part: its value goes to a part that is free."""

OTHERS = (
    "rap rock|rap metal|beat poetry|pad thai|a cappella|a capella|minimal wave|disco polo|witch house|new beat|"
    "future bass|dance punk|dance rock|garage punk|acid folk|video game console|drum roll|steel drum band"
)
"""Phrases that name one thing, which differs from what one of their words means."""

_TEMPO = {**nano.TEMPO_WORDS, "adagio": 70.0, "andante": 90.0, "allegro": 135.0, "presto": 175.0, "quick": 150.0}
_NO = {**nano.ABSENT_WORDS, "a cappella": "drums"}

NEAR = {
    "piano": "keyboards|synthesiser piano|honky tonk|toy piano|pianoforte|clavichord",
    "violin": "double stop|erhu",
    "trumpet": "cornet|flugelhorn|bugle|euphonium",
    "sax": "duduk|english horn|woodwind|woodwinds",
    "flute": "whistling|shakuhachi|panpipes",
    "guitar": "ukulele|mandolin|lute|oud|bouzouki|strumming",
    "vocals": "lyrics|rapper|spoken word|vocoder|talking",
    "sitar": "tabla|gamelan|pipa|didgeridoo",
    "drums": "congas|bongos|djembe|taiko|cajon|shaker|tambourine|cowbell|handclaps|clap|claps",
    "rock": "country|bluegrass|emo|metalcore|britpop",
    "synthwave": "retro|nostalgic|vapor|cyber|italo dance|hyperpop|pop",
    "house": "witch|eurobeat|afrobeat|tropical|balearic|lounge house",
    "orchestral": "opera|trailer|heroic|march|waltz|ballet",
    "reggae": "reggaeton|cumbia|salsa|calypso|soca",
    "jazz": "ragtime|boogie woogie|samba|latin|tango|fusion",
    "dark": "evil|scary|horror|spooky|haunting|ominous|brooding|angry|aggressive",
    "major": "euphoric|positive|hopeful|triumphant|playful",
    "slow": "slowly|largo|lento|ballad",
    "fast": "quickly|rapid|speedy|fast paced|racing",
    "wet": "hall reverb|delay|echo|plate",
    "muffled": "low pass|filtered|vinyl|cassette|tape|telephone",
    "polished": "clean|hi fi|hifi|professional|modern",
}
"""For each known word, the unknown words to which it is nearest."""

_FILLERS = nano.FILLERS | frozenset(
    ("synthetic", "sounds", "tone", "tones", "part", "parts", "line", "lines", "playing", "played", "player")
)

MODE_NAMES = frozenset({*SLOTS["mode"], "min", "maj", "aeolian", "ionian"})


def _meanings() -> dict[Phrase, Meaning]:
    says: dict[Phrase, dict[str, str]] = {}
    implies: dict[Phrase, dict[str, str]] = {}

    def put(into: dict[Phrase, dict[str, str]], words: str, slot: str, value: str) -> None:
        for word in words.split("|"):
            into.setdefault(parts(word), {}).setdefault(slot, value)

    for table, into in ((SAID, says), (IMPLIED, implies)):
        for slot, rows in table.items():
            for value, words in rows.items():
                put(into, words, slot, value)
    for kit, (player, names) in KITS.items():
        for name in names.split("|"):
            for noun in DRUM_NOUNS:
                put(says, f"{name} {noun}", "drums", player)
                put(says, f"{name} {noun}", "kit", kit)
    for player, (_, names) in PLAYERS.items():
        put(says, names, ANY_PART, player)
        for name in names.split("|"):
            for part, nouns in PART_NOUNS.items():
                for noun in nouns.split("|"):
                    put(says, f"{name} {noun}", part, player)
                    put(says, f"{noun} {name}", part, player)
    for word, bpm in _TEMPO.items():
        put(says, word, "tempo", str(bpm))
    for word, part in _NO.items():
        put(says, word, part, ABSENT)
    found = {
        phrase: Meaning(tuple(says.get(phrase, {}).items()), tuple(implies.get(phrase, {}).items()))
        for phrase in says | implies
    }
    return {parts(name): Meaning() for name in OTHERS.split("|")} | found


LEXICON = Lexicon(
    _meanings(),
    {parts(name): value for value, names in NEAR.items() for name in names.split("|")},
    _FILLERS,
    MODE_NAMES,
    nano.BPM_RANGE,
    "each is said once, the first counts, and only parts can be excluded: leave it out",
)
"""The words of nano2, for `grammar.read`."""


def page() -> Iterator[str]:
    """Yields the lines of a page (Markdown) of all words."""
    yield from ("# Words that nano2 understands", "")
    yield "Printed by `demon-patch model info nano2 --words`. A prompt says at most one style, mode, tempo, key,"
    yield "brightness, energy, room and finish (the first counts), and what plays each part: drums, bass, chords, arp"
    yield "and lead. Words are read whole: `r&b` is not the key of B. Others have no effect; `demon-patch check` and"
    yield "`play` name them, with the nearest word that is known."
    yield from ("", "| says | words |", "|---|---|")
    for slot, rows in SAID.items():
        for value, words in rows.items():
            yield f"| {slot} **{value or 'plays'}** | {', '.join(words.split('|'))} |"
    for player, (usual, words) in PLAYERS.items():
        also = f", or {' or '.join(usual[1:])}" if usual[1:] else ""
        yield f"| {usual[0]} **{player}**{also} | {', '.join(words.split('|'))} |"
    for kit, (_, words) in KITS.items():
        yield f"| kit **{kit}** | {', '.join(f'{word} drums' for word in words.split('|'))} |"
    yield f"| tempo | {', '.join(f'{word} ({bpm:g})' for word, bpm in _TEMPO.items())} |"
    low, high = nano.BPM_RANGE
    yield f"| tempo in numbers | `90 bpm`, `bpm 90`, `tempo 90`, {low:g} to {high:g}; a number alone says nothing |"
    yield (
        "| key | `a minor`, `c# major`, `d dorian`, `key of a`, `in e`, `Am`, `F#m`, `Bbmaj`, `b flat`, `f#`; "
        "one capital letter only where it stands alone between commas |"
    )
    rows = [row for rows in IMPLIED.values() for row in rows.items()]
    pairs = [(word, value) for value, words in rows for word in words.split("|")]
    implied = [f"{word} ({value})" for word, value in pairs]
    yield f"| without more, also | {', '.join(implied)}: where nothing else in the prompt says it |"
    for style, plays in USUAL.items():
        usual = ", ".join(f"{part} **{player}**" for part, player in plays.items())
        yield f"| style **{style}** alone, as if it said | {usual} |"
    yield f"| without a part | {', '.join(sorted(NEGATIONS))} before it; {', '.join(_NO)} |"
    yield f"| nothing, and is not named | {', '.join(sorted(_FILLERS))} |"
    yield ""
    yield "What plays stands before or after its part: `flute lead`, `piano chords`, `lead guitar`. Alone it plays"
    yield "the part in which it is usual, or the next one that has no player: in `piano, strings` the strings lead."
