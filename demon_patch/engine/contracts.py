"""What a model family provides, and nothing about any one family; torch-free at run time.

Shapes: T latent frames, C latent channels, X context channels, R rows of a forward, S steps, L tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from demon_patch.engine.check_controls import checked, checked_option
from demon_patch.engine.controls import CONTROLS, FAMILY, TABLE, Control
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from torch import Tensor

    from demon_patch.engine.executors.row_threads import RowThreads
    from demon_patch.engine.lora.merge import Lora, Loras

V = TypeVar("V")

PLAIN: Mapping[str, float | str] = MappingProxyType(
    {
        "timesteps": "continuous",
        "depth": 4,
        "guidance_mode": "off",
        "guidance": 1.0,
        "dcw": "off",
        "dcw_wavelet": "haar",
        "dcw_low": 0.05,
        "dcw_high": 0.02,
    }
)
"""Defaults of a family that is played without guidance and without wavelet correction; steps and shift are missing."""


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """Geometry and measured habits of a model family.

    frame_rate: latent frames per second.
    quantum: song lengths are multiples of this many frames.
    min_frames, max_frames: the shortest and the longest song.
    exact_margin, playing_margin: latent frames decoded beside a window, for a difference below 2e-6 of the peak, and
        below -80 dB.
    defaults: by control, the defaults that the table leaves to the family; all of them (`PLAIN` has the usual ones).
    tick_frames: by ring depth, the control frames of a nominal (offline) tick, for songs of up to `tick_song` frames.
    strength_taper: the strengths at equally spaced knob positions 0..1, chosen so that equal turns move the sound
        equally far.
    border: latent frames at the ends of a generated stretch that differ more from the whole song's than its middle
        does.
    timbre: whether a prompt can borrow the sound colour of a clip.
    dry_reach: the rms distance of a latent frame from its source's up to which some of the recording itself is heard
        (`engine.sound.dry_path`); 0: none is.
    """

    name: str
    title: str
    sample_rate: int
    channels: int
    latent_channels: int
    context_channels: int
    frame_rate: int
    quantum: int
    min_frames: int
    max_frames: int
    exact_margin: int
    playing_margin: int
    defaults: Mapping[str, float | str]
    tick_frames: Mapping[int, int]
    strength_taper: tuple[float, ...]
    tick_song: int = 600
    border: int = 0
    timbre: bool = False
    dry_reach: float = 0.0

    def __post_init__(self) -> None:
        wanted = {row.name: row for row in TABLE if row.default is FAMILY}
        for name in wanted.keys() ^ self.defaults.keys():
            what = "has no default of" if name in wanted else "has a default that the table does not ask for:"
            raise DemonError(f"the model family {self.name} {what} {name}", mend="see FamilySpec.defaults")
        for name, value in self.defaults.items():
            (checked_option if wanted[name].shape == "choice" else checked)(name, value)

    @property
    def steps(self) -> int:
        """Denoising steps of a generation, by default."""
        return int(self.defaults["steps"])

    @property
    def shift(self) -> float:
        """The shift of the schedule, by default."""
        return float(self.defaults["shift"])

    @property
    def depth(self) -> int:
        """Generations in flight, by default."""
        return int(self.defaults["depth"])

    @property
    def samples_per_frame(self) -> int:
        """Audio samples of one latent frame (a whole number in every family)."""
        return self.sample_rate // self.frame_rate

    def nominal_tick(self, depth: int, song_frames: int) -> int:
        """Control frames of a nominal tick; a song longer than `tick_song` takes proportionally more."""
        return math.ceil(self.tick_frames[depth] * max(song_frames / self.tick_song, 1.0))

    def default(self, row: Control) -> float | str | None:
        """A control's default: the table's, or the family's own where the table leaves it to the family."""
        return self.defaults[row.name] if row.default is FAMILY else row.default

    def at_position(self, row: Control, position: float) -> float:
        """The number that a control with the family taper has at a knob position of its range lo..hi."""
        u = (position - row.lo) / (row.hi - row.lo) * (len(self.strength_taper) - 1)
        i = min(max(int(u), 0), len(self.strength_taper) - 2)
        low, high = self.strength_taper[i : i + 2]
        return row.lo + (low + (u - i) * (high - low)) * (row.hi - row.lo)

    def has(self, row: Control) -> bool:
        """Whether the family has the part that a control works on, and the part that the control it needs works on."""
        rows = (row,) if row.needs is None else (row, CONTROLS[row.needs])
        return all(each.part is None or getattr(self, each.part) for each in rows)

    def lacks(self, row: Control) -> DemonError:
        """The error for a control whose part the family does not have."""
        return DemonError(
            f"the model family {self.name} has no {row.part}",
            port=row.name,
            mend=f"play the patch on a family that has {row.part}, or unwire {row.title.lower()}",
        )

    def frames(self, seconds: float) -> int:
        """The nearest song length in frames that the family can play."""
        whole = round(seconds * self.frame_rate / self.quantum) * self.quantum
        return min(max(whole, self.min_frames), self.max_frames)


@dataclass(frozen=True, slots=True)
class Conditioning:
    """A prompt as the denoiser takes it.

    tokens: [L, ...], of the family's own kind.
    text: as written.
    unknown: the words that the family cannot read.
    """

    tokens: Tensor
    text: str = ""
    unknown: tuple[str, ...] = ()


Blend: TypeAlias = tuple[tuple[Conditioning, float], ...]
"""Several prompts as one: each with its share, shares of 0 or more that are not all 0."""


@dataclass(frozen=True, slots=True)
class Source:
    """A clip ready to be covered.

    latent: [T, C].
    hints: [T, H], its structure.
    audio: float32 [samples, channels] at the family's rate, exactly T frames long and loopable.
    bpm, downbeat: tempo and first bar line (s), where known.
    notes: sentences for the player, for example that a long file was cut.
    """

    latent: Tensor
    hints: Tensor
    audio: np.ndarray
    title: str = ""
    bpm: float | None = None
    downbeat: float = 0.0
    notes: tuple[str, ...] = field(default=())
    _found: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, what: Hashable, find: Callable[[], V]) -> V:
        """Returns what `find` finds out about the clip, under the name `what`. It is called once and its result is kept
        as long as the clip is. May be called from any thread; two threads at once may both call it."""
        if what not in self._found:
            self._found[what] = find()
        return self._found[what]

    @property
    def frames(self) -> int:
        """Length in latent frames."""
        return self.latent.shape[0]


class Codec(Protocol):
    """Turns audio into latents and latents into audio."""

    def encode(self, audio: np.ndarray) -> Tensor:
        """[samples, channels] at the family's rate, a whole number of frames -> [T, C]."""
        ...

    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """[n, C] at absolute frame numbers [n] (int64) -> [n * samples_per_frame, channels].

        Deterministic in latent and frames alone, so that a window equals the same stretch of a whole decode.
        """
        ...


@runtime_checkable
class ReadsLoudness(Protocol):
    """A codec that can read from a latent how loud it will sound. Without it, music is as loud as it is decoded."""

    def loudness(self, latent: Tensor) -> Tensor:
        """[T, C] -> the K-weighted power [T] of its sound, read out of the latent without decoding it (as
        `engine.sound.loudness.frame_power` measures it)."""
        ...


class Conditioner(Protocol):
    """Turns words, clips and structure into what the denoiser is conditioned on."""

    def prompt(self, text: str) -> Conditioning:
        """Free text to conditioning; the empty text is the null condition."""
        ...

    def compose(self, prompt: str, seconds: float, seed: int) -> Source:
        """A source that the family composes by itself, if it has a composer."""
        ...

    def load(
        self,
        path: str | Path,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Any audio file as a source, at most its first `seconds`; raises SourceError.

        bpm, downbeat: tempo and first bar line (s) in the file, where a person gives them; else they are the stored or
        the detected ones. The tempo of the returned source is that of its audio, so that beats meet when the audio
        loops.
        """
        ...

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """The prompt with the sound colour of a clip in place of the colour of silence, which `prompt` has.

        Its tokens have the shape of the prompt's own, so that the two can be mixed: the control `timbre` is the share
        of this one (in a family whose reference latents become further tokens of cross-attention, silence has as many).
        Asked only of a family whose spec says `timbre`; others raise `FamilySpec.lacks`.
        """
        ...

    def context(self, source: Source, structure: float) -> Tensor:
        """[T, X]: what the denoiser reads beside x_t in every forward. structure, 0 to 1, scales the hints."""
        ...


@runtime_checkable
class Denoiser(Protocol):
    """The family's diffusion transformer, an eager float32 module."""

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """Tokens [L, ...] to the tensors [L', ...] that cross-attention reads, computed once per prompt."""
        ...

    def embed_time(self, t: Tensor) -> Tensor:
        """Timesteps [N] -> embeddings [N, E], computed once per schedule."""
        ...

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        """v = noise - x0 as [R, T, C], from x [R, T, C], time [R, E], context [R, T, X] and condition
        tensors [R, L', ...]."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """A loaded family: its geometry, the three parts that the engine uses, and the files of its own LoRAs by name."""

    spec: FamilySpec
    denoiser: Denoiser
    codec: Codec
    conditioner: Conditioner
    loras: Mapping[str, Path] = field(default_factory=dict)


class Handle(Protocol):
    """A prompt prepared by an executor; valid while `epoch` equals the executor's weights_epoch.

    Only the executor that made a handle takes it back; it refuses those of others, and those that are void.
    """

    epoch: int


class Executor(Protocol):
    """Runs a denoiser in forwards of a fixed number of rows. One suite of tests holds for all executors.

    A denoiser has one executor, which alone changes its weights. Bad input raises the DemonError that the function of
    `engine.executors.checks` raises which each method names. Unless a method says otherwise, it is called by the thread
    that owns the session, and never during a forward.

    bucket: rows of every forward (R).
    capacity: places that prompts are put in, numbered from 0; a `Session` needs `session.PLACES`.
    lanes: the threads on which forwards run side by side; a GPU has one.
    weights_epoch: grows with any change of the weights, which also empties all places. Handles of an older epoch are
        void until they are renewed.
    """

    bucket: int
    capacity: int
    lanes: RowThreads
    weights_epoch: int

    def prepare(self, conditioning: Conditioning) -> Handle:
        """Computes everything that a prompt needs computed once. From any thread, also during a forward.

        Where the weights change meanwhile, the handle has the older epoch.
        """
        ...

    def blend(self, first: Handle, second: Handle, amount: float) -> Handle:
        """A prompt between two prepared ones: their condition tensors mixed; 0 is the first, 1 the second.

        Raises `check_owner`, `check_epoch` and `check_lengths`. When it is renewed, the two are too.
        """
        ...

    def renew(self, handle: Handle) -> None:
        """Prepares a handle again for the present weights, in place. Raises `check_owner`, but takes void handles."""
        ...

    @property
    def loras(self) -> tuple[tuple[Lora, float], ...]:
        """The LoRAs that were set last, with their strengths."""
        ...

    def set_loras(self, loras: Loras) -> bool:
        """Makes these the only LoRAs in the weights; returns whether the weights changed, which raises the epoch.

        Raises DemonError, and then changes nothing, for more than 4, a strength out of 0 to 2, or a LoRA of another
        model.
        """
        ...

    def weights_changed(self) -> None:
        """Raises the epoch, after somebody changed the denoiser's weights while no LoRA was in them.

        The next forward has the new weights.
        """
        ...

    def prepare_schedule(self, t: Tensor) -> Tensor:
        """Timesteps [S+1], of any float type -> per-step time tensors [S+1, E], float32."""
        ...

    def place(self, place: int, handle: Handle) -> None:
        """Copies a prepared prompt into a place (at admission). A later `renew` of the handle does not reach the place.

        Raises `check_place`, `check_owner`, `check_epoch`, and `check_lengths` against the prompts in other places.
        """
        ...

    def forward(self, x: Tensor, time: Tensor, context: Tensor, places: Tensor) -> Tensor:
        """x [R, T, C], time [R, E], context [R, T, X], places [R] int64 -> v [R, T, C], float32.

        Called from all `lanes.count` threads at once. Reads its arguments and keeps none. The velocity stays as it is
        until the next forward of the same thread, and callers only read it. A row's velocity depends on no other row.

        Raises `check_shapes`, and `check_placed` where looking at `places` does not wait for a device.
        """
        ...
