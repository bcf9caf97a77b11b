"""The transcriber: it hears the score hints (`nano.score`) of any sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber

FILE = "transcriber.safetensors"


def load_transcriber(folder: Path) -> Transcriber | None:
    """Returns the transcriber whose weights lie in `folder`, None where there are none.

    Raises WeightsError for unusable weights.
    """
    from demon_patch.engine.families.nano.transcriber.transcriber import Transcriber  # noqa: PLC0415 (it loads torch)
    from demon_patch.engine.families.nano.weights import load_into  # noqa: PLC0415

    path = folder / FILE
    return load_into(Transcriber(), path) if path.exists() else None
