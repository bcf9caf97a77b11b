"""What the table of controls says of one control (`Control`), and the words that it uses. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Shape = Literal["scalar", "integer", "switch", "choice", "curve", "surface", "prompt", "source"]
Part = Literal["timbre"]
Propagation = Literal["request", "step", "late step", "weights", "decode", "ring"]
Taper = Literal["linear", "log", "int", "family"]
Carrier = Literal["scheduler", "source_blend", "step_state", "decoder", "lora"]

FAMILY: Final = "the family's"
"""In place of a default: each model family has its own in `FamilySpec.defaults`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control of the engine: a row of the table.

    name: as in files, messages and code.
    title, doc: as a person sees them.
    carrier: the engine node that has its port.
    shape: what its port takes: one number for all frames (`scalar`), or one per latent frame (`curve`, which takes a
        single number too), and so on.
    propagation: its propagation class, which says how soon it is heard.
    default: a number, an option's name, None for prompts and sources, or FAMILY.
    lo, hi, taper, unit: the range of a number (0 to 1 where it is not given), how a knob moves in it, and its unit.
    options: of a choice.
    optional: it has no effect, and costs nothing, unless its port is wired or set.
    needs: the control without which it has no effect: a prompt or clip that must be wired, a choice that must not be
        "off", or an optional control that must be wired or set.
    rest: the value at which it does nothing; None: its default.
    part: what a family must have for it (`FamilySpec.has`).
    slew: of a step control, the ticks in which a change over its whole range is made; 0: a change is made at once.
    becomes: the argument of `Session.request` that the player makes of it; None: the request takes it as it is.
    heard: whether a movement of its value is heard as that movement. It is not of a speed, of a permission, or of what
        sets how sound is decoded.
    measured: whether it changes the sound itself, which `bench modulation` measures, and not only when or how safely it
        comes, which `bench latency` measures.
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
    slew: float = 0.0
    becomes: str | None = None
    heard: bool = True
    measured: bool = True

    @property
    def per_frame(self) -> bool:
        """Whether the engine takes one value per latent frame."""
        return self.shape in ("curve", "surface")

    @property
    def numeric(self) -> bool:
        """Whether a value cable can move it."""
        return self.shape in ("scalar", "integer", "switch", "curve")

    @property
    def every_step(self) -> bool:
        """Whether every denoising step reads it, and not only the admission."""
        return self.propagation in ("step", "late step")

    @property
    def of_generations(self) -> bool:
        """Whether generations are made with it, and not only decoded or counted."""
        return self.propagation not in ("decode", "ring")

    @property
    def at_rest(self) -> float:
        """The number at which a numeric control does nothing."""
        rest = self.default if self.rest is None else self.rest
        return float(rest) if isinstance(rest, float | int) else 0.0
