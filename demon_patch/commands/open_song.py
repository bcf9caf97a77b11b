"""The command `demon-patch open`: has a running host play another song, a new one, or another model."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from demon_patch.console import Switch, examples, show, tell
from demon_patch.errors import DemonError

EXAMPLES = examples(
    "demon-patch open second.dpatch.json",
    "demon-patch open --new --connect 127.0.0.1:8765",
    "demon-patch open --model nano",
)


def open_song(
    file: Annotated[str | None, Parameter(show_default=False)] = None,
    *,
    new: Switch = False,
    model: Annotated[str | None, Parameter(show_default=False)] = None,
    discard: Switch = False,
    connect: str = "127.0.0.1:8765",
) -> None:
    """Has a running host play another song: it takes over from the one that plays, on the next bar.

    The song that plays goes on until then, and after any mistake. Edits that its file does not hold come back when that
    is opened again.

    Parameters:
        file: A patch file or pack, named as the host's folder has it.
        new: A new song in place of a file: clip, prompt, scheduler, decoder and speaker.
        model: The song that plays, on this model, in place of a file.
        discard: Lets go of edits that no file holds; they only stay a kept version.
        connect: The address of the host.
    """
    from demon_patch.runtime.remote.client import Client
    from demon_patch.runtime.remote.messages.base import Event
    from demon_patch.runtime.remote.messages.opening import Opening

    if (file is not None) + new + (model is not None) != 1:
        raise DemonError("it must be said what to play", mend="name a file, or give --new or --model")

    def hear(event: Event) -> None:
        if isinstance(event, Opening) and event.stage not in ("playing", "failed", "cancelled"):
            tell(f"{event.title}: {event.stage}" + (f", in {event.seconds:.1f} s" if event.seconds else ""))

    with Client(connect, name="command line", hear=hear) as client:
        kept = ""
        if model is not None:
            client.set_model(model)
        else:
            kept = client.new(discard=discard) if file is None else client.open(file, discard=discard)
        if kept:
            tell(kept, "yellow")
        show(f"{client.wait_for_opening().title} plays")
