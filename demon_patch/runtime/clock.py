"""The transport: time as control frames, never as a sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demon_patch.nodes.frame import Frame


@dataclass(frozen=True, slots=True)
class Transport:
    """Control frame k at `rate` frames a second is t = k / rate and beat k * bpm / (60 * rate).

    The beat is exact wherever it is a whole number and bpm is one. The song position wraps after `song_frames`.
    Raises ValueError for a rate, tempo, bar or song of nothing.
    """

    rate: float
    bpm: float = 120.0
    beats_per_bar: float = 4
    song_frames: int = 600

    def __post_init__(self) -> None:
        if not (self.rate > 0 and self.bpm > 0 and self.beats_per_bar > 0 and self.song_frames >= 1):
            raise ValueError(f"a transport needs rate, bpm, bar and song above 0: {self}")

    def frame(self, k: int) -> Frame:
        """Control frame k, which may lie before 0."""
        return self._at(k, k % self.song_frames)

    def frames(self, k0: int, n: int) -> Frame:
        """Control frames k0 to k0 + n - 1, with arrays [n] in the fields that change."""
        k = np.arange(k0, k0 + n)
        return self._at(k, k % self.song_frames)

    def _at(self, k: int | np.ndarray, frame: int | np.ndarray) -> Frame:
        rate = self.rate
        return Frame(
            k=k,
            s=k / rate,
            dt=1.0 / rate,
            beat=k * self.bpm / (60.0 * rate),
            dbeat=self.bpm / (60.0 * rate),
            song=frame / rate,
            length=self.song_frames / rate,
            beats_per_bar=float(self.beats_per_bar),
            frame=frame,
        )

    def song_frame(self, k: int) -> int:
        """The latent frame of the song at control frame k."""
        return k % self.song_frames

    def frame_of_beat(self, beat: float) -> float:
        """The control frame, with its fraction, at which a beat falls."""
        return beat * 60.0 * self.rate / self.bpm
