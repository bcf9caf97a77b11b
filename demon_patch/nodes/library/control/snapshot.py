"""A node by which a patch recalls its own snapshots."""

from __future__ import annotations

from demon_patch.nodes.language.declare import Declaration
from demon_patch.nodes.language.ports import Port

SNAPSHOT = "snapshot"
RECALL, PLACE, GLIDE = "recall", "place", "glide"

snapshot = Declaration(
    SNAPSHOT,
    "Snapshot",
    "Goes to a snapshot of the patch at each rise of a gate, at once or as a morph over some seconds.",
    "sink",
    "control",
    ("preset", "scene", "recall", "morph", "program", "trigger"),
    (
        Port(RECALL, "gate", None, 0.0, 1.0, title="Recall", doc="Each rise recalls; of several at once the last."),
        Port(
            PLACE, "value", 1.0, 1.0, 128.0, "int", "place", title="Place",
            doc="Which snapshot: 1 is the first by title, as with MIDI programs.",
        ),
        Port(
            GLIDE, "value", 0.0, 0.0, 60.0, unit="s", title="Glide",
            doc="Seconds of the way from what sounds now to the snapshot; 0 is there at once.",
        ),
    ),
    (),
    doc="Recalls are live values, as those of a MIDI program: they are no steps of undo, and a knob that is touched "
    "leaves the morph. The next tick of the engine takes them, in a rendering as live. No snapshot moves the ports of "
    "Snapshot nodes.",
    display="lamp",
)  # fmt: skip
