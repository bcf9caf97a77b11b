"""Facts about a patch as a whole: its tempo, and the title, author and other texts that a library shows."""

from __future__ import annotations

from demon_patch.errors import PatchError
from demon_patch.patch.model import json_values
from demon_patch.patch.model.record import Record

TAGS = 64


class Song(Record, frozen=True, omit_defaults=True):
    """The tempo and metre of the transport.

    bpm: beats a minute, above 0 and up to 1000; None takes the tempo of the source.
    beats_per_bar: 1 to 64.
    """

    bpm: float | None = None
    beats_per_bar: int = 4

    def __post_init__(self) -> None:
        json_values.integer(self.beats_per_bar, "beats_per_bar", 1, 64)
        bpm = None if self.bpm is None else json_values.number(self.bpm, "bpm", 1e-3, 1000)
        self._settle(bpm=bpm)


class Meta(Record, frozen=True, omit_defaults=True):
    """What a library shows: lines of at most 200 characters, a description of at most 20,000, at most 64 tags."""

    title: str = ""
    author: str = ""
    licence: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    model: str = ""

    def __post_init__(self) -> None:
        for line in ("title", "author", "licence", "model"):
            json_values.text(getattr(self, line), line)
        json_values.text(self.description, "description", 20_000)
        if not isinstance(self.tags, list | tuple) or len(self.tags) > TAGS:
            raise PatchError("tags is no list", mend=f"write a list of at most {TAGS} texts")
        self._settle(tags=tuple(json_values.text(tag, "a tag") for tag in self.tags))
