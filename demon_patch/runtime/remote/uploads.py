"""Takes files that clients send into the asset store: sounds, LoRAs and packs, checked before they get a name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import IO

from demon_patch.engine.sound import sound_file
from demon_patch.engine.tensor_file import TensorFile
from demon_patch.errors import DemonError, PatchError
from demon_patch.patch.files import asset_names
from demon_patch.patch.files.pack import SUFFIX as PACK
from demon_patch.runtime.assets import asset_store
from demon_patch.runtime.assets.assets import load_patch
from demon_patch.runtime.remote import limits

TAKEN = tuple(sorted((*asset_names.SOUNDS, asset_names.WEIGHTS, PACK)))
BLOCK = 2**20  # bytes read at a time


class Upload:
    """One file on its way: its content lies in a temporary folder until it is whole and is what it should be. Owned by
    one thread at a time.

    hash: the SHA-256 that it must have. size: the bytes that it must have. suffix: says what it is.
    received: the bytes that are there.
    """

    def __init__(self, hash: str, size: int, suffix: str) -> None:
        suffix = suffix.lower()
        if suffix not in TAKEN:
            raise PatchError(f"a file with the suffix {suffix!r} is not taken", mend=f"send one of {', '.join(TAKEN)}")
        if size > limits.UPLOAD:
            raise PatchError(f"the file has {size} bytes", mend=f"send at most {limits.UPLOAD // 2**20} MiB")
        self.hash, self.size, self.suffix, self.received = hash, size, suffix, 0
        self._sum = sha256()
        self._folder = tempfile.TemporaryDirectory(prefix="demon-patch-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name) / f"upload{suffix}"
        self._file: IO[bytes] = self._path.open("wb")

    def add(self, content: bytes) -> None:
        """Adds the next bytes. Raises PatchError for more than were announced, and where the disk is full."""
        if self.received + len(content) > self.size:
            raise PatchError("more bytes came than were announced", mend="begin the upload again")
        try:
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            raise PatchError(f"the upload cannot be kept: {error.strerror}", mend="make room on the disk") from None
        self._sum.update(content)
        self.received += len(content)

    @property
    def whole(self) -> bool:
        """Whether all bytes are there."""
        return self.received == self.size

    def store(self) -> str:
        """Checks the whole file and puts it into the asset store; returns the name by which a patch names it. Raises
        DemonError for another hash, and for a file that cannot be read as what its suffix says."""
        if self._sum.hexdigest() != self.hash:
            raise PatchError("the content has another SHA-256 than was announced", mend="send the file again")
        self._file.close()
        check(self._path)
        return asset_store.put_pieces(self._blocks(), self.hash, self.suffix)

    def close(self) -> None:
        """Forgets the content."""
        with suppress(OSError):
            self._file.close()
        self._folder.cleanup()

    def _blocks(self) -> Iterator[bytes]:
        with self._path.open("rb") as stream:
            while block := stream.read(BLOCK):
                yield block


def check(path: Path) -> None:
    """Raises DemonError unless a file is a sound, a safetensors file or a pack that this program reads."""
    try:
        if path.suffix == PACK:
            load_patch(path)
        elif path.suffix == asset_names.WEIGHTS:
            TensorFile(path)
        else:
            sound_file.read(path, 1.0)
    except DemonError as error:
        error.file = None
        raise error
    except (OSError, ValueError, MemoryError) as error:
        raise PatchError(f"it cannot be read: {error}", mend="send a whole file") from None
