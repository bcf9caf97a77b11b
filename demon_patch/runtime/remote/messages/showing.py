"""What displays show of a node besides its signals: words of prompts, peaks of clips, curves."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from demon_patch.patch.model.graph import CableKey
from demon_patch.runtime.remote.messages.base import Fault, Id, Part, Reply, Request

Columns = Annotated[int, Meta(ge=1, le=8192)]


class Prompts(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the words of all prompts of the document, and of the styles of composed clips."""


class Wording(Part, frozen=True, kw_only=True, omit_defaults=True):
    """The words of a node. node: its id, inside a subpatch the path of ids. port: where they stand. text: the words.
    unread: those that the model does not read, each with the nearest word or other advice."""

    node: str
    port: str
    text: str
    unread: tuple[tuple[str, str], ...] = ()


class PromptList(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The words by node. How much of each prompt is in what is made: `prompts` of the beads of the telemetry `ring`."""

    prompts: tuple[Wording, ...] = ()


class Peaks(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the peaks of the clip that a source node brings.

    node: its id, inside a subpatch the path of ids. columns: how many peaks. known: the hash of the clip whose peaks
    the client has in so many columns; if it is the same clip, the reply has no peaks.
    """

    node: Id
    columns: Columns = 512
    known: Annotated[str, Meta(max_length=64)] = ""


class PeakList(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The peaks of a clip.

    hash: SHA-256 of its samples; equal clips have equal hashes. seconds: its length. bpm: its tempo, 0 where it has
    none. downbeat: its first bar line, in seconds. columns: how many peaks there are.
    peaks: float32, little-endian, the largest absolute sample of each column; empty where the client has them.
    """

    hash: str
    seconds: float
    columns: int
    bpm: float = 0.0
    downbeat: float = 0.0
    peaks: bytes = b""


class Curve(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for a curve over the song.

    node: the id of a curve node, inside a subpatch the path of ids. columns: how many numbers.
    """

    node: Id
    columns: Columns = 512


class CurveValues(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """A curve over the song. columns: how many numbers. values: float32, little-endian, in the curve's unit, at equally
    spaced frames of the song."""

    columns: int
    values: bytes


class Hurries(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks which controls of the document are moved faster than they can follow. The patch is run for 16 s to tell."""


class Hurry(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A control that is moved too fast. node, port: where. cables: those that move it. rate: how many times a second it
    is read now; 0 where that is not known. fault: how fast it moves, what it can follow, and what can follow it."""

    node: str
    port: str
    fault: Fault
    cables: tuple[CableKey, ...] = ()
    rate: float = 0.0


class HurryList(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The controls that are moved too fast. hurries: one for each."""

    hurries: tuple[Hurry, ...] = ()


class Models(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the models that can play a patch."""


class ModelFile(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A model. name: in patches. here: whether its weights are on the host's machine. bytes: of its weights. plays:
    whether it plays now. loras: the LoRAs that come with it."""

    name: str
    title: str
    here: bool
    bytes: int = 0
    plays: bool = False
    loras: tuple[str, ...] = field(default_factory=tuple)


class ModelList(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The models, the default first."""

    models: tuple[ModelFile, ...] = ()
