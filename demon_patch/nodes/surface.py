"""Surfaces: one movement for each group of latent channels."""

from __future__ import annotations

from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.declare import Declaration
from demon_patch.nodes.ports import Out, Port

GROUPS = 8
MOST_CHANNELS = 128

_ROW = CONTROLS["channel_gain"]


def _gain(name: str, title: str, doc: str) -> Port:
    return Port(name, "curve", 1.0, _ROW.lo, _ROW.hi, doc=doc, title=title)


channel_groups = Declaration(
    "channel_groups",
    "Channel Groups",
    "Turns families of the sound's inner colours up and down, like an equaliser inside the model.",
    "engine",
    "engine",
    ("surface", "channel", "gain", "colour", "equaliser", "timbre"),
    (
        *(
            _gain(f"group_{n}", f"Group {n}", f"Gain of the latent channels in eighth {n} of {GROUPS}.")
            for n in range(1, GROUPS + 1)
        ),
        Port(
            "channel", "value", 0.0, 0.0, float(MOST_CHANNELS), "int", title="Channel",
            doc="One channel with a gain of its own, counted from 1; 0 is none.",
        ),
        _gain("single", "Single gain", "Gain of that one channel, on top of its group's."),
    ),
    (Out("surface", "surface", doc="The gains, for a Step State."),),
)  # fmt: skip
