"""Rendering a file beside the performance."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from demon_patch.runtime.remote.messages.base import Event, Fault, FileName, Reply, Request


class Render(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Renders what sounds now into a file, from the beginning of the song, while the performance goes on. A process of
    its own does it at the lowest priority; `render_progress` tells how far it is. The file carries the patch. Recorder
    nodes write nothing meanwhile. One render runs at a time.

    seconds: how much. file: the name within the folder of the performance; one with date and time by default. Only an
    earlier render is written over. format: of a file that has no name yet. seed: takes the place of the Scheduler's.
    """

    seconds: Annotated[float, Meta(gt=0, le=3600)]
    file: FileName = ""
    format: Literal["wav", "flac"] = "wav"
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None


class Rendering(Reply, frozen=True, kw_only=True, omit_defaults=True):
    """The render has begun. file: its name within the folder of the performance."""

    file: str


class CancelRender(Request, frozen=True, kw_only=True, omit_defaults=True):
    """Ends the render, which leaves no file; does nothing where none runs."""


class RenderProgress(Event, frozen=True, kw_only=True, omit_defaults=True):
    """How far a render is.

    file: its name within the folder of the performance. seconds: of sound that are made. whole: seconds that it will
        have.
    state: `runs`, `done` (the file is there), `cancelled` or `failed`.
    fault: why it failed. client: who asked for it.
    """

    file: str
    seconds: float
    whole: float
    state: Literal["runs", "done", "cancelled", "failed"] = "runs"
    fault: Fault | None = None
    client: str = ""
