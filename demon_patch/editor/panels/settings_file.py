"""The editor's own settings, in the user's folder of settings: theme and scale."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from demon_patch.editor.look.theme import THEMES
from demon_patch.errors import PatchError
from demon_patch.nearest import did_you_mean
from demon_patch.patch.files import atomic_file

NAME = "editor.json"
LARGEST = 65536  # bytes
SCALES = (0.5, 4.0)


@dataclass(frozen=True, slots=True)
class EditorSettings:
    """theme: the name of the colours. scale: pixels of the display for one of ours; 0 asks the display."""

    theme: str = "dark"
    scale: float = 0.0


def settings_file() -> Path:
    """The file."""
    return user_config_path("demon-patch", appauthor=False) / NAME


def load(file: Path | None = None) -> tuple[EditorSettings, list[str]]:
    """Returns the settings, and a sentence for each thing that is wrong in their file; what is wrong does not count. No
    file is no mistake. file: the user's by default."""
    file = file or settings_file()
    if not file.exists():
        return EditorSettings(), []
    try:
        content = atomic_file.read(file, LARGEST)
        if len(content) > LARGEST:
            return EditorSettings(), [f"{file.name} is longer than {LARGEST} bytes"]
        return read(content.decode())
    except (PatchError, UnicodeError) as error:
        return EditorSettings(), [f"{file.name} cannot be read: {error}"]


def read(text: str) -> tuple[EditorSettings, list[str]]:
    """Returns the settings in a text, and what is wrong with it."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        return EditorSettings(), [f"{NAME} is no JSON: {error}"]
    if not isinstance(given, dict):
        return EditorSettings(), [f'{NAME} is no object: write {{"theme": "dark"}}']
    made, wrong = EditorSettings(), list[str]()
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name == "theme" and isinstance(value, str) and value in THEMES:
            fields["theme"] = value
        elif name == "scale" and _scale(value):
            fields["scale"] = float(value)
        elif name in ("theme", "scale"):
            wants = f"one of {', '.join(THEMES)}" if name == "theme" else "0, or 0.5 to 4"
            wrong.append(f"{name} in {NAME} is {value!r}: write {wants}")
        else:
            wrong.append(f"there is no setting {name!r}: {did_you_mean(name, ('theme', 'scale'), 'leave it out')}")
    return EditorSettings(**fields) if fields else made, wrong


def _scale(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value == 0 or SCALES[0] <= value <= SCALES[1]


def save(settings: EditorSettings, file: Path | None = None) -> None:
    """Writes the settings, whole or not at all. Raises PatchError where that cannot be."""
    file = file or settings_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PatchError(f"cannot be made: {error.strerror}", file=file.parent, mend="check the folder") from None
    made = {"theme": settings.theme, **({"scale": settings.scale} if settings.scale else {})}
    atomic_file.write(file, (json.dumps(made, indent=2) + "\n").encode())
