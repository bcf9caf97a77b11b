"""The shared memory of a performance of one song, as the two processes map it: made for a test, and taken away."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from demon_patch.runtime.audio.feeder import Feeder
from demon_patch.runtime.audio.process import Settings
from demon_patch.runtime.audio.song_memory import SongMemory
from demon_patch.runtime.audio.songs import Songs
from demon_patch.runtime.audio.timeline_memory import TimelineMemory


class SharedSong:
    """timeline, song: the two files. songs: what the audio process reads."""

    def __init__(self, rate: int, channels: int, samples: int) -> None:
        self.timeline = TimelineMemory.create(rate, channels)
        self.song = SongMemory.create(rate, channels, samples)
        self.songs = Songs(self.timeline, self.song)

    @property
    def paths(self) -> tuple[Path, Path]:
        return self.timeline.path, self.song.path

    @property
    def gone(self) -> bool:
        """Whether both files are deleted."""
        return not any(path.exists() for path in self.paths)

    def feeder(self, rate: int, channels: int, start: int = 0, outputs: tuple[int, ...] = ()) -> Feeder:
        return Feeder(self.timeline, self.songs, rate, channels, start, outputs)

    def settings(self, name: str | None = "no such card", **more: Any) -> Settings:
        """Of an audio process that plays it, and waits for a device."""
        choice = {"name": name}
        return Settings(str(self.timeline.path), str(self.song.path), choice=choice, **{"patient": True, **more})

    def settings_text(self) -> str:
        return json.dumps(asdict(self.settings()))

    def remove(self) -> None:
        self.timeline.remove()
        self.songs.remove()
        self.song.remove()
