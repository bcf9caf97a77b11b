"""What a file is that is dropped or opened, and what can be done with it. Files may be hostile; nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from demon_patch.errors import DemonError, PatchError
from demon_patch.nodes.editing import update
from demon_patch.patch.files import asset_names, atomic_file, embed, page_pack
from demon_patch.patch.files.format import SIZE
from demon_patch.patch.files.pack import SUFFIX, unpacked
from demon_patch.patch.model.document import Patch

FileKind = Literal["patch", "pack", "page", "take", "sound", "lora", "unknown"]
"""A patch file, a pack, an HTML page that carries a pack, a sound that carries a patch, a sound, a LoRA, or none of
these."""
Doing = Literal["open", "merge", "source", "clip", "lora"]
PATCH = ".dpatch.json"
_SAYS: Mapping[FileKind, str] = {
    "patch": "a patch", "pack": "a patch with its clips", "page": "a page with a patch",
    "take": "a sound with its patch", "sound": "a sound", "lora": "a LoRA",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A file.

    kind: what it is. patch: the patch in it, its nodes updated. files: the clips that come with the patch, by name.
    pack: the bytes of the pack, of a pack or page.
    fault: why nothing can be done with it; empty where something can.
    """

    path: Path
    kind: FileKind
    patch: Patch | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    pack: bytes = field(default=b"", repr=False)
    fault: str = ""

    @property
    def words(self) -> str:
        """What it is, in words: "take.wav is a sound with its patch, First Light"."""
        if self.fault:
            return self.fault
        title = f", {self.patch.meta.title}" if self.patch is not None and self.patch.meta.title else ""
        return f"{self.path.name} is {_SAYS[self.kind]}{title}"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be done with a file. title: as a line of a menu."""

    do: Doing
    title: str


def look_at(path: Path) -> Found:
    """Returns what a file is. A mistake is in `fault`; nothing is raised."""
    try:
        return _looked(path)
    except DemonError as error:
        return Found(path, "unknown", fault=str(error.located(file=path)))
    except (OSError, ValueError) as error:
        return Found(path, "unknown", fault=f"{path.name} cannot be read: {error}")


def _looked(path: Path) -> Found:
    name = path.name.lower()
    if name.endswith(SUFFIX) or page_pack.is_page(path):
        content = page_pack.read(path)
        patch, files = unpacked(content)
        return Found(path, "pack" if name.endswith(SUFFIX) else "page", update.updated(patch), files, content)
    if path.suffix.lower() == asset_names.WEIGHTS:
        return Found(path, "lora")
    if path.suffix.lower() in asset_names.SOUNDS:
        return _sound(path)
    if name.endswith(".json"):
        return Found(path, "patch", update.loads(atomic_file.read(path, SIZE), path))
    mend = f"give a patch (*{PATCH}, *{SUFFIX}), a page, a sound or a LoRA"
    if path.is_dir():
        raise PatchError("this is a folder", file=path, mend="drop the files in it")
    raise PatchError("this is none of the files that can be used here", file=path, mend=mend)


def _sound(path: Path) -> Found:
    with atomic_file.opened(path):
        pass  # it exists, and is an ordinary file
    try:
        carried = embed.carried(path)
        if carried.text:
            return Found(path, "take", update.loads(carried.text, path))
    except DemonError:
        pass  # a sound all the same: of another kind, or with a patch that cannot be read
    return Found(path, "sound")


def offers(found: Found) -> tuple[Offer, ...]:
    """Returns what can be done with a file, the usual thing first."""
    with_patch = (Offer("open", "Open it as the song"), Offer("merge", "Add its nodes to this song"))
    as_sound = (Offer("source", "Play over this sound"), Offer("clip", "Add it as a clip"))
    match found.kind:
        case "patch" | "pack" | "page":
            return with_patch
        case "take":
            return (*with_patch, *as_sound)
        case "sound":
            return as_sound
        case "lora":
            return (Offer("lora", "Add the LoRA to the chain"),)
    return ()
