"""Guidance away from the null prompt, as pure functions of velocities.

Adaptive projected guidance (Sadat, Hilliges, Weber 2024, arXiv 2410.02416): the difference to the negative velocity
carries a momentum, is clipped to a longest norm, and loses its part along the positive velocity, which only makes the
result louder; then what loudness is left is taken back (rescale, Lin et al. 2023, arXiv 2305.08891, section 3.4).
Norms and projections run over time for each channel, as the models were tuned, or over channels for each frame.
"""

from __future__ import annotations

import torch
from torch import Tensor

from demon_patch.engine.step.buffers import Buffers, broadcast

AXES = {"time": 1, "frame": 2}
_TINY = 1e-12


def with_momentum(v: Tensor, negative: Tensor, momentum: Tensor, share: Tensor, out: Tensor) -> Tensor:
    """The direction away from the negative velocity: v - negative + share * momentum.

    v, negative, momentum: [R, T, C]; share: [R | 1, 1 | T, 1]; `out` may be the momentum, whose next value it is.
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
    """v + (scale - 1) * (the clipped direction without its part along v), rescaled, [R, T, C].

    scale: [R | 1, T | 1, 1], 1 is exactly v. clip: [R | 1, 1, 1], longest norm of the direction along `axis`.
    rescale: [R | 1, 1 | T, 1] in 0..1, how much of v's own norm is restored; None is 0. The result is in `buffers`
    where they are given.
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
