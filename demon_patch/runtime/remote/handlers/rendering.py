"""Rendering a file beside the performance."""

from __future__ import annotations

from demon_patch.engine.families import DEFAULT_MODEL, NAMES
from demon_patch.errors import PatchError
from demon_patch.patch.files.format import dumps
from demon_patch.runtime.assets.overwrite import allow_sound
from demon_patch.runtime.remote.handlers import slow
from demon_patch.runtime.remote.messages.base import Done
from demon_patch.runtime.remote.messages.rendering import CancelRender, Render, Rendering
from demon_patch.runtime.remote.naming import sound_name
from demon_patch.runtime.remote.peer import Peer
from demon_patch.runtime.remote.renders import Job
from demon_patch.runtime.remote.served_host import ServedHost


@slow
def render(served: ServedHost, peer: Peer, message: Render) -> Rendering:
    """Begins a render."""
    host = served.host
    name = message.file or sound_name(served.saved.file, "render", message.format)
    path = served.within(name, written=True)
    allow_sound(path, mend="name a new file")
    if path.parent != path and not path.parent.is_dir():
        raise PatchError("there is no such folder", file=path.parent, mend="name a file in a folder that is there")
    model = host.performer.spec.name
    job = Job(
        patch=dumps(host.document.sounding),
        folder=str(host.folder),
        path=str(path),
        file=served.in_words(path),
        seconds=message.seconds,
        seed=message.seed,
        model=model if model in NAMES else DEFAULT_MODEL,
        client=peer.name,
    )
    served.renders.begin(job)
    return Rendering(file=job.file)


@slow
def cancel_render(served: ServedHost, peer: Peer, message: CancelRender) -> Done:
    """Ends the render."""
    served.renders.cancel()
    return Done()
