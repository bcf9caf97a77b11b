"""Where the weights of models lie that do not come with the package: one folder for each model, by its name.

The folder is the one that the environment variable DEMON_PATCH_MODELS names, else one in the user's data.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_data_path

if TYPE_CHECKING:
    from demon_patch.engine.session import Session

VARIABLE = "DEMON_PATCH_MODELS"


def model_folder() -> Path:
    """Returns the folder that holds the models; it need not exist."""
    named = os.environ.get(VARIABLE, "").strip()
    return Path(named).expanduser() if named else user_data_path("demon-patch", appauthor=False) / "models"


def use_model_folder(folder: Path) -> None:
    """Makes `folder` the folder that holds the models, here and in the processes that this one starts."""
    os.environ[VARIABLE] = str(folder.expanduser().resolve())


def session_loader(
    folder: Path | None,
    executor: str,
    threads: int | None,
    say: Callable[[object], object],
    live: bool = False,
    weights: Path | None = None,
    vram_limit: float | None = None,
) -> Callable[[str], Session]:
    """Returns what loads a model by its name, for an executor by its name, or `auto`.

    folder: that of the models; None for the usual one. threads, live: as in `Session.load`.
    weights: a folder of baked weights of the model that is loaded first; other models play their own.
    vram_limit: gigabytes of a GPU's memory that may be taken; None for all.
    say: told which executor `auto` took, and why.
    """
    from demon_patch.engine.executors import AUTO  # noqa: PLC0415
    from demon_patch.engine.session import Session  # noqa: PLC0415 (keeps the import torch-free)

    if folder is not None:
        use_model_folder(folder)

    loaded: list[str] = []

    def load(name: str) -> Session:
        loaded.append(name)
        if vram_limit is not None:
            from demon_patch.engine.executors.vram import limit_vram  # noqa: PLC0415
            from demon_patch.engine.families import weight_bytes  # noqa: PLC0415

            limit_vram(vram_limit, name, weight_bytes(name))
        own = weights if name == loaded[0] else None
        session = Session.load(name, executor=executor, threads=threads, live=live, weights=own)
        if executor == AUTO:
            say(session.choice)
        return session

    return load
