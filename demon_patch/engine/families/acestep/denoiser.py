"""The denoiser of ACE-Step 1.5, with everything computed ahead that does not change from step to step.

It runs the layers of diffusers' `AceStepTransformer1DModel` and equals that model's own forward. Once for a prompt:
keys and values of every cross-attention. Once for a schedule: the embeddings of its timesteps. Once for a length: the
tables of positions and the band of the windowed layers. Shapes: R rows, T latent frames, N = T / 2 tokens,
L positions of a prompt, E the width of the condition encoder, D that of the denoiser, B blocks.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from demon_patch.engine.families.acestep.spec import LATENT, PATCH
from demon_patch.engine.networks import FRAMES, LENGTH, ROWS, Axis, Network, Part

LENGTHS = 8
"""The most song lengths whose tables are kept."""


class AceStepDenoiser(nn.Module):
    """The denoiser (the `Denoiser` of `engine.contracts`), a `MixesPrompts`, since prompts have different lengths, and
    `Steerable`.

    The condition of a prompt is a tuple of four tensors:
    states [L, E], the positions of the condition encoder;
    weights [L], how much each position counts, 0 for padding and 1 for a position of the prompt;
    keys and values [L, B, H, W] of every block, with H heads of width W.

    name: of the checkpoint, by which its exported network is found.
    """

    def __init__(self, transformer: Any, name: str = "acestep") -> None:
        super().__init__()
        self.transformer = transformer
        self.name = name
        self.hidden = int(transformer.config.hidden_size)
        self.blocks = nn.ModuleList(nn.Identity() for _ in transformer.layers)  # what each layer puts out, as steered
        self._window = int(transformer.config.sliding_window)
        self._tables: dict[object, tuple[Tensor, Tensor, Tensor | None]] = {}

    def condition(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """Returns the condition of a prompt. tokens: [L, E + 1], the states and, last, their weights."""
        return self._condition(tokens[:, :-1].to(self._kind), tokens[:, -1].float())

    def mixed(self, first: tuple[Tensor, ...], second: tuple[Tensor, ...], amount: float) -> tuple[Tensor, ...]:
        """Returns the condition of a mix of two prompts; amount is the share of the second, 0 to 1.

        The states are blended where both prompts have a position; one that only one of them has is taken as it is, and
        its weight fades with the prompt's share. So the mix is exact at both ends and has no jump between them.
        """
        length = max(len(first[1]), len(second[1]))
        (one, low, *_), (other, high, *_) = self.padded(first, length), self.padded(second, length)
        low, high = (1 - amount) * low, amount * high
        weights = low + high
        share = (high / weights.clamp_min(torch.finfo(weights.dtype).tiny))[:, None].to(one.dtype)
        return self._condition(torch.lerp(one, other, share), weights)

    def padded(self, condition: tuple[Tensor, ...], length: int) -> tuple[Tensor, ...]:
        """Returns a condition of L positions with `length` of them. The new ones, at the end, have no weight."""
        more = length - len(condition[1])
        if not more:
            return condition
        return tuple(torch.cat((part, part.new_zeros(more, *part.shape[1:]))) for part in condition)

    def embed_time(self, t: Tensor) -> Tensor:
        """Returns the embeddings [N, 7 D] of timesteps [N]: the modulation of the blocks (6 D), then that of the output
        (D). The model's second embedder, of the distance to a second time, sees 0.

        Its waves are computed in float32 whatever the weights are: 16 bits keep a timestep to 1 in 256 only."""
        model = self.transformer
        last, blocks = _time_embedded(model.time_embed, t.float(), self._kind)
        other, more = _time_embedded(model.time_embed_r, torch.zeros_like(t[:1].float()), self._kind)
        return torch.cat(((blocks + more).flatten(1), last + other), 1).float()

    def velocity(self, x: Tensor, time: Tensor, context: Tensor, condition: tuple[Tensor, ...]) -> Tensor:
        """Returns the velocity noise - x0, float32 [R, T, 64], at the latents x [R, T, 64].

        T is a multiple of 2.

        time: embedded timesteps [R, 7 D]. context: [R, T, 128]. condition: of R rows, as `condition` returns it.
        """
        model, kind = self.transformer, self._kind
        width, time = time.shape[1] // 7, time.to(kind)
        blocks, last = time[:, : 6 * width].unflatten(1, (6, width)), time[:, None, 6 * width :]
        y = self._tokens(context.to(kind), x.to(kind))
        cosine, sine, band = self._table(y)
        weights, keys, values = condition[1:]
        counts = weights.log()[:, None, None].to(kind)  # -inf leaves a position out, 0 counts it once
        for at, (layer, layer_kind) in enumerate(zip(model.layers, model.layer_types, strict=True)):
            shift1, scale1, gate1, shift2, scale2, gate2 = (layer.scale_shift_table + blocks).chunk(6, 1)
            z = torch.addcmul(shift1, layer.self_attn_norm(y), 1 + scale1)
            near = band if layer_kind == "sliding_attention" else None
            y = torch.addcmul(y, _self_attention(layer.self_attn, z, cosine, sine, near), gate1)
            z = layer.cross_attn_norm(y)
            y = y + _cross_attention(layer.cross_attn, z, keys[:, :, at], values[:, :, at], counts)
            z = torch.addcmul(shift2, layer.mlp_norm(y), 1 + scale2)
            y = self.blocks[at](torch.addcmul(y, layer.mlp(z), gate2))
        shift, scale = (model.scale_shift_table + last).chunk(2, 1)
        y = torch.addcmul(shift, model.norm_out(y), 1 + scale)
        return model.proj_out_conv(y.transpose(1, 2)).transpose(1, 2).float()

    def networks(self) -> tuple[Network]:
        """Returns the network of `velocity` (`engine.networks.Exports`), which is exported for one length of song: its
        tables are constants."""
        cross, config = self.transformer.layers[0].cross_attn, self.transformer.config
        heads = (ROWS, LENGTH, len(self.transformer.layers), cross.kv_heads, cross.head_dim)
        width = self.transformer.condition_embedder.in_features
        inputs = (
            Part("x", (ROWS, FRAMES, LATENT)),
            Part("time", (ROWS, 7 * config.hidden_size)),
            Part("context", (ROWS, FRAMES, config.in_channels - LATENT)),
            Part("states", (ROWS, LENGTH, width)),
            Part("weights", (ROWS, LENGTH)),
            Part("keys", heads),
            Part("values", heads),
        )
        axes = {ROWS: Axis(1, 1, 64), FRAMES: Axis(PATCH, 4 * PATCH, 15_000, fixed=True), LENGTH: Axis(1, 1, 4096)}

        def run(x: Tensor, time: Tensor, context: Tensor, *condition: Tensor) -> Tensor:
            return self.velocity(x, time, context, condition)

        output, steered = Part("velocity", (ROWS, FRAMES, LATENT)), (len(self.blocks), self.hidden)
        return (Network(self.name, "denoiser", self, run, inputs, output, axes, True, steered),)

    @property
    def _kind(self) -> torch.dtype:
        return self.transformer.proj_in_conv.weight.dtype

    def _condition(self, states: Tensor, weights: Tensor) -> tuple[Tensor, ...]:
        y = self.transformer.condition_embedder(states)
        keys, values = [], []
        for layer in self.transformer.layers:
            attention = layer.cross_attn
            shape = (attention.kv_heads, attention.head_dim)
            keys.append(attention.to_k(y).unflatten(-1, shape))  # before their norm, so that LoRAs add to them
            values.append(attention.to_v(y).unflatten(-1, shape))
        return states, weights, torch.stack(keys, 1), torch.stack(values, 1)

    def _tokens(self, context: Tensor, x: Tensor) -> Tensor:
        """Returns the tokens [R, N, D] of context and latents: a convolution without overlap, as one product each."""
        weight, bias = self.transformer.proj_in_conv.weight, self.transformer.proj_in_conv.bias
        parts = weight.split((weight.shape[1] - LATENT, LATENT), 1)
        shared, own = (part.transpose(1, 2).flatten(1) for part in parts)
        patches = [each.unflatten(1, (-1, PATCH)).flatten(2) for each in (context, x)]
        y = functional.linear(patches[0], shared, bias) + functional.linear(patches[1], own)
        for hook in self.transformer.proj_in_conv._forward_hooks.values():  # LoRAs beside the layer
            whole = torch.cat((context, x), -1).transpose(1, 2)
            changed = hook(self.transformer.proj_in_conv, (whole,), y.transpose(1, 2))
            y = y if changed is None else changed.transpose(1, 2)
        return y

    def _table(self, y: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Returns cosines and sines [N, 1, W] of the positions of tokens y, and the band of the windowed layers [N, N],
        which is None where it would leave nothing out."""
        key, tokens = (y.shape[1], y.device, y.dtype), y.shape[1]
        if (known := self._tables.get(key)) is not None:
            return known
        width = self.transformer.head_dim
        at = torch.arange(tokens, device=y.device)
        half = torch.arange(0, width, 2, device=y.device).float() / width
        angle = torch.outer(at.float(), 1.0 / (self.transformer.rope_theta**half)).repeat(1, 2)[:, None]
        band = (at[:, None] - at[None]).abs() <= self._window if tokens > self._window + 1 else None
        if len(self._tables) >= LENGTHS:
            self._tables.clear()  # lanes that still read a table hold it themselves
        made = self._tables[key] = angle.cos().to(y.dtype), angle.sin().to(y.dtype), band
        return made


def _time_embedded(embedder: Any, t: Tensor, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    """Returns the embedding [N, D] of timesteps [N] by an embedder of the model, and its modulation [N, 6, D]."""
    waves = embedder.time_sinusoid(t * embedder.scale).to(kind)
    embedded = embedder.linear_2(embedder.act1(embedder.linear_1(waves)))
    return embedded, embedder.time_proj(embedder.act2(embedded)).unflatten(1, (6, -1))


def _self_attention(attention: Any, y: Tensor, cosine: Tensor, sine: Tensor, band: Tensor | None) -> Tensor:
    """Returns what tokens y [R, N, D] take from one another; band: which see which, None for all."""
    shape, few = (attention.heads, attention.head_dim), (attention.kv_heads, attention.head_dim)
    query = _turned(attention.norm_q(attention.to_q(y).unflatten(-1, shape)), cosine, sine)
    key = _turned(attention.norm_k(attention.to_k(y).unflatten(-1, few)), cosine, sine)
    return _attended(attention, query, key, attention.to_v(y).unflatten(-1, few), band)


def _cross_attention(attention: Any, y: Tensor, key: Tensor, value: Tensor, counts: Tensor) -> Tensor:
    """Returns what tokens y [R, N, D] take from a prompt, whose positions count exp(counts) [R, 1, 1, L] each."""
    query = attention.norm_q(attention.to_q(y).unflatten(-1, (attention.heads, attention.head_dim)))
    return _attended(attention, query, attention.norm_k(key), value, counts)


def _attended(attention: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    query, key, value = (part.transpose(1, 2) for part in (query, key, value))
    y = functional.scaled_dot_product_attention(
        query, key, value, attn_mask=mask, scale=attention.scaling, enable_gqa=attention.heads != attention.kv_heads
    )
    return attention.to_out[0](y.transpose(1, 2).flatten(2))


def _turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Returns heads x [R, N, H, W] turned by their positions; the first half of W goes with the second."""
    first, second = x.chunk(2, -1)
    return x * cosine + torch.cat((-second, first), -1) * sine
