"""`Notice`: something that the player should know, in words and with the place that it is about. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.errors import DemonError


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the player should know.

    number: counts the notices of a performance from 1.
    text: the whole sentence.
    what: what is wrong, without place and mend; the text where nothing is wrong.
    node, port, file: where it is wrong, as far as it is known.
    mend: what the player can do about it.
    stage: what it belongs to: `edit`, `engine`, `sound`, or empty.
    """

    number: int
    text: str
    what: str = ""
    node: str = ""
    port: str = ""
    file: str = ""
    mend: str = ""
    stage: str = ""

    @classmethod
    def of(cls, number: int, text: str, about: Exception | None, stage: str) -> Notice:
        """Returns a notice with the place and the mend of an error, where that has them."""
        if not isinstance(about, DemonError):
            return cls(number, text, text, stage=stage)
        file = "" if about.file is None else str(about.file)
        return cls(number, text, about.what, about.node or "", about.port or "", file, about.mend, stage)
