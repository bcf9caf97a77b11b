"""Converts commands to JSON and back, for clients in other processes and on other machines."""

from __future__ import annotations

import msgspec

from demon_patch.errors import PatchError
from demon_patch.patch.edit.commands import Command

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Command)


def encode(command: Command) -> bytes:
    """Returns the bytes of a JSON object with the command's name as `do` and its fields as further keys."""
    return _ENCODER.encode(command)


def decode(message: bytes | str) -> Command:
    """Returns the command from the text of a JSON object (`encode`); PatchError if it is no command."""
    try:
        return _DECODER.decode(message)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        what = " ".join(str(error).split())[:200]
        raise PatchError(f"the message is no command: {what}", mend="send one that the schema allows") from None
