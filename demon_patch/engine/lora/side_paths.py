"""LoRAs beside the weights of a denoiser (Hu et al. 2021, section 4.1): y = W x + sum over LoRAs of s B(A x).

s is the strength of each LoRA for each row of a forward, so rows of one forward may have different strengths, and a
strength moves without any change of the weights. The ranks of all LoRAs lie side by side in one bucket of fixed width,
so that other LoRAs of the same bucket need no other shapes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, combinations_with_replacement
from typing import Any, TypeAlias, TypeVar
from weakref import finalize

import torch
from torch import Tensor, nn
from torch.nn import functional

from demon_patch.engine.contracts import Denoiser
from demon_patch.engine.lora.merge import Layer, Lora, checked_loras, layers_of
from demon_patch.errors import DemonError

BUCKETS = (16, 64, 256)
"""The widths of the side paths: the ranks of all LoRAs together are padded with zeros to one of them, or to a multiple
of the last one."""

ROUNDING = 1e-4
"""What LoRAs add to a condition beyond the sum of what each adds is left out below this share of it."""

Term: TypeAlias = tuple[int, ...]
"""The numbers of one or two LoRAs, whose strengths are multiplied."""

V = TypeVar("V")


def bucket_of(ranks: int) -> int:
    """Returns the width of the side paths for LoRAs whose ranks sum to `ranks`."""
    fitting = next((width for width in BUCKETS if ranks <= width), None)
    return -(-ranks // BUCKETS[-1]) * BUCKETS[-1] if fitting is None else fitting


class _Present(threading.local):
    """What the thread's present forward adds.

    scales: [R | 1, width], the factor of each rank of the bucket; None adds nothing.
    reached: the paths of the changed layers that ran, while somebody asks for them.
    """

    scales: Tensor | None = None
    reached: set[str] | None = None


class SidePaths:
    """The side paths of some LoRAs on one denoiser. They are in its layers as long as this object lives.

    Made between forwards; `strengths`, `at` and `condition` are called from any thread.
    Raises DemonError for too many LoRAs, or one of another model.

    timed: whether some LoRA changes the embedding of the time.
    """

    def __init__(self, denoiser: Denoiser, loras: Sequence[Lora]) -> None:
        layers = layers_of(denoiser)
        checked_loras(loras, layers)
        self.loras = tuple(loras)
        self._present = _Present()
        ranks = [max((len(change.down) for change in lora.changes.values()), default=0) for lora in loras]
        starts, width = [0, *accumulate(ranks)], bucket_of(sum(ranks))
        self._owner = torch.full((width,), len(loras))  # of the padding: a column of zeros
        handles: list[Any] = []
        for name in sorted({name for lora in loras for name in lora.changes}):
            weight = layers[name].weight
            down = weight.new_zeros(width, weight[0].numel())
            up = weight.new_zeros(width, len(weight))
            for lora, start in zip(loras, starts, strict=False):
                if (change := lora.changes.get(name)) is not None:
                    own = slice(start, start + len(change.down))
                    down[own], up[own] = change.down, (change.scale * change.up).T
            handles.append(layers[name].register_forward_hook(_beside(name, down, up, self._present)))
            self._owner = self._owner.to(weight.device)
        for at, rank in enumerate(ranks):
            self._owner[starts[at] : starts[at] + rank] = at
        finalize(self, _remove, handles)
        self.timed = False
        if handles:
            device = self._owner.device
            self.timed = bool(self._reached(lambda: denoiser.embed_time(torch.zeros(1, device=device)))[1])

    @contextmanager
    def at(self, strengths: Tensor | None) -> Iterator[None]:
        """Lets the denoiser's forwards of this thread add the LoRAs. strengths: [R | 1, n], by row and LoRA; None adds
        nothing."""
        scales = None if strengths is None else functional.pad(strengths, (0, 1)).index_select(1, self._owner)
        self._present.scales = scales
        try:
            yield
        finally:
            self._present.scales = None

    def condition(
        self, run: Callable[[], tuple[Tensor, ...]]
    ) -> tuple[tuple[Tensor, ...], dict[Term, tuple[Tensor, ...]]]:
        """Returns a prompt's condition tensors without LoRAs, and what LoRAs add to each of them: by the numbers of one
        or two LoRAs, what is added times their strengths. (A LoRA of two layers, of which one reads the other, also
        adds something times its strength squared.) LoRAs that change nothing are left out.

        run: computes the condition tensors with the denoiser.
        """
        plain, reached = self._reached(run)

        def at(*strengths: float) -> tuple[Tensor, ...]:
            with self.at(torch.tensor([strengths], device=self._owner.device)):
                return tuple(part - before for part, before in zip(run(), plain, strict=True))

        def unit(found: Mapping[int, float]) -> tuple[float, ...]:
            return tuple(found.get(n, 0.0) for n in range(len(self.loras)))

        changing = [n for n, lora in enumerate(self.loras) if reached & lora.changes.keys()]
        once = {n: at(*unit({n: 1.0})) for n in changing}
        added: dict[Term, tuple[Tensor, ...]] = {(n,): parts for n, parts in once.items()}
        for n, m in combinations_with_replacement(changing, 2):
            both = at(*unit({n: 2.0} if n == m else {n: 1.0, m: 1.0}))
            more = tuple(part - one - other for part, one, other in zip(both, once[n], once[m], strict=True))
            if not all(_small(part, whole) for part, whole in zip(more, both, strict=True)):
                half = tuple(part / 2 for part in more) if n == m else more
                added[n, m] = half
                if n == m:
                    added[n,] = tuple(one - part for one, part in zip(once[n], half, strict=True))
        return plain, added

    def _reached(self, run: Callable[[], V]) -> tuple[V, set[str]]:
        """Returns what `run` returns, and the paths of the changed layers that it ran."""
        self._present.reached = reached = set[str]()
        try:
            return run(), reached
        finally:
            self._present.reached = None


def _small(part: Tensor, whole: Tensor) -> bool:
    """Returns whether a part of a sum is no more than its rounding."""
    return float(part.float().abs().max()) <= ROUNDING * float(whole.float().abs().max())


def _beside(name: str, down: Tensor, up: Tensor, present: _Present) -> Callable[..., Tensor | None]:
    """Returns a forward hook that adds the side path of the layer `name` to its output, in place.

    down: [width, in * kernel]. up: [width, out], with the LoRAs' scales.
    """

    def add(layer: Layer, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
        if present.reached is not None:
            present.reached.add(name)
        if (scales := present.scales) is None:
            return None
        (x,) = inputs
        if len(scales) not in (1, len(x)):
            raise DemonError(
                f"layer {name} reads {len(x)} rows in a forward of {len(scales)}", mend="play the model without LoRAs"
            )
        if isinstance(layer, nn.Conv1d):
            kernel = down.view(len(down), -1, *layer.kernel_size)
            hidden = functional.conv1d(x, kernel, None, layer.stride, layer.padding, layer.dilation)
            return output + functional.conv1d(hidden * scales[:, :, None], up.T[:, :, None])
        hidden = functional.linear(x, down)
        hidden = hidden * scales.view(len(scales), *[1] * (x.ndim - 2), -1)
        output.view(-1, output.shape[-1]).addmm_(hidden.flatten(0, -2), up)
        return output

    return add


def _remove(handles: Sequence[Any]) -> None:
    for handle in handles:
        handle.remove()
