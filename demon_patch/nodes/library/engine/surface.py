"""Surfaces: one movement for each group of latent channels."""

from __future__ import annotations

from typing import Any

from demon_patch.codegen.frame import Frame, MixInput
from demon_patch.codegen.vocabulary import clamp, exp
from demon_patch.engine.controls import CONTROLS
from demon_patch.nodes.language.mixes import GROUPS, MOST_CHANNELS, mix, surface
from demon_patch.nodes.language.ports import curve, mix_input, option, value

_ROW = CONTROLS["channel_gain"]


def _group(number: int) -> Any:
    return curve(1, _ROW.lo, _ROW.hi, doc=f"Gain of the latent channels in eighth {number} of {GROUPS}.")


@surface(
    "channel_groups",
    "Channel Groups",
    "Turns families of the sound's inner colours up and down, like an equaliser inside the model.",
    display="surface",
    tags=("surface", "channel", "gain", "colour", "equaliser", "timbre"),
    single=True,
)
def channel_groups(
    t: Frame,
    group_1: float = _group(1),
    group_2: float = _group(2),
    group_3: float = _group(3),
    group_4: float = _group(4),
    group_5: float = _group(5),
    group_6: float = _group(6),
    group_7: float = _group(7),
    group_8: float = _group(8),
    channel: float = value(
        0, 0, MOST_CHANNELS, taper="int", doc="One channel with a gain of its own, counted from 1; 0 is none."
    ),
    single: float = curve(1, _ROW.lo, _ROW.hi, doc="Gain of that one channel, on top of its group's."),
):
    """The gains as they are set."""
    return group_1, group_2, group_3, group_4, group_5, group_6, group_7, group_8, channel, single


@surface(
    "surface_tilt",
    "Surface Tilt",
    "Tips the sound's inner colours from its low groups to its high ones with one knob.",
    display="surface",
    tags=("surface", "channel", "gain", "colour", "balance", "timbre"),
)
def surface_tilt(
    t: Frame,
    tilt: float = curve(
        0, -1, 1, doc="Above 0 the high groups are louder and the low ones softer; below 0 the reverse."
    ),
    level: float = curve(1, 0, 1, doc="Gain of all groups together."),
):
    """Group g of 8 has level * 3 ** (tilt * (2 * (g - 1) / 7 - 1)): at an end from a third to three times."""
    step = 3 ** (tilt / 7)
    a = level * step
    b = level * step**3
    c = level * step**5
    d = level * step**7
    return level / step**7, level / step**5, level / step**3, level / step, a, b, c, min(d, 3)


@surface(
    "surface_bump",
    "Surface Bump",
    "Raises a hill among the sound's inner colours: a formant that can wander.",
    display="surface",
    tags=("surface", "channel", "gain", "formant", "peak", "resonance", "notch"),
)
def surface_bump(
    t: Frame,
    centre: float = curve(4.5, 0, GROUPS + 1, doc="The group at its top; between two groups it lies on both."),
    width: float = value(1, 0.25, GROUPS, unit="groups", taper="log", doc="From its top to 0.61 of its height."),
    gain: float = curve(2, _ROW.lo, _ROW.hi, doc="Gain at its top; below 1 it is a hollow."),
    rest: float = curve(1, _ROW.lo, _ROW.hi, doc="Gain far from it."),
):
    """Group g has rest + (gain - rest) * exp(-((g - centre) / width)^2 / 2)."""
    k = -0.5 / (width * width)
    h = gain - rest
    return (
        rest + h * exp(k * (1 - centre) * (1 - centre)),
        rest + h * exp(k * (2 - centre) * (2 - centre)),
        rest + h * exp(k * (3 - centre) * (3 - centre)),
        rest + h * exp(k * (4 - centre) * (4 - centre)),
        rest + h * exp(k * (5 - centre) * (5 - centre)),
        rest + h * exp(k * (6 - centre) * (6 - centre)),
        rest + h * exp(k * (7 - centre) * (7 - centre)),
        rest + h * exp(k * (8 - centre) * (8 - centre)),
    )


@mix(
    "surface_mix",
    "Surface Mix",
    "Fades from one surface to another, or lays one over the other.",
    out="surface",
    doc="Both together, for a Step State or another mix.",
    category="engine",
    display="shares",
    tags=("crossfade", "blend", "multiply", "channel", "colour"),
)
def surface_mix(
    t: Frame,
    a: MixInput = mix_input(doc="The first surface; where none is wired, all gains are 1."),
    b: MixInput = mix_input(doc="The second surface; where none is wired, all gains are 1."),
    amount: float = curve(0.5, 0, 1, doc="Crossfade: from the first to the second. Product: how much of the second."),
    law: str = option("crossfade", "crossfade", "product", doc="A weighted mean of the gains, or a * b ** amount."),
):
    """Crossfade: (1 - amount) * a + amount * b. Product: a * b ** amount, which adds their decibels."""
    return (1 if law == "product" else 1 - amount), clamp(amount, 0, 1)
