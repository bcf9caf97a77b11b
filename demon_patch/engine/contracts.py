"""The interfaces that every model family and every executor implements. Torch-free at run time.
`prompt_contracts` has what only some families' prompts need.

Letters of shapes: T latent frames, C latent channels, X context channels, R rows of a forward, S steps, L tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from demon_patch.engine.check_controls import checked_number, checked_option
from demon_patch.engine.controls import CONTROLS, FAMILY, TABLE, Control
from demon_patch.engine.prompt_contracts import Handle
from demon_patch.errors import DemonError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from torch import Tensor

    from demon_patch.engine.executors.row_threads import RowThreads
    from demon_patch.engine.lora.merge import Lora, Loras
    from demon_patch.engine.side_inputs import SideInputs

V = TypeVar("V")

WIDE, FIRST = COMPOSERS = ("wide", "first")
"""Composers of songs: sixteen styles with a human feel, and the first one, in eight, for songs of older patches."""

PLAIN: Mapping[str, float | str] = MappingProxyType({
    "timesteps": "continuous", "depth": 4, "solver": "ode", "guidance_mode": "off", "guidance": 1.0,
    "dcw": "off", "dcw_wavelet": "haar", "dcw_low": 0.05, "dcw_high": 0.02,
})  # fmt: skip
"""Defaults of a family with plain steps, without guidance and without wavelet correction. The family adds `steps` and
`shift`."""


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """The geometry of a model family and what was measured of it.

    sample_rate: audio samples per second and channel. channels: audio channels.
    frame_rate: latent frames per second. quantum: song lengths are multiples of so many latent frames.
    min_frames, max_frames: the shortest and the longest song, in latent frames.
    exact_margin, playing_margin: latent frames decoded on each side of a window and thrown away. The window then
        differs from a decode of the whole song by less than 2e-6 of the peak with the first, -80 dB with the second.
    defaults: the family's default of every control whose row has the default FAMILY (`PLAIN` has the usual ones).
    tick_frames: by ring depth, the control frames of a nominal (offline) tick, for songs of up to `tick_song` latent
        frames.
    strength_taper: the strengths (0 to 1) at equally spaced knob positions from 0 to 1. Equal turns of the knob move
        the sound equally far.
    border: the number of latent frames at each end of a generated stretch that differ more from a generation of the
        whole song than the middle of the stretch does.
    timbre: whether a prompt can borrow the sound colour of a clip. lyrics: whether it can have lyrics.
    needs_source: whether a song needs a clip that it covers; else the family's conditioner is a `PlaysAlone`.
    score: whether the music can be told its notes; the conditioner is then a `score.ReadsScore`.
    dry_reach: the rms distance between a latent frame and the same frame of its source below which some of the
        recording itself is heard (`engine.sound.dry_path`). At 0 the recording is never heard.
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
    lyrics: bool = False
    needs_source: bool = True
    score: bool = False
    dry_reach: float = 0.0

    def __post_init__(self) -> None:
        wanted = {row.name: row for row in TABLE if row.default is FAMILY}
        for name in wanted.keys() ^ self.defaults.keys():
            what = "has no default of" if name in wanted else "has a default that the table does not ask for:"
            raise DemonError(f"the model family {self.name} {what} {name}", mend="see FamilySpec.defaults")
        for name, value in self.defaults.items():
            (checked_option if wanted[name].shape == "choice" else checked_number)(name, value)

    @property
    def steps(self) -> int:
        """Returns the default number of denoising steps of a generation."""
        return int(self.defaults["steps"])

    @property
    def shift(self) -> float:
        """Returns the default of the control `shift`, which warps the schedule."""
        return float(self.defaults["shift"])

    @property
    def depth(self) -> int:
        """Returns the default ring depth, in slots."""
        return int(self.defaults["depth"])

    @property
    def samples_per_frame(self) -> int:
        """Returns the audio samples per channel in one latent frame (a whole number in every family)."""
        return self.sample_rate // self.frame_rate

    def nominal_tick(self, depth: int, song_frames: int) -> int:
        """Returns the length of a nominal (offline) tick in control frames, rounded up.

        depth: ring depth. song_frames: latent frames; a song longer than `tick_song` takes proportionally more.
        """
        return math.ceil(self.tick_frames[depth] * max(song_frames / self.tick_song, 1.0))

    def default(self, row: Control) -> float | str | None:
        """Returns a control's default: the family's own where its row says FAMILY, else the one in the row. It is a
        number in the control's unit (a knob position for the family taper), an option's name, or None."""
        return self.defaults[row.name] if row.default is FAMILY else row.default

    def at_position(self, row: Control, position: float) -> float:
        """Returns the number that the engine takes for a control with the family taper at a knob position.

        position: from `row.lo` to `row.hi`. The number is in the same range, by `strength_taper`.
        """
        u = (position - row.lo) / (row.hi - row.lo) * (len(self.strength_taper) - 1)
        i = min(max(int(u), 0), len(self.strength_taper) - 2)
        low, high = self.strength_taper[i : i + 2]
        return row.lo + (low + (u - i) * (high - low)) * (row.hi - row.lo)

    def has(self, row: Control) -> bool:
        """Returns whether the family can play a control: it has the part named in the control's row, and the part named
        in the row of the control that this one needs."""
        rows = (row,) if row.needs is None else (row, CONTROLS[row.needs])
        return all(each.part is None or getattr(self, each.part) for each in rows)

    def lacks(self, row: Control) -> DemonError:
        """Returns the error for a control whose part (`Control.part`) the family does not have."""
        return DemonError(
            f"the model family {self.name} has no {row.part}",
            port=row.name,
            mend=f"play the patch on a family that has {row.part}, or unwire {row.title.lower()}",
        )

    def frames(self, seconds: float) -> int:
        """Returns the song length that the family can play and that is nearest to `seconds`, in latent frames."""
        whole = round(seconds * self.frame_rate / self.quantum) * self.quantum
        return min(max(whole, self.min_frames), self.max_frames)


@dataclass(frozen=True, slots=True)
class Conditioning:
    """A prompt in the form that the denoiser takes.

    tokens: [L, ...], in the family's own encoding. text: the prompt in the player's words.
    unknown: the words of the text that the family cannot read. lyrics, language: what is sung, and in which language.
    """

    tokens: Tensor
    text: str = ""
    unknown: tuple[str, ...] = ()
    lyrics: str = ""
    language: str = ""


Blend: TypeAlias = tuple[tuple[Conditioning, float], ...]
"""Several prompts that act as one, each with its share. Shares are 0 or more, and at least one is above 0."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Source:
    """A clip that a generation can cover.

    latent: [T, C]. hints: [T, H], the structure of the clip.
    score: [T, S], its notes as `score.ReadsScore.score` gives them, 0 to 1; None where they are not known.
    audio: float32 [samples, channels] at the family's sample rate, exactly T latent frames long; it loops smoothly.
    bpm: tempo in beats per minute, None where it is unknown. downbeat: time of the first bar line, in seconds.
    notes: sentences for the player, for example that a long file was cut.
    leader: of a mix of clips the one with the largest share, whose tempo and key a prompt says; else None.
    alone: whether it is no clip, but silence that stands for the song of a prompt alone (`engine.alone`).
    told: whether its score has notes that the patch tells (`score.told`). It counts in full then, however much of the
        clip's structure is kept.
    """

    latent: Tensor
    hints: Tensor
    audio: np.ndarray
    title: str = ""
    bpm: float | None = None
    downbeat: float = 0.0
    notes: tuple[str, ...] = field(default=())
    alone: bool = False
    leader: Source | None = field(default=None, repr=False)
    score: Tensor | None = None
    told: bool = False
    _found: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, what: Hashable, find: Callable[[], V]) -> V:
        """From any thread. Returns the result of `find()`, which the clip keeps under the key `what`: later calls with
        this key return the kept result. Two threads that ask at once may both call `find`."""
        if what not in self._found:
            self._found[what] = find()
        return self._found[what]

    @property
    def frames(self) -> int:
        """Returns the length in latent frames."""
        return self.latent.shape[0]


class Codec(Protocol):
    """Turns audio into latents and latents into audio."""

    def encode(self, audio: np.ndarray) -> Tensor:
        """Returns the latent [T, C] of sound.

        audio: [samples, channels] at the family's sample rate, a whole number of latent frames long.
        """
        ...

    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        """Returns the sound [n * samples_per_frame, channels] of n latent frames.

        latent: [n, C]. frames: int64 [n], the absolute number of each latent frame. The result depends on these two
        alone, so a window sounds like the same stretch of a decode of the whole song.
        """
        ...


class Conditioner(Protocol):
    """Makes prompts, sources and contexts: all that a denoiser reads beside the noisy latent and the time."""

    def prompt(self, text: str) -> Conditioning:
        """Returns the conditioning of free text. The empty text gives the null prompt."""
        ...

    def compose(self, prompt: str, seconds: float, seed: int, composer: str = WIDE) -> Source:
        """Returns a source that the family composes itself, if it has a composer. composer: one of COMPOSERS; a family
        with one composer takes that one."""
        ...

    def load(
        self,
        path: str | Path,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        """Returns an audio file as a source, at most its first `seconds`. Raises SourceError.

        bpm, downbeat: tempo (beats per minute) and time of the first bar line (seconds) in the file, if a person gives
        them; otherwise the stored or the detected ones are taken. `Source.bpm` is the tempo of the returned audio, at
        which beats meet when the audio loops.
        """
        ...

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        """Returns the prompt with the sound colour of a clip. `prompt` itself has the colour of silence.

        The returned tokens have the shape of the prompt's tokens, so that the two can be mixed: the control `timbre` is
        the share of the returned one. (In a family whose reference latents become further tokens of cross-attention,
        silence has as many tokens as a clip.) Called only for a family with `FamilySpec.timbre`; others raise
        `FamilySpec.lacks`.
        """
        ...

    def context(self, source: Source, structure: float) -> Tensor:
        """Returns the context [T, X], which the denoiser reads beside the noisy latent in every forward.

        structure: 0 to 1, the factor of the source's hints. Its score is read where the family has one.
        """
        ...


@runtime_checkable
class Denoiser(Protocol):
    """A family's diffusion transformer, an eager float32 module."""

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """Returns the tensors [L', ...] that cross-attention reads for tokens [L, ...]. Called once per prompt. Each is
        linear in every weight that a LoRA can change (keys before their norm)."""
        ...

    def embed_time(self, t: Tensor) -> Tensor:
        """Returns the embeddings [N, E] of timesteps [N] (1 is noise, 0 is clean). Called once per schedule."""
        ...

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        """Returns the predicted velocity noise - x0, [R, T, C].

        x: the noisy latents [R, T, C]. time: embeddings [R, E]. context: [R, T, X]. condition: tensors [R, L', ...].
        """
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """A loaded model family: its geometry, the three parts that the engine uses, and by name the files of its own LoRAs
    and steering vectors."""

    spec: FamilySpec
    denoiser: Denoiser
    codec: Codec
    conditioner: Conditioner
    loras: Mapping[str, Path] = field(default_factory=dict)
    steering: Mapping[str, Path] = field(default_factory=dict)


class Executor(Protocol):
    """Runs a denoiser in forwards of a fixed number of rows. One suite of tests holds for all executors.

    A denoiser has one executor, which alone changes its weights. Where a method names a function of
    `engine.executors.checks`, bad input raises the DemonError of that function. Unless a method says otherwise, it is
    called by the thread that owns the session, and never during a forward.

    bucket: rows of every forward (R).
    capacity: the number of prompt places, which are numbered from 0. A `Session` needs `session.PLACES` of them.
    lanes: the threads on which forwards run side by side; a GPU has one.
    weights_epoch: a number that grows with any change of the weights. Such a change also empties all prompt places.
        Handles of an older epoch are void until they are renewed.
    """

    bucket: int
    capacity: int
    lanes: RowThreads
    weights_epoch: int

    def prepare(self, conditioning: Conditioning) -> Handle:
        """From any thread, also during a forward. Returns a handle with all that is computed once per prompt.

        If the weights change during the call, the handle has the older epoch.
        """
        ...

    def blend(self, first: Handle, second: Handle, amount: float) -> Handle:
        """Returns a handle whose condition tensors are a mix of those of two prepared prompts.

        amount: the share of the second prompt, 0 to 1.
        Raises the errors of `check_owner`, `check_epoch` and `check_lengths`. Renewing the mix renews the two as well.
        """
        ...

    def renew(self, handle: Handle) -> None:
        """Prepares a handle again for the present weights, in place. Void handles are taken. Raises the error of
        `check_owner`."""
        ...

    @property
    def loras(self) -> tuple[tuple[Lora, float], ...]:
        """Returns the LoRAs that were set last, with their strengths, 0 to 2."""
        ...

    def set_loras(self, loras: Loras) -> bool:
        """Makes these the only LoRAs, each with the strength of rows that have none of their own (`SideInputs`).
        Returns whether they are other LoRAs than before; if so, the epoch grows. Raises DemonError, and then changes
        nothing, for too many, a strength out of 0 to 2, or a LoRA of another model."""
        ...

    def weights_changed(self) -> None:
        """Makes the weights epoch grow. The caller has changed the denoiser's weights; the next forward has the new."""
        ...

    def prepare_schedule(self, t: Tensor) -> Tensor:
        """Returns the time tensors of all steps, float32 [S+1, E]. t: timesteps [S+1] of any float type."""
        ...

    def place(self, place: int, handle: Handle) -> None:
        """Copies a prepared prompt into a prompt place (at admission). A later `renew` of the handle does not change
        the place.

        Raises the errors of `check_place`, `check_owner`, `check_epoch`, and `check_lengths` against the prompts in
        other places.
        """
        ...

    def forward(
        self, x: Tensor, time: Tensor, context: Tensor, places: Tensor, sides: SideInputs | None = None
    ) -> Tensor:
        """From all `lanes.count` threads at once. Returns the velocities noise - x0 of R rows, float32 [R, T, C].

        x: [R, T, C]. time: [R, E]. context: [R, T, X]. places: int64 [R], the prompt place of each row.
        sides: what each row adds beside the weights.
        Reads its arguments and keeps none. The next forward of the same thread may overwrite the result, and callers
        only read it. A row's velocity depends on no other row.

        Raises the error of `check_shapes`, and that of `check_placed` where looking at `places` does not wait for a
        device.
        """
        ...
