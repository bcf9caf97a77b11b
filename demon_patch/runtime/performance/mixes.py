"""The mixes of prompts and clips at a moment: the share of each input, and the prompt or clip that results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.arrays import Array
from demon_patch.engine.contracts import Blend, Conditioning, Source
from demon_patch.engine.sound.dry_path import Cover
from demon_patch.runtime.graph.forecast import Forecast
from demon_patch.runtime.performance.feedback import Feedback
from demon_patch.small_cache import Same, SmallCache

NOTHING = 1e-9  # a share below it is none


@dataclass(frozen=True, eq=False)
class PreparedMix:
    """A mix of prompts or of clips that are loaded. inputs: by wired port, in the order of the ports."""

    node: str
    inputs: tuple[tuple[str, Part], ...]


Part: TypeAlias = Conditioning | Source | PreparedMix
Parts: TypeAlias = Mapping[str, Part]


def first_part(part: Part) -> Conditioning | Source:
    """The prompt or clip that comes first in a mix; one that is none is its own."""
    return first_part(part.inputs[0][1]) if isinstance(part, PreparedMix) else part


def clips_of(part: Part) -> Iterator[Source]:
    """The clips of a mix, or the one that stands alone."""
    if isinstance(part, Source):
        yield part
    for _, inner in part.inputs if isinstance(part, PreparedMix) else ():
        yield from clips_of(inner)


def shares(weights: Array, law: str = "") -> Array:
    """Weights [inputs, ...] as shares: below 0 they are 0, and each is divided by their sum, with the law "power" by
    the root of their summed squares; where all are 0, the first has all."""
    positive = np.maximum(weights, 0.0)
    total = np.sqrt((positive**2).sum(axis=0)) if law == "power" else positive.sum(axis=0)
    found = positive / np.where(total > NOTHING, total, 1.0)
    found[0] = np.where(total > NOTHING, found[0], 1.0)
    found[1:] = np.where(total > NOTHING, found[1:], 0.0)
    return np.where(found > NOTHING, found, 0.0)


class Weights:
    """The numbers that mixes and surfaces give, by node and name. Owned by the thread of the forecast."""

    def __init__(self, forecast: Forecast) -> None:
        self.forecast, self._plan = forecast, forecast.program.ring
        self.sinks = {(s.node, s.port): i for i, s in enumerate(forecast.program.sinks) if s.node in self._plan.reached}

    def jumps(self) -> list[int]:
        """The sinks whose jumps are edges: the weights of prompts and clips that are taken once a generation."""
        surfaces = self._plan.surfaces
        return [
            sink
            for (node, _), sink in self.sinks.items()
            if node not in surfaces and not (node in self._plan.mixes and self._plan.mixes[node].per_frame)
        ]

    def weight_at(self, node: str, name: str, frame: int) -> float:
        """The number of a mix's or surface's port at a transport frame, in the port's unit."""
        return self.forecast.port_value(self.sinks[node, name], frame)

    def per_frame(self, node: str, name: str, now: int, guard: int) -> Array:
        """The number of a mix's or surface's port per song frame, [T], each as of when it is heard next."""
        return self.forecast.per_frame(self.sinks[node, name], now, guard)

    def shares_at(self, mix: PreparedMix, frame: int, fed: bool, law: str = "") -> Array:
        """The shares of a mix's inputs at a transport frame, with that of what is fed back as the last one, where the
        mix feeds and there is something."""
        mixture = self._plan.mixes[mix.node]
        names = [*(port for port, _ in mix.inputs), *(["fed"] if mixture.feeds and fed else [])]
        return shares(np.array([self.weight_at(mix.node, name, frame) for name in names]), law)

    def law(self, mix: PreparedMix) -> str:
        """The law of a mix's shares."""
        return self._plan.mixes[mix.node].options.get("law", "")


@dataclass(slots=True)
class _Clip:
    """A clip in a mix: its share of the latent, and of the structure."""

    clip: Source
    latent: float = 0.0
    hints: float = 0.0


Sums: TypeAlias = SmallCache[Source]
KEPT_SUMS = 8


class Mixer:
    """The prompts and clips of a scene as a generation takes them, at the moment for which its scalars are taken.

    Nested mixes are taken apart to prompts and clips, each with the product of the shares on its way. Prompts become a
    blend of all of them. Clips become one, latents and hints summed by share; a clip with all of the share is taken as
    it is. A blend per frame gives its two sides as prompt and prompt_b. sums: clips that were made so, kept while their
    shares stand still, so that what the model makes of them is kept too.
    """

    def __init__(self, weights: Weights, parts: Parts, framed: bool, sums: Sums) -> None:
        self._weights, self._parts, self._framed, self._sums = weights, parts, framed, sums

    def parts_at(self, frame: int, feedback: Feedback) -> dict[str, Any]:
        """By control, what a request takes: all prompts and clips, and `source_latent` where music is fed back."""
        given: dict[str, Any] = {}
        for control, part in self._parts.items():
            if isinstance(first_part(part), Conditioning):
                given[control] = self._blend(part, frame)
                continue
            clip, latent = self._cover(part, frame, feedback)
            if latent is not None and control == "source":
                given["source_latent"] = latent
            given[control] = clip if latent is None or control == "source" else replace(clip, latent=latent)
        prompt = self._parts["prompt"]
        if self._framed and isinstance(prompt, PreparedMix):
            (_, a), (_, b) = prompt.inputs
            given |= {"prompt": self._blend(a, frame), "prompt_b": self._blend(b, frame)}
        return given

    def cover(self, frame: int, feedback: Feedback) -> Cover | None:
        """The clips that are covered at a transport frame, by their shares of the latent. Beside music that is fed
        back, which has no recording, their shares add up to 1. None where there is no clip at all."""
        part = self._parts["source"]
        found = self._each(part, frame, feedback)
        fed = any(self._taps(part, frame, 1.0, feedback))
        whole = sum(each.latent for each in found) if fed else 1.0
        clips = tuple((each.clip, each.latent / whole) for each in found if each.latent > NOTHING)
        return Cover(clips) if clips else None

    def sound(self, frame: int, at: NDArray[np.int64]) -> NDArray[np.float32]:
        """The recording that is covered, at the sample rate of the family, [n, channels]: its clips summed by the
        shares that they have at a transport frame.

        at: [n], samples of the song; beyond its end they begin again.
        """
        cover = self.cover(frame, Feedback())
        assert cover is not None
        return cover.sound(at % len(cover.clips[0][0].audio))

    def _blend(self, part: Part, frame: int) -> Conditioning | Blend:
        """A prompt, or several with their shares."""
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

    def _cover(self, part: Part, frame: int, feedback: Feedback) -> tuple[Source, Tensor | None]:
        """A clip, and where music is fed back the latent [T, C] that is covered in place of its own."""
        taps = list(self._taps(part, frame, 1.0, feedback))
        clips = self._each(part, frame, feedback)
        if not taps:
            return self._summed(clips), None
        covered = sum((each.latent * each.clip.latent for each in clips), 0.0)
        covered = sum((share * feedback.tap(tap) for tap, share in taps), covered)
        assert isinstance(covered, Tensor)
        return self._summed([_Clip(each.clip, each.hints, each.hints) for each in clips]), covered

    def _each(self, part: Part, frame: int, feedback: Feedback) -> list[_Clip]:
        """The clips of a part, each once."""
        found: dict[int, _Clip] = {}
        for clip, latent, hints in self._clips(part, frame, 1.0, 1.0, feedback):
            each = found.setdefault(id(clip), _Clip(clip))
            each.latent, each.hints = each.latent + latent, each.hints + hints
        return list(found.values())

    def _clips(
        self, part: Part, frame: int, latent: float, hints: float, feedback: Feedback
    ) -> Iterator[tuple[Source, float, float]]:
        """The clips of a part with their shares of latent and hints."""
        if isinstance(part, Source):
            yield part, latent, hints
        elif isinstance(part, PreparedMix):
            loud = self._weights.shares_at(part, frame, feedback.ready, self._weights.law(part))
            plain = self._weights.shares_at(part, frame, False)
            for (_, inner), mine, its in zip(part.inputs, loud, plain, strict=False):
                if mine or its:
                    yield from self._clips(inner, frame, latent * float(mine), hints * float(its), feedback)

    def _taps(self, part: Part, frame: int, share: float, feedback: Feedback) -> Iterator[tuple[int, float]]:
        """The finished generations of a part, by how many completions ago they were, with their shares."""
        if not isinstance(part, PreparedMix) or not feedback.ready:
            return
        loud = self._weights.shares_at(part, frame, True, self._weights.law(part))
        for (_, inner), mine in zip(part.inputs, loud, strict=False):
            if mine:
                yield from self._taps(inner, frame, share * float(mine), feedback)
        if len(loud) > len(part.inputs) and loud[-1]:
            yield max(round(self._weights.weight_at(part.node, "tap", frame)), 1), share * float(loud[-1])

    def _summed(self, clips: list[_Clip]) -> Source:
        """One clip of several, as long as they are; its sound is the first one's."""
        if len(clips) == 1 and clips[0].latent == clips[0].hints == 1.0:
            return clips[0].clip

        def made() -> Source:
            latent = sum(each.latent * each.clip.latent for each in clips)
            hints = sum(each.hints * each.clip.hints for each in clips)
            assert isinstance(latent, Tensor)
            assert isinstance(hints, Tensor)
            return replace(clips[0].clip, latent=latent, hints=hints)

        return self._sums.get(tuple((Same(each.clip), each.latent, each.hints) for each in clips), made)
