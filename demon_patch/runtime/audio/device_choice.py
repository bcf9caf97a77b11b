"""What a player asks of the sound device: which one, which of its outputs, and how short its buffers are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from demon_patch.errors import DeviceError

NO_DEVICE = "none"
"""The name that stands for no sound device: the performance runs on a clock of its own."""

SHORTEST, LONGEST = 8, 16_384  # frames of a buffer


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """Which sound device to play on. Raises DeviceError for outputs or a buffer that no device has.

    name: part of a device's name; None for the system's default device, or for none where there is no card;
        NO_DEVICE for none.
    outputs: the device's outputs that sound, counted from 1: the first channel of the song goes to the first of them.
        By default the first ones.
    buffer: frames of one buffer; 0 for the device's shortest safe one.
    required: an error, in place of a clock of its own, where no device can be opened at the start. It is always so for
        a device with a name.
    """

    name: str | None = None
    outputs: tuple[int, ...] = ()
    buffer: int = 0
    required: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "outputs", tuple(self.outputs))
        if any(output < 1 for output in self.outputs) or len(set(self.outputs)) < len(self.outputs):
            raise DeviceError(
                f"outputs {_listed(self.outputs)}", mend="name each output once, counted from 1, as in 3,4"
            )
        if self.buffer and not SHORTEST <= self.buffer <= LONGEST:
            raise DeviceError(
                f"a buffer of {self.buffer} frames", mend=f"choose {SHORTEST} to {LONGEST}, or 0 for the shortest safe"
            )

    def check(self, name: str, channels: int) -> None:
        """Raises DeviceError where a device, called `name`, has too few channels for the outputs."""
        if max(self.outputs, default=0) > channels:
            raise DeviceError(
                f"{name} has {channels} outputs, not {_listed(self.outputs)}",
                mend=f"choose from 1 to {channels} with --outputs",
            )


def outputs_of(text: str) -> tuple[int, ...]:
    """Returns the outputs that a text such as "3,4" names. Raises DeviceError for another text."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise DeviceError(f"outputs {text!r}", mend="name each output once, counted from 1, as in 3,4")
    return DeviceChoice(outputs=tuple(map(int, parts))).outputs


def _listed(outputs: Iterable[int]) -> str:
    return ",".join(map(str, outputs))
