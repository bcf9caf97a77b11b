"""The patch of a new song: a chain that is ready to play."""

from __future__ import annotations

from demon_patch.nodes.catalogue import CATALOGUE
from demon_patch.patch.model.document import Cable, Node, Patch
from demon_patch.patch.model.meta import Meta

PLACES = {
    "source": ("composed_source", (0.0, 0.0)),
    "prompt": ("prompt", (0.0, 220.0)),
    "scheduler": ("scheduler", (320.0, 60.0)),
    "decoder": ("decoder", (640.0, 60.0)),
    "speaker": ("speaker", (900.0, 60.0)),
}
CABLES = (
    ("source", "source", "scheduler", "source"),
    ("prompt", "prompt", "scheduler", "prompt"),
    ("scheduler", "ring", "decoder", "ring"),
    ("decoder", "audio", "speaker", "audio"),
)


def new_song(title: str = "New song") -> Patch:
    """Returns a patch with a composed clip, a prompt, a scheduler, a decoder and a speaker, each at its defaults."""
    nodes = {id: Node(type, CATALOGUE[type].version, at=at) for id, (type, at) in PLACES.items()}
    return Patch(meta=Meta(title=title), nodes=nodes, cables=tuple(Cable(*ends) for ends in CABLES))
