"""The page on what the family reads in a prompt."""

from __future__ import annotations

from collections.abc import Iterator


def page() -> Iterator[str]:
    """Gives the lines of a page, as Markdown."""
    yield "# Words of ACE-Step 1.5"
    yield ""
    yield "Any text is read, in many languages: styles, instruments, moods, eras, places. No word is refused."
    yield "Three things are also told to the model apart, and win over what is found in the clip:"
    yield ""
    yield "| says | as in |"
    yield "|---|---|"
    yield "| tempo | `124 bpm` (30 to 300) |"
    yield "| key | `A minor`, `F# major`, `Eb minor` |"
    yield "| metre | `3/4`, `4/4`, `6/8` |"
