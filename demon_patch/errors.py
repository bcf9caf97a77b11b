"""The error class whose message the player sees, and the characters that may stand in a message.

An error says what is wrong, where, and how to mend it. Texts of patches, names of files and devices, and tags of sound
files may hold characters that move a terminal's cursor, turn the direction of a line, or are not seen. A patch that
holds such a character is refused when it is read (`patch.model.json_values.text`); in any other text that is shown,
Python's escape replaces it: `\\x1b`.
"""

from __future__ import annotations

import re
from copy import copy
from typing import Self, TypeVar

E = TypeVar("E", bound=BaseException)

_SEEN = "[\u0370-\u1fff\u2070-\ud7ff\ue000-\ufefe\uff00-\U000dffff]"  # beside which a joiner has a meaning
_HIDDEN = re.compile(
    "[\0-\x1f\x7f-\x9f"  # controls of ASCII and of ISO 8859
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, fillers, a mark of direction
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"  # without width, ends of lines, directions
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"  # halves of characters, and what is none
    # Joiners belong to Persian, Hindi and emoji, between two of their characters; elsewhere they only hide.
    f"|[\u200c\u200d](?!{_SEEN})|(?<!{_SEEN})[\u200c\u200d]"
)
_LINES = "\t\n"


def first_hidden_character(text: str, lines: bool = False) -> int | None:
    """Returns the index, from 0, of the first character that acts on a terminal or is not seen; None without one.

    lines: tab and newline count as seen.
    """
    return next((found.start() for found in _HIDDEN.finditer(text) if not (lines and found[0] in _LINES)), None)


def visible(text: str, lines: bool = False) -> str:
    """Returns the text with each hidden character replaced by its escape, such as `\\x1b`.

    lines: tab and newline stay.
    """
    return _HIDDEN.sub(lambda found: found[0] if lines and found[0] in _LINES else written(found[0]), text)


def written(character: str) -> str:
    """Returns the escape that Python writes for a character: `\\x1b`, `\\u202e`."""
    return character.encode("unicode_escape").decode("ascii")


class DemonError(Exception):
    """An error in what the user gave the program, shown as one line.

    what: what is wrong.
    file, node, port: where it is wrong, as far as it is known.
    mend: what the user can do about it.

    `str(error)` puts them together: "patch.json: node lfo1: port rate: ... (mend)", with hidden characters written out.
    """

    def __init__(
        self,
        what: str,
        *,
        file: object = None,
        node: str | None = None,
        port: str | None = None,
        mend: str = "",
    ) -> None:
        self.what, self.file, self.node, self.port, self.mend = what, file, node, port, mend
        super().__init__(what)

    def __str__(self) -> str:
        where = [str(self.file)] if self.file is not None else []
        where += [f"node {self.node}"] if self.node else []
        where += [f"port {self.port}"] if self.port else []
        return visible(": ".join([*where, self.what]) + (f" ({self.mend})" if self.mend else ""))

    def again(self) -> Self:
        """Returns an equal error, to be raised in place of this one where this one is kept: an error holds what was
        done where it was raised, all of it where it is raised again and again."""
        return copy(self).with_traceback(None)

    def located(self, *, file: object = None, node: str | None = None, port: str | None = None) -> DemonError:
        """Fills in the file, node and port that the error does not have yet, and returns the error itself."""
        self.file = self.file if self.file is not None else file
        self.node, self.port = self.node or node, self.port or port
        return self


def without_frames(error: E) -> E:
    """Returns an error itself, without the frames that it came through and without the errors behind it: who keeps it
    keeps nothing else."""
    error.__traceback__ = error.__context__ = error.__cause__ = None
    return error


class PatchError(DemonError):
    """A patch, or a command on a patch, cannot be read, checked or compiled."""


class SourceError(DemonError):
    """An audio file cannot be used as a source."""


class WeightsError(DemonError):
    """Model weights are missing or damaged."""


class DeviceError(DemonError):
    """A sound card or MIDI device is missing or refuses."""
