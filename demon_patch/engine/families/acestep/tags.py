"""What the family cannot read in a prompt: nothing, since its text encoder takes any text."""

from __future__ import annotations


def unread(text: str) -> list[tuple[str, str]]:
    """Returns the words of a prompt that the family cannot read, each with advice: none."""
    return []
