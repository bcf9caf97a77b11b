"""`Notes`, which a patch tells the music to play, and what a conditioner makes of them. Torch-free at run time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from torch import Tensor

    from demon_patch.engine.contracts import Source

PARTS = ("bass", "lead", "chords", "drums")
"""The parts of a score, in the order of the first axis of `Notes`."""
VOICES = 8
"""The voices of a part: how many of its notes can sound at once."""
LEVEL = 0.8
"""The velocity of a note, 0 to 1, since a voice has a pitch and a gate only."""


@dataclass(frozen=True, eq=False)
class Notes:
    """What each voice plays at each latent frame of a song. All tensors are float32 [parts, voices, T].

    pitch: MIDI note numbers, 0 to 127, of drums by the General MIDI map; between two of them the nearer one counts.
    sounding: 1 where a note sounds, else 0.
    starting: 1 where a note begins, else 0. It sounds there too, if it is no stroke.
    """

    pitch: Tensor
    sounding: Tensor
    starting: Tensor

    def check(self, frames: int) -> None:
        """Raises DemonError for tensors of another shape, a pitch out of 0 to 127, and other numbers than 0 and 1."""
        for name, tensor in (("pitches", self.pitch), ("gates", self.sounding), ("starts", self.starting)):
            if tensor.shape != (len(PARTS), VOICES, frames):
                raise DemonError(
                    f"{name} of shape {list(tensor.shape)} where the song has {frames} frames",
                    port="score",
                    mend=f"give float32 tensors of shape [{len(PARTS)}, {VOICES}, {frames}]",
                )
        if not bool(((self.pitch >= 0) & (self.pitch <= 127)).all()):
            raise DemonError("a pitch that is no MIDI note", port="score", mend="keep pitches in 0 to 127")
        for tensor in (self.sounding, self.starting):
            if not bool(((tensor == 0) | (tensor == 1)).all()):
                raise DemonError("a gate that is neither 0 nor 1", port="score", mend="give 1 where a note is")


@runtime_checkable
class ReadsScore(Protocol):
    """A conditioner whose context tells the denoiser the notes of the music. Its family says so in
    `FamilySpec.score`."""

    def score(self, notes: Notes) -> Tensor:
        """Returns the score [T, S] of notes, float32 from 0 to 1, as `Source.score` has it. Two scores are added by the
        larger number of each pair."""
        ...

    def told_hints(self, hints: Tensor, score: Tensor, adds: bool) -> Tensor:
        """Returns the structure hints [T, H] of a clip as they are with told notes in place of its own, or with `adds`
        beside them, so that they do not contradict the notes. score: of the told notes, [T, S]."""
        ...


def told(conditioner: object, clip: Source, notes: Notes, adds: bool) -> Source:
    """Returns a clip with the score of notes in place of its own, and hints that agree; with `adds`, with both.

    conditioner: a `ReadsScore`. Raises DemonError for notes that are none.
    """
    assert isinstance(conditioner, ReadsScore)
    if not isinstance(notes, Notes):
        raise DemonError(f"{notes!r} are no notes", port="score", mend="give engine.score.Notes")
    notes.check(clip.frames)
    score = conditioner.score(notes)
    both = score.maximum(clip.score) if adds and clip.score is not None else score
    return replace(clip, hints=conditioner.told_hints(clip.hints, score, adds), score=both, told=True)
