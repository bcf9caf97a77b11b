"""The denoiser: a small diffusion transformer over latent frames.

Two latent frames make a token. Self-attention has rotary positions and normalised queries and keys. Time and tags
modulate every block (adaLN-single, PixArt-alpha, section 2.3). Every second block attends to the tag tokens.
Shapes: R rows, T latent frames, N = T / 2 tokens, E width, L tag tokens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from demon_patch.engine.families.nano.spec import PATCH, SPEC
from demon_patch.engine.families.nano.tags import TOKENS, VOCABULARY_SIZE
from demon_patch.engine.networks import FRAMES, ROWS, Axis, Network, Part

_TIME_FREQUENCIES = 64
_ROPE_BASE = 1000.0
_EPSILON = torch.finfo(torch.float32).eps


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a denoiser.

    latent, context: channels of a latent frame and of its context.
    tokens: tag tokens of a prompt. vocabulary: how many of them there are to choose from.
    frames: the most latent frames of a song.
    width: numbers that describe a token in every block; a multiple of `heads`. depth: blocks.
    expansion: how many times as wide the two-layer networks are.
    """

    latent: int
    context: int
    tokens: int
    vocabulary: int
    frames: int
    width: int = 256
    depth: int = 6
    heads: int = 4
    expansion: int = 3


MONO = Shape(SPEC.latent_channels, SPEC.context_channels, TOKENS, VOCABULARY_SIZE, SPEC.max_frames)
"""The denoiser that plays."""


def _rotary(tokens: int, width: int) -> tuple[Tensor, Tensor]:
    """Returns cosines and signed sines of the angles by which positions turn a head's two halves, each [N, width]."""
    frequency = 1.0 / (_ROPE_BASE ** (torch.arange(0, width, 2).float() / width))
    angle = torch.arange(tokens).float()[:, None] * frequency
    return torch.cat([angle.cos()] * 2, 1), torch.cat([-angle.sin(), angle.sin()], 1)


def _normal(x: Tensor) -> Tensor:
    """Returns x divided by its root mean square over the last dimension."""
    norm = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x * norm.square().mul_(1 / x.shape[-1]).add_(_EPSILON).rsqrt_()


def _gelu(x: Tensor) -> Tensor:
    """Returns the tanh form of GELU of x.

    Without gradients it is computed as x * sigmoid(2u), which equals x * (1 + tanh(u)) / 2 and spares the slow tanh.
    """
    if x.requires_grad:
        return functional.gelu(x, approximate="tanh")
    work = x.square()
    return torch.addcmul(x, work, x, value=0.044715, out=work).mul_(math.sqrt(8 / math.pi)).sigmoid_().mul_(x)


class CrossAttention(nn.Module):
    """Attention of the music's tokens to the tag tokens, whose keys and values are computed once per prompt."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.RMSNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.out.weight)

    def prepare(self, tags: Tensor) -> tuple[Tensor, Tensor]:
        """Returns keys and values, each [..., L, E], of embedded tags [..., L, E]."""
        key, value = self.key_value(tags).chunk(2, -1)
        return key, value

    def forward(self, x: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Returns what the tokens x [R, N, E] take from the tags [R, N, E], with key and value [R, L, E]."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query(_normal(x) * self.norm.weight), key, value)
        )
        return self.out(functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Self-attention, in some blocks cross-attention, and a two-layer network; each result is added to its input."""

    def __init__(self, width: int, heads: int, expansion: int, cross: bool) -> None:
        super().__init__()
        self.heads = heads
        self.modulation = nn.Parameter(torch.randn(6, width) * 0.02)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.query_norm = nn.RMSNorm(width // heads)
        self.key_norm = nn.RMSNorm(width // heads)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.cross = CrossAttention(width, heads) if cross else None
        self.mlp_in = nn.Linear(width, expansion * width)
        self.mlp_out = nn.Linear(expansion * width, width)
        for weight in (self.attention_out.weight, self.mlp_out.weight, self.mlp_out.bias):
            nn.init.zeros_(weight)

    def forward(
        self, x: Tensor, shared: Tensor, rotary: tuple[Tensor, Tensor], cross: tuple[Tensor, Tensor] | None
    ) -> Tensor:
        """Returns the block's output [R, N, E] for tokens x [R, N, E].

        shared: the modulation that all blocks share [R, 6, E]: shift, scale and gate of self-attention, then of the
        two-layer network. Scales and gates are about 1.
        rotary: cosines and signed sines, each [N, 1, 1, width of a head].
        cross: keys and values of the tags, None in a block without cross-attention.
        """
        shift1, scale1, gate1, shift2, scale2, gate2 = (shared + self.modulation)[:, :, None].unbind(1)
        y = torch.addcmul(shift1, _normal(x), scale1)
        heads = self.query_key_value(y).unflatten(-1, (3, self.heads, -1))
        turned = self._turned(heads[:, :, :2], *rotary)
        query, key, value = (part.transpose(1, 2) for part in (*turned.unbind(2), heads[:, :, 2]))
        y = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        x = torch.addcmul(x, self.attention_out(y), gate1)
        if self.cross is not None and cross is not None:
            x = x + self.cross(x, *cross)
        y = torch.addcmul(shift2, _normal(x), scale2)
        return torch.addcmul(x, self.mlp_out(_gelu(self.mlp_in(y))), gate2)

    def _turned(self, heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """Returns queries and keys [R, N, 2, heads, width], normalised and turned by their position."""
        weight = torch.stack([self.query_norm.weight, self.key_norm.weight])[:, None]
        first, second = (y := _normal(heads)).chunk(2, -1)
        crossed = torch.cat([second, first], -1)
        return (y * (weight * cosine)).addcmul_(crossed, weight.roll(weight.shape[-1] // 2, -1) * sine)


class NanoDenoiser(nn.Module):
    """The denoiser of nano (the `Denoiser` of `engine.contracts`): it predicts the velocity of the flow at x_t.

    model: the name of the family that it belongs to.
    """

    def __init__(self, shape: Shape = MONO, model: str = SPEC.name) -> None:
        super().__init__()
        self._model = model
        self.shape, width = shape, shape.width
        self.hidden = width
        self.tokens_in = nn.Linear((shape.latent + shape.context) * PATCH, width)
        self.tag_embedding = nn.Embedding(shape.vocabulary, width)
        self.tag_position = nn.Parameter(torch.randn(shape.tokens, width) * 0.02)
        self.tag_pool = nn.Linear(width, width)
        self.time_in = nn.Linear(2 * _TIME_FREQUENCIES, width)
        self.time_out = nn.Linear(width, width)
        self.modulation = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(
            Block(width, shape.heads, shape.expansion, cross=i % 2 == 0) for i in range(shape.depth)
        )
        self.final_modulation = nn.Linear(width, 2 * width)
        self.tokens_out = nn.Linear(width, shape.latent * PATCH)
        for layer in (self.modulation, self.final_modulation, self.tokens_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.tag_embedding.weight, std=0.5)
        cosine, sine = _rotary(shape.frames // PATCH, width // shape.heads)
        self.still: Tensor
        self.register_buffer("still", torch.tensor([0.0, 1.0, 1.0] * 2)[:, None], persistent=False)
        self.rope_cosine: Tensor
        self.rope_sine: Tensor
        self.register_buffer("rope_cosine", cosine, persistent=False)
        self.register_buffer("rope_sine", sine, persistent=False)

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """Returns the condition of tag tokens, int64 [..., L]: a tuple of tensors.

        First the pooled tags [..., 1, E], then keys and values [..., L, E] for each block with cross-attention.
        """
        tags = self.tag_embedding(tokens) + self.tag_position
        parts = [self.tag_pool(tags.mean(-2, keepdim=True))]
        for block in self.blocks:
            if isinstance(block, Block) and block.cross is not None:
                parts += block.cross.prepare(tags)
        return tuple(parts)

    def embed_time(self, t: Tensor) -> Tensor:
        """Returns the embedding [N, E] of N timesteps in 0..1."""
        rate = torch.arange(_TIME_FREQUENCIES, device=t.device) * (-math.log(1000.0) / _TIME_FREQUENCIES)
        angle = t[:, None] * (rate.exp() * (6 * 1000.0**0.5))
        return self.time_out(functional.silu(self.time_in(torch.cat([angle.cos(), angle.sin()], -1))))

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        """Returns the velocity v = noise - x0, [R, T, channels], at the latents x of that shape.

        T is a multiple of 2, at most `shape.frames`.

        time: embedded timesteps [R, E].
        context: [R, T, context channels].
        condition: tensors of R rows from `condition`.
        """
        rows, frames, channels = x.shape
        pooled, *cross = condition
        state = functional.silu(time + pooled[:, 0])
        shared = self.modulation(state).unflatten(-1, (6, -1)) + self.still
        tokens = frames // PATCH
        rotary = self.rope_cosine[:tokens, None, None], self.rope_sine[:tokens, None, None]
        y = self.tokens_in(torch.cat([x, context], -1).reshape(rows, tokens, -1))
        pairs = iter(zip(cross[::2], cross[1::2], strict=True))
        for block in self.blocks:
            y = block(y, shared, rotary, next(pairs) if block.cross is not None else None)
        shift, scale = self.final_modulation(state)[:, None].chunk(2, -1)
        y = torch.addcmul(shift, _normal(y), 1 + scale)
        return self.tokens_out(y).reshape(rows, frames, channels)

    def forward(self, x: Tensor, t: Tensor, tokens: Tensor, context: Tensor) -> Tensor:
        """Returns the velocity [R, T, 64] of R rows with their timesteps [R] and tag tokens [R, L], as in training."""
        return self.velocity(x, self.embed_time(t), context, self.condition(tokens))

    def networks(self) -> tuple[Network]:
        """Returns the network of `velocity` (`engine.networks.Exports`)."""
        width = self.tag_pool.out_features
        crossed = sum(isinstance(block, Block) and block.cross is not None for block in self.blocks)
        tags = (ROWS, self.shape.tokens, width)
        cross = [Part(f"{part}_{at}", tags) for at in range(crossed) for part in ("key", "value")]
        latent, context = self.shape.latent, self.shape.context
        return (
            Network(
                self._model,
                "denoiser",
                self,
                lambda x, time, context, *condition: self.velocity(x, time, context, condition),
                (
                    Part("x", (ROWS, FRAMES, latent)),
                    Part("time", (ROWS, width)),
                    Part("context", (ROWS, FRAMES, context)),
                    Part("pooled", (ROWS, 1, width)),
                    *cross,
                ),
                Part("velocity", (ROWS, FRAMES, latent)),
                {ROWS: Axis(1, 1, 64), FRAMES: Axis(PATCH, 4 * PATCH, self.shape.frames)},
                loras=True,
                steered=(len(self.blocks), width),
            ),
        )
