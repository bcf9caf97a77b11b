"""Guidance away from the null prompt, as pure functions of velocities.

This is adaptive projected guidance (Sadat, Hilliges, Weber 2024, arXiv 2410.02416). The guidance direction is the
difference between the prompt's velocity and the negative velocity, plus a momentum. It is clipped to a largest norm,
and its part along the prompt's velocity is removed, since that part only makes the result louder. Then the norm that
guidance still added is taken back (rescale, Lin et al. 2023, arXiv 2305.08891, section 3.4). Norms and projections run
over time for each channel, as the models were tuned, or over channels for each latent frame.
"""

from __future__ import annotations

import torch
from torch import Tensor

from demon_patch.engine.step.buffers import Buffers, broadcast

AXES = {"time": 1, "frame": 2}
_TINY = 1e-12


def with_momentum(v: Tensor, negative: Tensor, momentum: Tensor, share: Tensor, out: Tensor) -> Tensor:
    """Returns the guidance direction away from the negative velocity, v - negative + share * momentum, in `out`.

    v, negative, momentum: [R, T, C]; momentum is the direction of the step before. share: [R | 1, 1 | T, 1].
    out: may be `momentum`, since the result is the momentum of the next step.
    """
    torch.mul(momentum, share, out=out)
    return out.add_(v).sub_(negative)


def guided(
    v: Tensor,
    direction: Tensor,
    scale: Tensor,
    clip: Tensor,
    rescale: Tensor | None,
    axis: str = "time",
    buffers: Buffers | None = None,
) -> Tensor:
    """Returns the guided velocity [R, T, C]: v + (scale - 1) * (the clipped direction without its part along v),
    rescaled.

    v, direction: [R, T, C].
    scale: [R | 1, T | 1, 1]; without rescale, 1 gives exactly v.
    clip: [R | 1, 1, 1], the largest norm of the direction along `axis`.
    rescale: [R | 1, 1 | T, 1] from 0 to 1, the share of v's own norm that is restored; None is 0.
    axis: `time` or `frame`, the axis of norms and projections.
    buffers: hold the result, if they are given.
    """
    work = Buffers(v.device) if buffers is None else buffers
    over = AXES[axis]
    small = list(v.shape)
    small[over] = 1

    def reduced(name: str) -> Tensor:
        return work.take(f"guidance {name}", tuple(small), v.dtype)

    out = work.like("guided", v)
    along = torch.sum(torch.mul(v, v, out=out), over, keepdim=True, out=reduced("square"))
    dot = torch.sum(torch.mul(direction, v, out=out), over, keepdim=True, out=reduced("dot"))
    part = dot.div_(torch.clamp(along, min=_TINY, out=reduced("safe"))).neg_()
    norm = torch.linalg.vector_norm(direction, dim=over, keepdim=True, out=reduced("norm"))
    share = torch.div(clip, norm.clamp_(min=_TINY), out=norm).clamp_(max=1)
    torch.addcmul(direction, part, v, out=out)
    out.mul_(share)
    amount = torch.sub(scale, 1, out=work.like("guidance amount", scale))
    out.mul_(amount).add_(v)
    if rescale is not None:
        after = torch.linalg.vector_norm(out, dim=over, keepdim=True, out=reduced("after")).clamp_(min=_TINY)
        ratio = torch.div(along.sqrt_(), after, out=after).sub_(1)
        shape = broadcast(ratio.shape, rescale.shape)
        out.mul_(torch.mul(ratio, rescale, out=work.take("guidance factor", shape, v.dtype)).add_(1))
    return out
