"""Stretches of a song: which one to generate for a coming moment, and how a request is cut to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from demon_patch.engine.family import FamilySpec
from demon_patch.engine.limits import checked_option
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from demon_patch.engine.slots import Request

Stretch = tuple[int, int]
"""First song frame and number of frames."""

JOIN = 2
"""Frames beside a window that its joins take."""


def cut(whole: Tensor, start: int, frames: int, axis: int = 0) -> Tensor:
    """`frames` frames of a cyclic song from frame `start` along `axis`: a view, or a copy round the seam."""
    song = whole.shape[axis]
    start %= song
    if start + frames <= song:
        return whole.narrow(axis, start, frames)
    return whole.index_select(axis, torch.arange(start, start + frames, device=whole.device) % song)


def cut_values(value: Tensor, request: Request) -> Tensor:
    """Per-frame values [n, T of the song | 1, C] as the request takes them, [n, T of its stretch | 1, C].

    Values of another length belong to a song that has just changed: they are read by frame number, the last one held.
    """
    length = value.shape[1]
    if length == 1 or (length == request.song_frames == request.frames and request.start == 0):
        return value
    if length == request.song_frames:
        return cut(value, request.start, request.frames, axis=1)
    at = (torch.arange(request.frames, device=value.device) + request.start) % request.song_frames
    return value.index_select(1, at.clamp_(max=length - 1))


def focused(request: Request, start: int, frames: int, spec: FamilySpec) -> Request:
    """A whole song's request cut to `frames` frames from song frame `start`, round the seam if need be.

    A stretch as long as the song is the whole song. Raises DemonError for a stretch that is shorter than the family
    plays, or does not begin and end on its quantum.
    """
    song = request.frames
    if frames >= song:
        return request
    if frames < min(spec.min_frames, song) or frames % spec.quantum or start % spec.quantum:
        raise DemonError(
            f"a stretch of {frames} frames from frame {start}",
            port="focus",
            mend=f"{spec.title} takes {spec.min_frames} frames or more, from and in multiples of {spec.quantum}",
        )

    def part(whole: Tensor | None) -> Tensor | None:
        return None if whole is None else cut(whole, start, frames)

    return replace(
        request,
        context=cut(request.context, start, frames),
        source=part(request.source),
        initial_noise=part(request.initial_noise),
        mask=part(request.mask),
        target=part(request.target),
        start=start % song,
        song=song,
    )


def stretch(heard_at: int, choice: str, spec: FamilySpec, song_frames: int) -> Stretch | None:
    """The stretch to generate for a moment, so that its latent can be played from there on; None for the whole song.

    heard_at: the song frame, which may run on round the loop, from which the latent will be played. choice: an option
    of the control `focus`. The stretch begins just early enough for its border and the playing margin, so that it
    reaches as far ahead as it can.
    """
    checked_option("focus", choice)
    if choice == "song":
        return None
    seconds = float(choice.removesuffix(" s"))
    frames = max(round(seconds * spec.frame_rate / spec.quantum) * spec.quantum, spec.min_frames)
    if frames >= song_frames:
        return None
    start = (heard_at - before(spec)) // spec.quantum * spec.quantum
    return start % song_frames, frames


def before(spec: FamilySpec) -> int:
    """Frames from the beginning of a stretch to the first that a window may begin at: what the border has changed, and
    what is decoded beside a window."""
    return spec.border + spec.playing_margin + JOIN


def laid_into(whole: Tensor, part: Tensor, start: int, spec: FamilySpec) -> Tensor:
    """A new latent of the whole song: `part`, generated from song frame `start` on, without its borders, and where it
    does not reach `whole`, an older generation of the song [T, C]. A whole latent is returned as it is."""
    if len(part) >= len(whole):
        return part
    inner = part[spec.border : len(part) - spec.border]
    at = torch.arange(start + spec.border, start + len(part) - spec.border, device=whole.device) % len(whole)
    return whole.index_copy(0, at, inner)
