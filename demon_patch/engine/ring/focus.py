"""Stretches of a song: which one to generate for a coming moment, and how a request is cut to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from demon_patch.engine.check_controls import checked_option
from demon_patch.engine.contracts import FamilySpec
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from demon_patch.engine.ring.request import Request
    from demon_patch.engine.ring.slot import Slot

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
    """Per-frame values [n, T of the song | 1, C] cut to a request's stretch, [n, T of the stretch | 1, C].

    Values of another length belong to a song that has just been replaced: they are read by frame number, and the last
    one is repeated.
    """
    length = value.shape[1]
    if length == 1 or (length == request.song_frames == request.frames and request.start == 0):
        return value
    if length == request.song_frames:
        return cut(value, request.start, request.frames, axis=1)
    at = (torch.arange(request.frames, device=value.device) + request.start) % request.song_frames
    return value.index_select(1, at.clamp_(max=length - 1))


def focused(request: Request, start: int, frames: int, spec: FamilySpec) -> Request:
    """A request cut to `frames` frames from song frame `start`, across the seam if need be.

    request: of the whole song, or of a stretch that contains these frames. A stretch as long as the request's own is
    returned as it is. Raises DemonError for a stretch that is shorter than the family plays, that does not begin and
    end on its quantum, or that is not within the request's own.
    """
    song = request.song_frames
    if frames >= request.frames:
        return request
    first = (start - request.start) % song
    inside = request.frames == song or first + frames <= request.frames
    if frames < min(spec.min_frames, song) or frames % spec.quantum or start % spec.quantum or not inside:
        raise DemonError(
            f"a stretch of {frames} frames from frame {start}",
            port="focus",
            mend=f"{spec.title} takes {spec.min_frames} frames or more, from and in multiples of {spec.quantum}",
        )

    def part(whole: Tensor | None) -> Tensor | None:
        return None if whole is None else cut(whole, first, frames)

    return replace(
        request,
        context=cut(request.context, first, frames),
        source=part(request.source),
        controls=request.controls.with_curves(lambda curve: cut(curve, first, frames)),
        target=part(request.target),
        start=start % song,
        song=song,
    )


def stretch(heard_at: int, choice: str, spec: FamilySpec, song_frames: int) -> Stretch | None:
    """The stretch to generate so that its latent can be played from a moment on; None for the whole song.

    heard_at: the song frame from which the latent will be played; it may run on beyond the end of the loop.
    choice: an option of the control `focus`. `auto` is chosen by the player and is the whole song here.

    The stretch begins just early enough for its border and the playing margin, so that it reaches far ahead.
    """
    checked_option("focus", choice)
    if choice in ("auto", "song"):
        return None
    seconds = float(choice.removesuffix(" s"))
    frames = max(round(seconds * spec.frame_rate / spec.quantum) * spec.quantum, spec.min_frames)
    return from_there(heard_at, frames, spec, song_frames)


def from_there(heard_at: int, frames: int, spec: FamilySpec, song_frames: int) -> Stretch | None:
    """The stretch of `frames` frames that can be played from song frame `heard_at` on; None for the whole song."""
    if frames >= song_frames:
        return None
    start = (heard_at - before(spec)) // spec.quantum * spec.quantum
    return start % song_frames, frames


def narrow(slot: Slot, start: int, frames: int, spec: FamilySpec, x: Tensor) -> None:
    """Lets a generation in flight go on with fewer frames: `frames` frames from song frame `start`, or from the nearest
    frame that its own stretch allows. x: [frames, C], receives its latent."""
    own, song = slot.request, slot.request.song_frames
    first = (start - own.start) % song
    if own.frames < song and first > own.frames - frames:
        first = own.frames - frames if first < (own.frames + song) // 2 else 0
    slot.request = focused(own, own.start + first, frames, spec)
    slot.x = x.copy_(cut(slot.x, first, frames))
    for name in ("clean", "momentum", "first_negative"):
        whole = getattr(slot, name)
        if whole is not None:
            setattr(slot, name, cut(whole, first, frames).clone())


def before(spec: FamilySpec) -> int:
    """Frames from the beginning of a stretch to the first frame that a window may begin at: the border, and what is
    decoded beside a window."""
    return spec.border + spec.playing_margin + JOIN


def laid_into(whole: Tensor, part: Tensor, start: int, spec: FamilySpec) -> Tensor:
    """A new latent [T, C] of the whole song: `part` without its borders, and an older generation `whole` elsewhere.

    part: a generation from song frame `start` on. One of the whole song is returned as it is.
    """
    if len(part) >= len(whole):
        return part
    inner = part[spec.border : len(part) - spec.border]
    at = torch.arange(start + spec.border, start + len(part) - spec.border, device=whole.device) % len(whole)
    return whole.index_copy(0, at, inner)
