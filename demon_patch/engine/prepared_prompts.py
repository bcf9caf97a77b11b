"""Prompts as an executor has prepared them: said for a song, with the sound colour of a clip, blended, and kept."""

from __future__ import annotations

from collections.abc import Hashable

from demon_patch.engine.contracts import Blend, Conditioning, Executor, Family, Handle, Source
from demon_patch.engine.prompt_contracts import ReadsSong
from demon_patch.engine.ring.request import check_finite
from demon_patch.engine.tensor_digest import tensor_digest
from demon_patch.errors import DemonError
from demon_patch.small_cache import Same, SmallCache

PROMPT_BYTES = 256 * 2**20
LEAST_BYTES = PROMPT_BYTES // 64
"""Bytes of prepared prompts that are kept besides those that play, and as how many a small one counts: 64 at most are
kept, and the latest one however large it is."""


class PreparedPrompts:
    """Prepares prompts of a family for an executor, and keeps the recent ones.

    One thread owns it; methods that another thread may call say so.
    """

    def __init__(self, family: Family, executor: Executor) -> None:
        self._conditioner, self._executor = family.conditioner, executor
        self._reads_song = family.conditioner if isinstance(family.conditioner, ReadsSong) else None
        self._keys: SmallCache[Hashable] = SmallCache(256)
        self._tints: SmallCache[Handle] = SmallCache(PROMPT_BYTES // 4, lambda handle: handle.nbytes)
        self.kept: SmallCache[Handle] = SmallCache(PROMPT_BYTES, lambda handle: max(handle.nbytes, LEAST_BYTES))
        """The recent prompts by their keys."""

    def prepare(self, prompt: Conditioning, clip: Source | None = None) -> None:
        """From any thread. Prepares a prompt, so that the first request with it does not have to wait.

        clip: over which it will be played, with its structure or without, where that is known.
        """
        if clip is None or self._reads_song is None:
            self._prepared(prompt)
            return
        for structure in (1.0, 0.0):
            self._prepared(self._reads_song.for_song(prompt, clip, structure, False))

    def key(self, prompt: Conditioning) -> Hashable:
        """From any thread. Returns the key of a prompt in the caches: equal for two prompts with equal tokens and
        texts."""
        return self._keys.get(Same(prompt), lambda: (prompt.text, tensor_digest(prompt.tokens)))

    def negative(self) -> Handle:
        """Returns the handle of the null prompt. Guidance pushes the velocity away from this prompt's velocity."""
        return self._handle(self._conditioner.prompt(""))

    def for_song(
        self, prompt: Conditioning | Blend, clip: Source, structure: float, repaints: bool
    ) -> Conditioning | Blend:
        """Returns a prompt, or each of several, as the family says it for a generation over a clip."""
        if self._reads_song is None:
            return prompt
        if isinstance(prompt, Conditioning):
            return self._reads_song.for_song(prompt, clip, structure, repaints)
        return tuple((self._reads_song.for_song(each, clip, structure, repaints), share) for each, share in prompt)

    def tinted(self, prompt: Conditioning | Blend, clip: Source | None, amount: float) -> Handle:
        """Returns the handle of a prompt with some of a clip's sound colour, or the mean of several such prompts by
        their shares.

        amount: the share of the clip's sound colour, 0 to 1. Raises DemonError if no prompt has a share above 0.
        """
        if not isinstance(prompt, Conditioning):
            parts = [(self.tinted(each, clip, amount), share) for each, share in prompt if share > 0]
            if not parts:
                raise DemonError("no prompt has a share", port="prompt", mend="give one a share above 0")
            (first, total), *others = parts
            for other, share in others:
                total += share
                first = self._executor.blend(first, other, share / total)
            return first
        plain = self._handle(prompt)
        if clip is None or amount == 0:
            return plain
        key = (self.key(prompt), Same(clip), plain.epoch)

        def made() -> Handle:
            check_finite("timbre_source", clip.latent)
            return self._executor.prepare(self._conditioner.timbre(prompt, clip))

        whole = self._tints.get((*key, 1.0), made)
        if amount == 1:
            return whole
        return self._tints.get((*key, amount), lambda: self._executor.blend(plain, whole, amount))

    def blended(self, first: Handle, second: Handle | None, amount: float) -> Handle:
        """Returns the mix of two prompts. amount: the share of the second, 0 to 1; without a second, the first is
        returned."""
        if amount == 0 or second is None:
            return first
        return second if amount == 1 else self._executor.blend(first, second, amount)

    def _handle(self, prompt: Conditioning) -> Handle:
        handle = self._prepared(prompt)
        self._executor.renew(handle)
        return handle

    def _prepared(self, prompt: Conditioning) -> Handle:
        """From any thread. Returns the handle of a prompt; recent handles are kept. It may be void."""
        return self.kept.get(self.key(prompt), lambda: self._executor.prepare(prompt))
