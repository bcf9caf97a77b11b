"""What the music should sound like, in words."""

from __future__ import annotations

import re
from collections.abc import Hashable

from demon_patch.nodes.language.declare import refuse, resource
from demon_patch.nodes.language.ports import Out, text

LONGEST = 4000
KEY = re.compile(r"[A-G](#|b)? (major|minor|dorian|phrygian|lydian|mixolydian)", re.IGNORECASE)


@resource(
    "prompt",
    "Prompt",
    "Says in words what the music should sound like.",
    out=Out("prompt", "prompt", doc="The prompt, for a Scheduler."),
    category="conditioning",
    display="text",
    tags=("text", "style", "words", "genre", "description"),
)
def prompt(
    text: str = text("", doc="Style, instruments, mood, tempo, key; words the model cannot read are named."),
    key: str = text("", doc="As a minor; where the text names none. Empty: the clip's, or as the model likes."),
    lyrics: str = text("", part="lyrics", doc="What is sung, line by line, with marks such as [verse]."),
    language: str = text("", part="lyrics", doc="Of the lyrics, as a code such as en; empty where it is not known."),
) -> Hashable:
    """("prompt", text), and after it lyrics and language; spaces evened out; the empty text leaves the model free.

    A key is said after the text; models take the first one that is said.
    """
    named = " ".join(key.split())
    if named and not KEY.fullmatch(named):
        raise refuse(f"{named!r} is no key", "key", "write a note and major or minor, such as a minor or Bb major")
    words = ", ".join(part for part in (" ".join(text.split()), named) if part)
    lines = "\n".join(" ".join(line.split()) for line in lyrics.strip().splitlines())
    for port, given in (("text", words), ("lyrics", lines)):
        if len(given) > LONGEST:
            raise refuse(f"the text has {len(given)} characters", port, f"use at most {LONGEST}")
    code = language.strip().lower()
    if code and not (code.isascii() and code.isalpha() and len(code) <= 8):
        raise refuse("this is no code of a language", "language", "write a code such as en, de or zh")
    return ("prompt", words, lines, code) if lines else ("prompt", words)
