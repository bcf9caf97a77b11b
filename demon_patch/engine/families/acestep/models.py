"""The published checkpoints of ACE-Step 1.5 by name, and the defaults of the controls that each was trained for.

Torch-free. Sizes and repositories are those of the published files; they were not read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from demon_patch.engine.contracts import PLAIN

SHARED = "ACE-Step/Ace-Step1.5"
"""The repository that holds the turbo model, the codec (`vae`) and the text encoder (`Qwen3-Embedding-0.6B`)."""

TURBO = MappingProxyType({
    **PLAIN, "steps": 8, "shift": 3.0, "timesteps": "trained", "dcw": "double",
})  # fmt: skip
"""Defaults of a model whose guidance is distilled into the weights. Its schedules are those of the shifts 1, 2, 3."""

GUIDED = MappingProxyType({
    **PLAIN, "steps": 50, "shift": 1.0, "guidance_mode": "full", "guidance": 7.0,
})  # fmt: skip
"""Defaults of a model that needs guidance: published with 50 steps, beyond the knob of the control `steps`."""


@dataclass(frozen=True, slots=True)
class Model:
    """One published checkpoint.

    repository: on Hugging Face. folder: in the repository, "" for its root.
    xl: whether it is the wide denoiser, whose timbre encoder begins with a learned token.
    gigabytes: of its own file, at 16 bits a number.
    defaults: of the controls whose default a family names.
    """

    name: str
    title: str
    repository: str
    folder: str = ""
    xl: bool = False
    gigabytes: float = 4.79
    defaults: Mapping[str, float | str] = field(default_factory=lambda: TURBO)


def _turbo(shift: float) -> Mapping[str, float | str]:
    return MappingProxyType({**TURBO, "shift": shift})


_ALL = (
    Model("acestep-v15-turbo", "ACE-Step 1.5 turbo (2B)", SHARED, "acestep-v15-turbo"),
    Model("acestep-v15-base", "ACE-Step 1.5 base (2B)", "ACE-Step/acestep-v15-base", defaults=GUIDED),
    Model("acestep-v15-sft", "ACE-Step 1.5 SFT (2B)", "ACE-Step/acestep-v15-sft", defaults=GUIDED),
    Model(
        "acestep-v15-turbo-shift1", "ACE-Step 1.5 turbo, shift 1 (2B)", "ACE-Step/acestep-v15-turbo-shift1",
        defaults=_turbo(1.0),
    ),
    Model("acestep-v15-turbo-shift3", "ACE-Step 1.5 turbo, shift 3 (2B)", "ACE-Step/acestep-v15-turbo-shift3"),
    Model(
        "acestep-v15-turbo-continuous", "ACE-Step 1.5 turbo, continuous (2B)", "ACE-Step/acestep-v15-turbo-continuous",
        defaults=MappingProxyType({**TURBO, "timesteps": "continuous"}),
    ),
    Model("acestep-v15-xl-turbo", "ACE-Step 1.5 XL turbo", "ACE-Step/acestep-v15-xl-turbo", xl=True, gigabytes=9.98),
    Model(
        "acestep-v15-xl-base", "ACE-Step 1.5 XL base", "ACE-Step/acestep-v15-xl-base",
        xl=True, gigabytes=9.98, defaults=GUIDED,
    ),
    Model(
        "acestep-v15-xl-sft", "ACE-Step 1.5 XL SFT", "ACE-Step/acestep-v15-xl-sft",
        xl=True, gigabytes=9.98, defaults=GUIDED,
    ),
)  # fmt: skip

MODELS: Mapping[str, Model] = MappingProxyType({model.name: model for model in _ALL})
"""Every model of the family by name, the usual one first."""

NAMES: tuple[str, ...] = tuple(MODELS)
