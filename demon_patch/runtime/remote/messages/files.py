"""Files beside the patch, assets that are missing, and uploads."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from demon_patch.patch.files.sketch import SKETCH
from demon_patch.runtime.remote.messages.base import Fault, FileName, Part, Reply, Request

PIECE = 2**20  # the most bytes of one piece of an upload
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Folder(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the files of the patch's folder.

    folder: a folder within it; the folder itself by default.
    songs: asks for the folder of the songs that `open` takes, in place of the patch's.
    """

    folder: FileName = ""
    songs: bool = False


class Entry(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A file or folder. name: within the patch's folder, with slashes. seconds: how long ago it was changed."""

    name: str
    kind: Literal["folder", "patch", "pack", "sound", "lora", "other"]
    bytes: int = 0
    seconds: float = 0.0


class Listing(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The files of a folder. entries: sorted by name. more: how many were left out."""

    entries: tuple[Entry, ...] = ()
    more: int = 0


class About(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks what a patch, a pack or a sound file is, for a browser of files. file: within the patch's folder."""

    file: FileName


class FileFacts(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """What a file is.

    title, author, licence, tags, description, model, bpm: of the patch in it. types: how many nodes of each type it
        has. patch: whether there is a patch in it; `demon-patch extract` takes it out of a sound file.
    seconds, rate, channels: of a sound file.
    """

    patch: bool
    title: str = ""
    author: str = ""
    licence: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    model: str = ""
    bpm: float = 0.0
    types: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    rate: int = 0
    channels: int = 0


class Sketch(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for a sketch of the patch in a patch, a pack or a sound file, for a small picture of it. A patch that is too
    large for one is refused. file: within the patch's folder.
    """

    file: FileName


class Sketched(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """A sketch of a patch.

    patch: the text of a patch file (docs/format.md) with its nodes, cables, song and what it says of itself. Texts are
        cut, drawn points left out, and so is all that lies beside the nodes.
    """

    patch: Annotated[str, Meta(max_length=SKETCH)]


class Resolve(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the files that the patch names, and which of them are missing."""


class Asset(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A file that the patch names.

    name: in the patch. node, port: one that names it. hash: its SHA-256 where the name is one, or the file is there.
    bytes: its size. fault: why it cannot be used, and the mend; None where it can.
    """

    name: str
    node: str
    port: str
    hash: str = ""
    bytes: int = 0
    fault: Fault | None = None


class Assets(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The files that the patch names. assets: sorted by name."""

    assets: tuple[Asset, ...] = ()


class Upload(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Begins to send a sound file, a LoRA (safetensors) or a pack into the asset store; `piece` sends its content.

    hash: the SHA-256 of its content. bytes: its size. suffix: .wav, .flac, .mp3, .ogg, .safetensors or .dpatch.
    """

    hash: Hash
    bytes: Annotated[int, Meta(ge=1, le=2**40)]
    suffix: Annotated[str, Meta(max_length=16)]


class Uploading(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """How far an upload is.

    received: its bytes so far. name: how a patch names the file, once the whole is there and is what it should be; at
        once where the store has it already.
    """

    received: int = 0
    name: str = ""


class Piece(Request, frozen=True, kw_only=True, omit_defaults=True):
    """The next bytes of an upload. hash: that of the upload. content: at most 1 MiB."""

    hash: Hash
    content: Annotated[bytes, Meta(max_length=PIECE)]


class Abandon(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Ends an upload without the rest. hash: that of the upload."""

    hash: Hash
