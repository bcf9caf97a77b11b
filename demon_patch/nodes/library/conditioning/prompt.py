"""What the music should sound like, in words."""

from __future__ import annotations

from collections.abc import Hashable

from demon_patch.nodes.language.declare import refuse, resource
from demon_patch.nodes.language.ports import Out, text

LONGEST = 4000


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
) -> Hashable:
    """("prompt", text), its spaces evened out; the empty text leaves the model free."""
    words = " ".join(text.split())
    if len(words) > LONGEST:
        raise refuse(f"the text has {len(words)} characters", "text", f"use at most {LONGEST}")
    return ("prompt", words)
