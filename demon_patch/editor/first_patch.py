"""The patch that is shown while the host loads."""

from __future__ import annotations

from pathlib import Path

from demon_patch.errors import DemonError
from demon_patch.patch.model.document import Patch


def first_patch(file: Path | None) -> Patch | None:
    """Returns the patch of a file, or First Light; None where it cannot be read, which the host then says. What reads
    clips is loaded now, after the first frame."""
    from demon_patch import shipped
    from demon_patch.runtime.assets.assets import load_patch

    try:
        return load_patch(file or shipped.template(shipped.FIRST))
    except (DemonError, OSError):
        return None
