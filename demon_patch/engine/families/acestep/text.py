"""The texts that ACE-Step 1.5 was trained on: a caption with its instruction and metas, and lyrics; torch-free.

What a prompt says of tempo, key and metre in its words is found here, so that the metas agree with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Task = Literal["text2music", "cover", "repaint"]

INSTRUCTIONS: dict[Task, str] = {
    "text2music": "Fill the audio semantic mask based on the given conditions:",
    "cover": "Generate audio semantic tokens based on the given conditions:",
    "repaint": "Repaint the mask area based on the given conditions:",
}
END = "<|endoftext|>"
INSTRUMENTAL = "[Instrumental]"
USUAL_SECONDS = 30

_TEMPO = re.compile(r"\b(\d{2,3}(?:\.\d+)?)\s*bpm\b", re.IGNORECASE)
_KEY = re.compile(r"\b([A-G])\s*(#|♯|b|♭|sharp|flat)?[\s-]*(major|minor|maj|min)\b", re.IGNORECASE)
_METRE = re.compile(r"\b([2346])/(?:4|8)\b")
_SIGNS = {"#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b"}


@dataclass(frozen=True, slots=True)
class Metas:
    """What a caption says beside its words; None stands for what is not known.

    bpm: beats per minute, 30 to 300. key: as in "C major". metre: beats of a bar, 2, 3, 4 or 6. seconds: the length.
    """

    bpm: float | None = None
    key: str | None = None
    metre: int | None = None
    seconds: int = USUAL_SECONDS


def metas_of(words: str, song: Metas) -> Metas:
    """Returns the metas of a prompt: what its own words say, and else those of the song."""
    tempo, key, metre = _TEMPO.search(words), _KEY.search(words), _METRE.search(words)
    bpm = float(tempo[1]) if tempo and 30 <= float(tempo[1]) <= 300 else song.bpm
    named = song.key
    if key:
        scale = "major" if key[3].lower().startswith("maj") else "minor"
        named = f"{key[1].upper()}{_SIGNS.get((key[2] or '').lower(), '')} {scale}"
    return Metas(bpm, named, int(metre[1]) if metre else song.metre, song.seconds)


def caption_text(words: str, metas: Metas, task: Task) -> str:
    """Returns the text from which the caption is encoded."""
    lines = (
        f"- bpm: {'N/A' if metas.bpm is None else round(metas.bpm)}",
        f"- timesignature: {metas.metre or 'N/A'}",
        f"- keyscale: {metas.key or 'N/A'}",
        f"- duration: {metas.seconds} seconds",
    )
    text = f"# Instruction\n{INSTRUCTIONS[task]}\n\n# Caption\n{words}\n\n# Metas\n"
    return text + "\n".join(lines) + f"\n{END}\n"


def lyric_text(lyrics: str, language: str) -> str:
    """Returns the text from which lyrics are encoded; without lyrics, that of an instrumental.

    language: such as "en", or "unknown".
    """
    return f"# Languages\n{language}\n\n# Lyric\n{lyrics or INSTRUMENTAL}{END}"
