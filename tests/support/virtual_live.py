"""A loudspeaker made of arithmetic, and a live performance whose time passes as a test says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from demon_patch.arrays import Samples
from demon_patch.engine.session import Session
from demon_patch.patch.model.document import Patch
from demon_patch.runtime.audio.lay_window import Seam, lay
from demon_patch.runtime.audio.reader import SongReader
from demon_patch.runtime.graph.route import Route
from demon_patch.runtime.live.tick_loop import TickLoop
from demon_patch.runtime.performance.prepare import perform
from tests.support.toy_family import SPEC, toy_family
from tests.support.virtual_stage import QUIET

DECODE_SECONDS = 0.012


class VirtualSpeaker:
    """Hears the song as the audio process would, sample by sample, when time is let pass. ahead: samples that it reads
    before they are heard."""

    def __init__(self, samples: int, ahead: int = 0) -> None:
        self.song = np.zeros((samples, SPEC.channels), np.float32)
        self.heard: list[Samples] = []
        self.time = 0.0
        self.at = 0
        self.ahead = ahead
        self.playing = False
        self.ceilings: list[tuple[int, float]] = []
        self._reader = SongReader(self.song, Route.of_song(samples), 4)

    def pass_time(self, seconds: float) -> None:
        """Lets time pass; what is read then is heard."""
        self.time += seconds
        until = round(self.time * SPEC.sample_rate) if self.playing else None
        if until is not None and until > self.at + self._origin:
            n = until - self._origin - self.at
            self.heard.append(self._reader.read(self.at, n))
            self.at += n

    def seconds(self) -> float:
        return self.time

    def playhead(self) -> float:
        return max(self.at - self.ahead, 0)

    @property
    def frontier(self) -> int:
        return self.at

    def lay(
        self, position: int, block: Samples, half: int, lo: int = 0, hi: int | None = None, ceiling: float = 0.0
    ) -> Seam:
        self.ceilings.append((position, ceiling))
        return lay(self.song, position, block, half, lo, hi)

    def set_route(self, route: Route) -> None:
        self._reader.follow(route)

    def set_playing(self, on: bool) -> None:
        self.playing = on
        self._origin = round(self.time * SPEC.sample_rate) - self.at

    def poll(self) -> list[dict[str, Any]]:
        return []


class VirtualLive(TickLoop):
    """A live performance of a patch on the toy family in which a row of a forward takes `row` seconds."""

    def __init__(self, document: Patch, row: float, ahead: int = 0) -> None:
        performer = perform(document, Session(toy_family()))
        self.row = row
        self.speaker: VirtualSpeaker
        speaker = VirtualSpeaker(performer.source.frames * SPEC.samples_per_frame, ahead)
        super().__init__(performer, speaker, speaker.seconds)

    def serve(self) -> None:
        self.speaker.pass_time(self.row)
        super().serve()

    def _lay(self, sound: Samples, start: int) -> None:
        self.speaker.pass_time(DECODE_SECONDS)
        super()._lay(sound, start)

    def until(self, frame: int) -> None:
        """Plays until a transport frame is at the loudspeaker."""
        while self.now < frame:
            self.step()

    def latents(self) -> NDArray[np.float32]:
        """The latent that was heard in every transport frame."""
        sound = np.concatenate(self.speaker.heard)
        whole = len(sound) // SPEC.samples_per_frame * SPEC.samples_per_frame
        return self.performer.session.encode(sound[:whole]).numpy() * np.float32(10 ** (-QUIET / 20))
