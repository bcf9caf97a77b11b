"""Words are read whole: no part of one means anything alone, and what is not known is named with what is near."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demon_patch.engine.families import unread as words_unread
from demon_patch.engine.families import words_of
from demon_patch.engine.families.nano.tags import Tags, parse, unread
from demon_patch.engine.families.nano.words import (
    FILLERS,
    INSTRUMENTS,
    MODE_NAMES,
    NEAR,
    NEGATIONS,
    PHRASES,
    meaning,
    nearest,
    parts,
)
from demon_patch.patch.files.format import load
from demon_patch.patch.model.walk import nodes_of
from tests.support.paths import DOCS, PATCHES

_TEXT = """
r&b R&B r'n'b rnb e-piano E-Piano d-beat c64 C64 f-zero F-Zero g-funk G-Funk k-pop j-pop p-funk b-boy b-side A-side
e-bow g-string c-pop t-rex x-ray u-turn d-day a-ha e-mail g-force f-hole c-section b-movie A-list a.m. p.m. e.g. i.e.
D.I.Y. A.I. B.B. AC/DC a/c b/w c/o d/b/a N/A 24/7 6/8 C++ C-3PO R2-D2 U2 B52 B-52 F16 G20 E2E A4 D&D B&O M&M's A&R a&e
q&a e'er o'er g'day d'oh c'mon ma'am rock'n'roll rock-n-roll drum-corps drum-roll bass-baritone bass-fishing lead-free
lead-in sub-zero sub-saharan pad-thai organ-donor key-note keynote keyed house-warming house-wife in-house full-house
green-house White_House house_keeping house.of.cards acid-rain acid-free antacid acid-jazz-funk rave-up raven ravel
trance-like trance-lucent club-foot club-sandwich dance-floor dance-hall dancehall slow-motion slow-mo fast-food
fast-forward fasting break-fast steadfast beat-down beat-boxing offbeat on-beat heart-beat heartbeat happy-go-lucky
happy-hour dark-room darkroom sad-core sadcore major-general minor-league asia-minor jungle-gym jungle-book
game-of-thrones game-boy-advance nes-quik chip-munk chipmunk micro-chip potato-chip rap-tor raptor rapper garage-sale
garage-band disco-very discover drone-strike calm-ness chill-i chili chilly liquid-ity new-age-ish arcade-fire tune-up
attune solo-mon soloist hook-up hookah kick-back kickstart sidekick snare-drum-ish hat-trick string-theory stringent
harmony-korine pianola pianissimo piano-forte key-stone melody-maker sequence-of-events 1990s 1980s-ish 2000s 90s 70's
99 120 128bps 60fps 1-2-3 10% 5ths 7th 440hz 16th 3/4-ish polka waltz tango samba bossa-nova mambo salsa cumbia
bachata reggaeton ska reggae dub dubstep grime gospel country bluegrass folk indie shoegaze post-rock math-rock
metalcore grindcore deathcore black-metal nu-metal punk post-punk emo screamo grunge britpop opera baroque classical
orchestral chamber choir jazz bebop swing big-band fusion blues boogie-woogie ragtime soul motown neo-soul afrobeat
highlife kuduro gqom amapiano bollywood bhangra qawwali fado flamenco chanson schlager enka gamelan taiko didgeridoo
sitar koto oud banjo mandolin ukulele accordion harmonica tuba trombone trumpet cornet clarinet oboe bassoon flute
piccolo recorder violin viola cello contrabass harp lute guitar vocal choir-like vocals whisper shout beatbox
glockenspiel xylophone celesta marimba vibraphone tabla djembe bongo conga cajon maracas tambourine triangle cowbell
gong timpani kalimba theremin hurdy-gurdy bagpipe forest ocean river mountain desert winter summer spring autumn night
morning midnight sunrise sunset rain thunder storm wind fire ice snow city street train engine robot machine dream
ghost angel devil heaven love heart soulmate anger fear hope peace war battle hero villain story chapter scene movie
film trailer credits intro outro verse chorus bridge drop build riser breakdown fade loud quiet soft hard heavy light
bright warm cold dry wet clean dirty big small huge tiny long short old young ancient modern future past retro-ish
vintage analog digital glitch noise vinyl cassette radio stereo mono surround reverb delay echo chorus-like flanger
phaser filter distortion compressor
"""
WORDS = _TEXT.split()
"""As people write them: letters and parts that could be something else, genres and instruments, plain English."""
JOINERS = ("-", "'", ".", "_", "&", "~")
AROUND = ("{}", "({})", "[{}]", "{{{}}}", '"{}"', "'{}'", "{}!", "{}?", "{}.", "{},", "{};", "*{}*", "_{}_",
          "#{}", "“{}”",
          "({}:1.3)", "…{}…", "-{}-", "{} ", "\t{}\n")  # fmt: skip


def test_the_list_is_long_enough() -> None:
    assert len(set(WORDS)) > 300


@pytest.mark.parametrize("around", AROUND)
def test_no_part_of_a_word_is_a_key_a_tempo_or_a_style(around: str) -> None:
    for word in WORDS:
        tags, unknown = parse(around.format(word))
        assert tags == Tags(), word
        assert unknown, word


@given(st.lists(st.sampled_from(WORDS), max_size=6), st.sampled_from([" ", ", ", "; ", " - ", " | ", "\n"]))
def test_words_beside_each_other_mean_no_more(words: list[str], between: str) -> None:
    if words and between in " \n" and ("acid", *parts(words[0])) in PHRASES:
        return  # "acid jazz" is one thing, and no acid
    tags, unknown = parse(between.join(["acid", *words, "in a minor, 120 bpm"]))
    assert (tags.style, tags.mode, tags.key) == ("acid", "minor", 9)
    assert tags.bpm in (120.0, None if any(word.isdigit() for word in words) else 120.0)
    assert bool(unknown) == bool(words)


KNOWN = sorted({" ".join(phrase) for phrase, (kind, _) in PHRASES.items() if kind != "other" and len(phrase) == 1})
LETTERS = ["a", "b", "c", "d", "e", "f", "g", "A", "E", "minor", "bpm", "90", "in", "key", "no"]


@given(st.sampled_from([*KNOWN, *LETTERS]), st.sampled_from(JOINERS), st.sampled_from([*KNOWN, *LETTERS, *WORDS[:20]]))
def test_what_is_joined_is_one_word(first: str, joiner: str, second: str) -> None:
    word = f"{first}{joiner}{second}"
    if meaning(word.lower()) or second in {*MODE_NAMES, "bpm"} or (first + second).lower() in FILLERS:
        return
    tags, unknown = parse(word)
    assert tags == Tags()
    assert unknown == (word.lower(),)


@pytest.mark.parametrize(
    ("text", "key", "mode"),
    [
        ("a minor", 9, "minor"),
        ("A minor", 9, "minor"),
        ("key of a", 9, None),
        ("key: a", 9, None),
        ("key of A", 9, None),
        ("c# major", 1, "major"),
        ("C♯ major", 1, "major"),
        ("Am", 9, "minor"),
        ("techno Em 120 bpm", 4, "minor"),
        ("F#m", 6, "minor"),
        ("f#m", 6, "minor"),
        ("amin", 9, "minor"),
        ("Dmaj", 2, "major"),
        ("Bb", 10, None),
        ("Bbm", 10, "minor"),
        ("b-flat minor", 10, "minor"),
        ("e flat", 3, None),
        ("C-sharp minor", 1, "minor"),
        ("a-minor", 9, "minor"),
        ("bb minor", 10, "minor"),
        ("techno, dm, 120 bpm", 2, "minor"),
        ("in c", 0, None),
        ("in e, 120 bpm", 4, None),
        ("in d minor", 2, "minor"),
        ("in g at 120 bpm", 7, None),
        ("techno, E, 120 bpm", 4, None),
        ("a sharp", 10, None),
        ("(a minor)", 9, "minor"),
        ("f dorian", 5, "dorian"),
        ("cmajor", 0, "major"),
        ("A harmonic minor", 9, "minor"),
        ("c# melodic minor, 90 bpm", 1, "minor"),
        ("in e natural minor", 4, "minor"),
        ("key=G", 7, None),
    ],
)
def test_clear_keys(text: str, key: int, mode: str | None) -> None:
    tags, unknown = parse(text)
    assert (tags.key, tags.mode) == (key, mode)
    assert unknown == ()


@pytest.mark.parametrize(
    "text",
    [
        "techno, e, 120 bpm",
        "vitamin C",
        "plan b",
        "i am dark",
        "fm bass",
        "FM",
        "AM radio",
        "ebm",
        "EBM",
        "Am I dreaming",
        "a sharp lead",
        "a flat bass",
        "in a forest",
        "a house",
        "e",
        "r & b",
        "R & B",
        "r and b",
        "a cappella",
        "A cappella choir",
        "d b",
        "c d e",
        "1 e and a",
        "A=440",
        "A harmonic",
    ],
)
def test_letters_that_are_no_clear_key(text: str) -> None:
    tags, unknown = parse(text)
    assert tags.key is None
    assert unknown or text == "a house"


@pytest.mark.parametrize(
    ("text", "bpm"),
    [
        ("90 bpm", 90),
        ("90bpm", 90),
        ("90 BPM", 90),
        ("bpm 90", 90),
        ("bpm: 90", 90),
        ("tempo of 90", 90),
        ("tempo 90.5", 90.5),
        ("90-bpm", 90),
        ("90 beats per minute", 90),
        ("128,5 bpm", 128.5),
        ("(90 bpm)", 90),
        ("bpm=90", 90),
        ("tempo = 90", 90),
        ("90 b.p.m.", 90),
        ("1990s", None),
        ("90s", None),
        ("90", None),
        ("at 120", None),
        ("120-130 bpm", None),
        ("900 bpm", None),
        ("303 bpm", None),
        ("90 min", None),
        ("60fps", None),
        ("90 major", None),
        ("v2.90 bpm", None),
    ],
)
def test_tempi(text: str, bpm: float | None) -> None:
    tags, unknown = parse(text)
    assert tags.bpm == bpm
    assert bool(unknown) == (bpm is None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hip-hop", Tags("hiphop")),
        ("lo-fi", Tags("hiphop")),
        ("drum & bass", Tags("dnb")),
        ("drum&bass", Tags("dnb")),
        ("d&b", Tags("dnb")),
        ("d n b", Tags("dnb")),
        ("Drum'n'Bass", Tags("dnb")),
        ("up-tempo", Tags(bpm=135.0)),
        ("synth-pop", Tags("synthwave")),
        ("80's", Tags("synthwave")),
        ("'80s", Tags("synthwave")),
        ("#acid", Tags("acid")),
        ("(acid:1.3)", Tags("acid")),
        ("{acid|house}", Tags("acid")),
        ("drums/bass", Tags(instruments={"drums": True, "bass": True})),
        ("no drums/bass", Tags(instruments={"drums": False, "bass": False})),
        ("w/o drums", Tags(instruments={"drums": False})),
        ("bass drum", Tags(instruments={"drums": True})),
        ("acid jazz", Tags()),
        ("dark wave", Tags()),
        ("new-beat", Tags()),
        ("future bass", Tags()),
        ("italo disco", Tags()),
        ("melodic minor", Tags(mode="minor")),
        ("techno w/ pads", Tags("techno", instruments={"chords": True})),
    ],
)
def test_words_that_are_known_however_they_are_joined(text: str, expected: Tags) -> None:
    assert parse(text)[0] == expected


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("r&b", "hip hop"),
        ("e-piano", "piano"),
        ("c64", "chiptune"),
        ("tecno", "techno"),
        ("ambeint", "ambient"),
        ("dark-ambient", "dark, ambient"),
        ("120", "120 bpm"),
        ("120-130bpm", "125 bpm"),
        ("e", "e minor"),
        ("g-funk", "hip hop"),
        ("synthwaves", "synthwave"),
        ("dark wave", "synthwave"),
        ("big beat", "jungle"),
        ("flugelhorn", None),
        ("qqq", None),
    ],
)
def test_the_nearest_word(word: str, near: str | None) -> None:
    assert nearest(word) == near


def test_every_near_word_is_known_and_what_it_stands_for_is_not() -> None:
    for known, words in NEAR.items():
        assert parse(known)[1] == ()
        for word in words.split("|"):
            assert word not in NEGATIONS
            assert parse(word)[1], word


def test_what_cannot_be_read_comes_with_advice() -> None:
    told = dict(unread("ambient techno, r&b with a flugelhorn, 900 bpm"))
    assert dict(unread("techno, e"))["e"].startswith('for a key say "e minor" or "key of e"')
    assert dict(unread("fm bass"))["fm"].startswith("leave it out")
    assert told["r&b"] == 'the nearest that it knows: "hip hop"'
    assert told["techno"].startswith("the first style")
    assert told["900 bpm"] == "say one tempo, of 40 to 240 bpm"
    assert told["flugelhorn"].startswith("leave it out")


def test_the_page_of_words_is_current() -> None:
    page = DOCS / "words.md"
    assert page.read_text(encoding="utf-8") == words_of("nano"), "demon-patch model info nano --words > docs/words.md"
    assert all(f"**{name}**" in words_of("nano") for name in INSTRUMENTS)


SPEAKING = ("prompt", "composed_source")
PATCHES = sorted(PATCHES.glob("*.dpatch.json"))


@pytest.mark.parametrize("path", PATCHES, ids=lambda path: path.name)
def test_no_example_patch_says_a_word_that_is_not_known(path: Path) -> None:
    patch = load(path)
    nodes = [node for _, node in nodes_of(patch) if node.type in SPEAKING]
    said = [node.values.get("text", node.values.get("style", "")) for node in nodes]
    assert said
    assert [words_unread(patch.meta.model, str(text)) for text in said] == [[] for _ in said]
