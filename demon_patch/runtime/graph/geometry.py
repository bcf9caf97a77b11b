"""What the compiler needs to know of the model family and the song."""

from __future__ import annotations

from dataclasses import dataclass

from demon_patch.engine.contracts import FamilySpec


@dataclass(frozen=True, slots=True)
class Geometry:
    """What the compiler needs to know of the model family and the song."""

    frame_rate: float
    """Control frames a second."""
    song_frames: int = 600
    """Latent frames of the song, until its source is known."""
    family: FamilySpec | None = None
    """The family that plays the patch. None: the patch is checked for the family that it names, or the first."""
    bpm: float | None = None
    """The tempo, in beats a minute, of a patch that has none of its own."""

    @classmethod
    def of_family(cls, spec: FamilySpec, song_frames: int | None = None, bpm: float | None = None) -> Geometry:
        """Returns the geometry of a family. song_frames: latent frames of the song; by default those of the family's
        shortest song."""
        return cls(spec.frame_rate, song_frames or spec.min_frames, spec, bpm)
