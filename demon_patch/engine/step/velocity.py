"""`Velocity`, which runs the forwards of a chunk's slots and combines their velocities.

A row is a pair of slot and condition: each slot has its prompt, perhaps a second one, and perhaps a negative one. Rows
are packed into forwards of exactly `bucket` rows; idle rows repeat the last one.

`velocity_scale` is not applied here but in `ChunkStep._step`, after guidance. The wavelet correction there compares the
step with the prediction of the unscaled velocity on purpose: the difference then contains the effect of the scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from demon_patch.engine.contracts import Executor
from demon_patch.engine.ring.noise import Stream
from demon_patch.engine.ring.pool import LatentPool
from demon_patch.engine.ring.slot import Slot
from demon_patch.engine.side_inputs import SideInputs
from demon_patch.engine.steering.vector import Steering
from demon_patch.engine.step import guidance
from demon_patch.engine.step.chunk_rows import ChunkRows


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a forward.

    place: the index of its slot in the chunk.
    row: the prompt place of the executor that it reads.
    use: the condition, "prompt", "second" or "negative".
    """

    place: int
    slot: Slot
    row: int
    use: str


class Velocity:
    """Runs the forwards of a chunk's slots and combines their conditions. Owned by a `ChunkStep`.

    steering: the vectors that the step value `steer_depth` means, in its order.
    """

    def __init__(self, executor: Executor, chunk: ChunkRows, rows: int) -> None:
        self._executor, self._chunk = executor, chunk
        self.steering: Sequence[Steering] = ()
        self._index = torch.arange(rows, device=chunk.noise_bank.device)
        self._pool = LatentPool()
        self._one = torch.ones(1, 1, 1, device=chunk.noise_bank.device)
        self._zero = torch.zeros(1, 1, 1, device=chunk.noise_bank.device)

    def predict(self, x: Tensor, live: int) -> Tensor:
        """Returns the velocity [R, T, C] of the latents x [R, T, C], with second prompts and guidance applied.

        live: the number of rows that belong to slots; the rows after them repeat the last one.
        Slots change (their momentum and first negative velocity) only after all forwards are done.
        """
        chunk = self._chunk
        weight = self._condition_weight(live)
        guided = [chunk.value("guidance") is not None and slot.request.guidance_mode != "off" for slot in chunk.slots]
        rows = [_Row(at, slot, slot.rows[0], "prompt") for at, slot in enumerate(chunk.slots[:live])]
        if weight is not None:
            speaks = self._second_speaks(weight)
            rows += [_Row(at, slot, slot.second, "second") for at, slot in enumerate(chunk.slots[:live]) if speaks[at]]
        rows += [
            _Row(at, slot, slot.rows[-1], "negative")
            for at, slot in enumerate(chunk.slots[:live])
            if guided[at] and slot.needs_negative
        ]
        velocities = self._forwards(self._as_seen(x), rows, live)
        v = velocities["prompt"]
        if weight is not None and "second" in velocities:
            v = torch.lerp(v, velocities["second"], weight, out=chunk.buffers.like("composite", x))
        if any(guided):
            v = self._guided(v, velocities, guided, live)
        return v

    def _as_seen(self, x: Tensor) -> Tensor:
        """Returns the input of the denoiser, x [R, T, C] times the control channel_gain. x itself is not changed."""
        gain = self._chunk.value("channel_gain")
        return x if gain is None else torch.mul(x, gain, out=self._chunk.buffers.like("seen", x))

    def _forwards(self, x: Tensor, rows: Sequence[_Row], live: int) -> dict[str, Tensor]:
        """Returns the velocities [R, T, C] by use. A slot without a row of a use has the velocity of its prompt
        there."""
        bucket = self._executor.bucket
        if len(rows) == live:
            whole = [*rows, *[rows[-1]] * (bucket - live)]
            return {"prompt": self._forward(x, whole)}
        shape = tuple(x.shape)
        velocities: dict[str, Tensor] = {}
        for first in range(0, len(rows), bucket):
            part = list(rows[first : first + bucket])
            v = self._forward(x, [*part, *[part[-1]] * (bucket - len(part))])
            if bucket == 1 and first + 1 == len(rows):  # no forward follows that could overwrite it
                velocities[part[0].use] = v
                break
            for at, row in enumerate(part):
                kept = velocities.setdefault(row.use, self._chunk.buffers.take(f"velocity {row.use}", shape))
                kept[row.place].copy_(v[at])
        have = {(row.use, row.place) for row in rows}
        prompt = velocities["prompt"]
        for at in range(live, bucket):
            prompt[at].copy_(prompt[live - 1])
        for use, v in velocities.items():
            for at in range(bucket):
                if use != "prompt" and (use, at) not in have:
                    v[at].copy_(prompt[at])
        return velocities

    def _forward(self, x: Tensor, rows: Sequence[_Row]) -> Tensor:
        """Runs one forward of exactly `bucket` rows and returns their velocities [R, T, C]."""
        chunk = self._chunk
        places = [row.place for row in rows]
        packed = x
        if places != list(range(len(rows))) and len(rows) > 1:
            packed = chunk.collect("packed", [x[at : at + 1] for at in places])
        return self._executor.forward(
            packed,
            chunk.collect("time", [row.slot.times.embedded[row.slot.step : row.slot.step + 1] for row in rows]),
            chunk.collect("context", [row.slot.request.context[None] for row in rows]),
            chunk.collect("row", [self._index[row.row : row.row + 1] for row in rows]),
            self._sides(places),
        )

    def _sides(self, places: Sequence[int]) -> SideInputs | None:
        """Returns what rows add beside the weights, on the processor. places: for each row, the index of its slot in
        the chunk."""
        loras = self._per_row("lora_strength", places, len(self._executor.loras))
        depths = self._per_row("steer_depth", places, len(self.steering))
        if loras is None and depths is None:
            return None
        return SideInputs(loras, None if depths is None else self._steered(depths, places))

    def _per_row(self, name: str, places: Sequence[int], count: int) -> Tensor | None:
        """Returns a control that several nodes have as [R, count]; None if it is off or there is no such node."""
        value = self._chunk.given(name)
        if value is None or not count:
            return None
        each = value.expand(-1, -1, count) if value.shape[2] == 1 else value
        rows = [each[at if len(each) > 1 else 0][None] for at in places]
        return self._chunk.collect(f"{name} rows", rows)[:, 0]

    def _steered(self, depths: Tensor, places: Sequence[int]) -> Tensor | None:
        """Returns what steering adds in each row, [R, blocks, hidden]; None if it adds nothing. depths: [R,
        vectors]."""
        acts = [[vector.acts(self._chunk.slots[at].stage) for vector in self.steering] for at in places]
        depths = depths * torch.tensor(acts, dtype=depths.dtype)
        if not depths.any():
            return None
        parts = [depths[:, n, None, None] * vector.added for n, vector in enumerate(self.steering)]
        return torch.stack(parts).sum(0)

    def _condition_weight(self, live: int) -> Tensor | None:
        """Returns the share of each row's second prompt, [R, 1 | T, 1], from 0 to 1; 0 for a row without one and at
        stages outside condition_from to condition_to. None if the control is off or no slot has a second prompt."""
        chunk = self._chunk
        weight = chunk.value("condition_weight")
        has = [slot.request.second is not None for slot in chunk.slots]
        if weight is None or not any(has[:live]):
            return None
        shape = (len(has), *weight.shape[1:])
        gated = chunk.buffers.take("gated weight", shape)
        gated.copy_(chunk.where("condition rows", has, weight, self._zero))
        position = chunk.scalars("position", [slot.stage for slot in chunk.slots])
        for name in ("condition_from", "condition_to"):
            bound = chunk.value(name)
            if bound is not None:
                inside = chunk.buffers.take("inside", (len(has), 1, 1), torch.bool)
                compare = torch.ge if name == "condition_from" else torch.lt
                gated.mul_(compare(position, bound, out=inside))
        return gated

    def _second_speaks(self, weight: Tensor) -> list[bool]:
        """Returns for each row whether its second prompt needs a forward. On the CPU a row whose weight is 0 needs
        none; on other devices the weight is not read."""
        has = [slot.request.second is not None for slot in self._chunk.slots]
        if weight.device.type != "cpu":
            return has
        return [flag and bool(row.any()) for flag, row in zip(has, weight.numpy(), strict=True)]

    def _guided(self, v: Tensor, velocities: dict[str, Tensor], guided: Sequence[bool], live: int) -> Tensor:
        """Returns v [R, T, C] with guidance: guided rows are pushed away from their negative velocity. Stores momentum
        and first negative velocity in the slots."""
        chunk, slots = self._chunk, self._chunk.slots
        noise = chunk.noise(Stream.INIT, 0) if any(slot.request.guidance_mode == "self" for slot in slots) else v
        negatives, momenta = [], []
        for at, slot in enumerate(slots):
            if not guided[at]:
                negatives.append(v[at : at + 1])
            elif slot.request.guidance_mode == "self":
                negatives.append(noise[at : at + 1])
            elif slot.first_negative is not None and slot.request.guidance_mode == "initialize":
                negatives.append(slot.first_negative[None])
            else:
                negatives.append(velocities["negative"][at : at + 1])
            if slot.momentum is None and guided[at]:
                slot.momentum = self._pool.take(v.shape[1], v.shape[2], v.device).zero_()
            momenta.append(
                chunk.buffers.take("still", (1, *v.shape[1:])) if slot.momentum is None else slot.momentum[None]
            )
        momentum = chunk.collect("momentum", momenta)
        negative = chunk.collect("negative", negatives)
        guidance.with_momentum(v, negative, momentum, chunk.setting("guidance_momentum"), out=momentum)
        rescale = chunk.fader("guidance_rescale")
        result = guidance.guided(
            v,
            momentum,
            chunk.where("guidance rows", guided, chunk.setting("guidance"), self._one),
            chunk.setting("guidance_clip"),
            None if rescale is None else chunk.where("rescale rows", guided, rescale, self._zero),
            chunk.option("guidance_axis"),
            chunk.buffers,
        )
        for at, slot in enumerate(slots[:live]):
            if not guided[at]:
                continue
            if slot.momentum is not None and len(slots) > 1:
                slot.momentum.copy_(momentum[at])
            if slot.request.guidance_mode == "initialize" and slot.first_negative is None:
                slot.first_negative = self._pool.take(v.shape[1], v.shape[2], v.device).copy_(negative[at])
        return result
