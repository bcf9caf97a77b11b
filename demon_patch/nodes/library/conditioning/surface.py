"""Prompts as places: what is heard is a mix of those that lie near."""

from __future__ import annotations

from demon_patch.codegen.body import phrase
from demon_patch.codegen.frame import Frame, MixInput, Row
from demon_patch.codegen.vocabulary import pick
from demon_patch.nodes.language.mixes import mix
from demon_patch.nodes.language.ports import mix_input, value, values


@phrase
def apart(x: float, y: float, at_x: float, at_y: float, wired: float) -> float:
    """The square of the distance of a place to (x, y), at least a millionth; a billion without a prompt."""
    return (x - at_x) ** 2 + (y - at_y) ** 2 + 1e-6 if wired > 0 else 1e9


@mix(
    "prompt_surface", "Prompt Surface",
    "Lays up to eight descriptions of the music out as places, and mixes those that lie near a listener that you move.",
    out="prompt",
    doc="The mix, for a Scheduler or another mix.",
    category="conditioning", display="map",
    tags=("map", "morph", "pad", "blend", "text", "words", "vector", "xy"),
)  # fmt: skip
def prompt_surface(
    t: Frame,
    prompt_1: MixInput = mix_input(doc="The first place, left above by default."),
    prompt_2: MixInput = mix_input(doc="Right above."),
    prompt_3: MixInput = mix_input(doc="Left below."),
    prompt_4: MixInput = mix_input(doc="Right below."),
    prompt_5: MixInput = mix_input(doc="Above."), prompt_6: MixInput = mix_input(doc="Below."),
    prompt_7: MixInput = mix_input(doc="Left."), prompt_8: MixInput = mix_input(doc="Right."),
    x: float = value(0.5, 0, 1, doc="The listener, from left to right."),
    y: float = value(0.5, 0, 1, doc="The listener, from bottom to top."),
    focus: float = value(1.5, 0.5, 4, taper="log", doc="How much the nearest prompt stands out."),
    at_x: Row = values(8, (0.1, 0.9, 0.1, 0.9, 0.5, 0.5, 0.1, 0.9), 0, 1, doc="Prompt {n}, from left to right."),
    at_y: Row = values(8, (0.9, 0.9, 0.1, 0.1, 0.9, 0.1, 0.5, 0.5), 0, 1, doc="Prompt {n}, from bottom to top."),
):  # fmt: skip
    """Inverse distance weighting (Shepard 1968): each share is in proportion to distance ** (-2 * focus), so that a
    prompt under the listener is heard alone, and all equally from afar. The nearest has the weight 1."""
    d1 = apart(x, y, pick(at_x, 0), pick(at_y, 0), prompt_1.wired)
    d2 = apart(x, y, pick(at_x, 1), pick(at_y, 1), prompt_2.wired)
    d3 = apart(x, y, pick(at_x, 2), pick(at_y, 2), prompt_3.wired)
    d4 = apart(x, y, pick(at_x, 3), pick(at_y, 3), prompt_4.wired)
    d5 = apart(x, y, pick(at_x, 4), pick(at_y, 4), prompt_5.wired)
    d6 = apart(x, y, pick(at_x, 5), pick(at_y, 5), prompt_6.wired)
    d7 = apart(x, y, pick(at_x, 6), pick(at_y, 6), prompt_7.wired)
    d8 = apart(x, y, pick(at_x, 7), pick(at_y, 7), prompt_8.wired)
    low = min(d1, d2, d3, d4)
    high = min(d5, d6, d7, d8)
    d = min(low, high)
    return (
        (d / d1) ** focus, (d / d2) ** focus, (d / d3) ** focus, (d / d4) ** focus,
        (d / d5) ** focus, (d / d6) ** focus, (d / d7) ** focus, (d / d8) ** focus,
    )  # fmt: skip
