"""The network that hears notes and strokes, and the score hints that it makes of them.

Each key sees its own pitch bands and those of its harmonics; convolutions over keys and time follow, with what the
whole frame sounds like beside them. Strokes are heard from the log bands alone. For every column of the score hints
there are three numbers: whether a note starts, whether it sounds, and how loud it is. Shapes: B batch, n latent frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from demon_patch.arrays import Samples
from demon_patch.engine.families.nano.magnitudes import ConvBlock
from demon_patch.engine.families.nano.score.notes import DRUM_CLASSES
from demon_patch.engine.families.nano.score.roll import (
    BASS_CLASSES,
    DRUMS,
    LEAD,
    LEAD_KEYS,
    LEAD_LOW,
    ROLL,
    ROLL_KEYS,
    ROLL_LOW,
    SCORE_CHANNELS,
    SUSTAIN,
)
from demon_patch.engine.families.nano.transcriber import features

HARMONICS = (-12, 0, 12, 19, 24, 28, 31)
"""Semitones from a key to the pitch bands that it sees: an octave below, and its first six harmonics."""

KEYS = LEAD_LOW + LEAD_KEYS - ROLL_LOW
"""Keys that may be heard, from the lowest of the roll to the highest of the lead."""

_OCTAVES = 3  # from the lowest key on, in which a bass is heard
_WIDTH, _WHOLE, _STROKE = 48, 128, 96
_PROJECTED = 8
_BESIDE = 24  # frames of the loop that are heard again before its start and after its end


@dataclass(frozen=True, slots=True)
class Heard:
    """What the network says of each column: log odds that a note starts and sounds, and its level. Each [B, n, 144]."""

    start: Tensor
    sound: Tensor
    level: Tensor


class KeyBlock(nn.Module):
    """A ConvNeXt block over time and keys: depthwise convolutions, norm, two linear layers, residual.

    reach: steps of time between the taps of its convolution over time.
    """

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.time = nn.Conv2d(width, width, (5, 1), padding=(2 * reach, 0), dilation=(reach, 1), groups=width)
        self.keys = nn.Conv2d(width, width, (1, 25), padding=(0, 12), groups=width)
        self.norm = nn.LayerNorm(width)
        self.expand, self.contract = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Returns the block's output [B, n, keys, width] for x of that shape."""
        y = self.keys(self.time(x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)
        return x + self.contract(functional.gelu(self.expand(self.norm(y)), approximate="tanh"))


class Transcriber(nn.Module):
    """Hears the score hints of a sound."""

    NAME = "nano-transcriber"

    def __init__(self) -> None:
        super().__init__()
        thirds, near = features.THIRDS, 2 * len(HARMONICS)
        self.first = nn.Conv2d(near, 24, (3, 5), padding=(1, 2))
        self.second = nn.Conv2d(24, 24, (3, 5), padding=(1, 2))
        self.to_keys = nn.Conv2d(24, _WIDTH, (1, thirds), stride=(1, thirds))
        self.blocks = nn.ModuleList(KeyBlock(_WIDTH, reach) for reach in (1, 2, 4))
        self.project = nn.Linear(_WIDTH, _PROJECTED)
        short = features.SHORT_BANDS * features.MOMENTS
        self.whole_in = nn.Linear(KEYS * _PROJECTED + short, _WHOLE)
        self.whole = nn.ModuleList(ConvBlock(_WHOLE, 7) for _ in range(2))
        self.whole_out = nn.Linear(_WHOLE, _WIDTH)
        self.last = KeyBlock(_WIDTH, 1)
        self.norm = nn.LayerNorm(_WIDTH)
        self.heads = nn.Linear(_WIDTH, 9)  # roll, lead, bass; three numbers each
        self.strokes_in = nn.Linear(features.SHORT_BANDS, _STROKE)
        self.strokes = nn.ModuleList(ConvBlock(_STROKE, 9) for _ in range(3))
        self.strokes_norm = nn.LayerNorm(_STROKE)
        self.strokes_out = nn.Linear(_STROKE, 2 * len(DRUM_CLASSES))
        self.thresholds: Tensor
        self.register_buffer("thresholds", torch.tensor([0.5, 0.5, 0.5, 0.5]))
        """Probabilities from which a note starts, sounds, a stroke is heard, and a note of lead or bass starts."""

    def forward(self, pitches: Tensor, short: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns log odds of start and sound, and levels, each [B, n, 144], for the two parts of
        `features.features`."""
        keys = self._keys(pitches, short)
        heads = self.heads(keys)  # [B, n, KEYS, 9]
        roll, lead, bass = heads.split(3, -1)
        bass = bass[:, :, : 12 * _OCTAVES].unflatten(2, (_OCTAVES, BASS_CLASSES)).amax(2).roll(ROLL_LOW % 12, 2)
        tonal = torch.cat([roll[:, :, :ROLL_KEYS], bass, lead[:, :, -LEAD_KEYS:]], 2)
        strokes = self._strokes(short)  # [B, n, 24, 2]
        start = torch.cat([tonal[..., 0], strokes[..., 0]], -1)
        level = torch.cat([tonal[..., 2], strokes[..., 1]], -1)
        sound = torch.cat([tonal[..., 1], torch.full_like(strokes[..., 0], -20.0)], -1)
        return start, sound, level

    def _keys(self, pitches: Tensor, short: Tensor) -> Tensor:
        thirds = features.THIRDS
        low = ROLL_LOW - features.LOWEST
        shifted = [pitches[..., (low + by) * thirds : (low + by + KEYS) * thirds] for by in HARMONICS]
        x = functional.gelu(self.first(torch.cat(shifted, 1)), approximate="tanh")
        x = functional.gelu(self.second(x), approximate="tanh")
        x = self.to_keys(x).permute(0, 2, 3, 1)
        for block in self.blocks:
            x = block(x)
        frames = short.unflatten(1, (-1, features.MOMENTS)).flatten(2)
        whole = self.whole_in(torch.cat([self.project(x).flatten(2), frames], -1))
        for block in self.whole:
            whole = block(whole)
        return self.norm(self.last(x + self.whole_out(whole)[:, :, None]))

    def _strokes(self, short: Tensor) -> Tensor:
        x = self.strokes_in(short)
        for block in self.strokes:
            x = block(x)
        found = self.strokes_out(self.strokes_norm(x))  # [B, 4n, 12]
        return found.unflatten(-1, (len(DRUM_CLASSES), 2)).unflatten(1, (-1, features.MOMENTS)).flatten(2, 3)

    @torch.no_grad()
    def heard(self, audio: Samples) -> Heard:
        """Returns what the network says of a loop [n * 1920, channels] at 48 kHz, with B = 1."""
        mono = torch.from_numpy(np.ascontiguousarray(np.asarray(audio, np.float32).mean(1)))[None]
        pitches, short = features.features(mono, cyclic=True)
        n = pitches.shape[2]
        frames = torch.arange(-_BESIDE, n + _BESIDE) % n
        moments = (frames[:, None] * features.MOMENTS + torch.arange(features.MOMENTS)).flatten()
        found = self(pitches[:, :, frames], short[:, moments])
        return Heard(*(part[:, _BESIDE : _BESIDE + n] for part in found))

    def hints(self, audio: Samples) -> Samples:
        """Returns the score hints float32 [n, 144] of a loop [n * 1920, channels] at 48 kHz, as `score.score_hints`
        has them for a score.

        Raises ValueError where there are no samples, or no whole number of latent frames.
        """
        if len(audio) == 0 or len(audio) % features.FRAME:
            raise ValueError(f"{len(audio)} samples are not a whole number of frames of {features.FRAME}")
        heard = self.heard(audio)
        starts = self.starts(heard.start)
        level = heard.level.clamp(0.1, 1.0)
        sounds = (heard.sound.sigmoid() >= self.thresholds[1]) | starts
        hints = torch.where(starts, level, torch.where(sounds, SUSTAIN * level, 0.0))
        hints[..., DRUMS] = torch.where(starts[..., DRUMS], level[..., DRUMS], 0.0)
        return hints[0].numpy()

    def starts(self, log_odds: Tensor) -> Tensor:
        """Returns where notes and strokes start, bool [B, n, 144], for log odds of that shape: above the threshold, and
        no less than just before and after."""
        chance = log_odds.sigmoid()
        notes, strokes = chance[..., : DRUMS.start], chance[..., DRUMS]
        batch, frames, _ = notes.shape
        moments = strokes.unflatten(-1, (features.MOMENTS, -1)).reshape(batch, frames * features.MOMENTS, -1)
        peaks = _peaks(moments, 2).reshape(batch, frames, -1)
        limits = torch.cat([
            self.thresholds[0].expand(ROLL.stop),
            self.thresholds[3].expand(LEAD.stop - ROLL.stop),
            self.thresholds[2].expand(SCORE_CHANNELS - LEAD.stop),
        ])  # fmt: skip
        return torch.cat([_peaks(notes, 1), peaks], -1) & (chance >= limits)


def _peaks(chance: Tensor, reach: int) -> Tensor:
    """Returns where chances [B, time, columns] are the highest within `reach` steps; of equals, the first."""
    around = functional.max_pool1d(chance.transpose(1, 2), 2 * reach + 1, 1, reach).transpose(1, 2)
    top = chance == around
    before = functional.pad(top[:, :-1], (0, 0, 1, 0))
    return top & ~before
