"""The handle of a prepared prompt, and what some families' prompts need beside `contracts.Conditioner` and
`contracts.Denoiser`. Torch-free at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

    from demon_patch.engine.contracts import Conditioning, Source


class Handle(Protocol):
    """A prompt that an executor prepared. Only that executor takes it.

    epoch: the weights epoch for which it was prepared. The handle is void while the executor's epoch is another one.
    """

    epoch: int

    @property
    def nbytes(self) -> int:
        """Returns the bytes of memory that it takes."""
        ...


@runtime_checkable
class MixesPrompts(Protocol):
    """A denoiser whose condition tensors [L, ...] have a length L that depends on the prompt, and the same in all of a
    prompt's tensors.

    Of any other denoiser all prompts have one length, and a mix of two is the mix of their tensors.
    """

    def mixed(self, first: tuple[Tensor, ...], second: tuple[Tensor, ...], amount: float) -> tuple[Tensor, ...]:
        """From any thread. Returns the condition tensors of a mix of two prompts, as long as the longer one.

        amount: the share of the second prompt, 0 to 1. At 0 and at 1 the velocity is that of one prompt alone.
        """
        ...

    def padded(self, condition: tuple[Tensor, ...], length: int) -> tuple[Tensor, ...]:
        """Returns condition tensors [length, ...] that give the velocity of `condition`, which is at most as long."""
        ...


@runtime_checkable
class ReadsSong(Protocol):
    """A conditioner whose prompts say something of the clip that is covered, for example its tempo."""

    def for_song(self, prompt: Conditioning, source: Source, structure: float, repaints: bool) -> Conditioning:
        """Returns the prompt for a generation over a clip. Equal arguments give the same object while it is kept.

        source: the clip whose structure is followed. structure: 0 to 1, how firmly.
        repaints: whether a mask keeps a part of the source.
        """
        ...


@runtime_checkable
class Sings(Protocol):
    """A conditioner whose prompts can have lyrics. Its family says so in `FamilySpec.lyrics`."""

    def sung(self, text: str, lyrics: str, language: str) -> Conditioning:
        """Returns the conditioning of free text with lyrics. language: their code, such as "en"; "" for none known."""
        ...


@runtime_checkable
class PlaysAlone(Protocol):
    """A conditioner that can do without a clip. Its family says so in `FamilySpec.needs_source`."""

    def alone(self, seconds: float, bpm: float | None) -> Source:
        """Returns what stands in place of a clip where a song is made from its prompt alone (`Source.alone`).

        seconds: the length of the song, of which the nearest is taken that the family can play. bpm: its tempo in beats
        a minute, which prompts may say; None where none is given.
        """
        ...


@runtime_checkable
class Repaints(Protocol):
    """A conditioner whose context shows the denoiser which frames a mask keeps, and what is in them."""

    def repaint(self, context: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """Returns the context [T, X] of a generation whose mask keeps a part of the source.

        context: [T, X], that of a generation of every frame. source: the latent [T, C] that is kept.
        mask: [T], 0 keeps a frame, anything above generates it.
        """
        ...
