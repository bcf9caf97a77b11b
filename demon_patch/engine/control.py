"""`Control`, a row of the table of controls, and the words that its fields use. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Shape = Literal["scalar", "integer", "switch", "gate", "choice", "curve", "surface", "prompt", "source", "score"]
Part = Literal["timbre", "lyrics", "score"]
Propagation = Literal["request", "step", "late step", "decode", "ring"]
Taper = Literal["linear", "log", "int", "family"]
Carrier = Literal["scheduler", "source_blend", "step_state", "decoder", "lora", "steer"]

FAMILY: Final = "the family's"
"""Stands in place of a default where each model family has its own, in `FamilySpec.defaults`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control of the engine: a row of the table.

    name: the name in files, messages and code.
    title, doc: the name and the sentence that a person reads.
    carrier: the engine node that has the control's port.
    shape: what the port takes, for example one number for all latent frames (`scalar`), one number per latent frame
        (`curve`, which also takes a single number), or the level of a gate, 0 or 1 (`gate`).
    propagation: the propagation class, which says how soon the control is heard.
    default: a number, an option's name, None for prompts and sources, or FAMILY.
    lo, hi: lowest and highest number, in the control's unit; 0 and 1 where they are not given.
    most: the highest number that a family's default may have, and a request; None means `hi`, where the knob ends.
    taper: how this range lies on a knob.
    unit: the unit of the number, for display.
    options: the names of the options of a choice.
    optional: whether the control has no effect, and costs no time, unless its port is wired or set.
    needs: the control without which this one has no effect. It is a prompt or clip that must be wired, a choice that
        must not be "off", or an optional control that must be wired or set.
    rest: the number at which the control does nothing; None means its default.
    part: the part that a family must have for this control (`FamilySpec.has`).
    stops: whether a patch that wires it is refused on a family without that part; else it plays without the control.
    slew: for a step control, the number of ticks that a change over the whole range takes; at 0 a change takes effect
        in one tick.
    of_source: whether the control acts on the clip that is covered, and has no effect where a song has none.
    becomes: the argument of `Session.request` that the player computes from this control. None means that the request
        takes the control itself.
    heard: whether a movement of the number is heard as that movement. This is False for a speed, for a permission, and
        for what sets how sound is decoded.
    measured: True if the control changes the sound itself, which `bench modulation` measures. False if it only changes
        when or how safely the sound arrives, which `bench latency` measures.
    """

    name: str
    title: str
    carrier: Carrier
    shape: Shape
    propagation: Propagation
    doc: str
    default: float | str | None = None
    lo: float = 0.0
    hi: float = 1.0
    taper: Taper = "linear"
    unit: str = ""
    options: tuple[str, ...] = ()
    optional: bool = False
    needs: str | None = None
    rest: float | None = None
    part: Part | None = None
    stops: bool = True
    slew: float = 0.0
    of_source: bool = False
    most: float | None = None
    becomes: str | None = None
    heard: bool = True
    measured: bool = True

    @property
    def top(self) -> float:
        """Returns the highest number that the engine takes."""
        return self.hi if self.most is None else self.most

    @property
    def per_frame(self) -> bool:
        """Returns whether the engine takes one number per latent frame (of a surface, one per channel too)."""
        return self.shape in ("curve", "surface")

    @property
    def numeric(self) -> bool:
        """Returns whether a cable with a signal can move the control."""
        return self.shape in ("scalar", "integer", "switch", "curve")

    @property
    def every_step(self) -> bool:
        """Returns whether every denoising step reads the control, not only the admission."""
        return self.propagation in ("step", "late step")

    @property
    def per_node(self) -> bool:
        """Returns whether a patch may have the control several times, each in a node of its own. Its step value then
        has one number for each such node, in the order of the chain, on its third axis."""
        return self.carrier in ("lora", "steer")

    @property
    def of_generations(self) -> bool:
        """Returns whether the control has an influence on generations, not only on decoding or on the ring."""
        return self.propagation not in ("decode", "ring")

    @property
    def at_rest(self) -> float:
        """Returns the number at which a numeric control does nothing: `rest`, else its default, else 0."""
        rest = self.default if self.rest is None else self.rest
        return float(rest) if isinstance(rest, float | int) else 0.0
