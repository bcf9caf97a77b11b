"""Gets the files of a model from a repository on Hugging Face, or a mirror of it: resumed, checked, room first.

Torch-free. Of a repository only tensors, configuration and tokenizer are taken: no program text. No token is sent.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from demon_patch.errors import DemonError, WeightsError

KINDS = ("*.json", "*.safetensors", "silence_latent.pt")
"""The names of files that are taken."""

SPARE = 2**30
"""Bytes that a download leaves free on the disk."""

_PIECE = 2**22
_MEND_LIBRARY = 'pip install "demon-patch[acestep]"'


@dataclass(frozen=True, slots=True)
class Download:
    """What a model takes of one repository.

    repository: as in owner/name. folders: those whose files are taken, "" for the root.
    into: the folder for them, below that of all models; "" for that one itself.
    """

    repository: str
    folders: tuple[str, ...]
    into: str = ""


@dataclass(frozen=True, slots=True)
class Remote:
    """A file of a repository.

    name: its path there. size: in bytes. sha256: None for a small file, whose repository does not tell it.
    """

    repository: str
    revision: str
    name: str
    size: int
    sha256: str | None
    path: Path

    @property
    def here(self) -> bool:
        """Returns whether a file of this size is there already."""
        return self.path.is_file() and self.path.stat().st_size == self.size


def _hub() -> Any:
    try:
        return import_module("huggingface_hub")
    except ImportError as error:
        raise DemonError("getting a model needs the library huggingface_hub", mend=_MEND_LIBRARY) from error


def listed(downloads: Sequence[Download], models: Path, endpoint: str | None = None) -> list[Remote]:
    """Returns the files that a model takes. Raises DemonError where a repository cannot be reached or lacks a folder.

    endpoint: the address of a mirror; by default the usual one, or that of the environment variable HF_ENDPOINT.
    """
    api = _hub().HfApi(endpoint=endpoint, token=False)
    found: list[Remote] = []
    for each in downloads:
        try:
            info = api.model_info(each.repository, files_metadata=True)
        except Exception as error:  # of many libraries
            raise _unreachable(each.repository, error) from error
        for folder in each.folders:
            files = [file for file in info.siblings or () if _taken(file.rfilename, folder)]
            if not files:
                what = f"{each.repository} has no files of the model in {folder or 'its root'}"
                raise WeightsError(what, mend="name another mirror with --endpoint, or get the files by hand")
            for file in files:
                path = models / each.into / file.rfilename
                sha256 = None if file.lfs is None else file.lfs.sha256
                found.append(Remote(each.repository, info.sha, file.rfilename, int(file.size or 0), sha256, path))
    return found


def _taken(name: str, folder: str) -> bool:
    """Returns whether a file of a repository lies in a folder, not below it, and is of a kind that is taken."""
    path = PurePosixPath(name)
    inside = str(path.parent) == (folder or ".") and ".." not in path.parts and "\\" not in name
    return inside and any(fnmatchcase(path.name, kind) for kind in KINDS)


def check_room(files: Sequence[Remote], models: Path) -> int:
    """Returns the bytes that are still to be got. Raises DemonError, with numbers, where the disk has no room."""
    wanted = sum(file.size for file in files if not file.here)
    folder = models
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if wanted and wanted + SPARE > free:
        what = f"the model needs {wanted / 1e9:.2f} GB of disk, and {free / 1e9:.2f} GB are free"
        raise DemonError(what, file=folder, mend="free some room, or name another folder with --model-dir")
    return wanted


def get(
    files: Sequence[Remote], endpoint: str | None = None, say: Callable[[str], object] = lambda line: None
) -> Iterator[Remote]:
    """Gets files one after another and gives each when it is whole; a download that broke off goes on where it was.

    say: takes a line on each file. Raises WeightsError for a file that cannot be got or whose checksum is wrong; such a
    file is removed.
    """
    hub = _hub()
    for at, file in enumerate(files, 1):
        told = f"{at} of {len(files)}: {file.name}, {file.size / 1e6:.1f} MB"
        if file.here:
            say(f"{told}: is there already")
        else:
            say(told)
            home = file.path
            for _ in PurePosixPath(file.name).parts:
                home = home.parent
            try:
                hub.hf_hub_download(
                    file.repository, file.name, revision=file.revision, local_dir=home, endpoint=endpoint, token=False
                )
            except Exception as error:  # of many libraries
                raise _unreachable(file.repository, error) from error
        _check(file)
        yield file


def _check(file: Remote) -> None:
    size = file.path.stat().st_size if file.path.is_file() else 0
    if size == file.size and (file.sha256 is None or _sha256(file.path) == file.sha256):
        return
    file.path.unlink(missing_ok=True)
    what = f"it has {size} of {file.size} bytes" if size != file.size else "its checksum is wrong"
    raise WeightsError(f"{what}; it was removed", file=file.path, mend="get the model again: what is whole is kept")


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            total.update(piece)
    return total.hexdigest()


def _unreachable(repository: str, error: Exception) -> DemonError:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return DemonError(
        f"{repository} cannot be reached: {why}",
        mend="look at the network, name a mirror with --endpoint, or call it again: it goes on where it was",
    )
