"""The mixes of prompts and clips at a moment: each input's share, and the prompt or clip that results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.arrays import Array
from demon_patch.engine.contracts import Blend, Conditioning, Source
from demon_patch.engine.sound.dry_path import Cover
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.performance.feedback import Feedback
from demon_patch.small_cache import Same, SmallCache

NOTHING = 1e-9  # a smaller share counts as 0


@dataclass(frozen=True, eq=False)
class PreparedMix:
    """A mix whose prompts or clips are loaded.

    node: the node of the mix.
    inputs: (port, prompt, clip or mix) for each port with a cable, in the order of the ports.
    """

    node: str
    inputs: tuple[tuple[str, Part], ...]


Part: TypeAlias = Conditioning | Source | PreparedMix
Parts: TypeAlias = Mapping[str, Part]


def first_part(part: Part) -> Conditioning | Source:
    """Returns the first prompt or clip of a mix, or the prompt or clip itself."""
    return first_part(part.inputs[0][1]) if isinstance(part, PreparedMix) else part


def clips_of(part: Part) -> Iterator[Source]:
    """Gives every clip of a mix, or the clip itself."""
    if isinstance(part, Source):
        yield part
    for _, inner in part.inputs if isinstance(part, PreparedMix) else ():
        yield from clips_of(inner)


def prompts_of(part: Part) -> Iterator[Conditioning]:
    """Gives every prompt of a mix, or the prompt itself."""
    if isinstance(part, Conditioning):
        yield part
    for _, inner in part.inputs if isinstance(part, PreparedMix) else ():
        yield from prompts_of(inner)


def shares(weights: Array, law: str = "") -> Array:
    """Returns weights [inputs, ...] as shares of the same shape. Weights below 0 count as 0; each is divided by the sum
    of all inputs, or with the law "power" by the root of the sum of squares. Where all are 0, the first input has
    share 1."""
    positive = np.maximum(weights, 0.0)
    total = np.sqrt((positive**2).sum(axis=0)) if law == "power" else positive.sum(axis=0)
    found = positive / np.where(total > NOTHING, total, 1.0)
    found[0] = np.where(total > NOTHING, found[0], 1.0)
    found[1:] = np.where(total > NOTHING, found[1:], 0.0)
    return np.where(found > NOTHING, found, 0.0)


class Weights:
    """Reads the ports of mixes and surfaces from the forecast. Owned by the thread of the forecast.

    port_numbers: the number of each engine port in `program.engine_ports`, by (node, port).
    """

    def __init__(self, forecast: Forecast) -> None:
        self.forecast, self._plan = forecast, forecast.program.ring
        self.port_numbers = {
            (s.node, s.port): i for i, s in enumerate(forecast.program.engine_ports) if s.node in self._plan.reached
        }

    def jumps(self) -> list[int]:
        """Returns the numbers of the engine ports whose jumps are edges: the weights of prompts and clips that each
        generation takes once."""
        surfaces = self._plan.surfaces
        return [
            engine_port
            for (node, _), engine_port in self.port_numbers.items()
            if node not in surfaces and not (node in self._plan.mixes and self._plan.mixes[node].per_frame)
        ]

    def weight_at(self, node: str, name: str, frame: int) -> float:
        """Returns the number of a port of a mix or surface at a transport frame, in the port's unit."""
        return self.forecast.port_value(self.port_numbers[node, name], frame)

    def per_frame(self, node: str, name: str, now: int, guard: int) -> Array:
        """Returns the number of a port of a mix or surface as [T], in the port's unit: each song frame has the number
        of the transport frame at which it is heard next after `now`.

        guard: see `Forecast`.
        """
        return self.forecast.per_frame(self.port_numbers[node, name], now, guard)

    def shares_at(self, mix: PreparedMix, frame: int, fed: bool, law: str = "") -> Array:
        """Returns the shares of a mix's inputs at a transport frame, [inputs]. The last one is that of the music that
        is fed back, where the mix has a port for it and `fed` says that there is some."""
        mixture = self._plan.mixes[mix.node]
        names = [*(port for port, _ in mix.inputs), *(["fed"] if mixture.feeds and fed else [])]
        return shares(np.array([self.weight_at(mix.node, name, frame) for name in names]), law)

    def law(self, mix: PreparedMix) -> str:
        """Returns the law of a mix's shares (`shares`); "" is the default law."""
        return self._plan.mixes[mix.node].options.get("law", "")


@dataclass(slots=True)
class _Clip:
    """A clip in a mix.

    latent: its share of the latent.
    hints: its share of the structure (hints and score).
    """

    clip: Source
    latent: float = 0.0
    hints: float = 0.0


Sums: TypeAlias = SmallCache[Source]
KEPT_SUMS = 8

Leaders: TypeAlias = dict[str, Source]
"""By control, the clip that led the mix of the generation that was admitted last."""
TAKES_THE_LEAD = 0.1
"""How much larger than the leader's share of a mix another clip's share must be for that clip to lead. Without it, a
fader that rests in the middle would change the words of tempo and key with each generation."""


class Mixer:
    """Mixes the prompts and clips of a sounding program for a generation, at the moment for which the generation's
    scalars are read.

    Nested mixes are resolved to prompts and clips; each has the product of the shares of the mixes around it.
    Prompts become a blend of all of them. Clips become one clip, whose latents, hints and scores are summed by share; a
    clip
    with a share of 1 is used unchanged. A blend per frame gives its two sides as `prompt` and `prompt_b`.

    sums: the clips that were mixed, kept while their shares do not change, so that what the model computes from them
        is kept, too.
    leaders: see `Leaders`. A generation keeps its leader, so that another clip takes the lead where a generation
        begins to be heard.
    """

    def __init__(self, weights: Weights, parts: Parts, framed: bool, sums: Sums, leaders: Leaders) -> None:
        self._weights, self._parts, self._framed, self._sums = weights, parts, framed, sums
        self._leaders = leaders

    def parts_at(self, frame: int, feedback: Feedback) -> dict[str, Any]:
        """Returns by control what a request takes at a transport frame: all prompts and clips, and `source_latent` [T,
        C] where music is fed back."""
        given: dict[str, Any] = {}
        for control, part in self._parts.items():
            if isinstance(first_part(part), Conditioning):
                given[control] = self._blend(part, frame)
                continue
            clip, latent = self._cover(part, frame, feedback, self._leaders.get(control))
            if latent is not None and control == "source":
                given["source_latent"] = latent
            given[control] = clip if latent is None or control == "source" else replace(clip, latent=latent)
        prompt = self._parts["prompt"]
        if self._framed and isinstance(prompt, PreparedMix):
            (_, a), (_, b) = prompt.inputs
            given |= {"prompt": self._blend(a, frame), "prompt_b": self._blend(b, frame)}
        return given

    def note_admitted(self, given: Mapping[str, Any]) -> None:
        """Notes the leaders of a generation that takes what `parts_at` gave."""
        self._leaders.update({name: each.leader or each for name, each in given.items() if isinstance(each, Source)})

    def cover(self, frame: int, feedback: Feedback) -> Cover | None:
        """Returns the clips that are covered at a transport frame, with their shares of the latent; None where there is
        no clip, as in a song without a source. Music that is fed back has no recording: beside it the clips' shares are
        scaled to add up to 1."""
        part = self._parts["source"]
        found = self._each(part, frame, feedback)
        fed = any(self._fed_back(part, frame, 1.0, feedback))
        whole = sum(each.latent for each in found) if fed else 1.0
        clips = tuple(
            (each.clip, each.latent / whole) for each in found if each.latent > NOTHING and not each.clip.alone
        )
        return Cover(clips) if clips else None

    def sound(self, frame: int, at: NDArray[np.int64]) -> NDArray[np.float32]:
        """Returns the recording that is covered, [n, channels] at the family's sample rate: its clips summed by the
        shares that they have at a transport frame.

        at: [n], samples of the song; those beyond its end continue at its beginning.
        """
        cover = self.cover(frame, Feedback())
        if cover is None:  # a song without a source
            source = first_part(self._parts["source"])
            assert isinstance(source, Source)
            return np.zeros((len(at), source.audio.shape[1]), np.float32)
        return cover.sound(at % len(cover.clips[0][0].audio))

    def _blend(self, part: Part, frame: int) -> Conditioning | Blend:
        """Returns the prompt at a transport frame, or (prompt, share) of each where several are mixed."""
        found: dict[int, tuple[Conditioning, float]] = {}
        for prompt, share in self._prompts(part, frame, 1.0):
            found[id(prompt)] = (prompt, share + (found[id(prompt)][1] if id(prompt) in found else 0.0))
        return next(iter(found.values()))[0] if len(found) == 1 else tuple(found.values())

    def _prompts(self, part: Part, frame: int, share: float) -> Iterator[tuple[Conditioning, float]]:
        if isinstance(part, Conditioning):
            yield part, share
        elif isinstance(part, PreparedMix):
            for (_, inner), each in zip(part.inputs, self._weights.shares_at(part, frame, False), strict=True):
                if each:
                    yield from self._prompts(inner, frame, share * float(each))

    def _cover(self, part: Part, frame: int, feedback: Feedback, led: Source | None) -> tuple[Source, Tensor | None]:
        """Returns the clip that is covered at a transport frame. Where music is fed back, the second result is the
        latent [T, C] that is covered in place of the clip's own; else None. led: the leader so far."""
        fed_back = list(self._fed_back(part, frame, 1.0, feedback))
        clips = self._each(part, frame, feedback)
        if not fed_back:
            return self._summed(clips, led), None
        covered = sum((each.latent * each.clip.latent for each in clips), 0.0)
        covered = sum((share * feedback.latent(back) for back, share in fed_back), covered)
        assert isinstance(covered, Tensor)
        return self._summed([_Clip(each.clip, each.hints, each.hints) for each in clips], led), covered

    def _each(self, part: Part, frame: int, feedback: Feedback) -> list[_Clip]:
        """Returns each clip of a part once, with the sums of its shares."""
        found: dict[int, _Clip] = {}
        for clip, latent, hints in self._clips(part, frame, 1.0, 1.0, feedback):
            each = found.setdefault(id(clip), _Clip(clip))
            each.latent, each.hints = each.latent + latent, each.hints + hints
        return list(found.values())

    def _clips(
        self, part: Part, frame: int, latent: float, hints: float, feedback: Feedback
    ) -> Iterator[tuple[Source, float, float]]:
        """Gives each clip of a part as (clip, share of the latent, share of the hints)."""
        if isinstance(part, Source):
            yield part, latent, hints
        elif isinstance(part, PreparedMix):
            loud = self._weights.shares_at(part, frame, feedback.ready, self._weights.law(part))
            plain = self._weights.shares_at(part, frame, False)
            for (_, inner), mine, its in zip(part.inputs, loud, plain, strict=False):
                if mine or its:
                    yield from self._clips(inner, frame, latent * float(mine), hints * float(its), feedback)

    def _fed_back(self, part: Part, frame: int, share: float, feedback: Feedback) -> Iterator[tuple[int, float]]:
        """Gives (completions back, share) for each finished generation that a part feeds back; 1 is the latest
        completion."""
        if not isinstance(part, PreparedMix) or not feedback.ready:
            return
        loud = self._weights.shares_at(part, frame, True, self._weights.law(part))
        for (_, inner), mine in zip(part.inputs, loud, strict=False):
            if mine:
                yield from self._fed_back(inner, frame, share * float(mine), feedback)
        if len(loud) > len(part.inputs) and loud[-1]:
            yield max(round(self._weights.weight_at(part.node, "tap", frame)), 1), share * float(loud[-1])

    def _summed(self, clips: list[_Clip], led: Source | None) -> Source:
        """Returns the sum of several clips of one length, by their shares. Its sound is the first clip's, its leader
        that of `_leader`."""
        if len(clips) == 1 and clips[0].latent == clips[0].hints == 1.0:
            return clips[0].clip
        leader = _leader(clips, led)

        def made() -> Source:
            latent = sum(each.latent * each.clip.latent for each in clips)
            hints = sum(each.hints * each.clip.hints for each in clips)
            assert isinstance(latent, Tensor)
            assert isinstance(hints, Tensor)
            scores = [each.hints * each.clip.score for each in clips if each.clip.score is not None]
            score = torch.stack(scores).sum(0).clamp_(max=1.0) if scores else None
            return replace(clips[0].clip, latent=latent, hints=hints, leader=leader, score=score)

        shared = tuple((Same(each.clip), each.latent, each.hints) for each in clips)
        return self._sums.get((Same(leader), shared), made)


def _leader(clips: list[_Clip], led: Source | None) -> Source:
    """Returns the clip with the largest share, of equal ones the first; but the leader so far (`led`, None for none)
    where no other clip's share is larger by `TAKES_THE_LEAD`."""
    most = max(clips, key=lambda each: each.latent)
    before = next((each for each in clips if each.clip is led), most)
    whole = sum(each.latent for each in clips)
    return (most if most.latent > before.latent + TAKES_THE_LEAD * whole else before).clip
