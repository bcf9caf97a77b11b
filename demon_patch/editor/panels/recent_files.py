"""The patches that were open lately, in the user's folder of states."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from platformdirs import user_state_path

from demon_patch.errors import PatchError
from demon_patch.patch.files import atomic_file

NAME, MOST, LARGEST, LONGEST = "recent.json", 12, 262_144, 4096


class RecentFiles:
    """The newest first, at most MOST. file: where they are kept; the user's by default.

    A file that cannot be read counts as empty, and one that cannot be written is left out: nothing depends on it.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or user_state_path("demon-patch", appauthor=False) / NAME
        self.paths: list[Path] = self._read()

    def _read(self) -> list[Path]:
        try:
            content = atomic_file.read(self._file, LARGEST)
            given = json.loads(content.decode()) if len(content) <= LARGEST else []
        except (PatchError, ValueError, RecursionError):
            return []
        if not isinstance(given, list):
            return []
        sound = [text for text in given if isinstance(text, str) and 0 < len(text) <= LONGEST and "\0" not in text]
        return [Path(text) for text in dict.fromkeys(sound) if Path(text).is_absolute()][:MOST]

    def add(self, path: Path) -> None:
        """Puts a patch on top, and keeps the list."""
        path = path.absolute()
        if self.paths[:1] == [path]:
            return
        self.paths = [path, *(other for other in self._read() if other != path)][:MOST]
        with suppress(PatchError, OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            atomic_file.write(self._file, (json.dumps([str(path) for path in self.paths], indent=2) + "\n").encode())
