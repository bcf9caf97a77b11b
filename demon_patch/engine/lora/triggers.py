"""Reads the words with which a LoRA was trained, which bring it out in a prompt, from the file's metadata."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

_NAMES = ("modelspec.trigger_phrase", "trigger_phrase", "trigger_words", "trigger_word", "instance_prompt", "trigger")
_COUNTS = "ss_tag_frequency"
_FIRST = 5  # of counted words
_LONGEST = 80  # characters of one


def trigger_words(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the trigger words that a file's metadata state, at most five, each once. Kohya's trainer counts the words
    of its captions instead: then those that stand in every caption are taken."""
    found = [word for name in _NAMES if name in metadata for word in _split(metadata[name])]
    found = found or list(_counted(metadata.get(_COUNTS, "")))
    return tuple(dict.fromkeys(word for word in found if word and len(word) <= _LONGEST and word.isprintable()))[
        :_FIRST
    ]


def _split(text: str) -> Iterator[str]:
    """Yields the words of a list in JSON, or of a text with commas."""
    given = _json(text)
    parts = given if isinstance(given, list) else text.split(",")
    yield from (str(part).strip() for part in parts)


def _counted(text: str) -> Iterator[str]:
    """Yields the words with the greatest count, by folder of the training: {folder: {words: count}}."""
    folders = _json(text)
    for counts in folders.values() if isinstance(folders, dict) else ():
        if isinstance(counts, dict):
            numbers = {str(word).strip(): count for word, count in counts.items() if isinstance(count, int)}
            yield from (word for word, count in numbers.items() if count == max(numbers.values()))


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
