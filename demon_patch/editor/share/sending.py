"""Sends files to the host's asset store, piece by piece, so that a patch can name them on whatever machine it plays."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from demon_patch.editor.link.protocol import Link
from demon_patch.errors import PatchError
from demon_patch.patch.files import asset_names, atomic_file
from demon_patch.runtime.remote import limits
from demon_patch.runtime.remote.messages.base import Fault, Reply
from demon_patch.runtime.remote.messages.files import PIECE, Piece, Upload, Uploading

Named = Callable[[str], object]
"""Called with the name under which a patch names the file."""
Refused = Callable[[Fault], object]


def read(path: Path) -> tuple[bytes, str]:
    """Returns the bytes of a file and the end of its name, in small letters. Raises PatchError for what the store does
    not take."""
    suffix = path.suffix.lower()
    if suffix not in asset_names.SOUNDS | {asset_names.WEIGHTS}:
        raise PatchError(
            "this is no sound and no LoRA by its name", file=path,
            mend=f"give one of {', '.join(sorted(asset_names.SOUNDS))} or {asset_names.WEIGHTS}",
        )  # fmt: skip
    content = atomic_file.read(path, limits.UPLOAD)
    if not content or len(content) > limits.UPLOAD:
        what = "the file is empty" if not content else f"the file is larger than {limits.UPLOAD // 2**20} MiB"
        raise PatchError(what, file=path, mend="give another one")
    return content, suffix


class Sending:
    """One file on its way. The next piece is sent when the host has the one before.

    share: how much of it is there, 0 to 1.
    """

    def __init__(self, link: Link, content: bytes, suffix: str, named: Named, refused: Refused | None = None) -> None:
        self._link, self._content, self._named, self._refused = link, content, named, refused
        self._hash = sha256(content).hexdigest()
        self._sent = 0
        self.share = 0.0
        self.over = False
        link.ask(Upload(hash=self._hash, bytes=len(content), suffix=suffix), self._took, self._failed)

    def _took(self, reply: Reply) -> None:
        if self.over or not isinstance(reply, Uploading):
            return
        if reply.name:
            self.share, self.over = 1.0, True
            self._named(reply.name)
            return
        self.share = reply.received / max(1, len(self._content))
        piece = self._content[self._sent : self._sent + PIECE]
        if piece:
            self._sent += len(piece)
            self._link.ask(Piece(hash=self._hash, content=piece), self._took, self._failed)

    def _failed(self, fault: Fault) -> None:
        self.over = True
        if self._refused is not None:
            self._refused(fault)
