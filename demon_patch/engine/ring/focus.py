"""Stretches of a song: chooses the stretch to generate for a coming moment, and cuts requests and latents to it.

All frames here are latent frames. A song frame counts from the start of the song.
"""

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
"""Latent frames beside a window that its seams need."""


def cut(whole: Tensor, start: int, frames: int, axis: int = 0) -> Tensor:
    """Returns `frames` frames of a cyclic song from song frame `start` along `axis`: a view, or a copy if they cross
    the seam."""
    song = whole.shape[axis]
    start %= song
    if start + frames <= song:
        return whole.narrow(axis, start, frames)
    return whole.index_select(axis, torch.arange(start, start + frames, device=whole.device) % song)


def cut_values(value: Tensor, request: Request) -> Tensor:
    """Returns the part of a step value that covers a request's stretch, [n, T of the stretch | 1, C].

    value: [n, T of the song | 1, C]. One of another length belongs to a song that has just been replaced: it is read by
        song frame, and its last frame is repeated.
    """
    length = value.shape[1]
    if length == 1 or (length == request.song_frames == request.frames and request.start == 0):
        return value
    if length == request.song_frames:
        return cut(value, request.start, request.frames, axis=1)
    at = (torch.arange(request.frames, device=value.device) + request.start) % request.song_frames
    return value.index_select(1, at.clamp_(max=length - 1))


def focused(request: Request, start: int, frames: int, spec: FamilySpec) -> Request:
    """Returns a request cut to `frames` frames from song frame `start`. The stretch may cross the seam.

    request: covers the whole song, or a stretch that contains these frames. If `frames` is not less than its own
        length, `request` itself is returned.
    Raises DemonError for a stretch that is shorter than the family plays, that does not begin and end on the family's
    quantum, or that is not within the request's own stretch.
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
    """Returns the stretch to generate so that its latent can be played from song frame `heard_at` on; None for the
    whole song.

    heard_at: the song frame from which the latent will be played. It may lie beyond the end of the loop.
    choice: an option of the control `focus`. `auto`, which the player resolves, means the whole song here.

    The stretch begins only as far before `heard_at` as its border and the playing margin need, so that it reaches far
    ahead.
    """
    checked_option("focus", choice)
    if choice in ("auto", "song"):
        return None
    seconds = float(choice.removesuffix(" s"))
    frames = max(round(seconds * spec.frame_rate / spec.quantum) * spec.quantum, spec.min_frames)
    return from_there(heard_at, frames, spec, song_frames)


def from_there(heard_at: int, frames: int, spec: FamilySpec, song_frames: int) -> Stretch | None:
    """Returns the stretch of `frames` frames that can be played from song frame `heard_at` on; None if it is not
    shorter than the song."""
    if frames >= song_frames:
        return None
    start = (heard_at - before(spec)) // spec.quantum * spec.quantum
    return start % song_frames, frames


def narrow(slot: Slot, start: int, frames: int, spec: FamilySpec, x: Tensor) -> None:
    """Cuts a generation in flight to `frames` frames from song frame `start`, or from the nearest frame that keeps the
    new stretch inside its own. Changes the slot in place.

    x: memory [frames, C] for the cut latent.
    """
    own, song = slot.request, slot.request.song_frames
    first = (start - own.start) % song
    if own.frames < song and first > own.frames - frames:
        first = own.frames - frames if first < (own.frames + song) // 2 else 0
    slot.request = focused(own, own.start + first, frames, spec)
    slot.x = x.copy_(cut(slot.x, first, frames))
    for name in ("clean", "momentum", "first_negative", "velocity"):
        whole = getattr(slot, name)
        if whole is not None:
            setattr(slot, name, cut(whole, first, frames).clone())


def before(spec: FamilySpec) -> int:
    """Returns the latent frames from the start of a stretch to the first frame at which a window may begin: the border,
    the playing margin, and `JOIN`."""
    return spec.border + spec.playing_margin + JOIN


def laid_into(whole: Tensor, part: Tensor, start: int, spec: FamilySpec) -> Tensor:
    """Returns a new latent [T, C] of the whole song: a copy of `whole` in which `part` without its borders is written.

    whole: an older generation of the whole song, [T, C].
    part: a generation whose first frame is song frame `start`. If it is as long as the song, `part` itself is returned.
    """
    if len(part) >= len(whole):
        return part
    inner, whole = part[spec.border : len(part) - spec.border], whole.to(part.device)
    at = torch.arange(start + spec.border, start + len(part) - spec.border, device=whole.device) % len(whole)
    return whole.index_copy(0, at, inner)
