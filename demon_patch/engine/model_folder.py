"""Where the weights of models lie that do not come with the package: one folder for each model, by its name.

The folder is the one that the environment variable DEMON_PATCH_MODELS names, else one in the user's data.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

VARIABLE = "DEMON_PATCH_MODELS"


def model_folder() -> Path:
    """Returns the folder that holds the models; it need not exist."""
    named = os.environ.get(VARIABLE, "").strip()
    return Path(named).expanduser() if named else user_data_path("demon-patch", appauthor=False) / "models"


def use_model_folder(folder: Path) -> None:
    """Makes `folder` the folder that holds the models, here and in the processes that this one starts."""
    os.environ[VARIABLE] = str(folder.expanduser().resolve())
