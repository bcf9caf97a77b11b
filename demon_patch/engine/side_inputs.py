"""`SideInputs`: what a forward adds beside the model's weights, each row by its own amount."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class SideInputs:
    """What the rows of a forward add beside the weights. None adds nothing that was not set for all rows.

    lora_strength: float32 [R, n], the strength of each LoRA of `Executor.set_loras` for each row, 0 to 2. None: those
        that were set with the LoRAs. A row of zeros has the bits that it has without LoRAs.
    steering: float32 [R, blocks, hidden], added to the output of each block. A row of zeros has the bits that it has
        without steering.
    """

    lora_strength: Tensor | None = None
    steering: Tensor | None = None
