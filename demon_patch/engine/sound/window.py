"""Windowed decoding: which window is decoded next, from which latent, and how it is cut out exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from demon_patch.engine.contracts import Codec, FamilySpec


def decode_window(
    codec: Codec, spec: FamilySpec, latent: Tensor, start: int, frames: int, margin: int | None = None
) -> Tensor:
    """Returns the sound of `frames` latent frames from latent frame `start` of the song.

    Shape [frames * samples_per_frame, channels].

    latent: [T, C], the whole song. It is cyclic: a window may cross the seam and start anywhere.
    margin: latent frames decoded on each side and thrown away; by default the family's playing margin (-80 dB against
    decoding the whole).
    """
    margin = spec.playing_margin if margin is None else margin
    at = torch.arange(start - margin, start + frames + margin) % latent.shape[0]
    sound = codec.decode(latent[at], at)
    per = spec.samples_per_frame
    return sound[margin * per : (margin + frames) * per]


def decode_song(codec: Codec, spec: FamilySpec, latent: Tensor) -> Tensor:
    """Returns the sound of the whole cyclic song, [T * samples_per_frame, channels], exact at the seam."""
    return decode_window(codec, spec, latent, 0, latent.shape[0], spec.exact_margin)


class Due(Protocol):
    """A latent or completion that is played from a transport frame on."""

    @property
    def heard_at(self) -> int:
        """The transport frame from which it is heard."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch to decode: the transport frames from `start` up to, not including, `stop`, decoded from
    `completion`."""

    start: int
    stop: int
    completion: Due


class WindowPlanner:
    """Cuts the transport into windows, each decoded from the newest completion that is due.

    No window crosses the change to another completion. The next window starts where the last one ended, whether or not
    a new latent completed. So what is played is at most one pass of the song old. A window ends after `frames` frames,
    or where the next completion is heard.

    next_start: transport frame where the next window starts.
    """

    def __init__(self, start: int = 0) -> None:
        self.next_start = start

    def plan(self, until: int, frames: int, completions: Sequence[Due], coming: Iterable[int] = ()) -> list[Window]:
        """Returns the windows that start before transport frame `until` and are not planned yet.

        The list is empty before the first of `completions` is due.

        frames: the longest window, in transport frames.
        completions: finished latents in order of `heard_at`.
        coming: `heard_at` of generations still in flight; a window is cut there.
        """
        cuts = sorted({completion.heard_at for completion in completions} | set(coming))
        planned: list[Window] = []
        while self.next_start < until:
            start = self.next_start
            due = [completion for completion in completions if completion.heard_at <= start]
            if not due:
                break
            stop = min([start + frames, *(cut for cut in cuts if cut > start)])
            planned.append(Window(start, stop, max(due, key=lambda completion: completion.heard_at)))
            self.next_start = stop
        return planned
