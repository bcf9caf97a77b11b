"""A family without weights whose every part is exact: the model of Gaussian data, an orthonormal codec.

The denoiser is the optimal one for data N(mean, WIDTH^2) with a mean that mixes context and prompt, so its velocity is
a short formula that the tests write down again in float64.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from torch import Tensor

from demon_patch.bench.gaussian import WIDTH, GaussianDenoiser, tinted
from demon_patch.engine.contracts import PLAIN, WIDE, Conditioning, Family, FamilySpec, Source
from demon_patch.engine.controls import TABLE
from demon_patch.engine.executors.torch_ import TorchExecutor
from demon_patch.engine.lora.merge import LayerChange, Lora
from demon_patch.engine.ring.noise import NoiseBank
from demon_patch.engine.ring.request import Request
from demon_patch.engine.ring.request_controls import REQUEST_CONTROLS, RequestControls
from demon_patch.engine.ring.ring import Ring
from demon_patch.engine.ring.schedule import SchedulePlan
from demon_patch.engine.score import Notes
from demon_patch.engine.steering.vector import Steering
from demon_patch.engine.step.reference import Values, sampler
from demon_patch.errors import SourceError

CHANNELS, HINTS, PER_FRAME = 4, 3, 16

SPEC = FamilySpec(
    name="toy",
    title="Toy",
    sample_rate=400,
    channels=1,
    latent_channels=CHANNELS,
    context_channels=HINTS + 1,
    frame_rate=25,
    quantum=1,
    min_frames=8,
    max_frames=1500,
    exact_margin=2,
    playing_margin=1,
    defaults={**PLAIN, "steps": 8, "shift": 2.0},
    tick_frames={1: 2, 2: 3, 3: 5, 4: 6, 5: 8, 6: 9, 7: 11, 8: 12},
    strength_taper=tuple(k / 10 for k in range(11)),
    timbre=True,
    score=True,
)


def mean_of(context: Tensor, condition: Tensor) -> Tensor:
    """The mean of the data: context [..., T, X] and the prompt's weights [..., 2, C] -> [..., T, C]."""
    return context * condition[..., :1, :] + condition[..., 1:, :]


def velocity(x: Tensor, t: Tensor, mean: Tensor) -> Tensor:
    """E[noise - x0 | x_t = x] for x0 ~ N(mean, WIDTH^2), x_t = t * noise + (1 - t) * x0; t broadcastable to x."""
    spread = (1 - t) * (1 - t) * (WIDTH * WIDTH) + t * t
    return (t - (1 - t) * (WIDTH * WIDTH)) / spread * (x - (1 - t) * mean) - mean


class ToyCodec:
    """Sixteen samples a frame, or more, on four orthonormal rows: encode(decode(latent)) is the latent."""

    def __init__(self, per_frame: int = PER_FRAME) -> None:
        self._per_frame = per_frame
        basis = np.linalg.qr(np.random.default_rng(1).standard_normal((per_frame, CHANNELS)))[0].T
        self._basis = torch.from_numpy(np.ascontiguousarray(basis, dtype=np.float32))

    def encode(self, audio: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(audio[:, 0].reshape(-1, self._per_frame)) @ self._basis.T

    def decode(self, latent: Tensor, frames: Tensor) -> Tensor:
        assert frames.shape == latent.shape[:1]
        return (latent @ self._basis).reshape(-1, 1)


class ToyConditioner:
    """Words are hashed to weights; words with digits in them are unknown."""

    def __init__(self, codec: ToyCodec) -> None:
        self._codec = codec

    def prompt(self, text: str) -> Conditioning:
        words = text.split()
        known = " ".join(word for word in words if word.isalpha())
        rng = np.random.default_rng(zlib.crc32(known.encode()))
        tokens = torch.from_numpy(rng.uniform(-1, 1, (2, CHANNELS)).astype(np.float32)) * bool(known)
        return Conditioning(tokens, text, tuple(word for word in words if not word.isalpha()))

    def compose(self, prompt: str, seconds: float, seed: int, composer: str = WIDE) -> Source:
        frames = SPEC.frames(seconds)
        rng = np.random.default_rng((zlib.crc32(prompt.encode()), seed))
        cycles, phases = rng.integers(1, 9, CHANNELS), rng.uniform(0, 2 * np.pi, CHANNELS)
        angle = 2 * np.pi * np.arange(frames)[:, None] * cycles / frames + phases
        latent = torch.from_numpy((0.4 * np.sin(angle)).astype(np.float32))
        audio = self._codec.decode(latent, torch.arange(frames)).numpy()
        return Source(latent, latent[:, :HINTS].abs(), audio, prompt or "toy", bpm=120.0)

    def alone(self, seconds: float, bpm: float | None) -> Source:
        frames = SPEC.frames(seconds)
        latent, audio = torch.zeros(frames, CHANNELS), np.zeros((frames * PER_FRAME, 1), np.float32)
        return Source(latent, latent[:, :HINTS], audio, "silence", bpm, alone=True)

    def load(
        self,
        path: str | Path,
        seconds: float | None = None,
        bpm: float | None = None,
        downbeat: float | None = None,
    ) -> Source:
        try:
            audio, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, OSError) as error:
            raise SourceError("cannot be read as audio", file=path, mend="give an audio file") from error
        if not len(audio):
            raise SourceError("holds no sound", file=path, mend="give a longer audio file")
        frames = SPEC.frames(min(seconds or 60.0, len(audio) / rate))
        at = np.arange(frames * PER_FRAME) * rate / SPEC.sample_rate
        mono = np.interp(at % len(audio), np.arange(len(audio)), audio.mean(1)).astype(np.float32)[:, None]
        latent = self._codec.encode(mono)
        return Source(latent, latent[:, :HINTS].abs(), mono, Path(path).stem, bpm, downbeat or 0.0)

    def timbre(self, prompt: Conditioning, clip: Source) -> Conditioning:
        return tinted(prompt, clip)

    def context(self, source: Source, structure: float) -> Tensor:
        mark = torch.full((source.frames, 1), structure)
        hints = source.hints * structure
        return torch.cat((hints if source.score is None else hints + source.score, mark), -1)

    def score(self, notes: Notes) -> Tensor:
        """Three numbers a frame: starts of tones, the highest key that sounds, and strokes, each by its pitch."""
        height = notes.pitch.round() / 127
        tones, strokes = (height * notes.starting)[:3], (height * notes.starting)[3:]
        each = (tones, (height * notes.sounding)[:3], strokes)
        return torch.stack([part.flatten(0, 1).amax(0) for part in each], -1)

    def told_hints(self, hints: Tensor, score: Tensor, adds: bool) -> Tensor:
        return hints


def toy_family(per_frame: int = PER_FRAME, **other: Any) -> Family:
    """The family, loaded. per_frame: samples of a frame; with another number it loads no clips. other: what differs
    from SPEC beside it."""
    codec = ToyCodec(per_frame)
    spec = replace(SPEC, sample_rate=per_frame * SPEC.frame_rate, **other)
    return Family(spec, GaussianDenoiser(), codec, ToyConditioner(codec))


NOT_READ = ("live_strength",)  # it lets a request move generations in flight; no step reads its value
READ_BY_STEPS = [row.name for row in TABLE if row.every_step and row.name not in NOT_READ]
"""The step controls whose values steps read. A new one that none reads goes to NOT_READ, with its reason."""


def tint(seed: int, rank: int) -> Lora:
    """A LoRA of the family's one layer."""
    draw = torch.Generator().manual_seed(seed)
    halves = torch.randn(rank, CHANNELS, generator=draw), torch.randn(CHANNELS, rank, generator=draw)
    return Lora(f"tint {seed}", {"colour": LayerChange(*halves, 0.2)})


TINTS = (tint(1, 1), tint(2, 2))
"""The LoRAs of every `Bench`, at strength 0 where no step value says otherwise."""

PULLS = (Steering("left", torch.tensor([[0.3, 0.0, -0.2, 0.1]])), Steering("up", torch.tensor([[0.0, 0.5, 0.0, 0.2]])))
"""The steering vectors of every `Bench`."""

FAMILY = toy_family()
FRAMES = 24
PARTS = ("target",)  # fields of a request that are called as the control whose clip they come from


class Bench:
    """A ring on the toy family with a source of `frames` frames, and requests that differ from a usual one."""

    def __init__(
        self,
        depth: int = 4,
        bucket: int = 1,
        frames: int = FRAMES,
        lanes: int = 1,
        executor: TorchExecutor | None = None,
        **ring: Any,
    ) -> None:
        if executor is None:
            executor = TorchExecutor(FAMILY.denoiser, bucket, lanes=lanes)
            executor.set_loras([(lora, 0.0) for lora in TINTS])
        self.executor = executor
        self.source = FAMILY.conditioner.compose("bench", frames / SPEC.frame_rate, 5)
        self.noise = NoiseBank(CHANNELS, frames)
        self.ring = Ring(self.executor, SPEC, self.noise, depth, **ring)
        self.ring.steering = PULLS
        self.handles: dict[str, Any] = {}

    def request(self, prompt: str = "warm", structure: float = 1.0, covers: bool = True, **fields: Any) -> Request:
        """A cover at strength .8 of this bench's source, or what `fields` say: controls, and other fields of a
        request."""
        if prompt not in self.handles:
            self.handles[prompt] = self.executor.prepare(FAMILY.conditioner.prompt(prompt))
        context = FAMILY.conditioner.context(self.source, structure)
        latent = self.source.latent if covers else None
        parts = {name: value for name, value in fields.items() if name in PARTS or name not in REQUEST_CONTROLS}
        given = {name: value for name, value in fields.items() if name not in parts}
        controls = RequestControls({"seed": 7, "strength": 0.8, **given}, SPEC)
        return Request(self.handles[prompt], context, latent, controls, **parts)

    def asked(self, blend: float = 0.0, second: str | None = None, **fields: Any) -> Request:
        """A request whose second prompt is a text, or blended in by `blend`, with a negative where one is needed."""
        if second is not None:
            fields["second"] = self.request(second).conditioning
        if fields.get("guidance_mode") in ("full", "initialize"):
            fields["negative"] = self.request("").conditioning
        request = self.request(**fields)
        if blend:
            cold = self.request("cold").conditioning
            request = replace(request, conditioning=self.executor.blend(request.conditioning, cold, blend))
        return request


def plainly(request: Request, values: Values) -> Tensor:
    """The latent [T, C] that the reference sampler makes of a request on this family."""

    def forward(x: Tensor, t: Tensor, handle: Any, loras: Tensor | None, depths: Tensor | None) -> Tensor:
        mean, colour = mean_of(request.context, handle.tensors[0]).double(), torch.eye(CHANNELS).double()
        strengths = (torch.zeros(1) if loras is None else loras).expand(len(TINTS)).tolist()
        for lora, strength in zip(TINTS, strengths, strict=True):
            change = lora.changes["colour"]
            colour = colour + strength * change.scale * change.up.double() @ change.down.double()
        pulls = (torch.zeros(1) if depths is None else depths).expand(len(PULLS)).tolist()
        pull = sum(
            (depth * vector.added[0].double() for vector, depth in zip(PULLS, pulls, strict=True)), colour[0] * 0
        )
        return velocity(x, t, mean @ colour.T + pull)

    return sampler(request, values, forward, SPEC)


def schedule_plan(
    strength: float, steps: int, shift: float, steps_mode: str = "fixed", timesteps: str = "continuous"
) -> SchedulePlan:
    """A plan whose modes are the usual ones where they are not given."""
    return SchedulePlan(strength, steps, shift, steps_mode, timesteps)
